"""Searching: hits with cursors, and no expression that holds anything up."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from example_log import Job

from jupyter_cube.errors import UsageError
from jupyter_cube.log import search as searching
from jupyter_cube.log.search import search


@pytest.fixture
def job(tmp_path: Path) -> Iterator[Job]:
    job = Job(tmp_path / "job")
    job.say(0, "loading data", "epoch 1 loss=0.5", "Error: none")
    job.say(1, "epoch 1 loss=0.7", "ERROR: disk")
    job.write(0, b"10%\repoch hidden\rdone\n\xffbroken epoch\n")
    job.say(2, "zażółć gęślą", "ZAŻÓŁĆ", "")
    yield job
    job.kill()


CASES = [
    ("epoch", {}, ["epoch 1 loss=0.5", "epoch 1 loss=0.7", "\ufffdbroken epoch"]),
    ("none", {}, ["Error: none"]),
    ("nowhere", {}, []),
    ("ERROR", {}, ["ERROR: disk"]),
    ("error", {"ignore_case": True}, ["Error: none", "ERROR: disk"]),
    ("hidden", {}, []),  # another state of the line has replaced it
    ("\ufffd", {}, ["\ufffdbroken epoch"]),
    ("zażółć", {}, ["zażółć gęślą"]),
    ("zażółć", {"ignore_case": True}, ["zażółć gęślą", "ZAŻÓŁĆ"]),
    ("loss=0.[6-9]", {}, []),
    ("loss=0.[6-9]", {"regex": True}, ["epoch 1 loss=0.7"]),
    ("^error", {"regex": True, "ignore_case": True}, ["Error: none", "ERROR: disk"]),
    ("ł.*l", {"regex": True}, ["zażółć gęślą"]),
    ("^$", {"regex": True}, [""]),
    ("epoch", {"tasks": ["worker-1"]}, ["epoch 1 loss=0.7"]),
    ("epoch", {"limit": 2}, ["epoch 1 loss=0.5", "epoch 1 loss=0.7"]),
    ("epoch", {"limit": 0}, []),
    ("epoch", {"backwards": True}, ["\ufffdbroken epoch", "epoch 1 loss=0.7", "epoch 1 loss=0.5"]),
    ("epoch", {"backwards": True, "limit": 1}, ["\ufffdbroken epoch"]),
    ("epoch|disk", {"regex": True, "backwards": True, "limit": 2}, ["\ufffdbroken epoch", "ERROR: disk"]),
]


@pytest.mark.parametrize(("text", "options", "lines"), CASES)
def test_the_lines_in_which_it_occurs(job: Job, text: str, options: dict[str, object], lines: list[str]) -> None:
    assert [line.line for line in search(job.log, text, **options)] == lines  # type: ignore[arg-type]


def test_a_hits_cursor_leads_to_the_next_hit_and_back(job: Job) -> None:
    hits = list(search(job.log, "epoch"))
    for number, hit in enumerate(hits):
        assert list(search(job.log, "epoch", cursor=hit.cursor)) == hits[number + 1 :]
        assert list(search(job.log, "epoch", cursor=hit.cursor, backwards=True)) == hits[number::-1]
        assert hit in job.lines()


@pytest.mark.parametrize("regex", [False, True])
def test_random_lines_against_a_plain_filter(tmp_path: Path, regex: bool) -> None:
    chance = random.Random(7)
    job = Job(tmp_path / "job")
    for _ in range(300):
        job.write(chance.randrange(3), bytes(chance.choices(b"ab\xc3\xa4\r\n\n", k=chance.randrange(1, 60))))
        job.record()
    job.finish()
    job.kill()
    for text in ("a", "ab", "bb", "ä", "aäb"):
        expected = [line for line in job.lines() if text in line.line]
        assert list(search(job.log, text, regex=regex)) == expected
        assert list(search(job.log, text, regex=regex, backwards=True)) == expected[::-1]


def test_an_expression_that_never_ends_is_ended(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searching, "REGEX_SECONDS", 1)
    job.say(0, "a" * 40 + "!")
    began = time.monotonic()
    with pytest.raises(UsageError, match=r"takes more than 1 s; .*nested repeats"):
        list(search(job.log, "(a+)+$", regex=True))
    assert time.monotonic() - began < 15


@pytest.mark.parametrize("text", ["(", "[z-a]", "(?P<1>x)", "x{99999999999999999999}"])
def test_an_invalid_expression_is_a_mistake_in_one_line(job: Job, text: str) -> None:
    with pytest.raises(UsageError, match="not a regular expression"):
        list(search(job.log, text, regex=True))


def test_an_empty_text_is_a_mistake(job: Job) -> None:
    with pytest.raises(UsageError, match="no text"):
        list(search(job.log, ""))


def test_a_search_that_is_left_leaves_no_process(job: Job) -> None:
    children = Path(f"/proc/self/task/{threading.get_native_id()}/children")
    before = set(children.read_text().split())  # those of tests that ran before this one
    hits = search(job.log, "epoch", regex=True)
    assert next(hits).line == "epoch 1 loss=0.5"
    assert set(children.read_text().split()) - before
    hits.close()  # type: ignore[attr-defined]
    assert not set(children.read_text().split()) - before
