"""Clearing what jobs share: what nobody used for long goes, what somebody uses stays."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from web import files, serving

import jupyter_cube
from jupyter_cube import cache
from jupyter_cube.cli import main
from jupyter_cube.config import cache_path, store_path
from jupyter_cube.errors import UsageError
from jupyter_cube.lifecycle.state import State
from jupyter_cube.marketplace.sources import settings

DAY = 86400.0


def age(path: Path, days: float) -> Path:
    moment = time.time() - days * DAY
    os.utime(path, (moment, moment))
    return path


def environment(name: str, days: float) -> Path:
    place = cache_path() / "environments" / name
    (place / "bin").mkdir(parents=True)
    (place / ".ready").touch()
    age(place / ".ready", days)
    return place


def download(letter: str, days: float, size: int = 5000) -> Path:
    place = cache_path() / "objects" / "sha256" / (letter * 2) / (letter * 64)
    place.parent.mkdir(parents=True)
    place.write_bytes(b"x" * size)
    return age(place, days)


def shared() -> Path:
    (entry,) = (cache_path() / "entries").iterdir()
    return entry


def test_what_was_not_used_for_long_goes(capsys: pytest.CaptureFixture[str]) -> None:
    old, new = environment("old", 40), environment("new", 20)
    gone, kept = download("a", 31), download("b", 1)
    assert main(["clean", "--cache", "--older-than", "30d", "--dry-run"]) == 0
    said = capsys.readouterr().out
    assert f"would delete environment {old}" in said
    assert f"would delete download {gone}" in said
    assert old.exists()
    assert gone.exists()
    assert main(["clean", "--cache", "--older-than", "30d", "--json"]) == 0
    assert {one["path"] for one in json.loads(capsys.readouterr().out)} == {str(old), str(gone)}
    assert not old.exists()
    assert not gone.exists()
    assert new.exists()
    assert kept.exists()
    assert main(["clean", "--cache", "--older-than", "30d"]) == 0
    assert capsys.readouterr().out == "nothing to delete\n"


def test_the_longest_unused_go_until_the_rest_is_small_enough() -> None:
    oldest, middle, newest = (download(letter, days, 1 << 20) for letter, days in (("a", 3), ("b", 2), ("c", 1)))
    assert [one.path for one in cache.clear(size="2M")] == [oldest]
    assert [one.path for one in cache.clear(size=0)] == [newest, middle]


def test_what_a_job_that_runs_may_use_stays_and_a_later_job_sets_it_up_again(until: Callable[..., None]) -> None:
    until_file = store_path().parent / "go"
    job = jupyter_cube.submit(f"until [ -e {until_file} ]; do sleep 0.05; done", shell=True, require=("digits",))
    until(lambda: (cache_path() / "entries").is_dir() and (shared() / "done").exists())
    assert cache.clear(older_than=0) == []
    until_file.touch()
    assert job.wait(20) is State.SUCCEEDED
    (cleared,) = cache.clear(older_than=0)
    assert cleared.kind == "data"
    assert cleared.size > 10_000
    assert not cleared.path.exists()
    again = jupyter_cube.submit("cat /dataset/digits/*.csv | wc -l", shell=True, require=("digits",))
    assert again.wait(20) is State.SUCCEEDED


def test_a_use_is_remembered(until: Callable[..., None]) -> None:
    assert jupyter_cube.submit("true", shell=True, require=("digits",)).wait(20) is State.SUCCEEDED
    age(shared(), 40)
    assert jupyter_cube.submit("true", shell=True, require=("digits",)).wait(20) is State.SUCCEEDED
    assert cache.clear(older_than="30d") == []


def test_an_environment_that_is_being_built_stays() -> None:
    import fcntl

    place = environment("busy", 40)
    with open(f"{place}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert cache.clear(older_than="30d") == []
    assert [one.path for one in cache.clear(older_than="30d")] == [place]


def test_who_begins_to_use_it_while_it_is_removed_keeps_it(monkeypatch: pytest.MonkeyPatch) -> None:
    place = download("a", 40)
    rename = Path.rename

    def used_just_before(self: Path, target: Path) -> Path:
        os.utime(self)
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", used_just_before)
    assert cache.clear(older_than="30d") == []
    assert place.exists()


def test_what_was_fetched_of_a_source_goes_when_the_source_is_removed() -> None:
    with serving(files({"/index.json": b'{"version": 1, "items": []}'})) as web:
        settings.add("team", web)
        settings.states()
    assert cache.clear(older_than=0) == []
    settings.remove("team")
    (cleared,) = cache.clear(older_than=0)
    assert cleared.kind == "source"


def test_what_a_clearing_that_was_killed_left_is_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    left = environment(f"{cache._AWAY}x-1", 40)
    cache.clear(older_than="30d")
    assert left.exists(), "it may be somebody's who clears now"
    monkeypatch.setattr(cache, "_HOUR", -1.0)
    cache.clear(older_than="30d")
    assert not left.exists()


def test_a_rule_is_needed(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(UsageError, match="needs a rule; add --older-than 30d or --size 20G"):
        cache.clear()
    assert main(["clean", "--cache", "--keep", "3"]) == 2
    assert "it counts jobs" in capsys.readouterr().err
