"""Searching the merged log: plain text in this process, regular expressions in a child with a deadline.

A line is a hit when the text occurs in it as it is shown: after its last ``\\r``, what is not UTF-8 replaced.
"""

from __future__ import annotations

import struct
import sys
from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, nullcontext, suppress
from typing import TYPE_CHECKING

from jupyter_cube.errors import UsageError
from jupyter_cube.log.chunk import Chunk, Line
from jupyter_cube.log.log import Log

if TYPE_CHECKING:
    from subprocess import Popen

REGEX_SECONDS = 10  # of CPU time for one search

_COUNT = struct.Struct("<I")

# An expression can hold the interpreter for hours, and no thread or signal gets it back: it runs where a limit ends it.
_CHILD = """
import re, resource, struct, sys
resource.setrlimit(resource.RLIMIT_CPU, (int(sys.argv[1]), int(sys.argv[1])))
read, write = sys.stdin.buffer.read, sys.stdout.buffer.write

def receive():
    head = read(4)
    return read(struct.unpack("<I", head)[0]).decode() if head else None

def send(data):
    write(struct.pack("<I", len(data)) + data)
    sys.stdout.buffer.flush()

try:
    find = re.compile(receive(), int(sys.argv[2])).search
except (re.error, OverflowError, RecursionError) as error:
    send(str(error).encode())
    sys.exit()
send(b"")
while (text := receive()) is not None:
    hits = [number for number, line in enumerate(text.split("\\n")) if find(line)]
    send(struct.pack(f"<{len(hits)}I", *hits))
"""

Finder = Callable[[Chunk], list[Line]]


def search(
    log: Log,
    text: str,
    *,
    regex: bool = False,
    ignore_case: bool = False,
    tasks: Collection[str] | None = None,
    cursor: int | None = None,
    limit: int | None = None,
    backwards: bool = False,
) -> Iterator[Line]:
    """The recorded lines in which ``text`` occurs.

    Args:
        regex: ``text`` is a regular expression of Python's ``re``.
        tasks: names of the tasks to search; None: all.
        cursor: search after it, ``backwards`` before it; None: the whole log.
        limit: at most so many lines; None: all.
        backwards: the newest hit first.

    Raises:
        UsageError: an empty text, an invalid expression, or one that takes too long.
    """
    found = 0
    with finder(text, regex=regex, ignore_case=ignore_case) as hits:
        items = log.chunks_back(cursor, tasks=tasks) if backwards else log.chunks(cursor or 0, tasks=tasks)
        for item in items:
            if not isinstance(item, Chunk):
                continue
            lines = hits(item)
            for line in reversed(lines) if backwards else lines:
                if limit is not None and found >= limit:
                    return
                found += 1
                yield line
            if limit is not None and found >= limit:
                return


def finder(
    text: str, *, regex: bool = False, ignore_case: bool = False, seconds: int = 0
) -> AbstractContextManager[Finder]:
    """What finds the lines of a chunk in which ``text`` occurs.

    Args:
        seconds: of CPU time that an expression may take; 0: ``REGEX_SECONDS``.

    Raises:
        UsageError: as ``search``.
    """
    if not text:
        raise UsageError("there is no text to search for", place="search")
    if regex:
        return _Expression(text, ignore_case=ignore_case, seconds=seconds or REGEX_SECONDS)
    return _plain(text, ignore_case=ignore_case)


def _plain(text: str, *, ignore_case: bool) -> AbstractContextManager[Finder]:
    wanted = text.lower() if ignore_case else text
    # Bytes are looked through first, and only the lines with a hit are made: that is 20 times faster. Not where a
    # replaced byte or a letter with two cases outside ASCII could be meant.
    direct = "\ufffd" not in text and (text.isascii() or not ignore_case)
    needle = wanted.encode(errors="replace")

    def hits(chunk: Chunk) -> list[Line]:
        if direct:
            data = chunk.data.lower() if ignore_case else chunk.data
            if needle not in data:
                return []
            lines = list(_lines_with(needle, data, chunk))
        else:
            lines = chunk.lines()
        return [line for line in lines if wanted in (line.line.lower() if ignore_case else line.line)]

    return nullcontext(hits)


def _lines_with(needle: bytes, data: bytes, chunk: Chunk) -> Iterator[Line]:
    at = data.find(needle)
    while at >= 0:
        first = data.rfind(b"\n", 0, at) + 1
        last = data.find(b"\n", at) + 1 or len(data)
        yield from chunk._replace(
            start=chunk.start + first, end=chunk.start + last, data=chunk.data[first:last]
        ).lines()
        at = data.find(needle, last)


class _Expression:
    """A regular expression in a child process."""

    def __init__(self, text: str, *, ignore_case: bool, seconds: int) -> None:
        self._text = text
        self._seconds = seconds
        self._ignore_case = ignore_case
        self._child: Popen[bytes] | None = None

    def __enter__(self) -> Finder:
        import re
        import subprocess

        words = [
            sys.executable,
            "-I",
            "-S",
            "-c",
            _CHILD,
            str(self._seconds),
            str(int(re.IGNORECASE) if self._ignore_case else 0),
        ]
        self._child = subprocess.Popen(
            words,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            fault = self._ask(self._text)
            if fault:
                raise UsageError(f"not a regular expression: {fault.decode()}", place=f"search {self._text!r}")
        except BaseException:
            self.__exit__()
            raise
        return self._hits

    def _hits(self, chunk: Chunk) -> list[Line]:
        lines = chunk.lines()
        numbers = self._ask("\n".join(line.line for line in lines))
        return [lines[number] for (number,) in _COUNT.iter_unpack(numbers)]

    def _ask(self, text: str) -> bytes:
        assert self._child is not None
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        data = text.encode(errors="replace")
        try:
            self._child.stdin.write(_COUNT.pack(len(data)) + data)
            self._child.stdin.flush()
        except BrokenPipeError:
            return self._too_long()
        head = self._child.stdout.read(_COUNT.size)
        if len(head) < _COUNT.size:
            return self._too_long()
        return self._child.stdout.read(*_COUNT.unpack(head))

    def _too_long(self) -> bytes:
        raise UsageError(
            f"the expression takes more than {self._seconds} s",
            place=f"search {self._text!r}",
            hint="search for plain text, or write it without nested repeats",
        )

    def __exit__(self, *_: object) -> None:
        if self._child is None:
            return
        self._child.kill()
        self._child.wait()
        for pipe in (self._child.stdin, self._child.stdout):
            if pipe is not None:
                with suppress(BrokenPipeError):  # what was not written yet goes to nobody
                    pipe.close()
