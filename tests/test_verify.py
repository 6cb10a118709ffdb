"""Whether items still are what they were when they were allowed, or used."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from item_folder import lay

from jupyter_cube.errors import UsageError
from jupyter_cube.marketplace import used
from jupyter_cube.marketplace.catalog import Catalog
from jupyter_cube.marketplace.reference import Reference
from jupyter_cube.marketplace.sources.folder import FolderSource
from jupyter_cube.marketplace.trust import Trust
from jupyter_cube.marketplace.verify import verify


@pytest.fixture
def team(tmp_path: Path) -> Catalog:
    for name in ("a", "b", "c"):
        lay(tmp_path / "team", name)
    found = Catalog([FolderSource("team", tmp_path / "team")], Trust(tmp_path / "trust.json"))
    for name in ("a", "b", "c"):
        found.trust.add(found.find(Reference(name)))
    return found


def test_each_item_is_ok_changed_or_missing(team: Catalog, tmp_path: Path) -> None:
    kept = used.keep(team.find(Reference("c")))
    assert {one.state for one in verify(among=team)} == {"ok"}
    (tmp_path / "team" / "b" / "1.0.0" / "more").write_text("x")
    shutil.rmtree(tmp_path / "team" / "c")
    found = verify(among=team)
    states = {one.label: one for one in found if one.where == "team"}
    assert (states["a@1.0.0"].state, states["b@1.0.0"].state, states["c@1.0.0"].state) == ("ok", "changed", "missing")
    assert "it is sha256:" in states["b@1.0.0"].detail
    assert "a copy is kept" in states["c@1.0.0"].detail
    [copy] = [one for one in found if one.where == "used"]
    assert (copy.state, copy.digest, copy.label) == ("ok", kept.digest, "c@1.0.0")
    assert [one.where for one in verify("c", among=team)] == ["team", "used"]
    assert [one.label for one in verify("b@1.0.0", among=team)] == ["b@1.0.0"]


def test_a_copy_that_was_changed_is_found(team: Catalog) -> None:
    kept = used.keep(team.find(Reference("a")))
    (kept.folder / "link").symlink_to("/etc")
    [copy] = [one for one in verify(among=team) if one.where == "used"]
    assert copy.state == "changed"
    assert "symbolic link" in copy.detail


def test_pins_are_looked_at_too(team: Catalog) -> None:
    digest = f"sha256:{'0' * 64}"
    found = verify(
        pins=[("a", "1.0.0", digest, "team"), ("a", "3.0.0", digest, "team"), ("a", "1.0.0", digest, "no")], among=team
    )
    assert [one.state for one in found] == ["ok", "ok", "ok", "changed", "missing", "missing"]


@pytest.mark.parametrize("digest", ["sha256:../../etc", "", "sha256:", "md5:0", f"sha256:{'0' * 63}/"])
def test_a_digest_is_no_path(team: Catalog, digest: str) -> None:
    with pytest.raises(UsageError, match="is no digest"):
        team.pinned("a", "1.0.0", digest)
