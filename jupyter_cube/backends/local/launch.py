"""Starting things on this machine: a task's wrapper, a job's owner, the user's waiter.

Used by whoever submits, by the runner and by the waiter, and always the same way: a process in a session of its own,
so that no interrupt, no restart and no end of the starter reaches it.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

from jupyter_cube import files, process
from jupyter_cube.backends.local import mounts, nodes
from jupyter_cube.host import devices
from jupyter_cube.host.host import Held
from jupyter_cube.lifecycle.plan import Plan, Role, Task
from jupyter_cube.planning import environment, wrapper
from jupyter_cube.store.folder import JobFolder, me

_PASSED_ON = (
    *("PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH"),
    *("CUBE_LOCKS", "CUBE_POLL", "CUBE_NO_PROC", "CUBE_NO_NAMESPACES"),
)


_AFTER_FIRST_LINE = 0.015  # seconds
_NO_CELLS = frozenset({"task.py", "worker.py", "pickling.py", "shim.py"})  # files of ours beside a cell


class _Detached(subprocess.Popen[bytes]):
    """A child that is meant to outlive this process: nothing to warn of when this object goes."""

    def __del__(self) -> None:
        pass


_ours: list[_Detached] = []
_ours_lock = threading.Lock()


def owner_words(module: str, *words: str, python: str = sys.executable) -> list[str]:
    """The command of a process of ours: no site packages, so that it starts in the time of the bare interpreter."""
    return [python, "-S", "-m", f"jupyter_cube.backends.local.{module}", *words]


def owner_environment(package: str = str(Path(__file__).parents[3])) -> dict[str, str]:
    """What a process of ours sees: nothing of the user's but where things are."""
    kept = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    return {**kept, "PYTHONPATH": package}


def owner_script() -> str:
    """sh text that starts an owner of the job in whose folder it lies."""
    variables = " ".join(f"{name}={wrapper.quote(value)}" for name, value in owner_environment().items())
    words = " ".join(wrapper.quote(word) for word in owner_words("runner"))
    return f'cd /\nexec env -i {variables} {words} "$CUBE_JOB" >> "$CUBE_JOB/owner.log" 2>&1\n'


def _spawn(words: list[str], *, env: Mapping[str, str], log: str, fds: tuple[int, ...] = ()) -> int:
    """Start a process in a session of its own, with nothing of ours open but ``fds``; its pid."""
    reap()
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        child = _Detached(
            words,
            env=dict(env),
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            pass_fds=fds,
        )
    finally:
        os.close(output)
    with _ours_lock:
        _ours.append(child)
    return child.pid


def reap() -> None:
    """Take the exit status of ended children, so that they do not stay as zombies of a long-lived kernel."""
    with _ours_lock:
        _ours[:] = [child for child in _ours if child.poll() is None]


def spawn_owner(folder: JobFolder) -> None:
    """Start an owner; where one lives already, the new one leaves at once."""
    words, env = owner_words("runner", str(folder.path)), owner_environment()
    python, package = str(folder.record["owner_python"]), str(folder.record["package"])
    if os.access(python, os.X_OK) and os.path.exists(f"{package}/jupyter_cube/backends/local/runner.py"):
        # The version that wrote the job goes on with it.
        words, env = owner_words("runner", str(folder.path), python=python), owner_environment(package)
    pid = _spawn(words, env=env, log=f"{folder.path}/owner.log")
    identity = process.identify(pid)
    if identity is not None and folder.owner() is None:
        # A task that ends before the owner is up must not start a second one.
        folder.write_owner(identity)


def spawn_owner_beside(folder: JobFolder) -> None:
    """Start an owner while the caller goes on; the interpreter does not end before that is done.

    A little later: its start wants a core for itself, which a single task needs for its first line.
    """
    threading.Timer(_AFTER_FIRST_LINE, spawn_owner, (folder,)).start()


def spawn_waiter(store: Path) -> None:
    """Start the waiter; where one lives already, the new one leaves at once."""
    _spawn(owner_words("waiter"), env=owner_environment(), log=f"{store}/waiter.log")


def prepare(folder: JobFolder, starting: Mapping[int, int]) -> None:
    """Lay out what the wrappers of a new attempt read: free ports, the environment file, the scripts.

    All of it is private (0600): the scripts may hold secrets.

    Args:
        starting: number of a task that is about to start to number of its attempt.
    """
    plan = folder.plan
    private = f"{folder.path}/private"
    values = files.read_json(f"{private}/secrets.json") or {}
    ports = free_ports(plan)
    files.replace(f"{private}/ports.json", json.dumps([ports[task.role.name, task.index] for task in plan.tasks]))
    everyone = environment.job_variables(
        plan, job_id=folder.id, user=str(folder.record["user"]), ports=ports, hosts=_hosts(plan)
    )
    files.replace(f"{private}/job.env", wrapper.exports({**plan.env, **everyone}))
    for role in plan.roles:
        for name, script in _role_files(folder, role, values).items():
            files.replace(f"{private}/{role.name}.{name}", script)
    if nodes.used(plan):
        cache, attempt = mounts.given_to(folder)["cache"], folder.last_attempt()
        laid = nodes.lay(str(folder.path), plan, attempt=attempt, starting=starting, cache=cache)
        for name, text in laid.items():
            files.replace(f"{private}/{name}", text)


