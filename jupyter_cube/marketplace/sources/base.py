"""What every source of items is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar

from jupyter_cube.errors import CubeError
from jupyter_cube.lifecycle.render import plain
from jupyter_cube.marketplace.item import Published
from jupyter_cube.marketplace.version import newest

_LONGEST = 1000  # characters of what is wrong with an item


@dataclass(frozen=True, slots=True)
class Entry:
    """One item in a list: plain text without control sequences, and the newest version."""

    source: str
    name: str
    version: str
    kind: str = ""
    title: str = ""
    summary: str = ""
    description: str = ""
    author: str = ""
    id: str = ""
    tags: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    problem: str = ""


@dataclass(frozen=True, slots=True)
class State:
    """How a source is.

    Attributes:
        items: how many names it has.
        as_of: when what is here was fetched, seconds since the epoch; 0: it is read where it lies.
        problem: why it could not be reached the last time; empty: it could.
        detail: what is here, such as a commit.
    """

    name: str
    uri: str
    items: int = 0
    as_of: float = 0.0
    problem: str = ""
    detail: str = ""


class Source(ABC):
    """A place that has items, each in some versions.

    A source that is far away keeps what it fetched and answers from that: only ``refresh``, and the very first use,
    reach the network.

    Attributes:
        name: what it is called in references.
        uri: where it is.
        writable: ``publish`` may put items there.
    """

    writable: ClassVar[bool] = False

    def __init__(self, name: str, uri: str) -> None:
        self.name = name
        self.uri = uri

    @abstractmethod
    def names(self) -> Iterable[str]:
        """All names, for lists and for hints.

        Raises:
            BackendError: it cannot be reached and nothing was fetched before.
        """

    @abstractmethod
    def versions(self, name: str) -> list[str]:
        """The versions of one item, in any order; none: it has no such item. The catalog asks this first.

        Raises:
            BackendError: as ``names``.
        """

    @abstractmethod
    def load(self, name: str, version: str) -> Published:
        """One version that ``versions`` has named.

        Raises:
            CubeError: it is broken, has other content than its index says, or has gone.
        """

    def refresh(self, older: float = 0.0) -> bool:  # noqa: ARG002 (sources that are far away fetch)
        """Fetch again what was fetched longer than ``older`` seconds ago; whether something new is here.

        Called where a name was not found, and where a person lists items or sources.

        Raises:
            BackendError: it cannot be reached.
        """
        return False

    def stamp(self) -> str:
        """Text that changes when names come or go; the search index asks it before every search."""
        return ""

    def name_stamp(self, name: str) -> str:  # noqa: ARG002 (one stamp is enough where all changes at once)
        """Text that changes when the item's versions or its newest one change."""
        return ""

    def entries(self, names: Iterable[str]) -> Iterator[Entry]:
        """What lists show of these items; of a broken one, what is wrong. Read by the search index."""
        for name in names:
            version = newest(self.versions(name))
            if not version:
                continue
            try:
                yield entry(self.load(name, version))
            except CubeError as error:
                yield Entry(self.name, name, version, problem=one_line(str(error))[:_LONGEST])

    def misplaced(self) -> list[str]:
        """Files of items at places where no source looks for them, and what to do, a line each."""
        return []

    def state(self) -> State:
        """How it is, for ``sources``."""
        try:
            return State(self.name, self.uri, items=sum(1 for _ in self.names()))
        except CubeError as error:
            return State(self.name, self.uri, problem=self.problem(error))

    def problem(self, error: CubeError) -> str:
        """What is wrong with it, beside its name and its address."""
        text = error.message.removeprefix(f"the source '{self.name}' ")
        return one_line(f"{text}; {error.hint}" if error.hint else text)


def entry(published: Published) -> Entry:
    """What lists show of an item."""
    item = published.item
    return Entry(
        *(published.source, item.name, item.version, item.kind, one_line(item.title), one_line(item.summary)),
        *(plain(item.description), one_line(item.author), item.id),
        tags=tuple(map(one_line, item.tags)),
        categories=tuple(map(one_line, item.categories)),
    )


def one_line(text: str) -> str:
    """Text as data: one line, without control sequences and what turns the direction of writing."""
    text = " ".join(plain(text).split())
    return text if text.isprintable() else "".join(c for c in text if c.isprintable())
