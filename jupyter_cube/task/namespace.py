"""Mounts that only one task sees: ``python -I -S namespace.py MODE SPEC [PID] -- WORDS``, which ends in an exec.

A file of its own that imports little and nothing of ours: it starts in about the time of the bare interpreter.
``SPEC`` is a file: the path of a directory that may be covered for a moment, and for each mount the target, the source,
``ro`` or ``rw``, and the file that says that it is filled and so read-only (or nothing); each ended by a NUL. Modes:
``task`` (a failure is handed to the wrapper as ``CUBE_CANNOT``), ``run`` (a failure ends it), ``protect`` (makes
read-only what has been filled since), ``enter`` (joins the process PID).
"""

from __future__ import annotations

import ctypes
import os
import stat
import sys

Mount = tuple[str, str, str, str]

_NEW_NAMESPACE, _NEW_USER = 0x00020000, 0x10000000
_READ_ONLY, _NO_SUID, _NO_DEV, _NO_EXEC, _REMOUNT, _NO_ATIME, _NO_DIR_ATIME = 1, 2, 4, 8, 32, 1024, 2048
_BIND, _RECURSIVE, _SLAVE, _RELATIVE_ATIME, _DETACH = 4096, 16384, 1 << 19, 1 << 21, 2
# What a mount of the host has cannot be taken from it in a user namespace, so a remount names it again.
_KEPT = {
    "nosuid": _NO_SUID,
    "nodev": _NO_DEV,
    "noexec": _NO_EXEC,
    "noatime": _NO_ATIME,
    "nodiratime": _NO_DIR_ATIME,
    "relatime": _RELATIVE_ATIME,
}
_HOST = "/.host"

_libc = ctypes.CDLL(None, use_errno=True)


def _checked(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), what)


def _mount(source: str, target: str, kind: str, flags: int, data: str = "") -> None:
    words = (os.fsencode(source), os.fsencode(target), kind.encode(), ctypes.c_ulong(flags), data.encode())
    _checked(_libc.mount(*words), target)


def _unshare() -> None:
    """A mount namespace of this process alone; for an ordinary user in a user namespace where the ids stay the same."""
    uid, gid = os.geteuid(), os.getegid()
    if uid != 0 or _libc.unshare(_NEW_NAMESPACE) != 0:
        _checked(_libc.unshare(_NEW_USER | _NEW_NAMESPACE), "a user namespace")
        for name, text in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1")):
            with open(f"/proc/self/{name}", "w") as file:
                file.write(text)
    # What the host mounts and unmounts later is seen here, but not the other way round.
    _mount("none", "/", "none", _RECURSIVE | _SLAVE)


def _bind(source: str, target: str) -> None:
    """``source``, which may be anything, at ``target``, which is made; links are made anew."""
    kind = os.lstat(source).st_mode
    if stat.S_ISLNK(kind):
        os.symlink(os.readlink(source), target)
        return
    if stat.S_ISDIR(kind):
        os.mkdir(target)
    else:
        os.close(os.open(target, os.O_CREAT | os.O_WRONLY, 0o600))
    _mount(source, target, "none", _BIND | _RECURSIVE)


def _deepest(target: str) -> str:
    """The deepest directory on the way to ``target`` that is there."""
    while not os.path.isdir(target):
        if os.path.lexists(target):
            raise NotADirectoryError(20, "there is a file at the place of a mount", target)
        target = os.path.dirname(target)
    return target


class _View:
    """The tree as the task is to see it, made step by step."""

    def __init__(self, place: str) -> None:
        self.place = place
        self.covers: list[str] = []  # directories that are file systems of ours now
        self.devices: set[int] = set()
        self.pivoted = False

    def add(self, target: str) -> str:
        """Make the directory ``target`` without making it on the host; its path with all links followed."""
        real = os.path.realpath(target)
        there = _deepest(real)
        if there == real:
            return real
        if os.stat(there).st_dev not in self.devices:
            self._new_root() if there == "/" else self._cover(there)
        os.makedirs(real)
        return real

    def _new_root(self) -> None:
        _mount("jupyter-cube", self.place, "tmpfs", _NO_SUID | _NO_DEV, "mode=0755")
        os.mkdir(self.place + _HOST)
        _checked(_libc.pivot_root(os.fsencode(self.place), os.fsencode(self.place + _HOST)), "a root of its own")
        os.chdir("/")
        self.pivoted = True
        for name in os.listdir(_HOST):
            _bind(f"{_HOST}/{name}", f"/{name}")
        self._covered("/")

    def _cover(self, there: str) -> None:
        fd = os.open(there, os.O_PATH | os.O_DIRECTORY)  # stays what it is when something is mounted over it
        names, mode = os.listdir(there), stat.S_IMODE(os.stat(there).st_mode)
        _mount("jupyter-cube", there, "tmpfs", _NO_SUID | _NO_DEV, f"mode={mode:o}")
        for name in names:
            _bind(f"/proc/self/fd/{fd}/{name}", f"{there}/{name}")
        os.close(fd)
        self._covered(there)

    def _covered(self, path: str) -> None:
        self.covers.append(path)
        self.devices.add(os.stat(path).st_dev)

    def finish(self) -> None:
        """Nothing written beside the mounts gets lost unseen: it is refused, but in places like /tmp."""
        if self.pivoted:
            _checked(_libc.umount2(_HOST.encode(), _DETACH), _HOST)
            os.rmdir(_HOST)
        for cover in self.covers:
            if not os.stat(cover).st_mode & stat.S_ISVTX:
                _mount("none", cover, "none", _REMOUNT | _BIND | _READ_ONLY | _NO_SUID | _NO_DEV)

    def undo(self) -> None:
        """Back to where the host's files are, after a failure."""
        if self.pivoted:
            os.chroot(_HOST)
        os.chdir("/")


