"""A disk that is or becomes full: no submit, no job and nobody who waits for one hangs, and a line says why."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from jupyter_cube import space
from jupyter_cube.files import read_json
from jupyter_cube.lifecycle.state import State
from jupyter_cube.log.timeline import Recorder
from jupyter_cube.store.store import Store

Disk = Callable[[int], Path]


@pytest.fixture
def disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Disk]:
    """``disk(KILOBYTES)`` mounts a disk of that size, with the store on it; its folder."""
    mounted: list[Path] = []

    def mount(kilobytes: int) -> Path:
        place = tmp_path / f"disk-{kilobytes}"
        place.mkdir()
        words = ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", str(place)]
        try:
            done = subprocess.run(words, capture_output=True, text=True, check=False)
        except FileNotFoundError:
            pytest.skip("there is no mount command")
        if done.returncode != 0:
            pytest.skip(f"this user can mount no disk: {done.stderr.strip()}")
        mounted.append(place)
        monkeypatch.setenv("CUBE_STORE", str(place / "store"))
        return place

    yield mount
    for place in mounted:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


def cube(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "jupyter_cube", *words], capture_output=True, text=True, timeout=60, check=False
    )


def fill(place: Path) -> None:
    for size in (1 << 16, 1 << 12, 1):
        with (place / "fill").open("ab", buffering=0) as file, contextlib.suppress(OSError):
            while file.write(b"x" * size):
                pass


@pytest.mark.parametrize("instances", ["1", "2"])
@pytest.mark.parametrize("kilobytes", [60, 160, 240, 340, 360, 480, 560])
def test_a_submit_to_a_small_disk_ends_and_says_that_it_is_full(disk: Disk, kilobytes: int, instances: str) -> None:
    disk(kilobytes)
    done = cube("submit", "--require", "digits", "--instances", instances, "--wait", "--", "true")
    assert "Traceback" not in done.stderr
    if done.returncode == 3:
        assert done.stderr.count("\n") == 1
        assert "the disk is full; free some space" in done.stderr
    elif done.returncode == 1:
        assert "failed" in done.stderr
        shown = done.stderr
        if "failed in worker-" in shown:  # the other task has tried it, and its log says why
            shown += cube("logs", done.stdout.strip()).stdout
        assert "the disk is full" in shown or "No space left" in shown
    else:
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("instances", ["1", "2"])
def test_a_job_whose_disk_its_task_fills_ends_with_the_tasks_exit_code(disk: Disk, instances: str) -> None:
    place = disk(1000)
    command = f"head -c 2000000 /dev/zero > {place}/fill.$PAI_TASK_INDEX; echo said; exit 3"
    done = cube("submit", "--instances", instances, "--wait", "--", "sh", "-c", command)
    assert done.returncode == 1, done.stderr
    assert "exit 3, the disk is full" in done.stderr
    store = Store(place / "store")
    (job,) = map(store.folder, store.ids())
    assert job.state().state is State.FAILED
    failed = [task for task in job.state().tasks if task.state is State.FAILED]
    assert failed
    assert read_json(job.attempt_file(failed[0].name, 1, "exit"))["code"] == 3


def test_a_job_that_cannot_start_any_more_fails_and_says_why(disk: Disk) -> None:
    place = disk(1000)
    done = cube("submit", "--retries", "3", "--", "sh", "-c", f"until [ -e {place}/fill ]; do sleep 0.05; done; exit 3")
    assert done.returncode == 0, done.stderr
    fill(place)
    waited = cube("wait", done.stdout.strip())
    assert waited.returncode == 1
    assert "the disk is full" in waited.stdout
    listed = cube("jobs")
    assert "the disk is full" in listed.stdout


def test_a_queued_job_whose_turn_comes_on_a_full_disk_fails_and_says_why(disk: Disk, tmp_path: Path) -> None:
    place = disk(1000)
    config = Path(os.environ["JUPYTER_CONFIG_DIR"])
    config.mkdir(parents=True, exist_ok=True)
    (config / "jupyter_cube_config.json").write_text(json.dumps({"devices": ["a0"]}))
    cube("submit", "--gpu", "1", "--", "sh", "-c", f"until [ -e {tmp_path}/go ]; do sleep 0.05; done")
    second = cube("submit", "--gpu", "1", "--require", "digits", "--", "true")
    assert second.returncode == 0, second.stderr
    assert "waiting" in cube("describe", second.stdout.strip()).stdout
    fill(place)
    (tmp_path / "go").touch()
    waited = cube("wait", second.stdout.strip())
    assert waited.returncode == 1
    assert "the disk is full" in waited.stdout


def test_a_full_disk_refuses_a_submit_and_keeps_nothing_of_it(disk: Disk) -> None:
    place = disk(1000)
    fill(place)
    done = cube("submit", "--require", "digits", "--", "true")
    assert (done.returncode, done.stderr.count("\n")) == (3, 1), done.stderr
    assert "the disk is full; free some space" in done.stderr
    assert Store(place / "store").ids() == []


def test_a_log_that_was_written_before_the_disk_was_full_is_recorded(disk: Disk) -> None:
    place = disk(100)
    log = place / "tasks" / "w-0" / "1.log"
    log.parent.mkdir(parents=True)
    log.write_text("one\n")
    space.reserve(str(place / "timeline"), 4096)
    recorder = Recorder(place, ["w-0"])
    fill(place)
    recorder.add(0, 1)
    assert recorder.record(1.0)
    assert recorder.finish(0, 1)
    recorder.close()


def test_what_is_reserved_can_be_written_when_the_disk_is_full(disk: Disk) -> None:
    place = disk(100)
    path = place / "reserved"
    space.reserve(str(path), 8192)
    assert path.stat().st_size == 0
    fill(place)
    assert space.full(str(place))
    with path.open("ab", buffering=0) as file:
        assert file.write(b"x" * 8192) == 8192
