"""Items pinned in a job: a line each, ``SOURCE/NAME@VERSION DIGEST``."""

from __future__ import annotations

import re

from jupyter_cube.errors import UsageError
from jupyter_cube.lifecycle.plan import Origin
from jupyter_cube.marketplace.reference import NAME
from jupyter_cube.marketplace.version import VERSION

_PIN = re.compile(rf"(?:(?P<source>\S+)/)?(?P<name>{NAME})(?:@(?P<version>{VERSION}))? (?P<digest>\S+)")


def pin(origin: Origin) -> str:
    """The line that pins an item."""
    return f"{label(origin)} {origin.digest}"


def label(origin: Origin) -> str:
    """Where an item comes from, its name and its version."""
    version = f"@{origin.version}" if origin.version else ""
    return f"{origin.source}/{origin.name}{version}" if origin.source else f"{origin.name}{version}"


def parse(line: str, *, kind: str = "") -> Origin:
    """The item that a line pins.

    Raises:
        UsageError: it pins none.
    """
    match = _PIN.fullmatch(line)
    if match is None:
        hint = "write SOURCE/NAME@VERSION DIGEST, or leave the line away for the newest"
        raise UsageError(f"{line!r:.200} pins no item", place="extras.jupyter_cube", hint=hint)
    return Origin(match["name"], match["version"] or "", match["digest"], match["source"] or "", kind)
