"""What a cell's output holds of a job: our MIME type, HTML and plain text, each a true snapshot with its time.

The bundle is read by front ends that know nothing of us, stored in the notebook, and sent again at every change:
it stays below ``LIMIT`` bytes, escapes all that comes from a job, and needs neither scripts nor a kernel.
"""

from __future__ import annotations

import itertools
import json
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from html import escape
from typing import Any

from jupyter_cube import hint
from jupyter_cube.handle import Job
from jupyter_cube.lifecycle import render
from jupyter_cube.lifecycle.state import JobState, State, TaskState
from jupyter_cube.log.follow import begun

MIME = "application/vnd.jupyter-cube.job+json"
VERSION = 1
TAIL = 5  # lines
LIMIT = 4000  # bytes of all three forms together
_LINE = 120  # characters of a log line that are shown
_HOLDS = 3  # held tasks that are named
_TRACEBACK = 100  # last lines of a failed cell in which its traceback is looked for

_COLOURS: Mapping[State, str] = {
    State.WAITING: "var(--jp-ui-font-color2, #888)",
    State.RUNNING: "var(--jp-brand-color1, #1976d2)",
    State.STOPPING: "var(--jp-warn-color1, #b26a00)",
    State.STOPPED: "var(--jp-ui-font-color2, #888)",
    State.SUCCEEDED: "var(--jp-success-color1, #388e3c)",
    State.FAILED: "var(--jp-error-color1, #d32f2f)",
    State.UNKNOWN: "var(--jp-error-color1, #d32f2f)",
}


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What is shown of a job.

    Attributes:
        store: the store's folder.
        tail: last lines of the log, each with its task in front where there is more than one.
        now: when all this was true, seconds since the epoch.
        cursors: the places in the log after these lines.
        size: bytes of the whole log.
    """

    store: str
    id: str
    name: str
    state: JobState
    tail: tuple[str, ...]
    now: float
    cursors: tuple[int, ...] = ()
    size: int = 0

    @property
    def reference(self) -> str:
        """What a person types for the job."""
        return self.id[:6]


def snapshot(job: Job, state: JobState) -> Snapshot:
    """What is shown of a job now."""
    log = job.log
    bad = render.failing(state) if state.state.final else None
    lines = log.tail(
        TAIL, tasks=[bad.name] if bad is not None else None
    )  # of a failed job those of the task to look at
    if not lines and not state.state.final:
        lines = [line for chunk in begun(log) for line in chunk.lines()][-TAIL:]
    if bad is not None and state.state is State.FAILED and (line := _cell_line(job, bad)):
        state = replace(state, reason=f"{state.reason} (cell line {line})")
    many = len(state.tasks) > 1
    tail = tuple((render.prefix(line.role, line.index) if many else "") + line.line for line in lines)
    store, cursors = str(job.folder.parents[1]), tuple(line.cursor for line in lines)
    return Snapshot(store, job.id, job.name, state, tail, time.time(), cursors, log.end)


def _cell_line(job: Job, bad: TaskState) -> int:
    """Where in its cell a Python cell has failed, by its traceback; 0 where that is not said."""
    files = job.folder / "files"
    if not (files / "task.py").is_file() or bad.exit is None or bad.exit.phase != "command":
        return 0
    place = re.compile(rf'\s*File "{re.escape(str(files))}/\w+\.py", line (\d+)')
    found = [match for line in job.log.tail(_TRACEBACK, tasks=[bad.name]) if (match := place.match(line.line))]
    return int(found[-1][1]) if found else 0


def bundle(shown: Snapshot) -> dict[str, Any]:
    """The three forms, cut to ``LIMIT``: first the oldest lines go, then the tasks become counts."""
    state = replace(shown.state, reason=_cut(shown.state.reason))
    shown = replace(shown, state=state, tail=tuple(_cut(line) for line in shown.tail))
    marks = 64
    while size(forms := _forms(shown, marks)) > LIMIT:
        if shown.tail:
            shown = replace(shown, tail=shown.tail[1:], cursors=shown.cursors[1:])
        elif marks:
            marks = 0
        else:
            break
    return forms


def size(forms: Mapping[str, Any]) -> int:
    """Bytes of a bundle as it is sent."""
    return len(json.dumps(forms, ensure_ascii=False).encode())


def _forms(shown: Snapshot, marks: int) -> dict[str, Any]:
    return {MIME: record(shown, marks), "text/html": html(shown, marks), "text/plain": text(shown, marks)}


def _cut(line: str) -> str:
    clean = render.plain(line)
    return clean if len(clean) <= _LINE else clean[: _LINE - 1] + "…"


def record(shown: Snapshot, marks: int = 64) -> dict[str, Any]:
    """The JSON form; docs/formats.md tells its fields."""
    state = shown.state
    roles = render.by_role(state.tasks)
    held = [[task.name, task.held_until] for task in state.tasks if task.held]
    return {
        "version": VERSION,
        "store": shown.store,
        "id": shown.id,
        "name": shown.name,
        "state": state.state.value,
        "reason": "" if state.state is State.SUCCEEDED else state.reason,
        "started": round(state.started, 3),
        "ended": round(state.ended, 3),
        "as_of": round(shown.now, 3),
        "tasks": {role: _states([task.state for task in tasks], marks) for role, tasks in roles.items()},
        "tail": list(shown.tail),
        "cursors": list(shown.cursors),
        "size": shown.size,
        "held": held[:_HOLDS],
        "enter": f"{hint.shell_prefix()} debug {shown.id}" if held else "",
        "next": next_steps(shown),
    }


def _states(states: Sequence[State], marks: int) -> list[list[Any]] | dict[str, int]:
    """Runs of [state, how many] in the order of the tasks, or where these are many how many there are of each."""
    if len(states) > marks:
        return {one.value: number for one in State if (number := states.count(one))}
    return [[state.value, len(list(same))] for state, same in itertools.groupby(states)]


def next_steps(shown: Snapshot) -> list[str]:
    """The commands that a person may want now."""
    state = shown.state.state
    if state in (State.FAILED, State.UNKNOWN):
        bad = render.failing(shown.state)
        task = f" --task {bad.name}" if bad is not None and len(shown.state.tasks) > 1 else ""
        words = [f"logs {shown.reference}{task}", f"retry {shown.reference}"]
    elif state.final:  # what it needs to run again is deleted
        words = [f"logs {shown.reference}"]
    elif any(task.held for task in shown.state.tasks):
        words = [f"debug {shown.reference}", f"debug {shown.reference} --release"]
    else:
        words = [f"logs {shown.reference} --follow", f"stop {shown.reference}"]
    return [f"%cube {one}" for one in words]  # a cell's output is read in a notebook, whoever writes it


def text(shown: Snapshot, marks: int = 64) -> str:
    """The plain form."""
    first = render.headline(shown.name, shown.state, shown.now, marks=marks)
    lines = [f"{first}  (as of {render.moment(shown.now)})"]
    lines += [f"  {line}" for line in shown.tail]
    return "\n".join([*lines, "  " + "   ".join(next_steps(shown))])


def html(shown: Snapshot, marks: int = 64) -> str:
    """The HTML form: no scripts, no addresses, only theme variables with fallbacks."""
    state = shown.state
    head = (
        f'<span style="color:{_COLOURS[state.state]}">{render.MARKS[state.state]}</span> '
        f"<b>{escape(render.plain(shown.name))}</b> &nbsp;{escape(render.state_words(state, shown.now))}"
    )
    if len(state.tasks) > 1:
        head += f" &nbsp;{escape(render.task_marks(state, limit=marks))}"
    grey = "color:var(--jp-ui-font-color2,#888)"
    parts = [f'<div>{head} <span style="{grey}">as of {render.moment(shown.now)}</span></div>']
    if shown.tail:
        style = "margin:2px 0 2px 1em;white-space:pre-wrap;background:none;color:inherit"
        parts.append(f'<pre style="{style}">{escape(chr(10).join(shown.tail))}</pre>')
    parts.append(f'<code style="{grey};background:none">{escape("   ".join(next_steps(shown)))}</code>')
    style = "font-family:var(--jp-ui-font-family,sans-serif);font-variant-numeric:tabular-nums;line-height:1.5"
    return f'<div style="{style}">{"".join(parts)}</div>'
