"""Jobs made of plans, without a spec."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import jupyter_cube
from jupyter_cube import process
from jupyter_cube.backends.local import launch
from jupyter_cube.backends.registry import backend
from jupyter_cube.config import store_path
from jupyter_cube.handle import Job
from jupyter_cube.lifecycle.plan import Mount, Plan, Prerequisite, Role
from jupyter_cube.planning import wrapper
from jupyter_cube.store.folder import JobFolder
from jupyter_cube.store.store import Store


def committed(plan: Plan) -> JobFolder:
    """The folder of a job that nobody has started yet."""
    local = backend("local")
    plan, _ = local.check(plan)
    record = {
        "name": plan.name,
        "user": "u",
        "uid": os.getuid(),
        "backend": "local",
        "parent": "",
        "cwd": "/",
        "host": os.uname().nodename,
        "machine": process.machine_id(),
        "python": sys.executable,
        "owner_python": sys.executable,
        "package": str(Path(jupyter_cube.__file__).parents[1]),
        "host_limits": dict(local.settings(plan)),
        "log_limit_gb": 10,
        "keep_private_days": 7,
    }
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return Store(store_path()).create(
        plan,
        record=record,
        spec="{}\n",
        private={"base.env": wrapper.exports(kept).encode()},
        owner_script=launch.owner_script(),
        wrapper=wrapper.WRAPPER,
    )


def run(*roles: Role, **more: object) -> Job:
    """A started job of these roles."""
    folder = committed(Plan("p", roles, grace=2, **more))  # type: ignore[arg-type]
    backend("local").submit(folder)
    return Job(folder)


def shared(name: str, *, key: str = "", cache: str = "", **scripts: str) -> Prerequisite:
    """A prerequisite of the scope ``job``; ``starts``, ``succeeds``, ``fails``, ``completes`` are its scripts."""
    events = {f"task{event.capitalize()}": text for event, text in scripts.items() if event != "check"}
    return Prerequisite(name, events, scope="job", key=key or name, cache=cache, check=scripts.get("check", ""))


def log(job: Job, task: str = "w-0", attempt: int = 1) -> list[str]:
    """The lines of one task's log."""
    try:
        return (job.folder / "tasks" / task / f"{attempt}.log").read_text().splitlines()
    except FileNotFoundError:
        return []


def everything(job: Job) -> list[str]:
    """The lines of all logs of the job."""
    return [line for path in sorted((job.folder / "tasks").glob("*/*.log")) for line in path.read_text().splitlines()]


def until(condition: Callable[[], object], *, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.01)


__all__ = ["Job", "Mount", "Plan", "Prerequisite", "Role", "committed", "everything", "log", "run", "shared", "until"]
