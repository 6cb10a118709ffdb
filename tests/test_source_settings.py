"""The user's list of sources: added, removed, shown, and nothing else of the file touched."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from item_folder import lay

from jupyter_cube.config import FILE
from jupyter_cube.errors import ConflictError, CubeError, NotFoundError, UsageError
from jupyter_cube.marketplace.catalog import catalog
from jupyter_cube.marketplace.reference import Reference
from jupyter_cube.marketplace.sources import settings


@pytest.fixture
def file() -> Path:
    return Path(os.environ["JUPYTER_CONFIG_DIR"], FILE)


def test_a_source_that_was_added_is_asked_at_once(tmp_path: Path, file: Path) -> None:
    file.parent.mkdir()
    file.write_text(json.dumps({"grace": 3, "sources": {}}))
    lay(tmp_path / "team", "mnist")
    assert [one.name for one in settings.states()] == ["mine", "builtin"]
    settings.add("team", str(tmp_path / "team"))
    assert catalog().find(Reference("mnist")).source == "team"
    assert json.loads(file.read_text()) == {"grace": 3, "sources": {"team": str(tmp_path / "team")}}
    settings.add("other", f"git+file://{tmp_path}/none@main")
    states = {one.name: one for one in settings.states()}
    assert list(states) == ["mine", "team", "other", "builtin"]
    assert (states["team"].items, states["team"].problem, states["team"].as_of) == (1, "", 0)
    assert "cannot be fetched" in states["other"].problem
    settings.remove("team")
    assert [one.name for one in settings.states()] == ["mine", "other", "builtin"]
    assert json.loads(file.read_text())["grace"] == 3


def test_the_built_in_items_may_be_put_first(tmp_path: Path) -> None:
    settings.add("builtin", "builtin:")
    (tmp_path / "team").mkdir()
    settings.add("team", str(tmp_path / "team"))
    assert [one.name for one in settings.states()] == ["mine", "builtin", "team"]


@pytest.mark.parametrize(
    ("name", "uri", "message"),
    [
        ("mine", "/", "not free"),
        ("builtin", "/", "not free"),
        ("x", "builtin:", "not free"),
        ("a/b", "/", "cannot be the name"),
        ("x", "/no/such/folder", "no such folder"),
        ("x", "file:///no/such/folder", "no such folder"),
        ("x", "ftp://host/x", "no source of items"),
        ("x", "git+https://host/x@-f", "no ref"),
        ("x", "https://user:secret@host/x", "no address"),
    ],
)
def test_mistakes_are_said_and_nothing_is_written(name: str, uri: str, message: str, file: Path) -> None:
    with pytest.raises(UsageError, match=message):
        settings.add(name, uri)
    assert not file.exists()


def test_a_name_is_given_once_and_removed_once(tmp_path: Path, file: Path) -> None:
    settings.add("team", str(tmp_path))
    with pytest.raises(ConflictError, match="there is a source 'team'"):
        settings.add("team", "/")
    with pytest.raises(NotFoundError, match="did you mean 'team'"):
        settings.remove("teem")
    file.write_text("{")
    with pytest.raises(CubeError, match="not JSON"):
        settings.remove("team")


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_a_bare_repository_is_no_folder_of_items_and_the_line_to_type_is_said(tmp_path: Path, file: Path) -> None:
    work, bare = tmp_path / "work", tmp_path / "my repo@x.git"
    lay(work, "greet")
    identity = ["-c", "user.name=a", "-c", "user.email=a@b"]
    for words in (["init", "-q"], ["add", "-A"], [*identity, "commit", "-q", "-m", "x"]):
        subprocess.run(["git", *words], cwd=work, check=True)
    subprocess.run(["git", "clone", "-q", "--bare", str(work), str(bare)], check=True)
    for uri in (str(bare), f"file://{bare}"):
        with pytest.raises(UsageError, match="a bare Git repository, no folder of items") as caught:
            settings.add("g", uri)
    assert not file.exists()
    name, uri = str(caught.value).rpartition("sources add ")[2].split()
    settings.add(name, uri)
    assert catalog().find(Reference("greet")).source == "g"
