"""The merged log as a value: lines as they are shown, cursors, reading backwards, what is missing."""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from example_log import Job

from jupyter_cube.log.chunk import Chunk, Gap
from jupyter_cube.log.log import Log


@pytest.fixture
def job(tmp_path: Path) -> Iterator[Job]:
    job = Job(tmp_path / "job")
    yield job
    job.kill()


def chunk(data: bytes, *, start: int = 100, provisional: bool = False) -> Chunk:
    end = start if provisional else start + len(data)
    return Chunk(0, "my-role-12", 3, 1.5, False, start, end, data, provisional)


@pytest.mark.parametrize(
    ("data", "shown"),
    [
        (b"plain\n", ["plain"]),
        (b"\n\n", ["", ""]),
        (b"windows\r\n", ["windows"]),
        (b"10%\r50%\r100%\n", ["100%"]),
        (b"10%\r50%\r\n", ["50%"]),
        (b"a\rb\nc\n", ["b", "c"]),
        ("zażółć\n".encode(), ["zażółć"]),
        (b"bad \xff\xc5\n\xbc\n", ["bad \ufffd\ufffd", "\ufffd"]),
        (b"nul \0\n", ["nul \0"]),
        (b"\x1b[1mbold\x0b\x0c\x1c\x85\n", ["\x1b[1mbold\x0b\x0c\x1c\ufffd"]),
        (b"one\ntwo", ["one", "two"]),
        (b"", []),
    ],
)
def test_a_line_is_shown_as_its_last_state(data: bytes, shown: list[str]) -> None:
    assert [line.line for line in chunk(data).lines()] == shown
    assert chunk(data).count_lines() == len(shown)


@pytest.mark.parametrize("data", [b"ab\n\ncde\nf", "ä\n\nx\ry\nf".encode()])
def test_a_lines_cursor_is_the_place_after_it(data: bytes) -> None:
    ends = [at + 1 for at, byte in enumerate(data) if byte == 10]
    assert [line.cursor for line in chunk(data).lines()] == [100 + end for end in [*ends, len(data)]]
    assert {line.cursor for line in chunk(data, provisional=True).lines()} == {100}


def test_a_line_knows_its_task() -> None:
    (line,) = chunk(b"x\n").lines()
    assert (line.role, line.index, line.attempt, line.time, line.late) == ("my-role", 12, 3, 1.5, False)


def test_the_last_lines_of_a_chunk() -> None:
    whole = chunk(b"a\nbb\n\nc")
    for number in range(6):
        expected = whole.lines()[-number:] if number else []
        assert whole.last(number).lines() == expected


def test_pages_join_to_the_whole(job: Job) -> None:
    for turn in range(50):
        job.say(turn % 3, f"{turn} " + "x" * turn, "second")
    whole, pages, cursor = job.lines(), [], 0
    while items := job.log.read(cursor, limit=70):
        assert all(isinstance(item, Chunk) and len(item.data) < 140 for item in items)
        pages += [line for item in items if isinstance(item, Chunk) for line in item.lines()]
        cursor = items[-1].end if isinstance(items[-1], Chunk) else items[-1].cursor
    assert pages == whole
    assert cursor == job.log.end


def test_a_cursor_inside_a_line_stands_for_the_lines_end(job: Job) -> None:
    job.say(0, "first", "second", "third")
    assert [line.line for line in job.lines(6)] == ["second", "third"]
    assert [line.line for line in job.lines(7)] == ["third"]
    assert [line.line for line in job.lines(12)] == ["third"]
    back = [item.data for item in job.log.read_back(7, lines=2) if isinstance(item, Chunk)]
    assert b"".join(back) == b"first\nsecond\n"


def test_a_cursor_after_the_end_stands_for_the_end(job: Job) -> None:
    job.say(0, "one")
    assert job.log.read(1_000_000) == []
    assert [line.line for line in job.log.tail(5)] == ["one"]


