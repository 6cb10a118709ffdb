"""A job's merged log: windows of lines, searches, and downloads."""

from __future__ import annotations

import asyncio
import dataclasses
import itertools
import json
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from jupyter_server.auth.decorator import authorized
from tornado import web

from jupyter_cube import logview
from jupyter_cube.errors import NotFoundError, UsageError
from jupyter_cube.log import window as windows
from jupyter_cube.log.chunk import Chunk, Gap, Line
from jupyter_cube.log.window import Bounds, Wanted
from jupyter_cube.server.handler import CubeHandler
from jupyter_cube.server.job import ID, web_filename

if TYPE_CHECKING:
    from jupyter_cube.handle import Job
    from jupyter_cube.log.log import Log

_T = TypeVar("_T")

_LINES = 500  # of a window, where the request names no other number
_MOST_LINES = 10_000
_PLACES = 1_000
_WIDTH = 100_000  # characters of a line in a window, likewise; a download has all of it
_WIDEST = 2_000_000
_BATCH = 1 << 18  # bytes of a download that are made at once
_SLICE = 0.5  # seconds that a look through the log takes at once
_SEARCHES = 2  # at the same time
_REGEX_SECONDS = 2  # of CPU time for one of them


class _LogHandler(CubeHandler):
    _track_activity = False  # a page that shows a log asks again and again: that is nobody's activity

    def initialize(self) -> None:
        """Nobody has gone away yet."""
        self._gone = threading.Event()

    def on_connection_close(self) -> None:
        """Nobody waits for the answer any more."""
        super().on_connection_close()
        self._gone.set()

    async def _job(self, name: str) -> tuple[Job, list[str] | None]:
        """The job, and the tasks that are asked for; None: all."""
        job = await self.job(name)
        wanted = [task for task in self.text("tasks").split(",") if task]
        names = frozenset(job.log.names)
        for task in wanted:
            if task not in names:
                hint = f"there are: {', '.join(itertools.islice(job.log.names, 8))}"
                raise NotFoundError(f"no task {task!r:.100} in {job.name}", hint=hint)
        return job, wanted or None

    async def _looked(self, look: Callable[[Log, Wanted], _T], name: str) -> tuple[Log, _T]:
        """What ``look`` sees of the lines that are asked for; not many look through whole logs at once."""
        job, tasks = await self._job(name)
        log, text = job.log, self.text("text")
        wanted = Wanted(tasks, self.number("attempt", 0), self.flag("alarms"))
        regex, ignore_case = self.flag("regex"), self.flag("ignore_case")
        if wanted.all and not text:
            return log, await self.work(look, log, wanted)

        def search() -> _T:
            if not text:
                return look(log, wanted)
            from jupyter_cube.log.search import finder

            with finder(text, regex=regex, ignore_case=ignore_case, seconds=_REGEX_SECONDS) as find:
                return look(log, dataclasses.replace(wanted, find=find))

        async with self._searches:
            return log, await self.work(search)

    @property
    def _searches(self) -> asyncio.Semaphore:
        """Of all pages together: a server has few threads, and windows must not wait for searches."""
        found: asyncio.Semaphore = self.settings.setdefault("jupyter_cube_searches", asyncio.Semaphore(_SEARCHES))
        return found

    def _bounds(self, lines: int, most: int, **more: Any) -> Bounds:
        return Bounds(self.number("lines", lines, most=most), gone=self._gone.is_set, **more)

    def _width(self) -> int:
        return self.number("width", _WIDTH, most=_WIDEST)


class Window(_LogHandler):
    """Lines around a place of the merged log."""

    @web.authenticated
    @authorized
    async def get(self, name: str) -> None:
        """Lines after ``cursor``, or before it (``direction=back``; without a cursor those at the end)."""
        back = self.choice("direction", ("forth", "back"), "forth") == "back"
        cursor = self.number("cursor", -1 if back else 0)
        when = _seconds(self.text("time"))
        width = self._width()
        bounds = self._bounds(_LINES, _MOST_LINES, width=width)

        def look(log: Log, wanted: Wanted) -> windows.Window:
            place = cursor if when is None else log.at_time(when)
            if back:
                return windows.back(log, None if place < 0 else place, wanted, bounds)
            return windows.forth(log, place, wanted, bounds)

        log, found = await self._looked(look, name)
        if self.choice("form", ("records", "columns"), "records") == "columns":
            lines = _columns(found.lines, width)
        else:
            lines = {"lines": [_shown(line, width) for line in found.lines]}
        self.answer({**lines, "start": found.start, "end": found.end, "size": await self.work(lambda: log.end)})


class Places(_LogHandler):
    """Where lines are, without the lines."""

    @web.authenticated
    @authorized
    async def get(self, name: str) -> None:
        """Cursors of lines with a text or that look like errors after ``cursor``; of all others only how many."""
        cursor = self.number("cursor", 0)
        bounds = self._bounds(_PLACES, _MOST_LINES, seconds=_SLICE)
        log, found = await self._looked(lambda log, wanted: windows.places(log, cursor, wanted, bounds), name)
        self.answer({**dataclasses.asdict(found), "size": await self.work(lambda: log.end)})


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


def _shown(line: Line | Gap, width: int) -> dict[str, Any]:
    record = logview.record(line)
    if len(record.get("line", "")) > width:
        record = {**record, "line": record["line"][:width], "cut": len(record["line"])}
    return record


def _columns(lines: Sequence[Line | Gap], width: int) -> dict[str, Any]:
    """Lines as columns, in which numbers are differences to the row above: some 10 bytes a line beside its text."""
    sources: dict[tuple[str, int], int] = {}
    rows: list[tuple[int, int, int, str | None]] = []
    gaps, cut = [], []
    cursor = time = 0
    for number, line in enumerate(lines):
        now, source, text = time, 0, None
        if isinstance(line, Gap):
            gaps.append(logview.record(line)["gap"])
        else:
            now, text = round(line.time * 1000), line.line[:width]
            source = sources.setdefault((f"{line.role}-{line.index}", line.attempt), len(sources))
            if len(text) < len(line.line):
                cut.append([number, len(line.line)])
        rows.append((line.cursor - cursor, now - time, source, text))
        cursor, time = line.cursor, now
    cursors, times, numbers, texts = zip(*rows, strict=True) if rows else ((), (), (), ())
    columns = {"cursors": cursors, "times": times, "sources": numbers, "texts": texts}
    return {"names": list(sources), "columns": columns, "gaps": gaps, "cut": cut}


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


def _seconds(typed: str) -> float | None:
    try:
        return float(typed) if typed else None
    except ValueError:
        raise UsageError(f"{typed!r:.50} is no time", place="time", hint="write seconds since the epoch") from None


ROUTES = [(f"{ID}/log", Window), (f"{ID}/log/places", Places), (f"{ID}/log/file", Download)]
