"""The store: a whole job or none, clear errors, other jobs unharmed."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from pathlib import Path

import pytest

from jupyter_cube.errors import NotFoundError, StoreError
from jupyter_cube.lifecycle.plan import File, Plan, Role
from jupyter_cube.lifecycle.state import State
from jupyter_cube.store.folder import JobFolder
from jupyter_cube.store.index import Index
from jupyter_cube.store.store import Store

PLAN = Plan("p", (Role("w", "true", 2),), files=(File("sub/cell.py", "print(1)\n"),))
RECORD = {"name": "p", "user": "u", "machine": "m", "host": "h", "backend": "local", "tags": ["t"]}


def create(store: Store, plan: Plan = PLAN) -> JobFolder:
    return store.create(plan, record=RECORD, spec="{}", private={"x": b"1"}, owner_script="", wrapper="")


def test_job_is_there_whole(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    made = create(store)
    again = store.folder(made.id)
    assert again.plan == PLAN
    assert again.record["name"] == "p"
    assert (made.path / "files" / "sub" / "cell.py").read_text() == "print(1)\n"
    assert again.state().state is State.WAITING
    assert (tmp_path / "store").stat().st_mode & 0o777 == 0o700
    assert (made.path / "private" / "x").stat().st_mode & 0o777 == 0o600


SUBMITTER = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, {tests!r})
import test_store
from jupyter_cube.store.store import Store
left = int(sys.argv[2])
def hook(event, _):
    global left
    if event in ("os.rename", "os.mkdir", "open", "os.link"):
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(hook)
test_store.create(Store(Path(sys.argv[1])))
"""


def test_killed_before_every_step_there_is_a_whole_job_or_none(tmp_path: Path) -> None:
    code = SUBMITTER.format(tests=str(Path(__file__).parent))
    outcomes = []
    for step in range(200):
        store = Store(tmp_path / str(step))
        done = subprocess.run([sys.executable, "-c", code, str(store.path), str(step)], check=False)
        for name in store.ids():
            folder = store.folder(name)
            assert folder.plan == PLAN
            assert folder.attempts()[0].number == 1
            assert (folder.path / "private" / "x").read_bytes() == b"1"
        outcomes.append(len(store.ids()))
        if done.returncode == 0:
            break
    assert outcomes == sorted(outcomes), "once there, always there"
    assert {0, 1} == set(outcomes)
    assert done.returncode == 0


def test_damaged_record_harms_no_other_job(tmp_path: Path) -> None:
    store = Store(tmp_path)
    broken, whole = create(store), create(store)
    (broken.path / "job.json").write_text("{ not json")
    assert [one.id for one in Index(store).summaries()] == [whole.id]
    with pytest.raises(StoreError, match="damaged"):
        _ = JobFolder(broken.path).record


def test_torn_last_state_line_is_left_out(tmp_path: Path) -> None:
    folder = create(Store(tmp_path))
    (folder.path / "states.jsonl").write_text('{"time": 1, "state": "RUNNING"}\n{"time": 2, "sta')
    assert folder.state().state is State.RUNNING


@pytest.mark.parametrize("damage", ["missing", "garbage", "other version"])
def test_index_is_rebuilt(tmp_path: Path, damage: str) -> None:
    store = Store(tmp_path)
    folder = create(store)
    index = Index(store)
    assert [one.id for one in index.summaries()] == [folder.id]
    if damage == "missing":
        index.path.unlink()
    elif damage == "garbage":
        index.path.write_bytes(b"garbage" * 1000)
    else:
        import sqlite3

        with sqlite3.connect(index.path) as database:
            database.execute("pragma user_version = 99")
    assert [one.id for one in index.summaries()] == [folder.id]


def test_index_sees_changes_and_deletions(tmp_path: Path) -> None:
    store = Store(tmp_path)
    first, second = create(store), create(store)
    index = Index(store)
    assert {one.state for one in index.summaries()} == {State.WAITING}
    (first.path / "states.jsonl").write_text('{"time": 1, "state": "SUCCEEDED"}\n')
    store.delete(second)
    assert [(one.id, one.state) for one in index.summaries()] == [(first.id, State.SUCCEEDED)]
    first.order(2, None)
    assert [(one.id, one.state) for one in index.summaries()] == [(first.id, State.WAITING)]


@pytest.mark.skipif(os.getuid() == 0, reason="root may write anywhere")
def test_read_only_store_is_said(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(StoreError, match="permission denied"):
        create(Store(tmp_path / "store"))


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_full_disk_is_said_and_nothing_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(tmp_path)
    create(store)
    full = os.open("/dev/full", os.O_WRONLY)
    real = os.write

    def write(fd: int, data: bytes) -> int:
        return real(full, data)

    monkeypatch.setattr(os, "write", write)
    with pytest.raises(StoreError, match="disk is full"):
        create(store)
    monkeypatch.undo()
    assert len(os.listdir(store.jobs_path)) == 1


def test_private_files_of_old_failed_jobs_are_deleted(tmp_path: Path) -> None:
    store = Store(tmp_path)
    old, new, running = create(store), create(store), create(store)
    for folder in (old, new):
        (folder.path / "states.jsonl").write_text('{"time": 1, "state": "FAILED"}\n')
    (running.path / "states.jsonl").write_text('{"time": 1, "state": "RUNNING"}\n')
    for folder in (old, running):
        os.utime(folder.path / "states.jsonl", (1, 1))
    store.daily(keep_private_days=7)
    assert [(folder.path / "private").exists() for folder in (old, new, running)] == [False, True, True]
    assert store.measured() > 0


def test_unknown_job_is_said(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="no job 'nope'"):
        Store(tmp_path).folder("nope")
    with pytest.raises(NotFoundError):
        Store(tmp_path).folder("../etc")


def test_a_list_that_is_remembered_sees_what_comes_goes_and_is_ordered_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(tmp_path)
    first = create(store)
    (first.path / "states.jsonl").write_text('{"time": 1, "state": "SUCCEEDED"}\n')
    index, long_ago = Index(store), itertools.count(1)

    def listed() -> dict[str, State]:
        return {one.id: one.state for one in index.summaries()}

    def remember() -> None:
        os.utime(store.jobs_path, (1, next(long_ago)))  # as if nothing had come for long
        before = listed()
        with monkeypatch.context() as context:
            context.setattr(Index, "_summaries", lambda _: pytest.fail("an ended job was looked at again"))
            assert listed() == before

    remember()
    second = create(store)
    assert listed() == {first.id: State.SUCCEEDED, second.id: State.WAITING}
    remember()
    (second.path / "states.jsonl").write_text('{"time": 1, "state": "FAILED"}\n')
    assert listed() == {first.id: State.SUCCEEDED, second.id: State.FAILED}
    remember()
    store.delete(second)
    assert listed() == {first.id: State.SUCCEEDED}
    remember()
    first.order(2, None)
    assert listed() == {first.id: State.WAITING}
