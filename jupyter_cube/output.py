"""What a command prints, to streams that may be closed, full or no longer read."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from typing import TextIO

_NOT_WRITTEN = 3  # as for a store that cannot be written
_PIPE_CLOSED = 141  # as a shell says it of a program that ended with SIGPIPE


class LostError(Exception):
    """Standard output does not take what is printed; the command's exit code says so.

    ``str()`` is a line for people; empty where its reader has left, as ``head`` does.
    """

    def __init__(self, error: OSError) -> None:
        left = isinstance(error, BrokenPipeError)
        super().__init__("" if left else f"standard output cannot be written: {error.strerror}")
        self.exit_code = _PIPE_CLOSED if left else _NOT_WRITTEN


def prepare() -> None:
    """Make the three standard streams usable, whatever this process was started with.

    In the place of a closed one comes the null device: else the next file that is opened would get its number, and
    what tasks and libraries print would go into it.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            opened = os.open(os.devnull, os.O_RDWR)
            if opened != number:
                os.dup2(opened, number)
                os.close(opened)
            os.set_inheritable(number, True)
            setattr(sys, name, open(number, "w" if number else "r", closefd=False, encoding="utf-8"))  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a terminal that cannot show a mark still shows the rest


class Stdout:
    """Standard output of this moment.

    Raises:
        LostError: it does not take what is written.
    """

    def write(self, text: str) -> None:
        with _lost():
            sys.stdout.write(text)

    def flush(self) -> None:
        with _lost():
            sys.stdout.flush()


def show(text: str, *, end: str = "\n") -> None:
    """Print a result.

    Raises:
        LostError: standard output does not take it.
    """
    Stdout().write(f"{text}{end}")


def say(text: object) -> None:
    """Print a message for people. Where nobody can read it, the command does its work all the same."""
    try:
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()
    except OSError:
        _silence(sys.stderr)


@contextlib.contextmanager
def _lost() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        _silence(sys.stdout)
        raise LostError(error) from None


def _silence(stream: TextIO) -> None:
    """What it still holds goes to the null device, so that the exit's flush does not fail again."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, stream.fileno())
    os.close(null)
