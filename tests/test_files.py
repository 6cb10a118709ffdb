"""Whole files or none, and errors of the disk that name what a person knows."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from jupyter_cube import files
from jupyter_cube.marketplace import staging


def test_an_error_names_the_file_and_not_its_draft(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as missing:
        files.replace(tmp_path / "no" / "settings.json", "{}")
    assert missing.value.filename == str(tmp_path / "no" / "settings.json")
    (tmp_path / "folder").mkdir()
    with pytest.raises(IsADirectoryError) as taken:
        files.replace(tmp_path / "folder", "{}")
    assert (taken.value.filename, taken.value.filename2) == (str(tmp_path / "folder"), None)
    assert os.listdir(tmp_path) == ["folder"]


def test_an_error_about_another_file_keeps_its_name(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as missing, staging.staged(tmp_path / "1.0.0") as new:
        staging.copy_files(tmp_path / "given", new, ["data.csv"])
    assert missing.value.filename == str(tmp_path / "given" / "data.csv")


@pytest.fixture
def read_only(tmp_path: Path) -> Iterator[Path]:
    """A folder that nobody can write, root neither."""
    place = tmp_path / "read-only"
    place.mkdir()
    try:
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "ro", "tmpfs", str(place)], capture_output=True, check=False
        )
    except FileNotFoundError:
        pytest.skip("there is no mount command")
    if done.returncode != 0:
        pytest.skip("this user can mount no disk")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


def refused(*words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "jupyter_cube", *words], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout) == (3, "")
    return done.stderr.strip()


def test_a_store_that_cannot_be_written(read_only: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUBE_STORE", str(read_only))
    advice = "the folder is read-only; set CUBE_STORE to a folder that you can write"
    assert refused("submit", "--", "true") == f"{read_only}/jobs: {advice}"
    storage = {"storages": {"data": str(read_only)}}
    config = Path(os.environ["JUPYTER_CONFIG_DIR"])
    config.mkdir(parents=True)
    (config / "jupyter_cube_config.json").write_text(json.dumps(storage))
    assert refused("submit", "--require", "volume:volume=data,mountPath=/mnt/data", "--", "true").endswith(advice)
    assert ".namespaces" not in refused("submit", "--require", "volume:volume=data,mountPath=/mnt/data", "--", "true")


def test_a_configuration_that_cannot_be_written(read_only: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(read_only))
    line = f"{read_only}/jupyter_cube_config.json: the folder is read-only; make it a file that you can write"
    assert refused("sources", "add", "team", str(read_only.parent)) == line
