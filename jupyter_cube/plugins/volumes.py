"""Which directories the tasks of a role see where: what was asked for in several places, put together. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from jupyter_cube.lifecycle.plan import Mount

_RESERVED = ("/proc", "/sys", "/dev")


@dataclass(frozen=True, slots=True)
class Merged:
    """The mounts of a role, what contradicts, and what is odd."""

    mounts: tuple[Mount, ...] = ()
    faults: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def wrong_target(target: str) -> str:
    """Why nothing can be mounted at a path; empty where it can."""
    path = PurePosixPath(target)
    if not path.is_absolute() or ".." in path.parts or not target.isprintable():
        return f"{target!r:.100} is no absolute path without '..'"
    if path == PurePosixPath("/") or any(path.is_relative_to(reserved) for reserved in _RESERVED):
        return f"nothing can be mounted at {path}"
    return ""


def merge(asked: Sequence[Mount]) -> Merged:
    """The mounts of a role, each target once.

    The same volume at the same path is one mount, at two paths two; two volumes at one path contradict each other, as
    do read-only and writable. A directory that several prerequisites fill is one of the job, shared with no other job.
    """
    by_target: dict[str, Mount] = {}
    faults: list[str] = []
    warnings: list[str] = []
    for each in asked:
        if wrong := wrong_target(each.target):
            faults.append(f"{each.origin}: {wrong}")
            continue
        mount = replace(each, target=str(PurePosixPath(each.target)))
        there = by_target.get(mount.target)
        if there is None:
            by_target[mount.target] = mount
        elif there.kind == "storage" and mount.kind == "storage":
            faults += _contradictions(there, mount)
        elif there.kind != "storage":
            # what is mounted there by name wins over a directory made for a path
            both = mount if mount.kind == "storage" else _shared(there, mount)
            if both.kind == "job" and "cache" in (there.kind, mount.kind):
                warnings.append(f"{there.origin} and {mount.origin} both use {mount.target}: it is for this job alone")
            by_target[mount.target] = both
    mounts = tuple(sorted(by_target.values(), key=lambda mount: mount.target))
    faults += _inside_shared(mounts)
    return Merged(mounts, tuple(dict.fromkeys(faults)), (*dict.fromkeys(warnings), *_nested(mounts)))


def _contradictions(there: Mount, mount: Mount) -> Iterator[str]:
    if there.source != mount.source:
        both = f"{there.source} ({there.origin}) and {mount.source} ({mount.origin})"
        yield f"two storages are mounted at {mount.target}: {both}"
    elif there.read_only != mount.read_only:
        one, other = (there, mount) if there.read_only else (mount, there)
        message = f"storage {mount.source} at {mount.target} is read-only for {one.origin}"
        yield f"{message} and not for {other.origin}"


def _shared(there: Mount, mount: Mount) -> Mount:
    if (there.kind, there.source) == (mount.kind, mount.source):
        return there
    return there if there.kind == "job" else mount if mount.kind == "job" else replace(mount, kind="job")


def _inside_shared(mounts: Sequence[Mount]) -> Iterator[str]:
    """Nothing can be mounted inside a directory that jobs share: it is read-only once it is filled."""
    for outer in (mount for mount in mounts if mount.kind == "cache"):
        for inner in mounts:
            if inner is not outer and PurePosixPath(inner.target).is_relative_to(outer.target):
                yield f"{inner.target} ({inner.origin}) lies inside {outer.target} ({outer.origin}), which jobs share"


def _nested(mounts: Sequence[Mount]) -> Iterator[str]:
    storages = [mount for mount in mounts if mount.kind == "storage"]
    for outer in storages:
        for inner in storages:
            if inner is not outer and PurePosixPath(inner.target).is_relative_to(outer.target):
                where = f"{outer.source} at {outer.target} ({outer.origin})"
                yield f"storage {inner.source} at {inner.target} ({inner.origin}) lies inside {where}"
