"""Following live: every line once, what is not recorded yet, slow readers, and the end."""

from __future__ import annotations

import asyncio
import random
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from example_log import Job

from jupyter_cube.log import follow as following
from jupyter_cube.log.follow import Chunk, Follower, Gap, Line, begun, follow, follow_sync

Until = Callable[..., None]
Item = Chunk | Gap


@pytest.fixture
def job(tmp_path: Path) -> Iterator[Job]:
    job = Job(tmp_path / "job")
    yield job
    job.kill()


@pytest.fixture(params=["inotify", "no inotify"])
def mode(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "no inotify":
        monkeypatch.setenv("CUBE_POLL", "1")


class Listener:
    """A thread that follows, and what it has got."""

    def __init__(self, job: Job, cursor: int = 0, **options: object) -> None:
        self.items: list[Item] = []
        self.over = threading.Event()
        self.stop = threading.Event()
        batches = follow_sync(job.log, cursor, ended=self.over.is_set, stop=self.stop, **options)  # type: ignore[arg-type]
        self.thread = threading.Thread(target=self._run, args=(batches,))
        self.thread.start()

    def _run(self, batches: Iterator[list[Item]]) -> None:
        for batch in batches:
            self.items += batch

    def lines(self) -> list[Line]:
        return [line for item in self.items if isinstance(item, Chunk) for line in item.lines()]

    def texts(self) -> list[str]:
        return [line.line for line in self.lines()]

    def end(self) -> None:
        self.over.set()
        self.thread.join(10)
        assert not self.thread.is_alive()


@pytest.fixture
def listen(job: Job) -> Iterator[Callable[..., Listener]]:
    listeners: list[Listener] = []

    def start(cursor: int = 0, **options: object) -> Listener:
        listeners.append(Listener(job, cursor, **options))
        return listeners[-1]

    yield start
    for listener in listeners:
        listener.stop.set()
        listener.thread.join(10)


def test_an_ended_log_is_given_whole_and_then_the_end(job: Job) -> None:
    job.say(0, "one")
    job.say(1, "two")
    batches = list(follow_sync(job.log, ended=lambda: True))
    assert [item.data for batch in batches for item in batch if isinstance(item, Chunk)] == [b"one\n", b"two\n"]


def test_what_is_recorded_between_the_last_look_and_the_end_is_given(job: Job) -> None:
    job.say(0, "one")
    answers = [True, True, False]

    def ended() -> bool:
        if len(answers) == 2:
            job.say(0, "last words")
        return answers.pop()

    texts = [line.line for batch in follow_sync(job.log, ended=ended) for item in batch for line in item.lines()]  # type: ignore[union-attr]
    assert texts == ["one", "last words"]


@pytest.mark.usefixtures("mode")
def test_live_lines_wake_the_reader(
    job: Job, listen: Callable[..., Listener], until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "_HEARTBEAT", 60.0)
    listener = listen()
    for number in range(20):
        job.say(number % 3, f"line {number}")
        until(lambda number=number: len(listener.items) > number)
    assert listener.texts() == [f"line {number}" for number in range(20)]
    listener.over.set()
    job.say(0, "the end")  # whoever ends a job writes that down, which wakes its readers
    listener.end()


def test_a_reader_that_resumes_gets_what_the_first_one_would_have_got(
    job: Job, listen: Callable[..., Listener]
) -> None:
    chance = random.Random(5)
    first = listen()
    resumed: list[Line] = []
    for turn in range(60):
        job.say(chance.randrange(3), *(f"{turn}.{part}" for part in range(chance.randrange(1, 4))))
        if chance.random() < 0.2:
            cursor = resumed[-1].cursor if resumed else 0
            for batch in follow_sync(job.log, cursor, ended=lambda: True):
                resumed += [line for item in batch if isinstance(item, Chunk) for line in item.lines()]
    job.finish()
    for batch in follow_sync(job.log, resumed[-1].cursor, ended=lambda: True):
        resumed += [line for item in batch if isinstance(item, Chunk) for line in item.lines()]
    first.end()
    assert first.lines() == resumed == job.lines()


@pytest.mark.usefixtures("mode")
def test_the_async_form_gives_the_same(job: Job) -> None:
    over = threading.Event()

    async def collect() -> list[Line]:
        found: list[Line] = []
        async for batch in follow(job.log, ended=over.is_set):
            found += [line for item in batch if isinstance(item, Chunk) for line in item.lines()]
        return found

    def write() -> None:
        for number in range(50):
            job.say(number % 3, f"line {number}")
            time.sleep(0.001)
        over.set()

    writer = threading.Thread(target=write)
    writer.start()
    lines = asyncio.run(collect())
    writer.join()
    assert lines == job.lines()
    assert len(lines) == 50


def test_the_async_form_can_be_left_in_the_middle(job: Job) -> None:
    job.say(0, "one")

    async def first() -> list[Item]:
        batches = follow(job.log, ended=lambda: False)
        async for batch in batches:
            await batches.aclose()  # type: ignore[attr-defined]
            return batch
        return []

    async def cancelled() -> None:
        async def forever() -> None:
            async for _ in follow(job.log, ended=lambda: False):
                pass

        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(forever(), 0.1)

    assert len(asyncio.run(first())) == 1
    asyncio.run(cancelled())


def test_stop_ends_a_thread_that_waits(job: Job, listen: Callable[..., Listener]) -> None:
    listener = listen()
    listener.stop.set()
    listener.thread.join(5)
    assert not listener.thread.is_alive()


def test_some_tasks_only(job: Job, listen: Callable[..., Listener], until: Until) -> None:
    listener = listen(tasks=["worker-1"])
    job.say(0, "no")
    job.say(1, "yes")
    until(listener.texts)
    listener.end()
    assert listener.texts() == ["yes"]


@pytest.mark.usefixtures("mode")
def test_first_lines_show_before_there_is_an_owner(
    job: Job, listen: Callable[..., Listener], until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "_PATIENCE", 60.0)  # that of lines which come later
    monkeypatch.setattr(following, "_START", 60.0)
    listener = listen(provisional=True)
    job.write(0, b"first\n")
    until(listener.texts)
    job.write(0, b"second\n")
    job.recorded()
    until(lambda: len(listener.texts()) == 2)
    job.finish()
    listener.end()
    assert listener.texts() == ["first", "second"]
    assert max(item.end for item in listener.items if isinstance(item, Chunk)) == 13


def test_a_line_shown_early_gets_its_cursor_later_and_is_not_shown_again(job: Job) -> None:
    follower = Follower(job.log, provisional=True)
    job.write(0, b"one\ntwo\nhal")
    (early,) = follower.next()
    assert isinstance(early, Chunk)
    assert (early.data, early.provisional, early.start, early.end) == (b"one\ntwo\n", True, 0, 0)
    job.write(0, b"f\n")
    job.recorded()
    (later,) = follower.next()
    assert isinstance(later, Chunk)
    assert (later.data, later.provisional, later.start, later.end) == (b"half\n", False, 8, 13)
    follower.close()


def test_without_an_owner_lines_show_after_a_while(job: Job, listen: Callable[..., Listener], until: Until) -> None:
    job.say(0, "recorded")
    job.kill()
    listener = listen(provisional=True)
    job.write(0, b"orphaned\n")
    until(lambda: len(listener.texts()) == 2)
    job.own(late=True)
    job.recorded()
    until(lambda: any(isinstance(item, Chunk) and item.end == 18 for item in listener.items))
    listener.end()
    assert listener.texts() == ["recorded", "orphaned"]


def test_a_view_that_does_not_ask_sees_recorded_lines_only(
    job: Job, listen: Callable[..., Listener], until: Until
) -> None:
    listener, other = listen(), listen(provisional=True)
    job.write(0, b"not recorded\n")
    until(lambda: other.texts() == ["not recorded"])
    listener.stop.set()
    listener.thread.join(10)
    assert listener.items == []


def test_a_prompt_without_newline_shows_after_a_short_wait(
    job: Job, listen: Callable[..., Listener], until: Until
) -> None:
    job.own()
    listener = listen(partial=True)
    job.say(0, "begin")
    job.write(0, b"Continue? ")
    until(lambda: "Continue? " in listener.texts())
    job.write(0, b"yes\n")
    job.recorded()
    until(lambda: "Continue? yes" in listener.texts())
    listener.end()
    assert listener.texts() == ["begin", "Continue? ", "Continue? yes"]
    assert [item.partial for item in listener.items if isinstance(item, Chunk)] == [False, True, False]


def test_a_growing_progress_line_is_shown_anew(job: Job, listen: Callable[..., Listener], until: Until) -> None:
    listener = listen(partial=True, provisional=True)
    for percent in ("10%", "50%", "100%"):
        job.write(0, f"\r{percent}".encode())
        until(lambda percent=percent: listener.texts()[-1:] == [percent])
    job.write(0, b"\n")
    job.finish()
    listener.end()
    assert listener.texts() == ["10%", "50%", "100%", "100%"]


def test_the_next_attempt_shows_before_it_is_recorded(job: Job, listen: Callable[..., Listener], until: Until) -> None:
    job.say(0, "try 1")
    job.finish()
    listener = listen(provisional=True)
    job.write(0, b"try 2\n", attempt=2)
    until(lambda: len(listener.texts()) == 2)
    listener.end()
    assert [(line.attempt, line.line) for line in listener.lines()] == [(1, "try 1"), (2, "try 2")]


def test_attaching_late_shows_what_is_not_recorded_and_nothing_twice(job: Job) -> None:
    job.say(0, "one")
    job.say(1, "two")
    job.write(0, b"three\n")
    job.kill()
    for cursor, expected in [(0, ["one", "two", "three"]), (4, ["two", "three"]), (8, ["three"])]:
        batches = follow_sync(job.log, cursor, ended=lambda: True, provisional=True)
        texts = [line.line for batch in batches for item in batch for line in item.lines()]  # type: ignore[union-attr]
        assert texts == expected


def test_what_nobody_ever_recorded_shows_at_the_end(job: Job) -> None:
    job.write(0, b"all of\nit")
    texts = [
        line.line
        for batch in follow_sync(job.log, ended=lambda: True, provisional=True)
        for item in batch
        for line in item.lines()  # type: ignore[union-attr]
    ]
    assert texts == ["all of", "it"]


def test_more_than_a_batch_of_it_is_cut_at_newlines(job: Job) -> None:
    job.write(0, b"x" * 700_000 + b"\n" + b"y" * 700_000 + b"\n" + b"z" * 700_000)
    items = [item for batch in follow_sync(job.log, ended=lambda: True, provisional=True) for item in batch]
    assert [len(line.line) for item in items for line in item.lines()] == [700_000] * 3  # type: ignore[union-attr]


def test_a_slow_reader_jumps_and_says_what_it_skipped(job: Job) -> None:
    for number in range(1000):
        job.say(0, f"line {number:04}")
    batches = list(follow_sync(job.log, ended=lambda: True, behind=200))
    gap, *rest = [item for batch in batches for item in batch]
    assert isinstance(gap, Gap)
    assert (gap.reason, gap.bytes, gap.cursor) == ("skipped", 9900, 9900)
    assert [line.line for item in rest for line in item.lines()] == [f"line {n:04}" for n in range(990, 1000)]  # type: ignore[union-attr]


def test_a_reader_that_jumps_shows_nothing_provisional_of_what_it_skipped(job: Job) -> None:
    follower = Follower(job.log, provisional=True)
    job.say(0, "one")
    job.say(1, "two")
    follower.skip_to(job.log.end)
    assert [type(item) for item in follower.next(final=True)] == [Gap]
    assert follower.next(final=True) == []
    follower.close()


def test_a_truncation_is_told_where_it_happened_once(job: Job, listen: Callable[..., Listener], until: Until) -> None:
    listener = listen(provisional=True)
    job.say(0, "old old old")
    until(lambda: any(isinstance(item, Chunk) and item.end == 12 for item in listener.items))
    job.path(0).write_bytes(b"new\n")
    job.recorded()
    until(lambda: len(listener.texts()) == 2)
    job.say(0, "newer")
    job.finish()
    listener.end()
    assert listener.texts() == ["old old old", "new", "newer"]
    assert [item.reason for item in listener.items if isinstance(item, Gap)] == ["truncated by its writer"]


@pytest.mark.usefixtures("mode")
def test_a_follower_of_an_idle_job_does_not_spin(job: Job) -> None:
    asked = 0
    end = time.monotonic() + 0.5

    def ended() -> bool:
        nonlocal asked
        asked += 1
        return time.monotonic() > end

    list(follow_sync(job.log, ended=ended))
    assert asked < 40


def test_what_nobody_has_recorded_yet_is_there_until_somebody_has(job: Job) -> None:
    assert begun(job.log) == []
    job.write(0, b"one\ntwo\nha")
    assert [line.line for chunk in begun(job.log) for line in chunk.lines()] == ["one", "two"]
    job.recorded()
    assert begun(job.log) == []
