"""Which directories the tasks of a role see at which paths, and what is done where this host refuses mounts.

The mounts themselves are made by ``namespace``. Where the host refuses them, scripts and variables name the real
directories instead.
"""

from __future__ import annotations

import functools
import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jupyter_cube import files, process
from jupyter_cube.backends.local import nodes
from jupyter_cube.config import FILE as _CONFIG
from jupyter_cube.errors import BackendError, CubeError, NotFoundError, UsageError, near
from jupyter_cube.lifecycle.plan import Mount, Plan, Role
from jupyter_cube.store.folder import JobFolder

_FORBIDDEN = ("/proc", "/sys", "/dev")
# folders of the system itself: whatever is put there, what programs look for is hidden
_SYSTEM = {"/bin", "/boot", "/etc", "/lib", "/lib32", "/lib64", "/run", "/sbin", "/usr", "/var"}
_SWITCH = "CUBE_NO_NAMESPACES"
_SCRIPT = str(Path(__file__).parents[2] / "task" / "namespace.py")


@dataclass(frozen=True, slots=True)
class Bound:
    """A mount with its directory.

    Attributes:
        source: the directory, all links followed.
        filled: the file that says that the directory is filled, and so read-only; empty: none.
    """

    target: str
    source: str
    read_only: bool
    filled: str = ""


def settings(plan: Plan, storages: Mapping[str, Any], cache: Path) -> dict[str, Any]:
    """What owners of the job have to know of the configuration: the cache, and the storages that the job names."""
    named = {mount.source.split("/")[0] for role in plan.roles for mount in role.mounts if mount.kind == "storage"}
    return {"cache": str(cache), "storages": {name: storages[name] for name in sorted(named) if name in storages}}


def given_to(folder: JobFolder) -> Mapping[str, Any]:
    """What was recorded of that at the submit."""
    return {"cache": str(folder.path.parents[1] / "cache"), "storages": {}, **folder.record["host_limits"]}


def check(plan: Plan, given: Mapping[str, Any], store: Path) -> list[str]:
    """Lines for the person about the mounts of a plan.

    Raises:
        UsageError: a target where nothing can be mounted, a directory that is not there.
        NotFoundError: an unknown storage.
    """
    warnings = []
    for role in plan.roles:
        for mount in role.mounts:
            _check_target(mount, role, given, store)
            if mount.kind == "storage":
                _, read_only = _storage(mount, given["storages"])
                if read_only and not mount.read_only:
                    warnings.append(f"{mount.source} is mounted read-only at {mount.target}, as it is configured")
    mounted = [mount for role in plan.roles for mount in role.mounts]
    if mounted and (why := refused(store)):
        strict = ", and read-only is not enforced" if any(mount.read_only for mount in mounted) else ""
        warnings.append(
            f"this host refuses mounts ({why}): paths in scripts and variables are rewritten, see CUBE_PATHS{strict}"
        )
        for role in plan.roles:
            replacements(bound(role, given, Path("job")))
    else:
        warnings += [
            f"{each.target} has files on this machine, the tasks see those of {each.origin or each.source} instead"
            for each in mounted
            if _hides(each, given)
        ]
    return list(dict.fromkeys(warnings))


def _check_target(mount: Mount, role: Role, given: Mapping[str, Any], store: Path) -> None:
    target, asked = mount.target, mount.origin or f"the mount of {mount.source}"
    if not target.startswith("/") or os.path.normpath(target) != target or target.startswith("//"):
        raise UsageError(f"{target!r} is no absolute path without '..'", place=asked, hint="write it like /mnt/data")
    real = os.path.realpath(target)
    for path in (target, real):
        if path == "/" or any(path == one or path.startswith(f"{one}/") for one in _FORBIDDEN):
            raise UsageError(f"nothing can be mounted at {target}", place=asked, hint="choose a path like /mnt/data")
        if path in _SYSTEM:
            message = f"a mount at {target} would hide the system's own files"
            raise UsageError(message, place=asked, hint="choose a path like /mnt/data")
    needed = [str(store), given["cache"], sys.executable, sys.prefix, "/bin/sh", "/usr/bin/env"]
    for path in [*map(os.path.realpath, needed), *_libraries()]:
        if path == real or path.startswith(f"{real}/"):
            raise UsageError(f"a mount at {target} would hide {path}", place=asked, hint="choose another path")
    twice = next((one for one in role.mounts if one.target == target and one.source != mount.source), None)
    if twice is not None:
        raise UsageError(f"{mount.source} and {twice.source} are both mounted at {target}", place=asked)