def test_one_task_alone(job: Job) -> None:
    for turn in range(10):
        job.say(turn % 2, str(turn))
    assert [line.line for line in job.lines(tasks=["worker-1"])] == ["1", "3", "5", "7", "9"]
    assert [line.line for line in job.log.tail(2, tasks=["worker-0"])] == ["6", "8"]
    assert job.lines(tasks=["ps-0"]) == job.lines(tasks=[]) == []
    assert [line.cursor for line in job.lines(tasks=["worker-1"])] == [4, 8, 12, 16, 20]


def test_a_rare_task_among_many_entries_is_found(job: Job) -> None:
    job.own()
    with job.path(0).open("ab", buffering=0) as file:
        for _ in range(20_000):
            file.write(b"\n")
            job.recorded(1.0)
    job.say(1, "rare")
    assert [item.data for item in job.log.read(tasks=["worker-1"]) if isinstance(item, Chunk)] == [b"rare\n"]
    assert [line.line for line in job.log.tail(1, tasks=["worker-1"])] == ["rare"]
    assert job.log.tail(1, tasks=["ps-0"]) == []


def test_by_time(job: Job) -> None:
    job.own()
    for second in range(10):
        job.write(0, b"line\n")
        job.recorded(1000.0 + second)
    assert [job.log.at_time(when) for when in (0, 1000, 1004.5, 1009, 2000)] == [0, 0, 25, 45, 50]


def test_an_empty_log(job: Job) -> None:
    assert (job.log.end, job.log.read(), job.log.tail(5), job.log.at_time(0)) == (0, [], [], 0)


def test_a_deleted_log_file_is_a_gap(job: Job) -> None:
    job.say(0, "one", "two")
    job.say(0, "three")
    job.say(1, "other")
    job.path(0).unlink()
    gone = Gap(14, "worker-0", 1, 14, None, "its log file is gone")
    assert next(iter(job.log.chunks())) == gone
    assert job.texts() == ["worker-1 other"]
    assert [line.line for line in job.log.tail(5)] == ["other"]


def test_a_log_file_cut_short_by_hand_is_a_gap(job: Job) -> None:
    job.say(0, "one", "two")
    job.say(0, "three")
    job.kill()
    os.truncate(job.path(0), 8)
    first, second = job.log.chunks()
    assert isinstance(first, Chunk)
    assert second == Gap(14, "worker-0", 1, 6, None, "its log file is shorter than recorded")


def test_an_entry_of_a_task_that_the_job_does_not_have_is_a_gap(job: Job) -> None:
    job.say(2, "one")
    (item,) = Log(job.folder, job.log.names[:2]).chunks()
    assert isinstance(item, Gap)


def test_more_tasks_than_open_files(tmp_path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    used = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 64
    job = Job(tmp_path / "job", [f"worker-{index}" for index in range(500)])
    for index in range(500):
        job.write(index, f"task {index}\n".encode())
    resource.setrlimit(resource.RLIMIT_NOFILE, (used + 80, before[1]))
    try:
        job.record()
        assert sorted(line.index for line in job.lines()) == list(range(500))
        assert len(job.log.tail(500)) == 500
    finally:
        job.kill()
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_a_gigabyte_is_read_at_its_ends_and_not_whole(job: Job) -> None:
    with job.path(0).open("wb") as file:
        for at in range(0, 1 << 30, 32 << 20):  # sparse: lines of 32 MiB of NULs, but for their newlines
            file.seek(at + (32 << 20) - 1)
            file.write(b"\n")
        file.write(b"nearly\nlast\n")
    while job.record():
        pass
    began, before = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert job.log.end == (1 << 30) + 12
    assert [line.line for line in job.log.tail(2)] == ["nearly", "last"]
    assert [item.data for item in job.log.read(job.log.end - 5) if isinstance(item, Chunk)] == [b"last\n"]
    assert len(job.log.read(limit=1 << 16)) == 1
    assert time.process_time() - began < 2.0
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 300_000  # kB; one line takes 32 MiB
