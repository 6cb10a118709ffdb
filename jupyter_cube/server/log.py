"""A job's merged log: windows of lines, searches, and downloads."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from jupyter_server.auth.decorator import authorized
from tornado import web

from jupyter_cube import logview
from jupyter_cube.errors import NotFoundError, UsageError
from jupyter_cube.log.chunk import Chunk, Gap, Line
from jupyter_cube.server.handler import CubeHandler
from jupyter_cube.server.job import ID, web_filename

if TYPE_CHECKING:
    from jupyter_cube.handle import Job
    from jupyter_cube.log.log import Log

_LINES = 500  # of a window, where the request names no other number
_MOST_LINES = 10_000
_LONGEST = 100_000  # characters of a line in a window; a download has all of it
_BATCH = 1 << 18  # bytes of a download that are made at once


class _LogHandler(CubeHandler):
    _track_activity = False  # a page that shows a log asks again and again: that is nobody's activity

    async def _job(self, name: str) -> tuple[Job, list[str] | None]:
        """The job, and the tasks that are asked for; None: all."""
        job = await self.job(name)
        wanted = [task for task in self.text("tasks").split(",") if task]
        for task in wanted:
            if task not in job.log.names:
                hint = f"there are: {', '.join(itertools.islice(job.log.names, 8))}"
                raise NotFoundError(f"no task {task!r:.100} in {job.name}", hint=hint)
        return job, wanted or None


class Window(_LogHandler):
    """Lines around a place of the merged log."""

    @web.authenticated
    @authorized
    async def get(self, name: str) -> None:
        """Lines after ``cursor``, or before it (``direction=back``; without a cursor those at the end)."""
        job, tasks = await self._job(name)
        lines = self.number("lines", _LINES, most=_MOST_LINES)
        back = self.choice("direction", ("forth", "back"), "forth") == "back"
        cursor = self.number("cursor", -1 if back else 0)
        if when := self.text("time"):
            cursor = await self.work(job.log.at_time, _seconds(when))
        self.answer(await self.work(_window, job, tasks, cursor, lines, back))


class Search(_LogHandler):
    """Lines with a text."""

    @web.authenticated
    @authorized
    async def get(self, name: str) -> None:
        """Those after ``cursor``, or before it, the nearest first."""
        job, tasks = await self._job(name)
        back = self.choice("direction", ("forth", "back"), "forth") == "back"
        typed = self.text("cursor")
        lines = await self.work(
            _found,
            job.log,
            self.text("text"),
            regex=self.text("regex") == "true",
            ignore_case=self.text("ignore_case") == "true",
            tasks=tasks,
            cursor=self.number("cursor", 0) if typed else None,
            limit=self.number("limit", 100, most=_MOST_LINES),
            backwards=back,
        )
        self.answer({"lines": lines})


class Download(_LogHandler):
    """The whole log, of all tasks merged or of one."""

    @web.authenticated
    @authorized
    async def get(self, name: str) -> None:
        """As text, as JSON lines, or as the very bytes that one task wrote (``format=raw``)."""
        job, tasks = await self._job(name)
        form = self.choice("format", ("text", "ndjson", "raw"), "text")
        end = {"text": "log", "ndjson": "ndjson", "raw": "log"}[form]
        kind = "application/x-ndjson" if form == "ndjson" else "text/plain; charset=utf-8"
        self.set_header("Content-Type", kind)
        self.set_header("X-Content-Type-Options", "nosniff")
        called = "-".join([job.name, *(tasks or ())[:1]])
        self.set_header("Content-Disposition", web_filename(f"{called}.{end}"))
        parts = _download(job, tasks, form)
        while (part := await self.work(next, parts, None)) is not None:
            self.write(part)
            await self.flush()  # no faster than it is read
        self.finish(set_content_type=kind)


def _window(job: Job, tasks: list[str] | None, cursor: int, lines: int, back: bool) -> dict[str, Any]:
    """Whole lines, with the cursor to go on from at either side."""
    log = job.log
    found: list[dict[str, Any]] = []
    items: Iterable[Chunk | Gap] = log.chunks(cursor, tasks=tasks)
    if back:
        items = log.read_back(None if cursor < 0 else cursor, lines=lines, tasks=tasks)
    start = cursor
    for item in items:
        if isinstance(item, Chunk) and not found:
            start = item.start
        found += [_shown(line) for line in logview.lines_of([item])]
        if not back and len(found) >= lines:
            break
    found = found[-lines:] if back else found[:lines]
    after = found[-1]["cursor"] if found else max(cursor, 0)
    return {"lines": found, "start": start, "end": after, "size": log.end}


def _found(log: Log, text: str, **asked: Any) -> list[dict[str, Any]]:
    from jupyter_cube.log.search import search

    return [_shown(line) for line in search(log, text, **asked)]


def _shown(line: Line | Gap) -> dict[str, Any]:
    record = logview.record(line)
    if len(record.get("line", "")) > _LONGEST:
        record = {**record, "line": record["line"][:_LONGEST], "cut": len(record["line"])}
    return record


def _download(job: Job, tasks: list[str] | None, form: str) -> Iterator[bytes]:
    several = len(tasks or job.log.names) > 1
    buffer = bytearray()
    for item in job.log.chunks(0, tasks=tasks):
        if form == "raw":
            buffer += item.data if isinstance(item, Chunk) else b""
        else:
            for line in logview.lines_of([item]):
                if form == "ndjson":
                    buffer += json.dumps(logview.record(line), ensure_ascii=False).encode() + b"\n"
                elif isinstance(line, Line):
                    mark = f"{line.role}-{line.index} | " if several else ""
                    buffer += f"{mark}{line.line}\n".encode()
        if len(buffer) >= _BATCH:
            yield bytes(buffer)
            buffer.clear()
    if buffer:
        yield bytes(buffer)


def _seconds(typed: str) -> float:
    try:
        return float(typed)
    except ValueError:
        raise UsageError(f"{typed!r:.50} is no time", place="time", hint="write seconds since the epoch") from None


ROUTES = [(f"{ID}/log", Window), (f"{ID}/log/search", Search), (f"{ID}/log/file", Download)]
