"""The owner's half of the log: every byte recorded once, whatever dies, is cut off or truncated."""

from __future__ import annotations

import errno
import os
import random
import resource
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from example_log import NAMES, Job

from jupyter_cube.log.chunk import Chunk, Gap
from jupyter_cube.log.reader import Reader
from jupyter_cube.log.timeline import GAP, LATE, OPEN_END, Entry, Timeline

Until = Callable[..., None]


@pytest.fixture
def job(tmp_path: Path) -> Iterator[Job]:
    job = Job(tmp_path / "job")
    yield job
    job.kill()


@pytest.fixture
def no_inotify(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUBE_POLL", "1")


def entries(job: Job) -> list[Entry]:
    timeline = Timeline(job.folder / "timeline")
    found = list(timeline.entries(0))
    timeline.close()
    return found


def test_an_entry_is_24_bytes_and_comes_back_as_it_was(job: Job) -> None:
    entry = Entry(GAP | LATE, 1_800_000_000.25, 65_535, 65_534, (1 << 48) - 1, (1 << 48) - 2)
    assert len(entry.pack()) == 24
    (job.folder / "timeline").write_bytes(entry.pack())
    assert entries(job) == [entry]


def test_lines_are_recorded_in_the_order_they_appeared(job: Job) -> None:
    job.say(1, "first")
    job.say(0, "second", "third")
    job.say(1, "fourth")
    assert job.texts() == ["worker-1 first", "worker-0 second", "worker-0 third", "worker-1 fourth"]


def test_what_appeared_between_two_looks_is_ordered_by_the_time_of_writing(job: Job) -> None:
    for number, task in enumerate((2, 0, 1)):
        job.write(task, b"token\n")
        os.utime(job.path(task), ns=(0, 1_000_000_000 * (number + 1)))
    job.recorded()
    assert job.texts() == ["ps-0 token", "worker-0 token", "worker-1 token"]


def test_an_unfinished_line_waits_for_its_end(job: Job) -> None:
    job.write(0, b"begun")
    assert not job.record()
    job.write(0, b" and ended\nnext")
    job.recorded()
    assert job.texts() == ["worker-0 begun and ended"]


def test_a_last_line_without_newline_is_recorded_when_the_attempt_has_ended(job: Job) -> None:
    job.write(0, b"one\ntwo")
    job.finish()
    assert job.texts() == ["worker-0 one", "worker-0 two"]
    assert [entry.flags for entry in entries(job)] == [0, OPEN_END]


def test_finishing_twice_records_nothing_twice(job: Job) -> None:
    job.write(0, b"one\ntwo")
    running = set(job.running)
    job.finish()
    job.running = running
    job.own(late=True)
    job.finish()
    assert job.texts() == ["worker-0 one", "worker-0 two"]


def test_attempts_of_one_task_are_kept_apart(job: Job) -> None:
    job.say(0, "first try")
    job.finish()
    job.running = {(0, 2)}
    job.write(0, b"second try\n", attempt=2)
    job.own()
    job.recorded()
    assert [(line.attempt, line.line) for line in job.lines()] == [(1, "first try"), (2, "second try")]


def test_what_appeared_without_an_owner_is_late(job: Job) -> None:
    job.say(0, "seen")
    job.kill()
    job.write(0, b"unseen\n")
    job.own(late=True)
    job.recorded()
    job.say(0, "seen again")
    assert [(line.line, line.late) for line in job.lines()] == [
        ("seen", False),
        ("unseen", True),
        ("seen again", False),
    ]


@pytest.mark.parametrize("torn", [1, 8, 23])
def test_a_torn_last_entry_is_ignored_and_then_removed(job: Job, torn: int) -> None:
    job.say(0, "one")
    job.say(0, "two")
    job.kill()
    path = job.folder / "timeline"
    path.write_bytes(path.read_bytes()[: 24 + torn])
    assert job.texts() == ["worker-0 one"]
    job.own()
    job.recorded()
    assert job.texts() == ["worker-0 one", "worker-0 two"]
    assert path.stat().st_size == 48


def test_zeros_that_a_crash_of_the_machine_left_are_removed(job: Job) -> None:
    job.say(0, "one")
    job.kill()
    with (job.folder / "timeline").open("ab") as file:
        file.write(bytes(24 * 3))
    assert job.texts() == ["worker-0 one"]
    job.own()
    job.say(1, "two")
    assert job.texts() == ["worker-0 one", "worker-1 two"]


def test_a_log_truncated_by_its_writer_leaves_a_gap(job: Job) -> None:
    job.say(0, "old 1", "old 2")
    job.say(1, "other")
    job.path(0).write_bytes(b"new\n")
    job.recorded()
    job.say(0, "newer")
    items = list(job.log.chunks())
    assert [item for item in items if isinstance(item, Gap)] == [
        Gap(12, "worker-0", 1, 12, None, "truncated by its writer"),  # in the place of the lines
        Gap(18, "worker-0", 1, 12, None, "truncated by its writer"),  # where it happened
    ]
    assert job.texts() == ["worker-1 other", "worker-0 new", "worker-0 newer"]
    assert [item.end if isinstance(item, Chunk) else item.cursor for item in items] == [12, 18, 18, 22, 28]


def test_a_log_recreated_by_its_writer_is_read_from_its_begin(job: Job) -> None:
    job.say(0, "old")
    job.path(0).rename(job.path(0).with_suffix(".log.1"))
    assert not job.record()
    job.say(0, "new line, longer than the old one")
    assert [entry.flags for entry in entries(job)] == [0, GAP, 0]
    assert job.texts() == ["worker-0 new line, longer than the old one"]


def test_a_truncation_while_no_owner_was_there_is_found_by_the_next(job: Job) -> None:
    job.say(0, "a long old line")
    job.kill()
    job.path(0).write_bytes(b"new\n")
    job.own(late=True)
    job.recorded()
    assert job.texts() == ["worker-0 new"]


def test_a_log_that_cannot_be_read_does_not_hold_up_the_others(job: Job) -> None:
    job.path(0).mkdir()
    job.say(1, "one")
    assert job.texts() == ["worker-1 one"]
    job.finish()


def test_a_line_longer_than_64_mib_is_recorded_in_pieces(job: Job) -> None:
    with job.path(0).open("wb") as file:
        file.truncate(65 << 20)  # NULs, without taking space
    job.recorded()
    assert not job.record()
    job.write(0, b"end\n")
    job.recorded()
    assert [entry.end for entry in entries(job)] == [64 << 20, (65 << 20) + 4]


def test_a_full_disk_stops_the_recording_and_not_the_owner(job: Job, until: Until) -> None:
    job.say(0, "before")
    job.write(0, b"meanwhile\n")
    room = (job.folder / "timeline").stat().st_size + 10  # of 24 bytes that an entry takes
    with full_after(room):
        assert not job.record()
    assert (job.folder / "timeline").stat().st_size == 24
    until(job.record)
    assert job.texts() == ["worker-0 before", "worker-0 meanwhile"]


class full_after:  # noqa: N801 - reads as the function that it is
    """No file can grow beyond ``size`` bytes; the kernel then writes less and refuses the rest."""

    def __init__(self, size: int) -> None:
        self.size = size

    def __enter__(self) -> None:
        self.before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (self.size, self.before[1]))

    def __exit__(self, *_: object) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, self.before)


