"""``jupyter cube``: the verbs in a shell. Results go to stdout, everything for people only to stderr."""

# ruff: noqa: T201  what a command says, it prints

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from jupyter_cube import hint
from jupyter_cube.errors import BackendError, CubeError
from jupyter_cube.verbs.parser import Call, help_text, parse

if TYPE_CHECKING:
    from jupyter_cube.handle import Job
    from jupyter_cube.logview import View

INTERRUPTED = 130
_PIPE_CLOSED = 141


def main(words: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        words: what follows the program's name; None: this process's.

    Returns:
        The exit code: 0 done, or the job succeeded; 1 the job ended otherwise; 2 a mistake in what was typed or in
        a file; 3 the backend or the store cannot be reached; 130 interrupted, the job goes on.
    """
    words = sys.argv[1:] if words is None else list(words)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a terminal that cannot show a mark still shows the rest
    if wrong := hint.wrong_system():
        print(wrong, file=sys.stderr)
        return BackendError.exit_code
    try:
        return _main(words)
    except CubeError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # so that the exit's flush does not fail again
        return _PIPE_CLOSED


def _main(words: list[str]) -> int:
    if words[:2] == ["completion", "--words"]:
        from jupyter_cube.notebook.completion import candidates

        print("\n".join(candidates(words[2:])))
        return 0
    if words[:1] == ["--version"]:
        from importlib.metadata import version

        print(version("jupyter-cube"))
        return 0
    call = parse(words)
    if call is None or call.help:
        print(help_text(call, prefix="jupyter cube"), end="")
        return 0
    if call.verb.name == "completion":
        from jupyter_cube.notebook.completion import script

        print(script(call.values["shell"], f"{sys.executable} -m jupyter_cube"), end="")
        return 0
    return _SPECIAL.get(call.verb.name, _answer)(call)


def _answer(call: Call) -> int:
    from jupyter_cube.verbs import actions

    answer = actions.answer(call)
    if call.json:
        print(json.dumps(answer.document, ensure_ascii=False))
    else:
        print(answer.text, end="")
    return answer.code


def _submit(call: Call) -> int:
    from jupyter_cube.logview import View
    from jupyter_cube.verbs import actions

    job = actions.submit(actions.in_shell(call))
    for note in job.notes:
        print(note, file=sys.stderr)
    if call.json:
        print(json.dumps({"id": job.id, "state": job.state.value}), flush=True)
    elif not call.get("follow"):
        print(job.id, flush=True)
    come_back = hint.command(f"logs {job.short_id} --follow")
    print(f"submitted {job.name}; its log: {come_back}", file=sys.stderr)
    try:
        if call.get("follow"):
            _write(View(job, follow=True), as_json=call.json)
        elif call.get("wait"):
            job.wait()
        else:
            return 0
    except KeyboardInterrupt:
        return _detached(job, come_back)
    return _end(job, as_json=call.json, log_shown=bool(call.get("follow")))


def _logs(call: Call) -> int:
    from jupyter_cube.verbs import actions

    view = actions.view(call)
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
        print(json.dumps(answer.document, ensure_ascii=False) if call.json else answer.text.rstrip("\n"))
        return 0
    words, env, folder = actions.debug(call)
    if not call.json:
        sys.stdout.flush()
        os.chdir(folder)
        os.execvpe(words[0], words, dict(env))  # the shell takes this process's place, and with it the terminal
    print(json.dumps({"words": words, "cwd": folder}))
    return 0


def _write(view: View, *, as_json: bool) -> None:
    from jupyter_cube import logview

    if as_json:
        logview.write_json(view, sys.stdout)
        return
    terminal = sys.stdout.isatty()
    colour = terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    logview.write_text(view, sys.stdout, terminal=terminal, colour=colour)


def _end(job: Job, *, as_json: bool, log_shown: bool) -> int:
    from jupyter_cube.lifecycle import render
    from jupyter_cube.lifecycle.state import State

    state = job.snapshot()
    if as_json:
        print(json.dumps({"id": job.id, "state": state.state.value}))
    print(render.headline(job.name, state, time.time()), file=sys.stderr)
    for line in () if log_shown else job.last_words():
        print(line, file=sys.stderr)
    return 0 if state.state is State.SUCCEEDED else 1


def _detached(job: Job, come_back: str) -> int:
    print(f"\ninterrupted, {job.name} goes on; come back with: {come_back}", file=sys.stderr)
    return INTERRUPTED


_SPECIAL = {"submit": _submit, "logs": _logs, "debug": _debug}
