"""How an item is named: ``marketplace://[SOURCE/]name/NAME[@VERSION]``, ``marketplace://itemId/ID``, an address."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass

from jupyter_cube.errors import UsageError
from jupyter_cube.marketplace.version import WANTED

SCHEME = "marketplace://"
NAME = r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,98}[A-Za-z0-9])?"
NAME_WORDS = "of letters, digits, '.', '_' and '-'"

_ID = "(?:prerequisites/)?itemId"  # the seeds' first spelling had the kind in front
_BY_NAME = re.compile(rf"(?:(?P<source>{NAME})/)?name/(?P<name>{NAME})(?:@(?P<version>{WANTED}))?")
_BY_ID = re.compile(rf"{_ID}/(?P<id>[A-Za-z0-9][\w.~-]{{0,127}})(?:@(?P<version>{WANTED}))?")
_SHORT = re.compile(rf"(?:(?P<source>{NAME})/)?(?P<name>{NAME})(?:@(?P<version>{WANTED}))?")
_FORM = f"{SCHEME}name/NAME, {SCHEME}name/NAME@1.2.3 or {SCHEME}itemId/ID"


@dataclass(frozen=True, slots=True)
class Reference:
    """What names an item.

    Attributes:
        name: of the item; empty where ``id`` or ``address`` names it.
        version: what was asked for: exact, ``1``, ``1.2``, ``latest`` or empty.
        source: the only source it may come from; empty: the first one that has the name.
        address: the item's own ``http(s)://`` address.
    """

    name: str = ""
    version: str = ""
    source: str = ""
    id: str = ""
    address: str = ""

    def __str__(self) -> str:
        if self.address:
            return self.address
        version = f"@{self.version}" if self.version else ""
        source = f"{self.source}/" if self.source else ""
        return f"{SCHEME}itemId/{self.id}{version}" if self.id else f"{SCHEME}{source}name/{self.name}{version}"


def is_reference(text: str) -> bool:
    """Whether a text names an item, and not a prerequisite of the job itself."""
    return text.startswith((SCHEME, "http://", "https://"))


@functools.lru_cache(maxsize=65536)
def parse(text: str) -> Reference:
    """The reference that a text is.

    Raises:
        UsageError: it is none.
    """
    if text.startswith(("http://", "https://")):
        return Reference(address=text)
    if not text.startswith(SCHEME):
        raise UsageError(f"{text!r:.100} names no item", hint=f"write {_FORM}")
    rest = text[len(SCHEME) :]
    if found := _BY_NAME.fullmatch(rest):
        return Reference(found["name"], found["version"] or "", found["source"] or "")
    if found := _BY_ID.fullmatch(rest):
        return Reference(id=found["id"], version=found["version"] or "")
    raise UsageError(f"{text!r:.100} names no item", hint=f"write {_FORM}")


def malformed(text: str) -> UsageError | None:
    """What is wrong with the reference that a text should be."""
    try:
        parse(text)
    except UsageError as error:
        return error
    return None


def typed(text: str) -> Reference:
    """The reference that a person typed: ``[SOURCE/]NAME[@VERSION]``, or as in a job.

    Raises:
        UsageError: it is none.
    """
    if is_reference(text):
        return parse(text)
    found = _SHORT.fullmatch(text)
    if found is None:
        raise UsageError(f"{text!r:.100} names no item", hint="write NAME, NAME@1.2.3 or SOURCE/NAME")
    return Reference(found["name"], found["version"] or "", found["source"] or "")
