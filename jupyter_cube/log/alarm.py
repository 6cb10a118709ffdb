"""Lines that look as if something went wrong.

A log does not say what was written to stderr, and much that is written there is no error: the words decide.
"""

from __future__ import annotations

import re

from jupyter_cube.log.chunk import Chunk, Line

_NEEDLES = (
    b"error",
    b"exception",
    b"traceback",
    b"fatal",
    b"critical",
    b"panic",
    b"fail",
    b"killed",
    b"out of memory",
    b"core dumped",
    b"segmentation fault",
)
# Nothing in it can take longer than the line is long.
_ALARM = re.compile(
    r"(?:Error|Exception)\b"  # also ValueError, but not "error 0.231", which many programs write every second
    r"|\b(?:ERROR|FATAL|CRITICAL|PANIC|FAILED|FAILURE)\b"
    r"|\b(?:error|fatal|panic|exception|failure)\b(?= ?[:!\[(])"
    r"|\bfatal error\b|\berror while\b"
    r"|^Traceback \(most recent call last"
    r"|(?<!\b0 )\b[Ff]ailed\b"
    r"|\bKilled\b|[Oo]ut [Oo]f [Mm]emory|\(core dumped\)|[Ss]egmentation fault"
)
_SGR = re.compile(r"\x1b\[[0-9;:]*m")
_LONGEST = 10_000  # characters of a line that are looked at


def is_alarm(line: Line) -> bool:
    """The line looks like one of an error."""
    text = line.line[:_LONGEST]
    return _ALARM.search(_SGR.sub("", text) if "\x1b" in text else text) is not None


def alarms(chunk: Chunk) -> list[Line]:
    """Those lines of a chunk that do."""
    # Bytes are looked through first: most logs have few of these words, and that is 20 times faster than to make lines.
    data = chunk.data.lower()
    found: list[Line] = []
    ahead = {needle: at for needle in _NEEDLES if (at := data.find(needle)) >= 0}
    while ahead:
        at = min(ahead.values())
        first, last = data.rfind(b"\n", 0, at) + 1, data.find(b"\n", at) + 1 or len(data)
        part = chunk._replace(start=chunk.start + first, end=chunk.start + last, data=chunk.data[first:last])
        found += filter(is_alarm, part.lines())
        for needle in [needle for needle, place in ahead.items() if place < last]:
            ahead[needle] = data.find(needle, last)
            if ahead[needle] < 0:
                del ahead[needle]
    return found
