"""A dataset needs only an address, a path or a value."""

from __future__ import annotations

import hashlib
import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from web import files, serving

import jupyter_cube
from jupyter_cube import drafts
from jupyter_cube.errors import BackendError, UsageError
from jupyter_cube.marketplace import dataset, item
from jupyter_cube.state import State


def archive() -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as file:
        file.writestr("faces/a.txt", "a face\n")
    return data.getvalue()


def lines(text: str, **options: Any) -> list[str]:
    """What a job prints."""
    job = jupyter_cube.submit(text, shell=True, **options)
    assert job.wait(60) is State.SUCCEEDED, [line.line for line in job.log.tail(20)]
    return [line.line for line in job.log.tail(200)]


def test_an_address_is_enough(own_places: Path) -> None:
    asked: list[str] = []
    with serving(files({"/faces.zip": archive()}, asked)) as web:
        draft = drafts.new("dataset", "faces", url=f"{web}/faces.zip?download=1")
        found = item.parse(draft.text)
        assert (found.kind, found.variables[0].default) == ("dataset", "/dataset/faces")
        assert found.plugin_params["sha256"] == hashlib.sha256(archive()).hexdigest()
        assert found.plugin_params["unpack"] == "zip"
        assert found.summary == f"faces.zip, {len(archive())} bytes, unpacked (zip)"
        draft.publish()
        for _ in range(2):
            printed = lines("cat /dataset/faces/faces/a.txt", require=("faces",))
            assert printed[-1] == "a face"
    assert printed[0] == "faces: cached"
    assert len(asked) == 1  # what was fetched to make the item is what the job uses


def test_a_file_a_folder_and_where_they_stay(own_places: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "in" / "deep er").mkdir(parents=True)
    (tmp_path / "in" / "deep er" / "b.txt").write_text("b\n")
    (tmp_path / "in" / "a.txt").write_text("a\n")
    drafts.new("dataset", "folder", path=str(tmp_path / "in")).publish()
    drafts.new("dataset", "file", path=str(tmp_path / "in" / "a.txt")).publish()
    monkeypatch.setattr(dataset, "CARRIED", 1)
    large = drafts.new("dataset", "large", path=str(tmp_path / "in" / "a.txt"))
    large_folder = drafts.new("dataset", "large_folder", path=str(tmp_path / "in"))
    assert "are too much to copy beside the item" in large.notes[0]
    large.publish()
    large_folder.publish()
    script = "cat '/dataset/folder/deep er/b.txt' /dataset/file/a.txt /dataset/large/a.txt /dataset/large_folder/a.txt"
    assert lines(script, require=("folder", "file", "large", "large_folder"))[-4:] == ["b", "a", "a", "a"]


@pytest.mark.parametrize(
    ("value", "file", "loader"),
    [
        (np.arange(3), "x.npy", 'numpy.load("/dataset/x/x.npy")'),
        ({"a": np.arange(3)}, "x.npz", 'numpy.load("/dataset/x/x.npz")'),
        ("text", "x.txt", "read()"),
        (b"\0", "x.bin", '"rb"'),
        ({"a": [1, None]}, "x.json", "json.load"),
    ],
)
def test_a_value_becomes_a_file(value: Any, file: str, loader: str) -> None:
    made = dataset.from_value(value, name="x")
    assert list(made.files) == [f"data/{file}"]
    assert loader in item.parse(made.text).description


def test_a_table_becomes_a_dataset_that_a_job_reads(own_places: Path) -> None:
    drafts.new("dataset", "points", value=np.eye(2)).publish()
    cell = "import numpy\nprint(numpy.load('/dataset/points/points.npy').sum())\n"
    job = jupyter_cube.submit(cell, require=("points",))
    assert job.wait(60) is State.SUCCEEDED
    assert [line.line for line in job.log.tail(1)] == ["2.0"]


@pytest.mark.parametrize("value", [object(), {1, 2}, float("nan"), np.array([object()], dtype=object)])
def test_what_is_no_dataset_is_refused(value: Any) -> None:
    with pytest.raises(UsageError, match="is no dataset"):
        dataset.from_value(value, name="x")


def test_what_cannot_be_fetched_is_said() -> None:
    with pytest.raises(UsageError, match="is no http or https address"):
        dataset.from_url("ftp://x/y", name="x")
    with serving(files({})) as web, pytest.raises(BackendError, match="answered 404"):
        dataset.from_url(f"{web}/x", name="x")
