"""Versions of items: semantic versions (semver.org 2.0.0) and what a reference may ask of them."""

from __future__ import annotations

import re
from collections.abc import Iterable

Key = tuple[int, int, int, tuple[tuple[int, int, str], ...]]

VERSION = r"(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?"
# ``1`` and ``1.2`` ask for the newest under them, a whole version for exactly it
WANTED = rf"(?:0|[1-9]\d*)(?:\.(?:0|[1-9]\d*))?|{VERSION}|latest"
FIRST = "1.0.0"

_VERSION = re.compile(r"(\d+)\.(\d+)\.(\d+)(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?")
_LAST = (1, 0, "")  # sorts a release behind its pre-releases


def key(version: str) -> Key:
    """What versions are ordered by; text that is no version sorts first."""
    found = _VERSION.fullmatch(version)
    if found is None:
        return (-1, -1, -1, ((0, 0, version),))
    major, minor, patch, pre = found.groups()
    if pre is None:
        return (int(major), int(minor), int(patch), (_LAST,))
    parts = tuple((0, int(part), "") if part.isdigit() else (0, 1 << 62, part) for part in pre.split("."))
    return (int(major), int(minor), int(patch), parts)


def exact(wanted: str) -> bool:
    """Whether it names one version."""
    return wanted.count(".") >= 2


def fits(version: str, wanted: str) -> bool:
    """Whether a version is what was asked for; a range never means a pre-release."""
    if exact(wanted):
        return version == wanted
    if "-" in version.partition("+")[0]:
        return False
    return wanted in ("", "latest") or version.startswith(f"{wanted}.")


def newest(versions: Iterable[str], wanted: str = "") -> str:
    """The newest version that fits; empty where none does. Where there are only pre-releases, the newest of them."""
    known = list(versions)
    found = [version for version in known if fits(version, wanted)]
    if not found and wanted in ("", "latest"):
        found = known
    return max(found, key=key, default="")


def narrower(one: str, other: str) -> str | None:
    """What fits both wishes; None where nothing can."""
    one, other = one.replace("latest", ""), other.replace("latest", "")
    if not one or other == one or fits(other, one) or other.startswith(f"{one}."):
        return other
    if not other or fits(one, other) or one.startswith(f"{other}."):
        return one
    return None


def next_patch(versions: Iterable[str]) -> str:
    """The version after the newest of these."""
    last = newest(versions)
    found = _VERSION.fullmatch(last)
    return FIRST if found is None else f"{found[1]}.{found[2]}.{int(found[3]) + 1}"
