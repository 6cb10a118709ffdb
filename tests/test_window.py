"""Windows on the merged log: bounded, and together the whole log, whichever way somebody goes."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from example_log import NAMES, Job

from jupyter_cube.log.alarm import alarms, is_alarm
from jupyter_cube.log.chunk import Chunk, Gap, Line
from jupyter_cube.log.search import Finder, finder
from jupyter_cube.log.window import Bounds, Wanted, back, forth, places


@pytest.fixture
def job(tmp_path: Path) -> Iterator[Job]:
    job = Job(tmp_path / "job")
    yield job
    job.kill()


def mixed(job: Job, turns: int = 200) -> None:
    """Lines of all tasks, long ones and errors among them, and at last an attempt more."""
    chance = random.Random(5)
    for turn in range(turns):
        words = ("step", "ValueError: no", "x" * 3000, "zażółć")[min(3, chance.randrange(30))]
        job.write(chance.randrange(3), f"{words} {turn}\n".encode() * chance.randrange(1, 5))
        job.record()
    job.finish()
    job.running.add((0, 2))
    job.own()
    job.write(0, b"again\nagain\n", attempt=2)
    job.recorded()


WANTED = [
    Wanted(),
    Wanted(tasks=["worker-1"]),
    Wanted(attempt=2),
    Wanted(alarms=True),
    Wanted(tasks=["ps-0", "worker-0"], alarms=True),
]


def expected(job: Job, wanted: Wanted) -> list[Line]:
    return [
        line
        for line in job.lines(tasks=list(wanted.tasks) if wanted.tasks else None)
        if wanted.attempt in (0, line.attempt) and (not wanted.alarms or is_alarm(line))
    ]


@pytest.mark.parametrize("wanted", WANTED, ids=["all", "task", "attempt", "alarms", "both"])
@pytest.mark.parametrize(
    "bounds",
    [{"lines": 1}, {"lines": 7}, {"lines": 10_000}, {"lines": 50, "size": 4000}, {"lines": 9, "seconds": 0.0}],
    ids=["1", "7", "many", "size", "late"],
)
def test_windows_side_by_side_are_the_log(job: Job, wanted: Wanted, bounds: dict[str, int]) -> None:
    mixed(job)
    end = job.log.end
    found: list[Line | Gap] = []
    cursor, turns = 0, 0
    while cursor < end:
        window = forth(job.log, cursor, wanted, Bounds(**bounds))
        assert window.start == cursor < window.end
        assert len(window.lines) <= bounds["lines"]
        found += window.lines
        cursor, turns = window.end, turns + 1
    assert found == expected(job, wanted)
    found.clear()
    cursor = end
    while cursor > 0:
        window = back(job.log, cursor, wanted, Bounds(**bounds))
        assert window.end == cursor > window.start
        found[:0] = window.lines
        cursor = window.start
    assert found == expected(job, wanted)


def test_a_window_begins_at_a_whole_line(job: Job) -> None:
    job.say(0, "first", "second", "third")
    for cursor in range(7, 13):  # anywhere in the second line
        assert [line.line for line in forth(job.log, cursor, Wanted(), Bounds(9)).lines if isinstance(line, Line)] == [
            "third"
        ]
        [before] = back(job.log, cursor, Wanted(), Bounds(1)).lines
        assert isinstance(before, Line)
        assert before.line == "second"


def test_what_is_missing_is_a_row_both_ways(job: Job) -> None:
    job.say(0, "one", "two")
    job.path(0).write_bytes(b"")
    job.say(1, "other")
    job.say(0, "after")
    job.finish()
    rows = forth(job.log, 0, Wanted(), Bounds(99)).lines
    assert [type(row) for row in rows].count(Gap) >= 1
    assert back(job.log, None, Wanted(), Bounds(99)).lines == rows
    assert not any(isinstance(row, Gap) for row in back(job.log, None, Wanted(find=_find("o")), Bounds(99)).lines)
    assert places(job.log, 0, Wanted(), Bounds(99)).gaps == [row.cursor for row in rows if isinstance(row, Gap)]


def _find(text: str) -> Finder:
    with finder(text) as find:
        return find


def test_places_are_the_cursors_of_lines_and_all_lines_are_counted(job: Job) -> None:
    mixed(job)
    lines = job.lines()
    whole = places(job.log, 0, Wanted(alarms=True), Bounds(10_000))
    assert whole.places == [line.cursor for line in lines if is_alarm(line)]
    assert (whole.count, whole.start, whole.end) == (len(lines), 0, job.log.end)
    assert places(job.log, 0, Wanted(find=_find("step")), Bounds(10_000)).places == [
        line.cursor for line in lines if "step" in line.line
    ]
    counted = places(job.log, lines[9].cursor, Wanted(), Bounds(10_000))
    assert (counted.places, counted.count) == ([], len(lines) - 10)


def test_a_look_that_takes_too_long_says_how_far_it_came(job: Job) -> None:
    mixed(job)
    asked = iter([False, False, True])
    window = places(job.log, 0, Wanted(tasks=["ps-0"]), Bounds(99, gone=lambda: next(asked, True)))
    assert window.end == job.log.end  # a small log is one step
    nothing = back(job.log, None, Wanted(tasks=["ps-0"]), Bounds(5, gone=lambda: True))
    assert nothing.lines == []
    assert nothing.start == nothing.end == job.log.end


@pytest.mark.parametrize(
    ("line", "alarm"),
    [
        ("Traceback (most recent call last):", True),
        ("ValueError: no data", True),
        ("java.lang.NullPointerException", True),
        ("2026-11-24 ERROR disk is full", True),
        ("\x1b[31mERROR\x1b[0m disk", True),
        ("error: unknown option", True),
        ("error[E0308]: mismatched types", True),
        ("fatal: not a git repository", True),
        ("thread panicked, panic: x", True),
        ("3 tests failed", True),
        ("Killed", True),
        ("CUDA out of memory", True),
        ("Segmentation fault (core dumped)", True),
        ("epoch 3 error 0.231", False),
        ("mean_error=0.1 errors=0", False),
        ("12 passed, 0 failed", False),
        ("no problem", False),
        ("failsafe mode", False),
        ("exceptional results", False),
        ("", False),
    ],
)
def test_lines_that_look_like_errors(line: str, alarm: bool) -> None:
    data = f"before\n{line}\nafter\n".encode()
    found = alarms(Chunk(0, "worker-0", 1, 0.0, False, 100, 100 + len(data), data))
    assert [one.line for one in found] == ([line] if alarm else [])
    if found:
        assert found[0].cursor == 100 + len("before\n") + len(line.encode()) + 1


def test_ten_million_lines_are_windows_like_any_others(tmp_path: Path) -> None:
    """No answer reads more than it shows; the file is sparse, so that this costs nothing."""
    job = Job(tmp_path / "job", NAMES[:1])
    size = 900_000_000
    block = b"".join(b"step %9d %s\n" % (number, b"x" * 74) for number in range(10_000))
    with job.path(0).open("wb") as file:
        file.write(block)
        os.ftruncate(file.fileno(), size - len(block))
        file.seek(size - len(block))
        file.write(block)
    job.finish()
    job.kill()
    assert job.log.end == size
    read = 0
    before = os.pread

    def counting(fd: int, count: int, offset: int) -> bytes:
        nonlocal read
        data = before(fd, count, offset)
        read += len(data)
        return data

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "pread", counting)
        first = forth(job.log, 0, Wanted(), Bounds(400)).lines
        last = back(job.log, None, Wanted(), Bounds(400)).lines
    assert len(first) == len(last) == 400
    assert isinstance(last[-1], Line)
    assert last[-1].line.startswith("step      9999")
    assert read < 2_000_000
    began = time.monotonic()
    look = places(job.log, 0, Wanted(find=_find("nowhere")), Bounds(9, seconds=0.2))
    assert look.end > 0
    assert time.monotonic() - began < 60
