"""Limits by control group (cgroup): what this machine may use, and how much memory a task may.

A task with a memory limit gets a group of its own, below the highest group that this user may write to and that no
limit separates from this process: so a job's group outlives the notebook's, and no limit is escaped. Where there
is no such group ``prepare`` gives None, and the owner of the job watches ``process.rss`` instead.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from jupyter_cube.process import Identity, identify

PREFIX = "cube-"
OWNERS = "jupyter-cube-owners"
_PROC = Path("/proc/self")
_MIB = 1024 * 1024
# A v1 group without a limit says 2^63 rounded down to a page.
_UNLIMITED = 1 << 60


class _Group(NamedTuple):
    """The group of this process in one hierarchy: its folder, and the hierarchy's highest folder seen here."""

    path: Path
    top: Path
    version: int

    def chain(self) -> Iterator[Path]:
        """The group and those above it, the own one first."""
        yield self.path
        for folder in self.path.parents:
            if not folder.is_relative_to(self.top):
                return
            yield folder


def cpus() -> int:
    """How many CPUs this process may use: of its affinity and its groups' quotas, at least 1."""
    try:
        count = len(os.sched_getaffinity(0))
    except AttributeError:  # not on macOS
        count = os.cpu_count() or 1
    group = _group("cpu")
    if group is None:
        return count
    quotas = [quota for folder in group.chain() if (quota := _cpu_quota(folder, group.version))]
    return max(1, int(min([count, *quotas])))


def memory_mb() -> int:
    """How much memory this process and its children may use, in MiB: the machine's or its groups' limit."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    group = _group("memory")
    if group is not None:
        total = min([total, *(limit for folder in group.chain() if (limit := _memory_limit(folder, group.version)))])
    return total // _MIB


def prepare(token: str, memory_mb: int) -> str | None:
    """Makes the group of a task, into which the task's wrapper then moves itself.

    Args:
        token: names the group; a group of that name that is there already gets the new limit.
        memory_mb: the limit in MiB, swap included; 0: none.

    Returns:
        The group's folder, or None where there is no limit or this user cannot set one.
    """
    group = _group("memory") if memory_mb else None
    parent = _parent(group) if group else None
    if group is None or parent is None:
        return None
    folder = parent / (PREFIX + re.sub(r"[^A-Za-z0-9_-]", "-", token))
    limit = str(memory_mb * _MIB)
    try:
        folder.mkdir(exist_ok=True)
        if group.version == 2:
            (folder / "memory.max").write_text(limit)
            _try_write(folder / "memory.swap.max", "0")
        else:
            # The limit with swap may never be below the one without, so a new limit is set from an open state.
            _try_write(folder / "memory.memsw.limit_in_bytes", "-1")
            (folder / "memory.limit_in_bytes").write_text(limit)
            _try_write(folder / "memory.memsw.limit_in_bytes", limit)
    except OSError:
        remove(str(folder))
        return None
    return str(folder)


def oom_kills(path: str) -> int:
    """How many processes of the group were ended because it reached its limit; 0 for a group that is gone."""
    for name in ("memory.events", "memory.oom_control"):
        for line in _text(Path(path, name)).splitlines():
            key, _, value = line.partition(" ")
            if key == "oom_kill":
                return int(value)
    return 0


def members(path: str) -> set[Identity]:
    """The living processes in the group and in groups that the task made below it, never the calling one."""
    pids = {int(pid) for folder, _, _ in os.walk(path) for pid in _text(Path(folder, "cgroup.procs")).split()}
    return {identity for pid in pids - {os.getpid()} if (identity := identify(pid))}


def remove(path: str) -> bool:
    """Removes the group; False where processes are still in it."""
    for folder, _, _ in os.walk(path, topdown=False):
        try:
            os.rmdir(folder)
        except FileNotFoundError:
            continue
        except OSError:
            return False
    return True


def leave_task() -> None:
    """Takes an owner that a task's wrapper has started out of the task's group and out of its oom score."""
    _try_write(_PROC / "oom_score_adj", "0")
    group = _group("memory")
    if group is not None and group.path.name.startswith(PREFIX) and group.path != group.top:
        # A group of its own: a v2 group that has limited groups below it may hold no processes itself.
        owners = group.path.parent / OWNERS
        with contextlib.suppress(OSError):
            owners.mkdir(exist_ok=True)
            (owners / "cgroup.procs").write_text(str(os.getpid()))


def _group(controller: str) -> _Group | None:
    """Where this process stands in the hierarchy that has the controller (cgroups(7))."""
    place: dict[str, str] = {}
    for line in _text(_PROC / "cgroup").splitlines():
        _, controllers, path = line.split(":", 2)
        place.update(dict.fromkeys(controllers.split(","), path))
    version = 1 if controller in place else 2
    own_path = place.get(controller if version == 1 else "")
    if own_path is None:
        return None
    for line in _text(_PROC / "mountinfo").splitlines():
        before, _, after = line.partition(" - ")
        root, mount = before.split()[3:5]
        kind, _, options = after.split(" ", 2)
        if kind != ("cgroup" if version == 1 else "cgroup2"):
            continue
        if version == 1 and controller not in options.split(","):
            continue
        # In a container the mount may show a part of the hierarchy only, or one that does not hold this process.
        inside = os.path.relpath(own_path, root) if own_path.startswith(root) else "."
        top = Path(mount)
        own = top / inside
        return _Group(own if own.is_dir() else top, top, version)
    return None


def _parent(group: _Group) -> Path | None:
    """The group below which a task's group can be made."""
    best = None
    for folder in group.chain():
        # A group with processes of its own cannot give its controllers to groups below it (v2), so often only the
        # ones above can.
        able = group.version == 1 or "memory" in _text(folder / "cgroup.subtree_control").split()
        if able and os.access(folder, os.W_OK) and os.access(folder / "cgroup.procs", os.W_OK):
            best = folder
        if _memory_limit(folder, group.version) or _cpu_quota(folder, group.version):
            break
    return best


def _memory_limit(folder: Path, version: int) -> int:
    """The group's own memory limit in bytes; 0: none."""
    text = _text(folder / ("memory.max" if version == 2 else "memory.limit_in_bytes")).strip()
    limit = int(text) if text.isdecimal() else 0
    return limit if limit < _UNLIMITED else 0


def _cpu_quota(folder: Path, version: int) -> float:
    """How many CPUs the group's quota allows; 0: no quota."""
    if version == 2:
        quota, _, period = _text(folder / "cpu.max").strip().partition(" ")
    else:
        quota = _text(folder / "cpu.cfs_quota_us").strip()
        period = _text(folder / "cpu.cfs_period_us").strip()
    return int(quota) / int(period) if quota.isdecimal() and period.isdecimal() else 0


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace")
    except OSError:
        return ""


def _try_write(path: Path, text: str) -> None:
    """Writes where the kernel has the file: swap is not accounted for on every machine."""
    with contextlib.suppress(OSError):
        path.write_text(text)
