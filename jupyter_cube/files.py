"""Writing files so that they are there whole or not at all, and errors of the disk in one line."""

from __future__ import annotations

import errno
import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from jupyter_cube.errors import StoreError

_ELSEWHERE = "set CUBE_STORE to a folder that you can write"
_ADVICE = {
    errno.ENOSPC: ("the disk is full", "free some space, or run: clean"),
    errno.EDQUOT: ("the disk quota is used up", "free some space, or run: clean"),
    errno.EROFS: ("the folder is read-only", _ELSEWHERE),
    errno.EACCES: ("permission denied", _ELSEWHERE),
    errno.EPERM: ("permission denied", _ELSEWHERE),
    errno.ENOTDIR: ("a file is where a folder should be", f"move it away, or {_ELSEWHERE}"),
}
_ADVICE_OF_THE_STORE = {
    errno.ENOENT: ("the folder is not there and cannot be made", _ELSEWHERE),
    errno.EEXIST: ("a file is where a folder should be", f"move it away, or {_ELSEWHERE}"),
}


@contextmanager
def disk_errors(place: str | Path, *, hint: str = "") -> Iterator[None]:
    """Turn the disk's refusals into a ``StoreError`` that names the place and the next step.

    Args:
        hint: what to do where it is about other files than those of the store.
    """
    try:
        yield
    except OSError as error:
        known = _ADVICE if hint else _ADVICE | _ADVICE_OF_THE_STORE
        if error.errno not in known:
            raise
        message, advice = known[error.errno]
        if hint and _ELSEWHERE in advice:
            advice = hint
        raise StoreError(message, place=str(error.filename or place), hint=advice) from error


@contextmanager
def draft_of(path: str | Path, draft: str | Path) -> Iterator[None]:
    """Errors about ``draft``, or about what lies in it, name ``path``: what a person knows, and it is to become."""
    try:
        yield
    except OSError as error:
        if error.filename is None or os.fsdecode(error.filename).startswith(os.fsdecode(draft)):
            error.filename = os.fspath(path)
            error.filename2 = None
        raise


def write(path: str | Path, data: bytes | str, *, mode: int = 0o600) -> None:
    """Create ``path`` with ``data``; for files inside a folder that nobody reads yet."""
    raw = data.encode() if isinstance(data, str) else data
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    try:
        view = memoryview(raw)
        while view:
            view = view[os.write(fd, view) :]
    finally:
        os.close(fd)


def replace(path: str | Path, data: bytes | str, *, mode: int = 0o600, sync: bool = False) -> None:
    """Write ``path`` by rename: a reader sees the old file or the new one."""
    folder, name = os.path.split(path)
    temporary = f"{folder}/.{name}.{os.getpid()}.{threading.get_native_id()}"
    with draft_of(path, temporary):
        try:
            write(temporary, data, mode=mode)
            if sync:
                fsync(temporary)
            os.rename(temporary, path)
        except OSError:
            with suppress(OSError):
                os.unlink(temporary)
            raise
    if sync:
        fsync(folder)


def remove_tree(path: Path) -> None:
    """Remove a folder as far as that is possible; what is left does no harm."""
    import shutil  # brings the compression modules along, which an owner never needs

    shutil.rmtree(path, ignore_errors=True)


def existing(path: str) -> Path:
    """The folder at ``path``.

    Raises:
        StoreError: it is gone.
    """
    if not os.path.isdir(path):
        raise StoreError("the folder is gone", place=path)
    return Path(path)


def here() -> Path:
    """The working folder.

    Raises:
        StoreError: it is gone.
    """
    try:
        return Path.cwd()
    except FileNotFoundError:
        raise StoreError("the working folder is gone", hint="go to another one") from None


def fsync(path: str | Path) -> None:
    """Force a file, or the entries of a folder, to the disk."""
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def read_json(path: str | Path) -> Any:
    """The JSON value in ``path``; None where there is no such file.

    Raises:
        StoreError: the file is damaged.
    """
    try:
        with open(path, "rb") as file:
            text = file.read()
    except (FileNotFoundError, NotADirectoryError):
        return None
    try:
        return json.loads(text)
    except ValueError as error:
        raise StoreError(
            "the record is damaged", place=str(path), hint="delete the job, other jobs are unharmed"
        ) from error


def read_json_lines(path: Path) -> list[dict[str, Any]]:
    """All whole lines of a JSON-lines file; a torn last line is left out, a damaged one too."""
    try:
        data = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return []
    records = []
    for line in data[: data.rfind(b"\n") + 1].splitlines():
        try:
            record = json.loads(line)
        except ValueError:
            continue
        if isinstance(record, dict):
            records.append(record)
    return records
