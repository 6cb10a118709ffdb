"""Searching items: names that begin as typed first, then the best of the others."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jupyter_cube.marketplace import indexing
from jupyter_cube.marketplace.places import marketplace_path
from jupyter_cube.marketplace.sources.base import Entry, Source

RANKED = 20_000  # of more matches, the best of so many are shown: their words tell little
_WEIGHTS = "10, 6, 4, 3, 1, 0"  # of the columns, facets last
_MOST_WORDS = 12


@dataclass(frozen=True, slots=True)
class Found:
    """A piece of what was found.

    Attributes:
        total: how many there are.
        problems: sources that could not be read, a line each; an item that cannot be read says so in its entry.
    """

    entries: tuple[Entry, ...]
    total: int
    problems: tuple[str, ...] = ()


class Index:
    """All items of some sources, for lists.

    Args:
        sources: in the order in which they decide.
        path: the cache; default: this account's.
    """

    def __init__(self, sources: Sequence[Source], path: Path | None = None) -> None:
        self.sources = tuple(sources)
        self.path = path or marketplace_path() / "index.sqlite"

    def search(
        self,
        query: str = "",
        *,
        kind: str = "",
        tags: Sequence[str] = (),
        category: str = "",
        author: str = "",
        source: str = "",
        limit: int = 50,
        offset: int = 0,
    ) -> Found:
        """Items whose words begin with all words of the query, and that have all of the properties asked for.

        Names that begin with the query come first, then by rank: name, title, tags, summary, description. Without a
        query, by name. Any text is a query.
        """
        facets = [indexing.facet(letter, value) for letter, value in _asked(kind, tags, category, author, source)]
        with indexing.opened(self.path, self.sources, thorough=True) as (database, problems):
            query = query.strip()
            if query:
                ids, total = _ranked(database, query, facets, limit, offset)
            else:
                ids, total = _listed(database, facets, limit, offset)
            return Found(tuple(_entries(database, ids)), total, tuple(problems))

    def prefix(self, text: str, limit: int = 20) -> list[str]:
        """Names that begin with a text, sorted; for completion."""
        with indexing.opened(self.path, self.sources, thorough=False) as (database, _):
            query = f"select distinct name from items where {_BEGINS} order by name collate nocase limit ?"
            return [row[0] for row in database.execute(query, (*_range(text), limit))]

    def by_id(self, item_id: str) -> Entry | None:
        """The item whose id it is, of the first source that has it."""
        with indexing.opened(self.path, self.sources, thorough=True) as (database, _):
            ids = [row[0] for row in database.execute("select id from items where item_id = ?", (item_id,))]
            order = [one.name for one in self.sources]
            return min(_entries(database, ids), key=lambda entry: order.index(entry.source), default=None)

    def forget(self, source: str, name: str) -> None:
        """An item was published: see it at the next use."""
        indexing.forget(self.path, source, name)


_BEGINS = "name >= ? collate nocase and name < ? collate nocase"


def _range(text: str) -> tuple[str, str]:
    return text, f"{text}\U0010ffff"


def _asked(kind: str, tags: Sequence[str], category: str, author: str, source: str) -> list[tuple[str, str]]:
    found = [("k", kind), *(("t", tag) for tag in tags), ("c", category), ("a", author), ("s", source)]
    return [(letter, value) for letter, value in found if value]


def _ranked(
    database: sqlite3.Connection, query: str, facets: list[str], limit: int, offset: int
) -> tuple[list[int], int]:
    having = "".join(" and instr(facets, ?)" for _ in facets)
    begins = f"from items where {_BEGINS}{having}"
    values: tuple[Any, ...] = (*_range(query), *facets)
    first: int = database.execute(f"select count(*) {begins}", values).fetchone()[0]
    ids = _column(
        database, f"select id {begins} order by name collate nocase, id limit ? offset ?", *values, limit, offset
    )
    words = indexing.words(query)[:_MOST_WORDS]
    if not words:
        return ids, first
    match = _match(words, facets)
    total = database.execute("select count(*) from words where words match ?", (match,)).fetchone()[0]
    if len(ids) < limit:
        ranks = f"select rowid as id, bm25(words, {_WEIGHTS}) as rank from words where words match ? limit {RANKED}"
        rest = f"select id from ({ranks}) where id not in (select id {begins}) order by rank, id limit ? offset ?"
        ids += _column(database, rest, match, *values, limit - len(ids), max(0, offset - first))
    return ids, max(total, first)


def _listed(database: sqlite3.Connection, facets: list[str], limit: int, offset: int) -> tuple[list[int], int]:
    if not facets:
        total = database.execute("select count(*) from items").fetchone()[0]
    else:
        match = _match([], facets)
        total = database.execute("select count(*) from words where words match ?", (match,)).fetchone()[0]
    order = "order by name collate nocase, id limit ? offset ?"
    if facets and total < RANKED:
        query = f"select id from items where id in (select rowid from words where words match ?) {order}"
        return _column(database, query, match, limit, offset), total
    # most items have it: reading them in order soon has enough
    having = "".join(" and instr(facets, ?)" for _ in facets)
    return _column(database, f"select id from items where true{having} {order}", *facets, limit, offset), total


def _match(words: Sequence[str], facets: Sequence[str]) -> str:
    """An expression of FTS5; its words are letters and digits in quotes, whatever was typed."""
    parts = []
    if words:
        typed = " AND ".join(f'"{word}" *' for word in words)
        parts.append(f"({{{' '.join(indexing.COLUMNS)}}} : ({typed}))")
    if facets:
        parts.append(f"(facets : ({' AND '.join(facets)}))")
    return " AND ".join(parts)


def _column(database: sqlite3.Connection, query: str, *values: object) -> list[Any]:
    return [row[0] for row in database.execute(query, values)]


def _entries(database: sqlite3.Connection, ids: Sequence[int]) -> list[Entry]:
    found = []
    for number in ids:
        record = json.loads(database.execute("select entry from items where id = ?", (number,)).fetchone()[0])
        for name in ("tags", "categories"):
            record[name] = tuple(record.get(name, ()))
        found.append(Entry(**record))
    return found
