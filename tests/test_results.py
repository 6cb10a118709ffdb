"""Values that come back from a task."""

from __future__ import annotations

import os
import pickle
import threading
from pathlib import Path

import pytest

from jupyter_cube.cells.results import read_results, result
from jupyter_cube.errors import CubeError, StoreError, UsageError


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The results folder of the task that this process is."""
    monkeypatch.setenv("CUBE_RESULTS", str(tmp_path))
    return tmp_path


def test_what_is_handed_back_is_read(folder: Path) -> None:
    result("b", {"x": [1]})
    result("a", 1)
    result("a", 2)
    result("a function", lambda: 3)
    found = read_results(folder)
    assert list(found) == ["a", "a function", "b"]
    assert (found["a"], found["a function"](), found["b"]) == (2, 3, {"x": [1]})
    assert read_results(folder / "none") == {}


@pytest.mark.parametrize("name", ["", ".x", "a/b", "a\0b", "x" * 300])
def test_a_name_that_cannot_be_a_files(folder: Path, name: str) -> None:
    with pytest.raises(UsageError, match="cannot name a result"):
        result(name, 1)


def test_outside_a_task() -> None:
    with pytest.raises(UsageError, match="this is none"):
        result("x", 1)


def test_a_value_that_cannot_be_pickled_leaves_nothing_behind(folder: Path) -> None:
    with pytest.raises(CubeError, match=r"x: the result cannot be pickled: TypeError: .*lock"):
        result("x", threading.Lock())
    assert list(folder.iterdir()) == []


def test_a_folder_that_is_gone(folder: Path) -> None:
    os.rmdir(folder)
    folder.write_text("a file where the folder should be")
    with pytest.raises(StoreError, match="x: the result cannot be written"):
        result("x", 1)


@pytest.mark.parametrize("data", [b"", b"junk", pickle.dumps([1, 2, 3])[:-3], b"\x80\x05c__main__\nno_such_name\n."])
def test_a_damaged_result_is_one_line(folder: Path, data: bytes) -> None:
    (folder / "x").write_bytes(data)
    with pytest.raises(StoreError, match="result x: cannot be read") as caught:
        read_results(folder)
    assert "\n" not in str(caught.value)


def test_a_result_that_needs_a_missing_module(folder: Path) -> None:
    (folder / "x").write_bytes(b"\x80\x05cno_such_package\nThing\n.")
    with pytest.raises(StoreError, match="result x: reading it needs the module 'no_such_package'"):
        read_results(folder)