def test_a_disk_that_takes_nothing_at_all_is_tried_again(
    job: Job, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    job.own()
    job.write(0, b"one\n")

    def full(_fd: int, _data: bytes) -> int:
        raise OSError(errno.ENOSPC, "no space left")

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", full)
        assert not job.record()
        assert job.recorder is not None
        assert not job.recorder.finish(0, 1)
    until(job.record)
    assert job.texts() == ["worker-0 one"]


def test_an_error_that_is_not_a_full_disk_is_not_swallowed(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    job.own()
    job.write(0, b"one\n")

    def broken(_fd: int, _data: bytes) -> int:
        raise OSError(errno.EIO, "the disk is broken")

    monkeypatch.setattr(os, "write", broken)
    with pytest.raises(OSError, match="broken"):
        job.record()


def test_the_timeline_finds_a_place_by_position_and_by_time(job: Job) -> None:
    job.own()
    for second in range(1000):
        job.write(second % 3, b"123456789\n")
        job.recorded(1_000_000.0 + second)
    timeline = Timeline(job.folder / "timeline")
    assert len(timeline) == 1000
    assert [timeline.find(cursor) for cursor in (0, 1, 9, 10, 11, 9_999, 10_000, 99_999)] == [
        0,
        0,
        0,
        1,
        1,
        999,
        1000,
        1000,
    ]
    assert [timeline.find_time(1_000_000.0 + at) for at in (-5, 0, 0.5, 999, 1000)] == [0, 0, 1, 999, 1000]
    timeline.close()


def test_no_timeline_is_an_empty_one(tmp_path: Path) -> None:
    timeline = Timeline(tmp_path / "none")
    assert (len(timeline), timeline.find(5), list(timeline.entries(0))) == (0, 0, [])


@pytest.mark.parametrize("mode", ["inotify", "no_inotify"])
def test_the_owner_sleeps_until_a_log_grows(job: Job, mode: str, request: pytest.FixtureRequest) -> None:
    if mode == "no_inotify":
        request.getfixturevalue("no_inotify")
    recorder = job.own()
    rest = time.monotonic() + 0.2
    while time.monotonic() < rest:  # until no log is looked at by itself any more
        recorder.wait(0.01)
        recorder.record(time.time())
    writer = threading.Timer(0.05, job.write, (1, b"woken\n"))
    writer.start()
    began = time.monotonic()
    while not job.texts():
        recorder.wait(10.0)
        recorder.record(time.time())
    assert time.monotonic() - began < 5.0
    writer.join()


def test_the_sleep_ends_when_a_descriptor_is_ready_or_a_watched_folder_changes(job: Job, tmp_path: Path) -> None:
    recorder = job.own()
    recorder.watch(tmp_path)
    readable, writable = os.pipe()
    os.write(writable, b"x")
    assert recorder.wait(10.0, [readable]) == [readable]
    os.read(readable, 1)
    threading.Timer(0.05, (tmp_path / "request").touch).start()
    began = time.monotonic()
    while not (tmp_path / "request").exists():
        assert recorder.wait(10.0, [readable]) == []
        recorder.record(time.time())
    assert time.monotonic() - began < 5.0
    os.close(readable)
    os.close(writable)


@pytest.mark.parametrize("mode", ["inotify", "no_inotify"])
def test_an_idle_owner_does_not_spin(job: Job, mode: str, request: pytest.FixtureRequest) -> None:
    if mode == "no_inotify":
        request.getfixturevalue("no_inotify")
    recorder = job.own()
    turns, end = 0, time.monotonic() + 0.5
    while (rest := end - time.monotonic()) > 0:
        recorder.wait(rest)
        recorder.record(time.time())
        turns += 1
    assert turns < 60


PARTS = [b"line", b"\n", b"\n\n", b"10%\r", b"\r\n", b"\xff\xfe", "zażółć".encode(), b"\0", b"x" * 3000, b"", b"\n"]


@pytest.mark.parametrize("seed", range(12))
def test_every_byte_once_and_in_order_whatever_dies(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    job = Job(tmp_path / "job")
    written = dict.fromkeys(range(len(NAMES)), b"")
    live: list[object] = []
    reader = Reader(job.folder, NAMES)
    for turn in range(250):
        task = chance.randrange(len(NAMES))
        data = b"".join(chance.choices(PARTS, k=chance.randrange(1, 12)))
        if turn == 100:
            data += b"y" * 10_000_000 + b"\n"
        job.write(task, data)
        written[task] += data
        if chance.random() < 0.6:
            job.record()
        if chance.random() < 0.1:
            job.kill()
            tear(job, chance)
        elif chance.random() < 0.1:
            job.own(late=True)
        live += sequence(reader.step(limit=chance.choice((1, 100, 1 << 20))))
    job.finish()
    while (items := reader.step(limit=5000)) or not reader.caught_up:
        live += sequence(items)
    reader.close()
    job.kill()

    whole = sequence(job.log.chunks())
    assert live == whole
    for number, data in written.items():
        assert (
            b"".join(item.data for item in job.log.chunks() if isinstance(item, Chunk) and item.number == number)
            == data
        )
    cursors = [cursor for cursor, *_ in whole]
    assert cursors == sorted(set(cursors))
    for _ in range(20):
        cursor = chance.choice([0, *cursors])
        assert sequence(job.log.chunks(cursor)) == [line for line in whole if line[0] > cursor]
        many = chance.randrange(1, 40)
        before = [line for line in whole if line[0] <= cursor][-many:]
        assert sequence(job.log.read_back(cursor, lines=many)) == before
        inside = chance.randrange(cursors[-1])
        after = [line for start, line in zip([0, *cursors[:-1]], whole, strict=True) if start >= inside]
        assert sequence(job.log.chunks(inside)) == after
        assert sequence(job.log.read_back(inside, lines=1)) == whole[: len(whole) - len(after)][-1:]


def tear(job: Job, chance: random.Random) -> None:
    """An owner may die in the middle of its write; what is whole by then may have been read."""
    if chance.random() < 0.7:
        with (job.folder / "timeline").open("ab") as file:
            file.write(chance.randbytes(chance.randrange(1, 24)))


def sequence(items: object) -> list[tuple[int, str, int, str]]:
    found = []
    for item in items:  # type: ignore[attr-defined]
        assert isinstance(item, Chunk), item
        found += [(line.cursor, line.role, line.index, line.line) for line in item.lines()]
    return found