def _hides(mount: Mount, given: Mapping[str, Any]) -> bool:
    """Whether this machine has something at the target, and something else than what is mounted there."""
    real = os.path.realpath(mount.target)
    if mount.kind == "storage" and _storage(mount, given["storages"])[0] == real:
        return False
    try:
        with os.scandir(real) as entries:
            return next(entries, None) is not None
    except PermissionError:
        return True
    except OSError:  # most often nothing is there
        return False


@functools.cache
def _libraries() -> tuple[str, ...]:
    """The libraries of this process and the loaders: without those of C no program starts, not even the shell."""
    try:
        with open("/proc/self/maps", errors="surrogateescape") as file:
            found = {line.split(maxsplit=5)[-1].rstrip("\n") for line in file if " r-xp " in line}
    except OSError:
        return ()
    loaders = [f"{os.path.realpath(path.parent)}/{path.name}" for path in Path("/").glob("lib*/ld-*")]
    return tuple(sorted(path for path in (*found, *loaders) if path.startswith("/")))


def covers(role: Role, path: str) -> bool:
    """``path`` is what the role's tasks see under a mount."""
    return any(path == mount.target or path.startswith(f"{mount.target}/") for mount in role.mounts)


def bound(role: Role, given: Mapping[str, Any], job: Path) -> list[Bound]:
    """The role's mounts with their directories, which are made where they are ours.

    Args:
        given: what ``settings`` returned.
        job: the job's folder.
    """
    found = []
    for mount in role.mounts:
        if mount.kind == "storage":
            source, read_only = _storage(mount, given["storages"])
            found.append(Bound(mount.target, source, read_only or mount.read_only))
        elif mount.kind == "cache":
            entry = nodes.entry(given["cache"], mount.source)
            found.append(Bound(mount.target, f"{entry}/data", mount.read_only, f"{entry}/done"))
        else:
            volume = f"{job}/volumes/{nodes.folder_of(mount.source)}"
            found.append(Bound(mount.target, volume, mount.read_only))
    return found


def _storage(mount: Mount, storages: Mapping[str, Any]) -> tuple[str, bool]:
    name, _, below = mount.source.partition("/")
    if name not in storages:
        message = f"Storage {name} is not found. Name its folder in the setting 'storages' of {_CONFIG}"
        raise NotFoundError(message, place=mount.origin or mount.target, hint=near(name, storages))
    setting = storages[name]
    path = setting if isinstance(setting, str) else setting.get("path")
    place = f"storages.{name} in {_CONFIG}"
    if not isinstance(path, str) or not path:
        raise UsageError("a storage without a path", place=place, hint='write {"path": FOLDER, "readOnly": true}')
    root = os.path.realpath(os.path.expanduser(path))
    real = os.path.realpath(os.path.join(root, below)) if below else root
    if ".." in below.split("/") or not (real == root or real.startswith(root.rstrip("/") + "/")):
        raise UsageError(f"{mount.source!r} is not inside the storage {name}", place=mount.origin or mount.target)
    if not os.path.isdir(real):
        raise UsageError(f"there is no folder {real}", place=place, hint="make it, or name another one")
    return real, isinstance(setting, Mapping) and bool(setting.get("readOnly"))


# ---- where they are made


def lay(role: Role, given: Mapping[str, Any], job: Path) -> dict[str, str]:
    """Make the directories that are ours.

    Returns:
        Files of the role in ``private``: ``mounts`` and ``protect``, which ``namespace`` reads; where this host refuses
        mounts ``paths``, lines ``TARGET=REAL``; where a directory is gone by now ``cannot``, which says so in the log.
    """
    try:
        return _lay(role, given, job)
    except CubeError as error:
        return {"cannot": f"{error}\n"}


