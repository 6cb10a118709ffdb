"""Which items may be run without asking."""

from __future__ import annotations

import json
import multiprocessing
from dataclasses import replace
from pathlib import Path

import pytest
from item_folder import lay

from jupyter_cube.errors import StoreError
from jupyter_cube.marketplace.item import Published
from jupyter_cube.marketplace.sources.folder import FolderSource
from jupyter_cube.marketplace.trust import Trust


@pytest.fixture
def trust(tmp_path: Path) -> Trust:
    return Trust(tmp_path / "store" / "trust.json")


@pytest.fixture
def team(tmp_path: Path) -> FolderSource:
    for version in ("1.0.0", "1.1.0"):
        lay(tmp_path / "team", "mnist", version, author="Alice")
    lay(tmp_path / "team", "mnist", "1.2.0", author="Bob")
    lay(tmp_path / "team", "other", author="Alice")
    return FolderSource("team", tmp_path / "team")


def test_nothing_is_allowed_before_somebody_says_so(trust: Trust, team: FolderSource) -> None:
    first = team.load("mnist", "1.0.0")
    assert not trust.allows(first)
    assert f"trust mnist@1.0.0 {first.digest}" in trust.line(first)
    assert "used for the first time" in trust.line(first)
    trust.add(first)
    assert trust.allows(first)
    assert Trust(trust.path).allows(first)
    assert trust.path.stat().st_mode & 0o777 == 0o600


def test_a_new_version_by_the_same_publisher_is_allowed(trust: Trust, team: FolderSource) -> None:
    trust.add(team.load("mnist", "1.0.0"))
    assert trust.allows(team.load("mnist", "1.1.0"))
    assert not trust.allows(team.load("other", "1.0.0"))


def test_another_author_another_owner_another_source_ask_again(trust: Trust, team: FolderSource) -> None:
    trust.add(team.load("mnist", "1.0.0"))
    assert not trust.allows(team.load("mnist", "1.2.0"))
    assert "by somebody else than 1.0.0" in trust.line(team.load("mnist", "1.2.0"))
    newer = team.load("mnist", "1.1.0")
    assert not trust.allows(replace(newer, publisher="mallory (uid 4000)"))
    assert not trust.allows(replace(newer, source="elsewhere"))


def test_files_that_all_users_may_change_have_no_publisher(trust: Trust, team: FolderSource) -> None:
    trust.add(team.load("mnist", "1.0.0"))
    folder = team.load("mnist", "1.1.0").folder
    for place in (folder, folder / "item.yaml"):
        place.chmod(place.stat().st_mode | 0o002)
        assert not trust.allows(team.load("mnist", "1.1.0"))
        assert "all users may change it" in trust.line(team.load("mnist", "1.1.0"))
        place.chmod(place.stat().st_mode & ~0o002)
        assert trust.allows(team.load("mnist", "1.1.0"))


def test_an_older_version_asks_again(trust: Trust, team: FolderSource) -> None:
    trust.add(team.load("mnist", "1.1.0"))
    older = team.load("mnist", "1.0.0")
    assert not trust.allows(older)
    assert "it is older than 1.1.0, which is allowed" in trust.line(older)


def test_an_item_with_an_address_is_allowed_as_it_is_and_no_other(trust: Trust, team: FolderSource) -> None:
    address = "http://example.org/item.yaml"
    first, later = (replace(team.load("mnist", v), source=address, publisher=address) for v in ("1.0.0", "1.1.0"))
    trust.add(first)
    assert trust.allows(first)
    assert not trust.allows(later)
    assert "only 1.0.0 of it is allowed" in trust.line(later)


def test_changed_content_asks_again(trust: Trust, team: FolderSource) -> None:
    trust.add(team.load("mnist", "1.0.0"))
    (team.load("mnist", "1.0.0").folder / "item.yaml").write_text("name: mnist\nauthor: Alice\nplugin: cmd\n")
    changed = team.load("mnist", "1.0.0")
    assert not trust.allows(changed)
    assert "content has changed" in trust.line(changed)
    trust.add(changed)
    assert trust.allows(changed)
    assert len(trust.records()) == 1


def test_texts_of_an_item_are_data_in_the_line(trust: Trust, team: FolderSource) -> None:
    found = team.load("mnist", "1.0.0")
    hostile = replace(found, item=replace(found.item, author="\x1b[2J\nEve\u202e trust x"), publisher="a\x07\nb")
    line = trust.line(hostile)
    assert line.isprintable()


def _add(path: Path, published: Published, number: int) -> None:
    Trust(path).add(
        replace(published, item=replace(published.item, version=f"2.0.{number}"), digest=f"sha256:{number}")
    )


def test_many_at_once_lose_nothing(trust: Trust, team: FolderSource) -> None:
    found = team.load("mnist", "1.0.0")
    context = multiprocessing.get_context("spawn")
    started = [context.Process(target=_add, args=(trust.path, found, number)) for number in range(4)]
    for one in started:
        one.start()
    for one in started:
        one.join()
    assert {one.version for one in trust.records()} == {"2.0.0", "2.0.1", "2.0.2", "2.0.3"}


@pytest.mark.parametrize("content", ["{", '{"items": [{"name": "a"}]}', '{"version": 2, "items": []}'])
def test_a_damaged_record_allows_nothing(trust: Trust, team: FolderSource, content: str) -> None:
    trust.path.parent.mkdir()
    trust.path.write_text(content)
    with pytest.raises(StoreError):
        trust.allows(team.load("mnist", "1.0.0"))


def test_the_record_is_readable(trust: Trust, team: FolderSource) -> None:
    trust.add(team.load("mnist", "1.0.0"))
    record = json.loads(trust.path.read_text())
    assert record["version"] == 1
    assert record["items"][0]["name"] == "mnist"
