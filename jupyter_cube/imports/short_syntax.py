"""Cube Studio's short syntax: ``4G``, ``2~4``, ``1(V100)``, ``name(pvc):/path``."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

_MOUNT = re.compile(r"(?P<name>[^()]+)\((?P<kind>[^()]+)\)\s*:\s*(?P<path>/.*)")
_FULL_WIDTH = {0xFF08: "(", 0xFF09: ")"}
_GPU = re.compile(r"(-?\d+(?:\.\d+)?)(?:\((.*)\))?")


@dataclass(frozen=True, slots=True)
class Mounts:
    """Volumes as pairs of name and path, shared memory in MiB (0: the default), and what did not come over."""

    volumes: tuple[tuple[str, str], ...] = ()
    shared_mb: int = 0
    notes: tuple[str, ...] = ()


def mounts(text: str) -> Mounts:
    """What ``name(kind):/path`` means, several separated by ``,`` or ``;``."""
    volumes: list[tuple[str, str]] = []
    shared, notes = 0, []
    for part in filter(None, (each.strip() for each in re.split(r"[,;\n]", text))):
        found = _MOUNT.fullmatch(part)
        if found is None:
            notes.append(f"the mount {part!r:.100} is not understood")
            continue
        name, kind, path = found["name"].strip(), found["kind"].strip(), found["path"].strip()
        if path in (target for _, target in volumes):
            notes.append(f"the mount {part} is not carried over: another one is at {path}")
        elif kind in ("pvc", "pvc-share", "storage"):
            volumes.append((name, path))
            if kind == "pvc":
                notes.append(f"the volume {name} is mounted whole at {path}, not only the user's folder of it")
        elif kind == "memory" and path == "/dev/shm" and (size := memory_mb(name)):
            shared = size
        else:
            notes.append(f"the mount {part} is not carried over: {kind} is for an administrator to give")
    return Mounts(tuple(volumes), shared, tuple(notes))


def memory_mb(text: str) -> int:
    """Memory such as ``4G``, ``500M`` or ``2G~4G`` (the larger one counts) in MiB; 0: it is not understood."""
    sizes = [re.fullmatch(r"(\d+)([GMgm])i?", part.strip()) for part in _ends(text)]
    if not all(sizes):
        return 0
    return max(int(found[1]) * (1024 if found[2] in "Gg" else 1) for found in sizes if found)


def cpus(text: str) -> int:
    """CPUs such as ``2``, ``0.5`` or ``2~4`` (the larger one counts), rounded up; 0: not understood."""
    try:
        found = max(float(part) for part in _ends(text))
    except ValueError:
        return 0
    return math.ceil(found) if 0 < found < 10_000 else 0


def gpus(text: str) -> tuple[int, str]:
    """GPUs such as ``2``, ``1(V100)`` or ``0.5``: how many whole ones, and what did not come over."""
    plain = text.strip().translate(_FULL_WIDTH)
    found = _GPU.fullmatch(plain)
    if found is None:
        if re.match(r"\d+[GM],", plain):
            return 1, f"GPUs {plain}: a part of a GPU becomes a whole one"
        return 0, f"GPUs {plain!r:.60} are not understood, there are none" if plain else ""
    count = float(found[1])
    if count < 0:
        return 0, f"GPUs {text}: the GPUs of the host cannot be shared"
    if count != int(count):
        return math.ceil(count), f"GPUs {text}: a part of a GPU becomes a whole one"
    kind = f"GPUs {text}: the kind of GPU {found[2]} is not carried over" if found[2] and count else ""
    return int(count), kind


def _ends(text: str) -> Sequence[str]:
    return re.split(r"[~_-]", text.strip())