def _lay(role: Role, given: Mapping[str, Any], job: Path) -> dict[str, str]:
    mine = bound(role, given, job)
    for mount, one in zip(role.mounts, mine, strict=True):
        if mount.kind == "cache":
            nodes.make_entry(given["cache"], mount.source)
        elif mount.kind == "job":
            os.makedirs(one.source, exist_ok=True)
    if refused(job.parents[1]):
        return {"paths": "".join(f"{target}={real}\n" for target, real in replacements(mine).items())}
    for outer in mine:
        for inner in mine:
            # A place for a mount inside another one of ours; elsewhere it is made without touching the directory.
            if inner.target.startswith(f"{outer.target}/") and outer.source.startswith((given["cache"], str(job))):
                os.makedirs(outer.source + inner.target[len(outer.target) :], exist_ok=True)
    spec = _spec(job, mine)
    words = " ".join(_quoted(word) for word in command("protect", f"{job}/private/{role.name}.mounts"))
    return {"mounts": spec, "protect": f'protected() {{ exec {words} "$@"; }}\n'}


def _spec(place: Path, mine: Sequence[Bound]) -> str:
    """What ``namespace`` reads."""
    fields = [(one.target, one.source, "ro" if one.read_only else "rw", one.filled) for one in mine]
    return "".join(f"{field}\0" for field in (str(place), *(each for mount in fields for each in mount)))


def _quoted(word: str) -> str:
    return "'" + word.replace("'", "'\\''") + "'"


def command(mode: str, spec: str, *words: str) -> list[str]:
    """The words that run what is appended to them under the mounts of ``spec``."""
    return [sys.executable, "-I", "-S", _SCRIPT, mode, spec, *words, "--"]


def refused(store: Path) -> str:
    """Why this host lets this user make no mounts; empty where it does. Tried once a boot."""
    if os.environ.get(_SWITCH):
        return f"{_SWITCH} is set"
    if sys.platform != "linux":
        return f"{sys.platform} has none"
    here = {"machine": process.machine_id(), "boot": process.boot_id(), "uid": os.geteuid()}
    here["namespace"] = process.pid_namespace()
    known = store / "namespaces.json"
    found = files.read_json(known)
    if isinstance(found, dict) and all(found.get(name) == value for name, value in here.items()):
        return str(found["refused"])
    store.mkdir(mode=0o700, parents=True, exist_ok=True)
    why = _try(store)
    files.replace(known, json.dumps({**here, "refused": why}))
    return why


def _try(store: Path) -> str:
    spec = store / f".namespaces.{os.getpid()}"
    mount = Bound("/.jupyter-cube/try", str(store), read_only=True)
    with files.draft_of(store, spec):
        files.write(spec, _spec(store, [mount]))
    try:
        words = [*command("run", str(spec)), "true"]
        done = subprocess.run(words, capture_output=True, text=True, timeout=10, check=False, cwd="/")
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    finally:
        os.unlink(spec)
    lines = done.stderr.strip().splitlines()
    return "" if done.returncode == 0 else lines[-1].rpartition("made: ")[2] if lines else "unknown"


# ---- where they are not


class Rewriter:
    """Puts real directories in the place of targets, in texts.

    Args:
        paths: lines ``TARGET=REAL``.
    """

    def __init__(self, paths: str) -> None:
        self.paths = paths.rstrip("\n")
        self._real = dict(line.split("=", 1) for line in self.paths.splitlines())
        longest = sorted(map(re.escape, self._real), key=len, reverse=True)
        # Whole paths only: not behind another part of a path, and up to a slash or the end of the word.
        self._pattern = re.compile(
            rf"(?<![\w./~*?\]}})$-])({'|'.join(longest)})(?=/|[\s\"'`;&|<>()=,:\\}}\]#]|\.?(?:\s|$))"
        )

    def __call__(self, text: str) -> str:
        """``text`` with whole leading paths replaced."""
        return self._pattern.sub(lambda found: self._real[found[1]], text) if self._real else text


def replacements(mine: Sequence[Bound]) -> dict[str, str]:
    """Target to directory.

    Raises:
        BackendError: a directory's name cannot stand in a script.
    """
    for one in mine:
        if not re.fullmatch(r"[\w/.,:@%+=~-]+", one.source):
            raise BackendError(
                f"the path {one.source!r} cannot stand in scripts, and this host refuses mounts",
                place=one.target,
                hint="keep store and storages in folders without spaces and quotes",
            )
    return {one.target: one.source for one in mine}
