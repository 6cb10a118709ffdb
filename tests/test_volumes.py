"""Mounts that are asked for in several places."""

from __future__ import annotations

import pytest

from jupyter_cube.lifecycle.plan import Mount
from jupyter_cube.plugins.volumes import merge


def nfs(source: str, target: str, origin: str, *, read_only: bool = False) -> Mount:
    return Mount("storage", source, target, read_only, origin)


def test_the_same_volume_at_the_same_path_is_one_mount() -> None:
    merged = merge([nfs("a", "/mnt/a", "x"), nfs("a", "/mnt/a/", "y")])
    assert merged.mounts == (nfs("a", "/mnt/a", "x"),)
    assert (merged.faults, merged.warnings) == ((), ())


def test_one_volume_at_two_paths_is_two_mounts() -> None:
    assert [mount.target for mount in merge([nfs("a", "/mnt/b", "x"), nfs("a", "/mnt/a", "y")]).mounts] == [
        "/mnt/a",
        "/mnt/b",
    ]


@pytest.mark.parametrize(
    ("asked", "fault"),
    [
        ([nfs("a", "/m", "x"), nfs("b", "/m", "y")], "two storages are mounted at /m: a (x) and b (y)"),
        (
            [nfs("a", "/m", "x"), nfs("a", "/m", "y", read_only=True)],
            "storage a at /m is read-only for y and not for x",
        ),
        ([nfs("a", "m", "x")], "x: 'm' is no absolute path without '..'"),
        ([nfs("a", "/m/../etc", "x")], "x: '/m/../etc' is no absolute path without '..'"),
        ([nfs("a", "/", "x")], "x: nothing can be mounted at /"),
        ([nfs("a", "/proc/1", "x")], "x: nothing can be mounted at /proc/1"),
        ([nfs("a", "/m\x1b[2J", "x")], "x: '/m\\x1b[2J' is no absolute path without '..'"),
    ],
)
def test_what_contradicts_is_named(asked: list[Mount], fault: str) -> None:
    assert merge(asked).faults == (fault,)


def test_one_inside_another_is_a_warning() -> None:
    merged = merge([nfs("a", "/mnt", "x"), nfs("b", "/mnt/b", "y")])
    assert merged.faults == ()
    assert merged.warnings == ("storage b at /mnt/b (y) lies inside a at /mnt (x)",)


def test_a_volume_wins_over_a_directory_for_a_path() -> None:
    directory = Mount("job", "k", "/mnt/a", origin="item")
    for asked in ([directory, nfs("a", "/mnt/a", "x")], [nfs("a", "/mnt/a", "x"), directory]):
        assert merge(asked).mounts == (nfs("a", "/mnt/a", "x"),)


def test_a_directory_that_two_datasets_fill_is_shared_with_no_other_job() -> None:
    one, other = Mount("cache", "k1", "/d", origin="one"), Mount("cache", "k2", "/d", origin="other")
    (mount,) = merge([one, other, one]).mounts
    assert (mount.kind, mount.target) == ("job", "/d")


def test_nothing_lies_inside_a_directory_that_jobs_share() -> None:
    outer, inner = Mount("cache", "k1", "/d", origin="one"), Mount("cache", "k2", "/d/x", origin="other")
    assert merge([outer, inner]).faults == ("/d/x (other) lies inside /d (one), which jobs share",)
