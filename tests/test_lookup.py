"""Which job is meant: an exact name comes before the beginning of another job's id."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from jupyter_cube.errors import NotFoundError
from jupyter_cube.lifecycle.plan import Plan, Role
from jupyter_cube.store import lookup
from jupyter_cube.store.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def create(store: Store, monkeypatch: pytest.MonkeyPatch, job_id: str, name: str) -> str:
    monkeypatch.setattr("os.urandom", lambda _: base64.b32decode(job_id.upper()))
    record = {"name": name, "user": "u", "machine": "m", "host": "h", "backend": "local", "tags": []}
    plan = Plan(name, (Role("w", "true"),))
    made = store.create(plan, record=record, spec="{}", private={}, owner_script="", wrapper="")
    assert made.id == job_id
    return made.id


SLEEPER, OTHER, THIRD = "ff5hqhaaaaaaaaaa", "h3j7aaaaaaaaaaaa", "ff5hzzaaaaaaaaaa"


def test_an_exact_name_wins_over_the_beginning_of_another_id(store: Store, monkeypatch) -> None:
    create(store, monkeypatch, SLEEPER, "slp")
    named = create(store, monkeypatch, OTHER, "ff5")
    assert lookup.find(store, "ff5").id == named
    assert lookup.find(store, "ff5h").id == SLEEPER
    assert lookup.find(store, SLEEPER).id == SLEEPER
    create(store, monkeypatch, THIRD, "more")
    assert lookup.find(store, "ff5").id == named, "also where several ids begin so"


def test_of_several_jobs_of_a_name_the_newest_is_meant(store: Store, monkeypatch) -> None:
    create(store, monkeypatch, SLEEPER, "train")
    newest = create(store, monkeypatch, OTHER, "train")
    assert lookup.find(store, "train").id == newest


def test_one_or_two_characters_are_no_id(store: Store, monkeypatch) -> None:
    create(store, monkeypatch, SLEEPER, "slp")
    for asked in ("f", "ff"):
        with pytest.raises(NotFoundError) as caught:
            lookup.find(store, asked)
        assert str(caught.value) == f"no job has the name '{asked}'; of an id write 3 characters or more"
    named = create(store, monkeypatch, OTHER, "f")
    assert lookup.find(store, "f").id == named


def test_several_ids_that_begin_so_are_listed_with_their_names(store: Store, monkeypatch) -> None:
    create(store, monkeypatch, SLEEPER, "slp")
    create(store, monkeypatch, THIRD, "other")
    with pytest.raises(NotFoundError) as caught:
        lookup.find(store, "ff5h")
    line = "2 jobs begin with 'ff5h': ff5hzzaa (other), ff5hqhaa (slp); write more of the id"
    assert str(caught.value) == line


def test_a_damaged_job_is_still_found_by_its_id(store: Store, monkeypatch) -> None:
    (store.jobs_path / create(store, monkeypatch, SLEEPER, "slp") / "job.json").write_text("{")
    assert lookup.find(store, "ff5hq").id == SLEEPER


@pytest.mark.parametrize(("asked", "advice"), [("tain", "did you mean train?"), ("", "list them with: ")])
def test_a_name_that_no_job_has(store: Store, monkeypatch, asked: str, advice: str) -> None:
    create(store, monkeypatch, SLEEPER, "train")
    with pytest.raises(NotFoundError, match="no job ") as caught:
        lookup.find(store, asked)
    assert advice in str(caught.value)
