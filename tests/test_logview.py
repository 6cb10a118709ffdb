"""The merged log as text: what is written, and what a cell is spared."""

from __future__ import annotations

import io
import re
import time

import pytest

from jupyter_cube import logview
from jupyter_cube.api import submit
from jupyter_cube.handle import Job
from jupyter_cube.log.follow import Gap, Line
from jupyter_cube.logview import Budget, View


def cell(view: View) -> str:
    out = io.StringIO()
    logview.write_cell(view, out)
    return out.getvalue()


def ended(text: str, **options: object) -> Job:
    job = submit(text, shell=True, **options)
    job.wait(30)
    return job


def test_a_budget_lets_a_burst_through_and_then_a_steady_stream() -> None:
    now = [0.0]
    budget = Budget(lambda: now[0])
    assert budget.take(logview.CELL_BURST) == logview.CELL_PAUSE
    assert budget.take(logview.CELL_RATE) == pytest.approx(1.0)
    now[0] = 1.0
    assert budget.take(0) == logview.CELL_PAUSE
    now[0] = 1e6
    assert budget.take(logview.CELL_BURST + logview.CELL_RATE) == pytest.approx(1.0)


def test_a_line_is_shown_without_what_would_move_the_cursor() -> None:
    line = Line(9, 0.0, "worker", 0, 1, "\x1b[2J\x1b[31mred", False)
    assert logview.text_of(line, prefixed=True) == "worker-0 │ red\n"
    assert logview.text_of(line, prefixed=False, colour=True) == "\x1b[31mred\x1b[0m\n"
    assert logview.text_of(line, prefixed=False, shown=False) == "\x1b[2J\x1b[31mred\n"


def test_a_gap_says_how_much_is_missing_and_why() -> None:
    gap = Gap(100, "worker-0", 1, 2_000_000, None, "its log file is gone")
    assert logview.text_of(gap, prefixed=True) == "— 2.0 MB missing: its log file is gone —\n"
    assert logview.record(gap) == {
        "cursor": 100,
        "gap": {"task": "worker-0", "attempt": 1, "bytes": 2_000_000, "lines": None, "reason": "its log file is gone"},
    }


def test_every_line_is_followed_once_while_it_is_written() -> None:
    job = submit("for i in $(seq 1 200); do echo $i; sleep 0.002; done", shell=True)
    assert cell(View(job, follow=True)).split() == [str(n) for n in range(1, 201)]


def test_the_first_line_does_not_wait_for_the_second() -> None:
    job = submit("echo first; sleep 20", shell=True)
    seen = iter(logview._followed(View(job, follow=True)))
    begun = time.monotonic()
    assert [line.line for line in next(seen)] == ["first"]
    assert time.monotonic() - begun < 5
    job.stop()


def test_a_flood_is_cut_and_the_cut_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logview, "CELL_BURST", 20_000)
    job = ended("seq 1 100000")
    text = cell(View(job, follow=True))
    assert text.endswith("\n100000\n")
    [(lines, cursor)] = re.findall(r"— ([\d,]+) lines \(.*\) skipped, .*--cursor (\d+) —", text)
    shown = [int(word) for word in text.splitlines() if word.isdigit()]
    assert len(shown) + int(lines.replace(",", "")) == 100_000
    assert shown == sorted(set(shown))
    first = next(iter(job.lines(int(cursor))))
    assert int(first.line) == shown[0] - int(lines.replace(",", ""))


def test_a_long_log_shows_its_end_and_how_to_see_all() -> None:
    job = ended("seq 1 5000")
    lines = cell(View(job)).splitlines()
    assert lines[1:] == [str(n) for n in range(4001, 5001)]
    assert f"logs {job.short_id} --cursor 0" in lines[0]
    assert cell(View(job, tail=2)) == "4999\n5000\n"
    assert cell(View(ended("echo short"))) == "short\n"


def test_a_long_log_is_paged_by_cursor() -> None:
    job = ended("seq 1 30000")
    seen, cursor = [], 0
    for _ in range(10):
        *lines, last = cell(View(job, cursor=cursor)).splitlines()
        seen += lines
        if (more := re.search(r"--cursor (\d+)", last)) is None:
            seen.append(last)
            break
        cursor = int(more[1])
    assert seen == [str(n) for n in range(1, 30001)]


def test_a_very_long_line_is_cut() -> None:
    text = cell(View(ended("head -c 20000 /dev/zero | tr '\\0' x; echo")))
    assert len(text) < 6000
    assert "15,000 more characters" in text


def test_a_search_shows_hits_only() -> None:
    job = ended('echo "one $PAI_CURRENT_TASK_ROLE_CURRENT_TASK_INDEX"; echo two', instances=2)
    assert sorted(cell(View(job, search="one")).splitlines()) == ["worker-0 │ one 0", "worker-1 │ one 1"]
    assert cell(View(job, tasks=("worker-1",), search="on. 1", regex=True)) == "one 1\n"
