"""Cards that live: when they are sent, and what the last one shows."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

import pytest

from jupyter_cube import bundle
from jupyter_cube.api import submit
from jupyter_cube.lifecycle.state import State
from jupyter_cube.notebook import display
from jupyter_cube.notebook.display import Cards, Pace

Sent = list[tuple[str, Mapping[str, Any], bool]]


@pytest.fixture
def sent() -> Sent:
    return []


@pytest.fixture
def cards(sent: Sent) -> Cards:
    return Cards(lambda display_id, forms, update: sent.append((display_id, forms, update)))


def states(sent: Sent) -> list[str]:
    return [forms[bundle.MIME]["state"] for _, forms, _ in sent]


def test_a_card_is_sent_at_most_twice_a_second() -> None:
    pace = Pace()
    pace.record(100.0, 500, changed=True)
    assert pace.due(state_changed=True, changed=True) == 100.5
    assert pace.due(state_changed=False, changed=True) == 100.5


def test_a_card_without_news_is_sent_less_and_less() -> None:
    pace, now, gaps = Pace(), 0.0, []
    pace.record(now, 500, changed=True)
    for _ in range(10):
        due = pace.due(state_changed=False, changed=False)
        gaps.append(due - now)
        now = due
        pace.record(now, 500, changed=False)
    assert gaps == [0.5, 1, 2, 4, 8, 16, 32, 60, 60, 60]
    pace.record(now, 500, changed=True)
    assert pace.due(state_changed=False, changed=False) == now + 0.5


def test_after_a_megabyte_only_states_are_news() -> None:
    pace = Pace()
    pace.record(0.0, 1_000_000, changed=True)
    assert pace.due(state_changed=False, changed=True) == 60
    assert pace.due(state_changed=True, changed=True) == 0.5


def test_the_last_card_shows_the_end_and_the_thread_ends(cards: Cards, sent: Sent, until) -> None:
    job = submit("echo one; echo two", shell=True, name="pair")
    cards.show(job)
    cards.settle(job.id, timeout=20)
    assert states(sent)[-1] == "SUCCEEDED"
    assert sent[-1][1][bundle.MIME]["tail"] == ["one", "two"]
    assert "two" in sent[-1][1]["text/plain"]
    assert [update for _, _, update in sent] == [False] + [True] * (len(sent) - 1)
    assert len({display_id for display_id, _, _ in sent}) == 1
    until(lambda: not [one for one in threading.enumerate() if one.name == "jupyter-cube-cards"])


def test_a_failed_job_shows_the_lines_of_the_task_that_failed(cards: Cards, sent: Sent) -> None:
    text = 'if [ "$PAI_CURRENT_TASK_ROLE_CURRENT_TASK_INDEX" = 1 ]; then echo boom; exit 3; fi; echo fine; sleep 30'
    job = submit(text, shell=True, instances=2)
    cards.show(job)
    cards.settle(job.id, timeout=20)
    last = sent[-1][1]
    assert last[bundle.MIME]["tail"] == ["worker-1 │ boom"]
    assert "worker-1 exit 3" in last["text/plain"]
    assert f"logs {job.short_id} --task worker-1" in last["text/plain"]


def test_an_ended_job_is_shown_once(cards: Cards, sent: Sent) -> None:
    job = submit("true", shell=True)
    job.wait(20)
    cards.show(job)
    assert states(sent) == ["SUCCEEDED"]
    assert not cards.living


def test_a_flood_of_lines_is_not_a_flood_of_updates(cards: Cards, sent: Sent) -> None:
    job = submit("for i in $(seq 1 100); do echo $i; sleep 0.01; done", shell=True)
    cards.show(job)
    cards.settle(job.id, timeout=20)
    assert len(sent) <= 8
    assert sent[-1][1][bundle.MIME]["tail"][-1] == "100"


def test_many_cards_share_the_kernels_rate(cards: Cards, sent: Sent, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(display, "KERNEL_RATE", 2.0)
    jobs = [submit("for i in 1 2 3 4 5 6 7 8; do echo $i; sleep 0.1; done", shell=True) for _ in range(4)]
    for job in jobs:
        cards.show(job)
    for job in jobs:
        cards.settle(job.id, timeout=20)
    assert states(sent).count("SUCCEEDED") == 4
    running = len(sent) - 8  # besides the first and the last of each
    assert running <= 12


def test_a_job_deleted_under_its_card_ends_the_card(cards: Cards, sent: Sent, until) -> None:
    job = submit("sleep 30", shell=True)
    cards.show(job)
    job.stop()
    job.wait(20)
    job.delete()
    until(lambda: not cards.living)
    assert State(states(sent)[0]) in (State.WAITING, State.RUNNING)


def test_the_end_is_sent_once_more_for_who_was_between_two_cells(cards: Cards, sent: Sent, until) -> None:
    job = submit("sleep 0.2", shell=True)
    cards.show(job)
    until(lambda: not cards.living)
    assert states(sent)[-2:] == ["SUCCEEDED", "SUCCEEDED"]
