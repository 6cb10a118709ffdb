from __future__ import annotations

import fcntl
import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from jupyter_cube.errors import BackendError
from jupyter_cube.host import lockfile
from jupyter_cube.host.lockfile import lock_shared, make_shared_folder, mutex, read_record, shared_folder, write_record


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "a folder" / "locks"
    make_shared_folder(made)
    return made


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_every_user_may_use_the_folder(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        make_shared_folder(tmp_path / "locks")
        write_record(tmp_path / "locks" / "queue" / "x", {})
    finally:
        os.umask(before)
    assert [mode(tmp_path / "locks" / name) for name in ("", "held", "names", "queue")] == [0o1777] * 4
    assert [mode(tmp_path / "locks" / name) for name in ("mutex", "queue/x")] == [0o644] * 2
    assert [path.name for path in tmp_path.iterdir()] == ["locks"]


def test_what_a_cleaner_took_is_put_back(folder: Path) -> None:
    (folder / "queue").rmdir()
    (folder / "mutex").unlink()
    make_shared_folder(folder)
    with mutex(folder):
        assert mode(folder / "queue") == 0o1777
        assert mode(folder / "mutex") == 0o644


def test_a_place_where_nothing_can_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(BackendError, match=r"file/locks: cannot make .*; set CUBE_LOCKS"):
        make_shared_folder(tmp_path / "file" / "locks")


def test_the_variable_names_the_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CUBE_LOCKS", str(tmp_path))
    assert shared_folder() == tmp_path
    monkeypatch.delenv("CUBE_LOCKS")
    assert shared_folder().name == "jupyter-cube"


def test_the_mutex_lets_one_in(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lockfile, "MUTEX_TIMEOUT", 0.1)
    with mutex(folder), pytest.raises(BackendError, match="held the lock"), mutex(folder):
        pass
    with mutex(folder):
        pass


def test_a_forked_child_does_not_keep_the_mutex(folder: Path) -> None:
    with mutex(folder):
        pid = os.fork()
        if pid == 0:
            time.sleep(60)
            os._exit(0)
    with mutex(folder):
        pass
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


def test_a_lock_is_free_when_its_process_is_killed(folder: Path) -> None:
    script = (
        "import sys, time; from pathlib import Path; from jupyter_cube.host import lockfile;"
        "fd = lockfile.lock_shared(Path(sys.argv[1])); print(fd, flush=True); time.sleep(60)"
    )
    env = {**os.environ, "PYTHONPATH": str(Path(lockfile.__file__).parents[1])}
    words = [sys.executable, "-c", script, str(folder / "waiter-1")]
    with subprocess.Popen(words, stdout=subprocess.PIPE, env=env) as child:
        assert child.stdout is not None
        assert child.stdout.readline() != b"None\n"
        assert lock_shared(folder / "waiter-1") is None
        child.kill()
        child.wait()
    fd = lock_shared(folder / "waiter-1")
    assert fd is not None
    os.close(fd)


def test_records(folder: Path) -> None:
    path = folder / "held" / "token"
    fd = write_record(path, {"pid": 1, "cpu": 2}, lock=True)
    os.write(fd, b'{"pid": 3}\n{"pid": 4')
    assert read_record(path) == ({"pid": 3, "cpu": 2}, os.getuid(), True)
    os.close(fd)
    assert read_record(path) == ({"pid": 3, "cpu": 2}, os.getuid(), False)
    assert read_record(folder / "held" / "none") is None


# whose own descriptors are few, so that the lock could have any number
HOLD = """
import os, subprocess, sys
from pathlib import Path
from jupyter_cube.host.lockfile import read_record, write_record
path = Path(sys.argv[1])
fd = write_record(path, {}, lock=True)
script = 'exec 3>&1 4>&1 5>&1 6>&1 7>&1 8>&1 9>&1; echo; read line'
with subprocess.Popen(["/bin/sh", "-c", script], pass_fds=[fd], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as shell:
    shell.stdout.readline()
    os.close(fd)
    print(read_record(path)[2], flush=True)
"""


def test_a_shell_keeps_a_lock_whatever_it_redirects(folder: Path) -> None:
    words = [sys.executable, "-c", HOLD, str(folder / "held" / "x")]
    done = subprocess.run(words, capture_output=True, text=True, timeout=20, check=False)
    assert (done.stdout, done.stderr) == ("True\n", "")


@pytest.mark.parametrize("text", ["", "{", "[1]\n", "1\n", "\0\0\n", "é\n"])
def test_a_damaged_record_is_empty(folder: Path, text: str) -> None:
    path = folder / "queue" / "damaged"
    path.write_text(text, "latin-1")
    assert read_record(path) == ({}, os.getuid(), False)


def test_no_link_pipe_or_folder_is_followed(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text('{"a": 1}\n')
    (folder / "held" / "link").symlink_to(tmp_path / "secret")
    os.mkfifo(folder / "held" / "pipe")
    (folder / "held" / "folder").mkdir()
    for name in ("link", "pipe", "folder"):
        assert read_record(folder / "held" / name) is None


def test_two_who_look_at_a_free_file_do_not_see_each_other(folder: Path) -> None:
    path = folder / "held" / "token"
    write_record(path, {})
    with open(path) as other:
        fcntl.flock(other, fcntl.LOCK_SH)
        assert read_record(path) == ({}, os.getuid(), False)