def _protect(target: str) -> None:
    """Make what is mounted at and below ``target`` read-only."""
    with open("/proc/self/mountinfo", "rb") as file:
        lines = file.read().splitlines()
    for line in lines:
        fields = line.split(b" ")
        path = os.fsdecode(fields[4].decode("unicode_escape").encode("latin-1"))
        if path == target or path.startswith(f"{target}/"):
            flags = sum(_KEPT.get(word, 0) for word in fields[5].decode().split(","))
            _mount("none", path, "none", _REMOUNT | _BIND | _READ_ONLY | flags)


def _read(path: str) -> tuple[str, list[Mount]]:
    with open(path, "rb") as file:
        place, *fields = os.fsdecode(file.read()).split("\0")[:-1]
    parts = [fields[number::4] for number in range(4)]
    return place, list(zip(*parts, strict=True))


def _is_read_only(mode: str, filled: str) -> bool:
    return mode == "ro" or bool(filled and os.path.exists(filled))


def build(place: str, mounts: list[Mount]) -> bool:
    """Enter a namespace of this process's own with all mounts.

    Returns:
        Some of them can be written until they are filled; others may fill them any moment.

    Raises:
        OSError: the host refuses, or a directory is not there; the host's files are where they were.
    """
    _unshare()
    view = _View(place)
    mounts = sorted(mounts, key=lambda mount: len(mount[0]))
    unfilled = False
    try:
        # Opened before anything is mounted over them; before the unshare they would be of another namespace.
        sources = [os.open(source, os.O_PATH | os.O_DIRECTORY) for _, source, _, _ in mounts]
        for (asked, _, mode, filled), fd in zip(mounts, sources, strict=True):
            target = view.add(asked)
            _mount(f"/proc/self/fd/{fd}", target, "none", _BIND | _RECURSIVE)
            if _is_read_only(mode, filled):
                _protect(target)
            elif filled:
                unfilled = True
            os.close(fd)
        view.finish()
    except OSError:
        view.undo()
        raise
    os.chdir("/")
    return unfilled


def protect(mounts: list[Mount]) -> None:
    """Enter a namespace where what has been filled since ``build`` is read-only."""
    _unshare()
    for target, _, mode, filled in mounts:
        if _is_read_only(mode, filled):
            _protect(os.path.realpath(target))


def enter(pid: int) -> None:
    """Join the namespaces of a process of this user."""
    for name, flag in (("user", _NEW_USER), ("mnt", _NEW_NAMESPACE)):
        path = f"/proc/{pid}/ns/{name}"
        if os.readlink(path) != os.readlink(f"/proc/self/ns/{name}"):
            fd = os.open(path, os.O_RDONLY)
            _checked(_libc.setns(fd, flag), path)
            os.close(fd)


def _forget_locale() -> None:
    """An interpreter in the C locale sets a variable for itself, which is not for what comes after it."""
    try:
        with open("/proc/self/environ", "rb") as file:
            mine = file.read()
    except OSError:
        return
    if b"\0LC_CTYPE=" not in b"\0" + mine:
        os.environ.pop("LC_CTYPE", None)


def main(words: list[str]) -> None:
    """Do what ``words`` say, and become the command behind ``--``."""
    cut = words.index("--")
    mode, path, *rest = words[:cut]
    try:
        if mode == "enter":
            enter(int(rest[0]))
        else:
            place, mounts = _read(path)
            if mode == "protect":
                protect(mounts)
            elif build(place, mounts) and mode == "task":
                os.environ["CUBE_UNFILLED"] = "1"
    except OSError as error:
        message = f"{error.strerror}: {error.filename}" if error.filename else str(error)
        if mode != "task":
            sys.exit(f"jupyter-cube: the mounts could not be made: {message}")
        os.environ["CUBE_CANNOT"] = f"the mounts could not be made: {message}"
    _forget_locale()
    os.execvp(words[cut + 1], words[cut + 1 :])


if __name__ == "__main__":
    main(sys.argv[1:])