def _role_files(folder: JobFolder, role: Role, values: Mapping[str, object]) -> dict[str, str]:
    callbacks = {
        (number, event): _with_secrets(script, values)
        for number, prerequisite in enumerate(role.prerequisites)
        for event, script in (*prerequisite.scripts.items(), ("check", prerequisite.check))
        if script
    }
    script = _with_secrets(role.script, values)
    if not role.mounts:
        return wrapper.role_scripts(role, script, callbacks)
    laid = mounts.lay(role, mounts.given_to(folder), folder.path)
    if "paths" in laid:
        rewrite = mounts.Rewriter(laid["paths"])
        script, callbacks = rewrite(script), {key: rewrite(text) for key, text in callbacks.items()}
        _rewrite_cell(folder, rewrite)
    for name in {"mounts", "protect", "paths", "cannot"} - laid.keys():  # of an earlier attempt
        with contextlib.suppress(FileNotFoundError):
            os.unlink(f"{folder.path}/private/{role.name}.{name}")
    return {**wrapper.role_scripts(role, script, callbacks), **laid}


def _rewrite_cell(folder: JobFolder, rewrite: mounts.Rewriter) -> None:
    """A cell names the paths of its mounts, too."""
    for file in folder.plan.files:
        if file.path in _NO_CELLS or file.path.startswith("cube/"):
            continue
        path = folder.path / "files" / file.path
        if (rewritten := rewrite(file.text)) != file.text:
            files.replace(path, rewritten, mode=file.mode)


def _with_secrets(text: str, values: Mapping[str, object]) -> str:
    if not values or "<%" not in text:
        return text
    from jupyter_cube.text import template

    return template.render_secrets(text, values)


def _hosts(plan: Plan) -> dict[tuple[str, int], str]:
    return {(task.role.name, task.index): "127.0.0.1" for task in plan.tasks}


def free_ports(plan: Plan) -> dict[tuple[str, int], dict[str, list[int]]]:
    """Free ports of this machine for every task and label, by binding them; no port is given twice."""
    given: set[int] = set()

    def free() -> int:
        while True:
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", 0))
                port = int(probe.getsockname()[1])
            if port not in given:
                given.add(port)
                return port

    return {
        (task.role.name, task.index): {
            label: [free() for _ in range(count)] for label, count in task.role.ports.items()
        }
        for task in plan.tasks
    }


def task_exports(folder: JobFolder, task: Task, attempt: int, given: tuple[str, ...]) -> str:
    """Lines for sh with the variables of one attempt alone.

    Args:
        given: names of its GPUs.
    """
    plan, path = folder.plan, folder.path
    listed = files.read_json(f"{path}/private/ports.json")
    ports = {(each.role.name, each.index): mine for each, mine in zip(plan.tasks, listed, strict=True)}
    added: Mapping[str, str] = task.role.env
    if rewrite := _rewriter(folder, task.role):
        added = {name: rewrite(value) for name, value in {**plan.env, **task.role.env}.items()}
        added = {**added, "CUBE_PATHS": rewrite.paths}
    variables = {
        **environment.task_variables(
            plan, task.role.name, task.index, attempt, job_id=folder.id, ports=ports, hosts=_hosts(plan)
        ),
        **added,
        **devices.visible_variables(given),
        "CUBE_JOB": str(path),
        "CUBE_CACHE": mounts.given_to(folder)["cache"],
        "CUBE_RESULTS": f"{path}/results/{task.name}",
        "CUBE_PYTHON": str(folder.record["python"]),
    }
    return wrapper.exports(variables)


def working_folder(folder: JobFolder, role: Role) -> str:
    """Where the role's tasks run; empty: in a fresh folder each."""
    rewrite = _rewriter(folder, role)
    return rewrite(role.cwd) if rewrite else role.cwd


def _rewriter(folder: JobFolder, role: Role) -> mounts.Rewriter | None:
    paths = _laid(folder, role, "paths")
    return mounts.Rewriter(paths) if paths else None


def mounted(folder: JobFolder, role: Role) -> bool:
    """The role's tasks run in a mount namespace of their own."""
    return bool(_laid(folder, role, "mounts"))


def _laid(folder: JobFolder, role: Role, name: str) -> str:
    """What ``mounts.lay`` has decided for the job's attempt; empty where it has not."""
    try:
        return (folder.path / "private" / f"{role.name}.{name}").read_text() if role.mounts else ""
    except FileNotFoundError:
        return ""


def spawn_task(folder: JobFolder, task: Task, attempt: int, held: Held, *, cgroup: str) -> int:
    """Start the wrapper of one attempt, which takes over the lock of what was allotted; the wrapper's pid."""
    path, role = folder.path, task.role
    starter = me()
    os.makedirs(mounts.given_to(folder)["cache"], exist_ok=True)
    env = {
        "PATH": os.environ.get("PATH", os.defpath),
        "CUBE_JOB": str(path),
        "CUBE_TASK": f"{folder.id}/{task.name}/{attempt}",
        "CUBE_TASK_NAME": task.name,
        "CUBE_ROLE": role.name,
        "CUBE_ATTEMPT": str(attempt),
        "CUBE_CWD": working_folder(folder, role),
        "CUBE_STARTER": f"{starter.pid} {starter.start}",
        "CUBE_DEVICES": ",".join(held.devices),
        "CUBE_CGROUP": cgroup,
        "CUBE_TASK_ENV": task_exports(folder, task, attempt, held.devices),
    }
    if "CUBE_NO_PROC" in os.environ:
        env["CUBE_NO_PROC"] = os.environ["CUBE_NO_PROC"]
    if cannot := _laid(folder, role, "cannot"):
        env["CUBE_CANNOT"] = cannot.rstrip("\n")
    words = ["/bin/sh", f"{path}/wrapper.sh"]
    if mounted(folder, role):
        words = [*mounts.command("task", f"{path}/private/{role.name}.mounts"), *words]
    fds = () if held.fd is None else (held.fd,)
    return _spawn(words, env=env, log=os.devnull, fds=fds)
