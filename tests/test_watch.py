"""Wake-ups: by inotify at once, without it by looking."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from jupyter_cube.watch import Pace, Watch

inotify = pytest.mark.skipif(sys.platform != "linux" or bool(os.environ.get("CUBE_POLL")), reason="no inotify")


@pytest.fixture
def watch() -> Iterator[Watch]:
    watch = Watch()
    yield watch
    watch.close()


def append(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"x")


def create(path: Path) -> None:
    path.with_name("new").touch()


def rename(path: Path) -> None:
    path.with_name(".staged").rename(path.with_name("renamed"))


@inotify
@pytest.mark.parametrize("change", [append, create, rename], ids=["grows", "appears", "is renamed"])
def test_a_file_that_changes_wakes(tmp_path: Path, watch: Watch, change: object) -> None:
    (tmp_path / "file").touch()
    (tmp_path / ".staged").touch()
    assert watch.add(tmp_path)
    assert watch.take() == set()
    change(tmp_path / "file")  # type: ignore[operator]
    assert watch.take() == {tmp_path}
    assert watch.take() == set()


@inotify
def test_reading_wakes_nobody(tmp_path: Path, watch: Watch) -> None:
    append(tmp_path / "file")
    watch.add(tmp_path)
    (tmp_path / "file").read_bytes()
    assert watch.take() == set()


@inotify
def test_once_is_once_until_it_is_asked_again(tmp_path: Path, watch: Watch) -> None:
    assert watch.add(tmp_path, once=True)
    append(tmp_path / "file")
    assert watch.take() == {tmp_path}
    append(tmp_path / "file")
    assert watch.take() == set()
    watch.add(tmp_path, once=True)
    append(tmp_path / "file")
    assert watch.take() == {tmp_path}


@inotify
def test_folders_are_told_apart(tmp_path: Path, watch: Watch) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        assert watch.add(tmp_path / name)
    append(tmp_path / "b" / "file")
    assert watch.take() == {tmp_path / "b"}


@inotify
def test_more_changes_than_the_kernel_keeps_mean_all_folders(tmp_path: Path, watch: Watch) -> None:
    for name in ("a", "b", "quiet"):
        (tmp_path / name).mkdir()
        watch.add(tmp_path / name)
    kept = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())
    files = [(tmp_path / name / "file").open("ab", buffering=0) for name in ("a", "b")]
    for _ in range(kept // 2 + 10):  # in turns: equal events in a row are kept as one
        for file in files:
            file.write(b"x")
    for file in files:
        file.close()
    assert watch.take() == {tmp_path / name for name in ("a", "b", "quiet")}


@inotify
def test_a_sleeper_is_woken(tmp_path: Path, watch: Watch) -> None:
    watch.add(tmp_path)
    threading.Timer(0.05, append, [tmp_path / "file"]).start()
    began = time.monotonic()
    watch.wait(10.0)
    assert time.monotonic() - began < 5.0
    assert watch.take() == set()  # the wake-up is used up


def test_a_missing_folder_cannot_be_watched(tmp_path: Path, watch: Watch) -> None:
    assert not watch.add(tmp_path / "none")


def test_without_inotify_nothing_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUBE_POLL", "1")
    watch = Watch()
    assert watch.fd == -1
    assert not watch.add(tmp_path)
    append(tmp_path / "file")
    assert watch.take() == set()
    began = time.monotonic()
    watch.wait(0.02)
    assert time.monotonic() - began >= 0.02
    watch.close()


def test_the_pace_slows_down_while_nothing_happens() -> None:
    pace = Pace(0.002, 0.05)
    sleeps = [pace.pause() for _ in range(20)]
    assert sleeps[0] == 0.002
    assert sleeps == sorted(sleeps)
    assert sleeps[-1] == 0.05
    pace.reset()
    assert pace.pause() == 0.002


def test_no_asyncio_and_no_ctypes_before_they_are_needed() -> None:
    import subprocess

    code = "import jupyter_cube.log.timeline, sys; sys.exit(bool({'asyncio', 'ctypes', 'yaml'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
