"""Finding items over several sources, and the very versions that a job was run with."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from item_folder import lay

from jupyter_cube.errors import ConflictError, CubeError, NotFoundError
from jupyter_cube.marketplace import used
from jupyter_cube.marketplace.catalog import Catalog, catalog
from jupyter_cube.marketplace.reference import Reference, parse
from jupyter_cube.marketplace.sources.folder import FolderSource
from jupyter_cube.marketplace.trust import Trust


@pytest.fixture
def team(tmp_path: Path) -> Path:
    root = tmp_path / "team"
    for version in ("1.0.0", "1.1.0", "1.10.0", "2.0.0-rc.1"):
        lay(root, "mnist", version)
    return root


@pytest.fixture
def other(tmp_path: Path) -> Path:
    root = tmp_path / "other"
    lay(root, "mnist", "9.0.0")
    lay(root, "fashion")
    return root


@pytest.fixture
def both(team: Path, other: Path, tmp_path: Path) -> Catalog:
    return Catalog([FolderSource("team", team), FolderSource("other", other)], Trust(tmp_path / "trust.json"))


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("marketplace://name/mnist", ("team", "1.10.0")),
        ("marketplace://name/mnist@latest", ("team", "1.10.0")),
        ("marketplace://name/mnist@1", ("team", "1.10.0")),
        ("marketplace://name/mnist@1.1", ("team", "1.1.0")),
        ("marketplace://name/mnist@2.0.0-rc.1", ("team", "2.0.0-rc.1")),
        ("marketplace://other/name/mnist", ("other", "9.0.0")),
        ("marketplace://name/fashion", ("other", "1.0.0")),
    ],
)
def test_the_first_source_that_has_the_name_decides(both: Catalog, written: str, found: tuple[str, str]) -> None:
    item = both.find(parse(written))
    assert (item.source, item.item.version) == found


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("marketplace://name/mnits", ["no item 'mnits'", "asked: team, other", "did you mean 'mnist'"]),
        ("marketplace://name/mnist@9", ["'mnist' of the source 'team' has no version 9", "1.10.0, 1.1.0, 1.0.0"]),
        ("marketplace://tema/name/mnist", ["no source 'tema'", "'team'"]),
        ("marketplace://team/name/fashion", ["no item 'fashion'", "asked: team)"]),
    ],
)
def test_what_is_not_there_is_said_with_what_is(both: Catalog, written: str, words: list[str]) -> None:
    with pytest.raises(NotFoundError) as caught:
        both.find(parse(written))
    for word in words:
        assert word in str(caught.value)


def test_a_source_that_is_gone_hides_no_other(both: Catalog, team: Path) -> None:
    shutil.rmtree(team)
    assert both.find(Reference("mnist")).source == "other"
    assert both.versions("mnist") == ["9.0.0"]
    assert both.names("f") == ["fashion"]
    with pytest.raises(NotFoundError, match="'team' cannot be read"):
        both.find(Reference("cifar"))


def test_a_broken_item_is_an_error_and_no_other_source_is_asked(both: Catalog, team: Path) -> None:
    (team / "mnist" / "1.10.0" / "item.yaml").write_text("nmae: mnist")
    with pytest.raises(CubeError, match="unknown key 'nmae'"):
        both.find(Reference("mnist"))


def test_a_kept_item_is_found_when_its_source_has_changed_or_gone(both: Catalog, team: Path) -> None:
    (team / "mnist" / "1.0.0" / "run.sh").write_text("true\n")
    (team / "mnist" / "1.0.0" / "run.sh").chmod(0o755)
    found = both.find(Reference("mnist", "1.0.0"))
    kept = used.keep(found)
    assert used.keep(found) == kept
    (team / "mnist" / "1.0.0" / "run.sh").write_text("false\n")
    again = both.pinned("mnist", "1.0.0", found.digest, "team")
    assert (again.digest, again.folder, again.trusted) == (found.digest, kept.folder, True)
    assert (again.folder / "run.sh").read_text() == "true\n"
    assert (again.folder / "run.sh").stat().st_mode & 0o777 == 0o555
    shutil.rmtree(team)
    assert both.pinned("mnist", "1.0.0", found.digest).item.summary == "what mnist is"


def test_a_pin_that_no_longer_fits_names_both_digests(both: Catalog, team: Path) -> None:
    found = both.find(Reference("mnist", "1.0.0"))
    assert both.pinned("mnist", "1.0.0", found.digest).folder == found.folder
    (team / "mnist" / "1.0.0" / "more").write_text("x")
    with pytest.raises(ConflictError) as caught:
        both.pinned("mnist", "1.0.0", found.digest, "team")
    assert found.digest in str(caught.value)
    assert both.find(Reference("mnist", "1.0.0")).digest in str(caught.value)
    with pytest.raises(NotFoundError, match="is gone"):
        both.pinned("mnist", "7.0.0", found.digest, "team")


def test_a_copy_that_was_changed_is_not_used(both: Catalog) -> None:
    found = both.find(Reference("mnist", "1.0.0"))
    kept = used.keep(found)
    (kept.folder / "item.yaml").chmod(0o644)
    (kept.folder / "item.yaml").write_text("name: mnist\nplugin: cmd\n")
    with pytest.raises(CubeError, match="kept copy of an item was changed"):
        both.pinned("mnist", "1.0.0", found.digest)
    with pytest.raises(CubeError, match="kept copy of an item was changed"):
        used.keep(found)


def test_the_users_own_items_come_first(own_places: Path) -> None:
    lay(own_places / "marketplace" / "items", "mine-only")
    assert catalog().find(Reference("mine-only")).source == "mine"
