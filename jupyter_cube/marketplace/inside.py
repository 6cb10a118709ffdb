"""What lies in a folder that somebody shares: its own files, and nothing that links in it lead to elsewhere."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from jupyter_cube.errors import UsageError


def inside_of(root: Path) -> dict[str, Path]:
    """All files of a folder by their paths in it; a link to something inside stands for that.

    Args:
        root: without links.

    Raises:
        UsageError: a link leads out of the folder, to nothing or in a circle, or something is no file.
        OSError: something cannot be read.
    """
    found: dict[str, Path] = {}
    pending: list[tuple[str, Path, frozenset[Path]]] = [("", root, frozenset())]
    while pending:
        prefix, folder, above = pending.pop()
        for name in os.listdir(folder):
            path = f"{prefix}{name}"
            real = _real(root, path, folder / name)
            if real.is_dir():
                if real in above or real == folder:
                    raise _refused(root, path, "is a link to a folder that it lies in")
                pending.append((f"{path}/", real, above | {folder}))
            elif not real.is_file():
                raise _refused(root, path, "is no ordinary file")
            elif not os.access(real, os.R_OK):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(real))
            else:
                found[path] = real
    return dict(sorted(found.items()))


def _real(root: Path, path: str, entry: Path) -> Path:
    if not entry.is_symlink():
        return entry
    try:
        real = entry.resolve(strict=True)
    except FileNotFoundError:
        raise _refused(root, path, f"is a link to {os.readlink(entry)!r:.200}, where nothing is") from None
    except (OSError, RuntimeError):  # links in a circle, which Python says in two ways
        raise _refused(root, path, "is a link that leads to itself, or cannot be followed") from None
    if not real.is_relative_to(root):
        raise _refused(root, path, f"is a link out of the folder, to {str(real)!r:.200}")
    return real


def _refused(root: Path, path: str, why: str) -> UsageError:
    return UsageError(f"{path!r:.200} {why}", place=str(root), hint="remove it, or put the file itself there")
