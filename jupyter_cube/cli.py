"""``jupyter cube``: the verbs in a shell. Results go to stdout, everything for people only to stderr."""

from __future__ import annotations

import dataclasses
import json
import os
import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from jupyter_cube import hint, output
from jupyter_cube.errors import BackendError, CubeError
from jupyter_cube.output import LostError, Stdout, say, show
from jupyter_cube.verbs.parser import Call, help_text, parse

if TYPE_CHECKING:
    from jupyter_cube.handle import Job
    from jupyter_cube.logview import View

INTERRUPTED = 130


def main(words: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        words: what follows the program's name; None: this process's.

    Returns:
        The exit code: 0 done, or the job succeeded; 1 the job ended otherwise; 2 a mistake in what was typed or in
        a file; 3 the backend or the store cannot be reached, or standard output cannot be written; 130 interrupted,
        the job goes on; 141 nobody reads standard output any more.
    """
    words = sys.argv[1:] if words is None else list(words)
    output.prepare()
    if wrong := hint.wrong_system():
        say(wrong)
        return BackendError.exit_code
    try:
        code = _guarded(words)
        Stdout().flush()
    except LostError as lost:
        if text := str(lost):
            say(text)
        return lost.exit_code
    return code


def _guarded(words: list[str]) -> int:
    try:
        return _main(words)
    except CubeError as error:
        say(error)
        return error.exit_code
    except KeyboardInterrupt:
        say("interrupted")
        return INTERRUPTED


def _main(words: list[str]) -> int:
    if words[:2] == ["completion", "--words"]:
        from jupyter_cube.notebook.completion import candidates

        show("\n".join(candidates(words[2:])))
        return 0
    if words[:1] == ["--version"]:
        from importlib.metadata import version

        show(version("jupyter-cube"))
        return 0
    call = parse(words)
    if call is None or call.help:
        show(help_text(call, prefix="jupyter cube"), end="")
        return 0
    if call.verb.name == "completion":
        from jupyter_cube.notebook.completion import script

        show(script(call.values["shell"], f"{sys.executable} -m jupyter_cube"), end="")
        return 0
    return _SPECIAL.get(call.verb.name, _answer)(call)


def _answer(call: Call) -> int:
    from jupyter_cube.verbs import actions

    answer = actions.answer(call)
    if call.json:
        show(json.dumps(answer.document, ensure_ascii=False))
    else:
        show(answer.text, end="")
    return answer.code


def _submit(call: Call) -> int:
    from jupyter_cube.logview import View
    from jupyter_cube.verbs import actions

    job = actions.submit(actions.in_shell(call))
    for note in job.notes:
        say(note)
    come_back = hint.command(f"logs {job.short_id} --follow")
    try:
        if call.json:
            show(json.dumps({"id": job.id, "state": job.state.value}))
        elif not call.get("follow"):
            show(job.id)
        Stdout().flush()
    finally:  # also where the id cannot be written: the job is there
        say(f"submitted {job.name}; its log: {come_back}")
    try:
        if call.get("follow"):
            _write(View(job, follow=True, say=say), as_json=call.json)
        elif call.get("wait"):
            job.wait()
        else:
            return 0
    except KeyboardInterrupt:
        return _detached(job, come_back)
    return _end(job, as_json=call.json, log_shown=bool(call.get("follow")))


def _logs(call: Call) -> int:
    from jupyter_cube.verbs import actions

    view = dataclasses.replace(actions.view(call), say=say)
    try:
        _write(view, as_json=call.json)
    except KeyboardInterrupt:
        if not view.follow:
            raise
        return _detached(view.job, hint.command(f"logs {view.job.short_id} --follow"))
    return 0


def _debug(call: Call) -> int:
    from jupyter_cube.verbs import actions

    if call.get("release"):
        answer = actions.release(call)
        show(json.dumps(answer.document, ensure_ascii=False) if call.json else answer.text.rstrip("\n"))
        return 0
    words, env, folder = actions.debug(call)
    if not call.json:
        Stdout().flush()
        os.chdir(folder)
        os.execvpe(words[0], words, dict(env))  # the shell takes this process's place, and with it the terminal
    show(json.dumps({"words": words, "cwd": folder}))
    return 0


def _write(view: View, *, as_json: bool) -> None:
    from jupyter_cube import logview

    if as_json:
        logview.write_json(view, Stdout())
        return
    terminal = sys.stdout.isatty()
    colour = terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    logview.write_text(view, Stdout(), terminal=terminal, colour=colour)


def _end(job: Job, *, as_json: bool, log_shown: bool) -> int:
    from jupyter_cube.lifecycle import render
    from jupyter_cube.lifecycle.state import State

    state = job.snapshot()
    if as_json:
        show(json.dumps({"id": job.id, "state": state.state.value}))
    say(render.headline(job.name, state, time.time()))
    for line in () if log_shown else job.last_words():
        say(line)
    return 0 if state.state is State.SUCCEEDED else 1


def _detached(job: Job, come_back: str) -> int:
    say(f"\ninterrupted, {job.name} goes on; come back with: {come_back}")
    return INTERRUPTED


_SPECIAL = {"submit": _submit, "logs": _logs, "debug": _debug}
