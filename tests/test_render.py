"""Jobs and log lines as text."""

from __future__ import annotations

import pytest

from jupyter_cube.lifecycle import render
from jupyter_cube.lifecycle.state import Exit, JobState, State, TaskState
from jupyter_cube.store.index import Summary

NOW = 1_800_000_000.0


def job(state: State, *tasks: State, started: float = NOW - 151, ended: float = 0, reason: str = "") -> JobState:
    made = tuple(TaskState(f"worker-{n}", "worker", n, one, attempt=1) for n, one in enumerate(tasks))
    return JobState(state, made, started=started, ended=ended, reason=reason, as_of=NOW)


@pytest.mark.parametrize(
    ("state", "line"),
    [
        (job(State.RUNNING, State.RUNNING), "◐ train  running 2:31"),
        (job(State.WAITING, State.WAITING, started=0, reason="needs 2 GPUs"), "○ train  waiting · needs 2 GPUs"),
        (job(State.SUCCEEDED, State.SUCCEEDED, ended=NOW - 110, reason="all"), "✓ train  succeeded after 0:41"),
        (job(State.STOPPED, State.STOPPED, started=0, ended=NOW), "■ train  stopped"),
        (
            job(State.FAILED, State.STOPPED, State.FAILED, ended=NOW - 110, reason="worker-1 exit 1"),
            "✕ train  failed after 0:41 · worker-1 exit 1  worker ■✕",
        ),
        (job(State.UNKNOWN, State.UNKNOWN, ended=NOW), "? train  unknown after 2:31"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_headline_says_the_state_in_shape_and_word(state: JobState, line: str) -> None:
    assert render.headline("train", state, NOW) == line


def test_many_tasks_become_counts() -> None:
    state = job(State.RUNNING, *[State.RUNNING] * 99, State.FAILED)
    assert render.task_marks(state) == "worker ◐99 ✕1"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0:00"), (-3, "0:00"), (59.9, "0:59"), (61, "1:01"), (3661, "1:01:01"), (90061, "1 d 1:01:01")],
)
def test_durations(seconds: float, text: str) -> None:
    assert render.duration(seconds) == text


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (12_345_678, "12.3 MB"), (2e12, "2.0 TB"), (5e15, "5000 TB")],
)
def test_sizes(number: float, text: str) -> None:
    assert render.size(number) == text


@pytest.mark.parametrize(
    ("text", "plain", "coloured"),
    [
        ("loss 0.1", "loss 0.1", "loss 0.1"),
        ("\x1b[31mred\x1b[0m", "red", "\x1b[31mred\x1b[0m"),
        ("\x1b]0;title\x07x", "x", "x"),
        ("\x1b]52;c;ZXZpbA==\x1b\\x", "x", "x"),
        ("\x1b[2J\x1b[1;1Hx", "x", "x"),
        ("\x1bPq#0\x1b\\x", "x", "x"),
        ("a\x08b\x00c\x7f\x9b2Jd", "abc2Jd", "abc2Jd"),
        ("\x1bcx", "x", "x"),
        ("tab\tstays ä│", "tab\tstays ä│", "tab\tstays ä│"),
        ("cut off \x1b[", "cut off ", "cut off "),
        ("cut off \x1b]0;ti", "cut off ", "cut off "),
    ],
)
def test_a_terminal_is_shown_text_and_colour_and_nothing_else(text: str, plain: str, coloured: str) -> None:
    assert render.plain(text) == plain
    assert render.plain(text, colours=True) == coloured


def test_the_table_of_jobs_lines_up() -> None:
    def row(name: str, state: State, reason: str = "") -> Summary:
        return Summary("abcdefghijklmnop", name, state, reason, "local", NOW, NOW, NOW + 61, 4, (), "")

    table = render.job_table(
        [row("train", State.FAILED, "worker-1 exit 1"), row("a-longer-name", State.SUCCEEDED)], NOW
    )
    head, first, second = table.splitlines()
    assert head.index("STATE") == first.index("✕ FAILED") == second.index("✓ SUCCEEDED")
    assert first.endswith("1:01       worker-1 exit 1") or "1:01  worker-1 exit 1" in first
    assert "abcdef" in first
    assert render.job_table([], NOW) == "no jobs\n"


def test_the_table_of_tasks_says_how_each_ended() -> None:
    killed = TaskState(
        "ps-0", "ps", 0, State.FAILED, attempt=2, started=NOW - 9, ended=NOW, exit=Exit("command", 137, 137)
    )
    held = TaskState("ps-1", "ps", 1, State.WAITING, reason="after worker")
    text = render.task_table(JobState(State.RUNNING, (killed, held)), NOW)
    assert "✕ ps-0  FAILED  0:09  exit 137 (or signal 9)  attempt 2\n" in text
    assert "○ ps-1  WAITING  after worker\n" in text


def test_a_prefix_keeps_its_colour() -> None:
    assert render.prefix("worker", 0) == "worker-0 │ "
    coloured = render.prefix("worker", 0, colour=True)
    assert coloured == render.prefix("worker", 0, colour=True)
    assert render.plain(coloured) == "worker-0 │ "


def test_a_record_as_lines_leaves_empty_values_out() -> None:
    text = render.fields(
        {"id": "x", "tags": [], "cwd": "", "env": {"A": "1"}, "steps": [{"a": 1}, {"a": 2}], "text": "l1\nl2"}
    )
    assert text == "id: x\nenv:\n  A: 1\nsteps:\n  - a: 1\n  - a: 2\ntext: l1\n  l2\n"
