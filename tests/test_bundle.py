"""What a cell's output holds of a job."""

from __future__ import annotations

import json
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from jupyter_cube import bundle, submit
from jupyter_cube.bundle import MIME, Snapshot
from jupyter_cube.hint import shell_prefix
from jupyter_cube.lifecycle.state import Exit, JobState, State, TaskState

NOW = 1_800_000_000.0
ID = "k3jabcdefghijklm"


def snapshot(
    state: State = State.RUNNING, tasks: int = 1, *, tail: tuple[str, ...] = (), name: str = "train", reason: str = ""
) -> Snapshot:
    made = tuple(
        TaskState(f"worker-{n}", "worker", n, state, ended=NOW, exit=Exit("command", 1, 1)) for n in range(tasks)
    )
    job = JobState(state, made, started=NOW - 41, ended=NOW if state.final else 0, reason=reason)
    return Snapshot("/home/me/cube", ID, name, job, tail, NOW)


def test_the_three_forms_say_the_same() -> None:
    forms = bundle.bundle(snapshot(tasks=2, tail=("worker-0 │ epoch 3",)))
    assert set(forms) == {MIME, "text/html", "text/plain"}
    for form in (forms["text/html"], forms["text/plain"]):
        for part in (
            "train",
            "running 0:41",
            "◐◐",
            "worker-0 │ epoch 3",
            "as of",
            "logs k3jabc --follow",
            "stop k3jabc",
        ):
            assert part in form
    assert forms[MIME] == {
        "version": 1,
        "store": "/home/me/cube",
        "id": ID,
        "name": "train",
        "state": "RUNNING",
        "reason": "",
        "started": NOW - 41,
        "ended": 0,
        "as_of": NOW,
        "tasks": {"worker": [["RUNNING", 2]]},
        "tail": ["worker-0 │ epoch 3"],
        "cursors": [],
        "size": 0,
        "held": [],
        "enter": "",
        "next": bundle.next_steps(snapshot(tasks=2)),
    }


@pytest.mark.parametrize(
    ("shown", "words"),
    [
        (snapshot(State.FAILED, 3, reason="worker-0 exit 1"), ["logs k3jabc --task worker-0", "retry k3jabc"]),
        (snapshot(State.FAILED), ["logs k3jabc ", "retry k3jabc"]),
        (snapshot(State.SUCCEEDED), ["logs k3jabc"]),
        (snapshot(State.STOPPED), ["logs k3jabc"]),
        (snapshot(State.WAITING, reason="needs 2 GPUs, 1 free"), ["needs 2 GPUs, 1 free", "stop k3jabc"]),
    ],
    ids=lambda value: value.state.state.value if isinstance(value, Snapshot) else "",
)
def test_every_state_says_what_can_be_done(shown: Snapshot, words: list[str]) -> None:
    text = bundle.text(shown)
    for word in words:
        assert word in text


def test_a_held_job_says_how_to_enter_and_to_release_it() -> None:
    shown = snapshot()
    held = replace(shown.state.tasks[0], held="held for debugging, 28 min left")
    shown = replace(shown, state=replace(shown.state, tasks=(held,)))
    assert bundle.next_steps(shown)[-1].endswith("debug k3jabc --release")
    record = bundle.record(shown)
    assert record["held"] == [["worker-0", 0.0]]
    assert record["enter"] == f"{shell_prefix()} debug {ID}"


@pytest.mark.parametrize(
    ("text", "shell", "reason"),
    [
        ("import json\n\ndef f(x):\n    return json.loads(x)\n\nf('{')", False, "worker-0 exit 1 (cell line 4)"),
        ("import os\nos._exit(3)", False, "worker-0 exit 3"),
        ("echo 'File \"/files/cell.py\", line 7'\nexit 3", True, "worker-0 exit 3"),
    ],
    ids=["in the cell", "without a traceback", "shell"],
)
def test_a_failed_cell_says_in_which_line(text: str, shell: bool, reason: str) -> None:
    job = submit(text, shell=shell, detach=True)
    job.wait(20)
    record = bundle.record(bundle.snapshot(job, job.snapshot()))
    assert record["reason"] == reason


def test_each_line_has_its_place_in_the_log() -> None:
    job = submit("for n in $(seq 9); do echo line $n; done", shell=True, detach=True)
    job.wait(20)
    record = bundle.record(bundle.snapshot(job, job.snapshot()))
    assert record["size"] == job.log.end == record["cursors"][-1]
    assert [next(job.lines(cursor)).line for cursor in record["cursors"][:-1]] == record["tail"][1:]


def test_tasks_keep_their_order_in_the_record() -> None:
    states = [State.RUNNING, State.RUNNING, State.FAILED, State.RUNNING]
    tasks = tuple(TaskState(f"w-{n}", "w", n, one) for n, one in enumerate(states))
    shown = Snapshot("s", ID, "n", JobState(State.RUNNING, tasks), (), NOW)
    assert bundle.record(shown)["tasks"] == {"w": [["RUNNING", 2], ["FAILED", 1], ["RUNNING", 1]]}


def test_many_tasks_are_counts_in_the_record() -> None:
    tasks = tuple(TaskState(f"w-{n}", "w", n, State.FAILED if n == 70 else State.RUNNING) for n in range(100))
    shown = Snapshot("s", ID, "n", JobState(State.RUNNING, tasks), (), NOW)
    assert bundle.record(shown)["tasks"] == {"w": {"RUNNING": 99, "FAILED": 1}}


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, list[str]]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, [name for name, _ in attrs]))

    def handle_data(self, data: str) -> None:
        self.text += data


def test_texts_of_a_job_are_only_text_in_html() -> None:
    evil = "<script>alert(1)</script><img src=x onerror=alert(1)> & \x1b]0;t\x07'\""
    tags = Tags()
    tags.feed(bundle.html(snapshot(State.FAILED, 2, name=evil, reason=evil, tail=(evil,))))
    assert {tag for tag, _ in tags.seen} <= {"div", "span", "b", "pre", "code"}
    assert {name for _, names in tags.seen for name in names} == {"style"}
    assert tags.text.count("<script>alert(1)</script>") == 3


@pytest.mark.parametrize(
    "shown",
    [
        snapshot(tail=tuple("x" * 10_000 for _ in range(5))),
        snapshot(tail=tuple("<&>ä" * 1000 for _ in range(5)), name="n" * 255, reason="r" * 5000),
        snapshot(tasks=1000, tail=("a", "b")),
    ],
    ids=["long lines", "escaped", "many tasks"],
)
def test_a_bundle_is_never_large(shown: Snapshot) -> None:
    forms = bundle.bundle(shown)
    assert len(json.dumps(forms, ensure_ascii=False).encode()) <= 4096
    assert forms[MIME]["state"] in forms["text/plain"].upper()


def test_the_newest_lines_are_kept() -> None:
    shown = snapshot(tail=tuple(f"{n} " + "<" * 119 for n in range(5)))
    assert bundle.bundle(shown)[MIME]["tail"][-1].startswith("4 ")
