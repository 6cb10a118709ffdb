"""The verbs in an IPython session: values of the notebook, living outputs, runs with nobody at the keyboard."""

# ruff: noqa: T201  what a magic says, it prints

from __future__ import annotations

import dataclasses
import functools
import json
import os
import re
import sys
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from jupyter_cube import api, bundle, hint, logview
from jupyter_cube.errors import DetachedError, UsageError, near
from jupyter_cube.handle import Job
from jupyter_cube.lifecycle import render
from jupyter_cube.logview import View
from jupyter_cube.notebook.display import Cards
from jupyter_cube.verbs import actions
from jupyter_cube.verbs.answer import Answer
from jupyter_cube.verbs.parser import Call, help_text, parse, split

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

_SETTLE = 5.0  # seconds that a waiting cell gives its card to show the end
_VARIABLE = re.compile(r"(\$?)\$([^\W\d]\w*)")


class Session:
    """What ``%cube`` and ``%%cube`` do in one shell."""

    def __init__(self, shell: InteractiveShell) -> None:
        self.shell = shell
        self._cards = Cards(self._publish)
        self._shown: tuple[str, set[str]] = ("", set())  # the cell that runs, and whose cards it has
        assert shell.display_formatter is not None, "a shell that runs cells has one"
        shell.display_formatter.ipython_display_formatter.for_type(Job, self._show)

    def line(self, line: str) -> Any:
        """``%cube VERB ...``: prints what it finds; submit and retry return the job."""
        call = parse(split(line), lookup=self._lookup)
        if call is None or call.help:
            print(help_text(call, prefix="%cube"), end="")
            return None
        return self._do(call)

    def cell(self, line: str, cell: str) -> None:
        """``%%cube submit [options]`` above a cell."""
        call = parse(split(line), lookup=self._lookup)
        if call is None or call.help:
            print(help_text(call, prefix="%cube"), end="")
            return
        if call.verb.name != "submit":
            raise UsageError(f"%%cube {call.verb.name} takes no cell", hint=f"write %cube {line.strip()}")
        # The magic's own line counts: faults, tracebacks and the shell then name the lines as the cell shows them.
        self._submit(call, "\n" + cell)

    def _do(self, call: Call) -> Job | None:
        name = call.verb.name
        if name == "submit":
            return self._submit(call, None)
        if name == "logs":
            self._logs(call)
            return None
        if name == "debug":
            self._debug(call)
            return None
        if name == "completion":
            raise UsageError("completion is for shells", hint=f"in a terminal: {hint.shell_prefix()} {name} bash")
        answer = self._answer(call)
        print(json.dumps(answer.document, ensure_ascii=False) if call.json else answer.text.rstrip("\n"))
        if answer.job is not None and not call.json:
            self._show(answer.job)
        return answer.job

    def _answer(self, call: Call) -> Answer:
        """What a verb says; a cell that is ready to run becomes the notebook's next one."""
        if call.verb.name == "new":
            from jupyter_cube.verbs import item_actions

            return item_actions.new(call, self.shell.user_ns)
        answer = actions.answer(call)
        if answer.ready is None or call.json:
            return answer
        self.shell.set_next_input(answer.ready.cell)
        inserted = self._kernel() is not None and not self._headless()
        shown = "the next cell is ready to run" if inserted else answer.ready.cell
        return dataclasses.replace(answer, text=answer.ready.file or shown)

    def _submit(self, call: Call, text: str | None) -> Job:
        job = actions.submit(call, text=text, namespace=self.shell.user_ns)
        if "bind" in call.values:
            self.shell.user_ns[call.values["bind"]] = job
        for note in job.notes:
            print(note, file=sys.stderr if call.json else sys.stdout)
        if call.json:
            print(json.dumps({"id": job.id, "state": job.state.value}))
        waits = bool(call.get("wait")) or (self._headless() and not call.get("detach"))
        if call.get("follow"):
            self._is_new(job)  # the job that is returned must not show the log's end a second time
            self._follow(View(job, follow=True), as_json=call.json)
        elif not call.json:
            self._show(job)
        if waits:
            self._wait(job)
        return job

    def _logs(self, call: Call) -> None:
        view = actions.view(call)
        if view.follow:
            self._follow(view, as_json=call.json)
        elif call.json:
            logview.write_json(view, sys.stdout)
        else:
            logview.write_cell(view, sys.stdout)

    def _follow(self, view: View, *, as_json: bool) -> None:
        out = sys.stderr if as_json else sys.stdout
        view = dataclasses.replace(view, say=lambda line: print(f"— {line} —", file=out, flush=True))
        try:
            if as_json:
                logview.write_json(view, sys.stdout)
            else:
                logview.write_cell(view, sys.stdout)
        except KeyboardInterrupt:
            print(f"{view.job.name} goes on: {hint.command(f'logs {view.job.short_id} --follow')}")
            return
        state = view.job.snapshot()
        if as_json:
            print(json.dumps({"id": view.job.id, "state": state.state.value}))
        else:
            print(render.headline(view.job.name, state, time.time()))

    def _wait(self, job: Job) -> None:
        try:
            job.wait()
        except KeyboardInterrupt:
            come_back = hint.command(f"logs {job.short_id} --follow")
            raise DetachedError(f"interrupted, {job.name} goes on", hint=f"come back with {come_back}") from None
        self._cards.settle(job.id, timeout=_SETTLE)
        job.raise_if_failed()

    def _debug(self, call: Call) -> None:
        if call.get("release"):
            print(actions.release(call).text.rstrip("\n"))
            return
        if call.json:
            words, _, folder = actions.debug(call)
            print(json.dumps({"words": words, "cwd": folder}))
            return
        job = api.job(call.values["job"])
        task = f" --task {actions.known_task(job, call.values['task'])}" if "task" in call.values else ""
        print(f"in a terminal: {hint.shell_prefix()} debug {job.short_id}{task}")

    def _show(self, job: Job) -> None:
        """The job's card, once a cell; without a kernel nothing can live, and it is printed."""
        if not self._is_new(job):
            return
        if self._kernel() is not None:
            self._cards.show(job)
            return
        print(bundle.text(bundle.snapshot(job, job.snapshot())))

    def _is_new(self, job: Job) -> bool:
        """Whether the cell that runs has not shown the job before now."""
        running = self._running()
        if self._shown[0] != running:
            self._shown = (running, set())
        new = job.id not in self._shown[1]
        self._shown[1].add(job.id)
        return new

    def _publish(self, display_id: str, forms: Mapping[str, Any], update: bool) -> None:
        self.shell.display_pub.publish(
            data=dict(forms), metadata={}, transient={"display_id": display_id}, update=update
        )

    def _kernel(self) -> Any:
        return getattr(self.shell, "kernel", None)

    def _request(self) -> Mapping[str, Any]:
        kernel = self._kernel()
        return kernel.get_parent("shell") if kernel is not None else {}

    def _running(self) -> str:
        header = self._request().get("header", {})
        return str(header.get("msg_id", self.shell.execution_count))

    def _headless(self) -> bool:
        """Nobody can answer a question: nbclient, papermill, nbconvert run the notebook."""
        return self._request().get("content", {}).get("allow_stdin", True) is False

    def _lookup(self, text: str) -> str:
        """A typed value; ``$name`` is the notebook's variable, ``$$name`` the text ``$name``.

        Raises:
            UsageError: there is no such variable, or it has no form as text.
        """
        match = _VARIABLE.fullmatch(text)
        if match is None:
            return text
        escaped, name = match.groups()
        if escaped:
            return f"${name}"
        namespace = self.shell.user_ns
        if name not in namespace:
            known = [one for one in namespace if not one.startswith("_")]
            hint_text = near(name, known) or f"write $${name} for the text ${name}"
            raise UsageError(f"no variable {name!r} in the notebook", hint=hint_text)
        return as_text(name, namespace[name])


def as_text(name: str, value: Any) -> str:
    """The text that a value of the notebook is in an option: text as it is, a job its id, else JSON.

    Raises:
        UsageError: it has no such form.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, Job):
        return value.id
    if isinstance(value, os.PathLike):
        return str(os.fspath(value))
    try:
        return json.dumps(value, ensure_ascii=False, default=_number)
    except (TypeError, ValueError):
        kind = type(value).__name__
        raise UsageError(f"the variable {name!r} is a {kind}", hint="text, numbers, lists and dicts fit here") from None


def _number(value: Any) -> Any:
    """A NumPy scalar as a number of Python."""
    if hasattr(value, "item") and getattr(value, "ndim", None) == 0:
        return value.item()
    raise TypeError


@functools.cache
def session(shell: InteractiveShell) -> Session:
    """The session of a shell."""
    return Session(shell)
