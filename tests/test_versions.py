"""Versions of items, and references to them."""

from __future__ import annotations

import pytest

from jupyter_cube.errors import UsageError
from jupyter_cube.marketplace import reference, version


def test_the_order_of_semver() -> None:
    ordered = [
        "1.0.0-alpha",
        "1.0.0-alpha.1",
        "1.0.0-alpha.beta",
        "1.0.0-beta.2",
        "1.0.0-beta.11",
        "1.0.0-rc.1",
        "1.0.0",
    ]
    ordered += ["1.2.0", "1.10.0", "2.0.0"]
    assert sorted(set(ordered), key=version.key) == ordered


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("", "2.0.0"),
        ("latest", "2.0.0"),
        ("1", "1.10.0"),
        ("1.2", "1.2.3"),
        ("1.2.0", "1.2.0"),
        ("2.1.0-rc.1", "2.1.0-rc.1"),
        ("3", ""),
        ("1.1", ""),
    ],
)
def test_the_newest_that_fits(wanted: str, found: str) -> None:
    assert version.newest(["1.2.0", "1.2.3", "1.10.0", "2.0.0", "2.1.0-rc.1"], wanted) == found


def test_only_a_wish_for_anything_takes_a_pre_release() -> None:
    assert version.newest(["1.0.0-a", "1.0.0-b"]) == "1.0.0-b"
    assert version.newest(["1.0.0-a"], "1") == ""


@pytest.mark.parametrize(
    ("one", "other", "both"),
    [
        ("", "1", "1"),
        ("1", "1.2", "1.2"),
        ("1.2", "1.2.3", "1.2.3"),
        ("1", "2", None),
        ("1.2", "1.3", None),
        ("1", "10", None),
    ],
)
def test_what_fits_both(one: str, other: str, both: str | None) -> None:
    assert version.narrower(one, other) == both
    assert version.narrower(other, one) == both


def test_the_next_patch() -> None:
    assert version.next_patch([]) == "1.0.0"
    assert version.next_patch(["1.0.9", "1.0.10", "0.9.0"]) == "1.0.11"


@pytest.mark.parametrize(
    "text",
    [
        "marketplace://name/mnist",
        "marketplace://name/mnist@1.2.3",
        "marketplace://team/name/mnist@1",
        "marketplace://itemId/0b41d10e-36e5-4e97-95c2-27726dd94f33",
        "https://example.org/item.yaml",
    ],
)
def test_references_are_read_and_written(text: str) -> None:
    assert str(reference.parse(text)) == text


def test_the_seeds_first_spelling() -> None:
    assert str(reference.parse("marketplace://prerequisites/itemId/7")) == "marketplace://itemId/7"


@pytest.mark.parametrize(
    "text",
    [
        *("mnist", "marketplace://mnist", "marketplace://name/", "marketplace://name/a b", "marketplace://name/../x"),
        *("marketplace://name/a@x", "marketplace://name/a@01.0.0", "marketplace://a/b/name/c", "file:///etc/passwd"),
    ],
)
def test_what_names_no_item_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="names no item"):
        reference.parse(text)
