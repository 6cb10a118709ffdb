"""What each verb does: a call in, an answer out. Printing, drawing and waiting for keys is the front ends' work."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from typing import Any

from jupyter_cube import api
from jupyter_cube.errors import DetachedError, Fault, NotFoundError, UsageError, near
from jupyter_cube.handle import Job
from jupyter_cube.hint import command
from jupyter_cube.lifecycle import render
from jupyter_cube.lifecycle.state import JobState, State
from jupyter_cube.logview import View
from jupyter_cube.submitting.options import Options
from jupyter_cube.verbs.answer import Answer
from jupyter_cube.verbs.parser import Call

_DEFAULT_LIMIT = 20  # jobs in a list


def submit(call: Call, *, text: str | None = None, namespace: Mapping[str, Any] | None = None) -> Job:
    """Submit what the call names: a cell's ``text``, a file, or a command.

    Raises:
        UsageError: it names none of them or more than one.
    """
    options = options_of(call)
    sources = [text is not None, "file" in call.values, call.words is not None]
    if sum(sources) > 1:
        raise UsageError("more than one thing to submit", hint="give a cell, or FILE, or -- COMMAND")
    if text is None:
        _refuse(call, "cell")
    else:
        return api.submit_cell(text, options, namespace=namespace or {})
    if call.words is not None:
        return api.submit_words(call.words, options)
    if "file" not in call.values:
        raise UsageError("nothing to submit", hint=f"write {command('submit FILE')}, or %%cube submit above a cell")
    return api.submit_file(call.values["file"], options)


def in_shell(call: Call) -> Call:
    """The call, typed in a shell.

    Raises:
        UsageError: one of its options is for notebooks.
    """
    _refuse(call, "notebook")
    return call


def _refuse(call: Call, place: str) -> None:
    for option in call.verb.options:
        if option.only == place and option.field in call.values:
            raise UsageError(f"it makes sense only in a {place}", place=option.flags[0], hint="leave it out")


def options_of(call: Call) -> Options:
    """The options of a submit that were typed.

    Raises:
        UsageError: two of them contradict each other.
    """
    known = {one.name for one in fields(Options)}
    typed = {name: value for name, value in call.values.items() if name in known}
    for name in ("parameters", "env", "ports"):
        if name in typed:
            typed[name] = dict(typed[name])
    if "require" in typed:
        typed["require"] = tuple(typed["require"])
    if "tags" in typed:
        typed["tags"] = tuple(tag for group in typed["tags"] for tag in group)
    if typed.get("shell") and typed.get("yaml"):
        raise UsageError("a cell is shell or YAML, not both", place="--shell --yaml")
    chosen = [name for name in ("follow", "wait", "detach") if call.get(name)]
    if "detach" in chosen and len(chosen) > 1:
        raise UsageError("it cannot be both", place=" ".join(f"--{name}" for name in chosen))
    return Options(**typed)


def view(call: Call) -> View:
    """What ``logs`` shows.

    Raises:
        UsageError: the options contradict each other.
    """
    if call.get("follow") and "search" in call.values:
        raise UsageError("a search does not follow", place="--search", hint="leave --follow out")
    if call.get("regex") and "search" not in call.values:
        raise UsageError("there is no text to search", place="--regex", hint="add --search TEXT")
    if "search" in call.values and not call.values["search"]:
        raise UsageError("the text to search is empty", place="--search")
    job = api.job(call.values["job"])
    shown = {name: call.values[name] for name in ("cursor", "follow", "tail", "search", "regex") if name in call.values}
    return View(job, tasks=(known_task(job, call.values["task"]),) if "task" in call.values else None, **shown)


def known_task(job: Job, name: str) -> str:
    """The task's name, if the job has it.

    Raises:
        NotFoundError: it has not.
    """
    names = [task.name for task in job.snapshot().tasks]
    if name in names:
        return name
    raise NotFoundError(f"no task {name!r} in {job.name}", hint=near(name, names))


def answer(call: Call) -> Answer:
    """Do a verb that neither submits, nor shows a log, nor opens a shell."""
    if call.verb.name in _ACTIONS:
        return _ACTIONS[call.verb.name](call)
    from jupyter_cube.verbs import item_actions  # the marketplace is not needed to look at jobs

    return item_actions.ACTIONS[call.verb.name](call)


def list_jobs(call: Call) -> Answer:
    """``jobs``."""
    limit = call.get("limit", _DEFAULT_LIMIT)
    state = State(call.values["state"]) if "state" in call.values else None
    found = api.jobs(state=state, name=call.get("name", ""), tag=call.get("tag", ""))
    more = bool(limit) and len(found) > limit
    found = found[:limit] if limit else found
    text = render.job_table(found, time.time())
    if more:
        text += f"... more: {command('jobs --limit 0')}\n"
    return Answer([one.record() for one in found], text)


def describe(call: Call) -> Answer:
    """``describe``."""
    job = api.job(call.values["job"])
    record, state, now = job.describe(), job.snapshot(), time.time()
    shown = {name: value for name, value in record.items() if name not in ("name", "state", "tasks", "reason")}
    for name in ("created", "started", "ended"):
        shown[name] = render.moment(shown[name]) if shown[name] else None  # not yet
    text = render.headline(job.name, state, now) + "\n" + render.task_table(state, now) + render.fields(shown)
    return Answer(record, text)


def wait(call: Call) -> Answer:
    """``wait``: until all have ended."""
    waited = _jobs(call)
    try:
        for job in waited:
            job.wait()
    except KeyboardInterrupt:
        raise DetachedError("interrupted, the jobs go on", hint=f"see {command('jobs')}") from None
    failed = [job for job in waited if job.state is not State.SUCCEEDED]
    return Answer([job.describe() for job in waited], _headlines(waited), code=1 if failed else 0)


def stop(call: Call) -> Answer:
    """``stop``: ask, and return at once."""
    stopped = _jobs(call)
    for job in stopped:
        job.stop(call.get("reason") or "stopped by its user")
    # What was asked for is what is said: its owner may not have read it yet.
    states = [job.snapshot() for job in stopped]
    states = [one if one.state.final else dataclasses.replace(one, state=State.STOPPING) for one in states]
    records = [{**job.describe(), "state": one.state.value} for job, one in zip(stopped, states, strict=True)]
    return Answer(records, _headlines(stopped, states))


def retry(call: Call) -> Answer:
    """``retry``."""
    job = api.job(call.values["job"])
    job.retry(failed=bool(call.get("failed")))
    return Answer(job.describe(), _headlines([job]), job=job)


def delete(call: Call) -> Answer:
    """``delete``."""
    doomed = _jobs(call)
    records = [job.describe() for job in doomed]
    for job in doomed:
        job.delete()
    return Answer(records, "".join(f"deleted {job.name} {job.short_id}\n" for job in doomed))


def check(call: Call) -> Answer:
    """``check``."""
    report = api.check_files(call.values["files"])
    lines = []
    for one in report:
        lines.append(f"{one['file']}: {'ok' if one['ok'] else 'not ok'}")
        for kind in ("errors", "warnings"):
            word = "" if kind == "errors" else "warning: "
            lines += [f"  {word}{_fault_text(fault, one['file'])}" for fault in one[kind]]
    return Answer(report, "\n".join(lines) + "\n", code=0 if all(one["ok"] for one in report) else 2)


def _fault_text(fault: Mapping[str, Any], file: str) -> str:
    known = ("message", "line", "column", "path", "hint")
    return str(Fault(**{name: fault[name] for name in known if fault.get(name)}, file=file))


def plan(call: Call) -> Answer:
    """``plan``."""
    if ("file" in call.values) == (call.words is not None):
        raise UsageError("plan needs FILE, or -- COMMAND", hint=f"see: {command('plan -h')}")
    source = call.values["file"] if call.words is None else call.words
    document = api.plan_of(source, options_of(call))
    lines = [f"{document['name']} on {document['backend']}"] if document["tasks"] else []
    for task in document["tasks"]:
        lines.append(f"{task['role']}-{task['index']}")
        shown = {name: value for name, value in task.items() if name not in ("role", "index", "prerequisites")}
        lines.append(render.fields(shown, indent="  ").rstrip("\n"))
    for role, nodes in document["graph"].items():
        lines += [f"{role} needs, in this order:", *render.graph_lines(nodes)] if nodes else []
    lines += [f"warning: {text}" for text in document["warnings"]]
    lines += [f"error: {text}" for text in document["errors"]]
    return Answer(document, "\n".join(lines) + "\n", code=2 if document["errors"] else 0)


def clean(call: Call) -> Answer:
    """``clean``."""
    if call.get("cache"):
        return _clear(call)
    rules = {name: call.values[name] for name in ("keep", "older_than", "size") if name in call.values}
    removed = api.clean(**rules, dry_run=bool(call.get("dry_run")))
    word = "would delete" if call.get("dry_run") else "deleted"
    text = "".join(f"{word} {one.name} {one.id[:6]}\n" for one in removed) or "nothing to delete\n"
    return Answer([one.record() for one in removed], text)


def _clear(call: Call) -> Answer:
    from jupyter_cube import cache

    if "keep" in call.values:
        raise UsageError("it counts jobs", place="--keep", hint="write --older-than 30d or --size 20G beside --cache")
    rules = {name: call.values[name] for name in ("older_than", "size") if name in call.values}
    cleared = cache.clear(**rules, dry_run=bool(call.get("dry_run")))
    word = "would delete" if call.get("dry_run") else "deleted"
    lines = [
        f"{word} {one.kind} {one.path}  {render.size(one.size)}, used {render.moment(one.used)}" for one in cleared
    ]
    whole = f"{word} {render.size(sum(one.size for one in cleared))}"
    text = "".join(f"{render.plain(line)}\n" for line in [*lines, whole]) if cleared else "nothing to delete\n"
    return Answer([{**dataclasses.asdict(one), "path": str(one.path)} for one in cleared], text)


def release(call: Call) -> Answer:
    """``debug --release``."""
    job = api.job(call.values["job"])
    task = known_task(job, call.values["task"]) if "task" in call.values else ""
    job.release(task)
    return Answer(job.describe(), f"{render.plain(job.name)}: {task or 'all held tasks'} released\n")


def debug(call: Call) -> tuple[list[str], Mapping[str, str], str]:
    """Words, environment and folder of the shell that ``debug`` opens."""
    job = api.job(call.values["job"])
    return job.debug(known_task(job, call.values["task"]) if "task" in call.values else "")


def _jobs(call: Call) -> list[Job]:
    return [api.job(name) for name in call.values["jobs"]]


def _headlines(shown: Sequence[Job], states: Sequence[JobState] = ()) -> str:
    now = time.time()
    pairs = zip(shown, states or [job.snapshot() for job in shown], strict=True)
    return "".join(f"{render.headline(job.name, state, now)}  {job.short_id}\n" for job, state in pairs)


_ACTIONS: Mapping[str, Callable[[Call], Answer]] = {
    "jobs": list_jobs,
    "describe": describe,
    "wait": wait,
    "stop": stop,
    "retry": retry,
    "delete": delete,
    "check": check,
    "plan": plan,
    "clean": clean,
}
