"""The search index of all sources: a cache in SQLite, made anew when it is missing, old or damaged.

Only names that are new or have changed are read again. Whether names have come or gone is seen at every use; whether
one of many has changed, every few minutes.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import os
import re
import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from itertools import islice
from pathlib import Path

from jupyter_cube.errors import CubeError
from jupyter_cube.marketplace.places import locked
from jupyter_cube.marketplace.sources.base import Entry, Source

SMALL = 200  # names of a source of which each is looked at every time
INTERVAL = 300.0  # seconds between two looks at each name of a larger one
PATIENCE = 2.0  # seconds to wait for another process that brings the index up to date
COLUMNS = ("name", "title", "tags", "summary", "description")

_VERSION = 1
_CHUNK = 2000  # names a transaction
_LONGEST = 20_000  # characters of a description that are searched
_SCHEMA = f"""
create table sources (name text primary key, uri, stamp, checked);
create table items (id integer primary key, source, name, item_id, stamp, facets, entry);
create unique index items_name on items (name collate nocase, source);
create index items_source on items (source, name collate nocase);
create index items_id on items (item_id) where item_id != '';
create virtual table words using fts5({", ".join(COLUMNS)}, facets, tokenize = "unicode61 remove_diacritics 2",
                                      prefix = '1 2 3 4 5 6');
pragma user_version = {_VERSION};
"""
_IDEOGRAMS = re.compile(r"([\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff])")
_WORD = re.compile(r"[^\W_]+")


@contextlib.contextmanager
def opened(path: Path, sources: Sequence[Source], *, thorough: bool) -> Iterator[tuple[sqlite3.Connection, list[str]]]:
    """The index as the sources are now, and which of them could not be read.

    Args:
        thorough: look at the names of small sources, too.
    """
    try:
        database, problems = _current(path, sources, thorough=thorough)
    except (OSError, sqlite3.DatabaseError):
        # damaged, of another version, or where nothing can be written
        try:
            path.unlink(missing_ok=True)
            database, problems = _current(path, sources, thorough=thorough)
        except (OSError, sqlite3.DatabaseError):
            database = _connect(":memory:")
            problems = _update(database, sources, thorough=thorough)
    with contextlib.closing(database):
        yield database, problems


def forget(path: Path, source: str, name: str) -> None:
    """An item has changed: read it at the next use, however large its source is."""
    with contextlib.suppress(OSError, sqlite3.DatabaseError):
        if path.exists():
            with contextlib.closing(_connect(path)) as database, database:
                database.execute("update items set stamp = '' where source = ? and name = ?", (source, name))
                database.execute("update sources set stamp = '' where name = ?", (source,))


def spaced(text: str) -> str:
    """Text whose ideograms are words of their own."""
    return _IDEOGRAMS.sub(r" \1 ", text)


def words(text: str) -> list[str]:
    """The words of a text as the index has them."""
    return _WORD.findall(spaced(text))


@functools.lru_cache(maxsize=10_000)
def facet(kind: str, value: str) -> str:
    """The word that stands for a property of an item, which no text can be taken for."""
    return f"{kind}{hashlib.sha256(value.strip().casefold().encode()).hexdigest()[:20]}"


def _current(path: Path, sources: Sequence[Source], *, thorough: bool) -> tuple[sqlite3.Connection, list[str]]:
    if not path.exists():
        with locked(path.with_suffix(".lock")):
            if not path.exists():
                return _made(path, sources)
    database = _connect(path)
    try:
        if not _due(database, sources, thorough=thorough):
            return database, []
        with locked(path.with_suffix(".lock"), patience=PATIENCE) as alone:
            # while another process reads many items, what it had before is shown
            return database, _update(database, sources, thorough=thorough) if alone else []
    except BaseException:
        database.close()
        raise


def _made(path: Path, sources: Sequence[Source]) -> tuple[sqlite3.Connection, list[str]]:
    """A new index; nobody sees it before it is whole."""
    new = path.with_name(f".{path.name}.{os.getpid()}")
    new.unlink(missing_ok=True)
    try:
        with contextlib.closing(_connect(new)) as database:
            problems = _update(database, sources, thorough=True)
        os.rename(new, path)
    finally:
        new.unlink(missing_ok=True)
    return _connect(path), problems


def _connect(path: Path | str) -> sqlite3.Connection:
    database = sqlite3.connect(path, timeout=10)
    try:
        database.execute("pragma synchronous = off")  # it can be made again
        version = database.execute("pragma user_version").fetchone()[0]
        if version not in (0, _VERSION):
            raise sqlite3.DatabaseError(f"index of version {version}")
        if version == 0:
            database.executescript(_SCHEMA)
    except BaseException:
        database.close()
        raise
    return database


def _due(database: sqlite3.Connection, sources: Sequence[Source], *, thorough: bool) -> bool:
    known = {row[0]: row[1:] for row in database.execute("select name, uri, stamp, checked from sources")}
    if known.keys() != {source.name for source in sources}:
        return True
    for source in sources:
        uri, stamp, checked = known[source.name]
        if uri != source.uri or not stamp or stamp != source.stamp():
            return True
        if thorough and (time.time() - checked > INTERVAL or _is_small(database, source)):
            return True
    return False


def _is_small(database: sqlite3.Connection, source: Source) -> bool:
    found = database.execute("select 1 from items where source = ? limit 1 offset ?", (source.name, SMALL))
    return found.fetchone() is None


def _update(database: sqlite3.Connection, sources: Sequence[Source], *, thorough: bool) -> list[str]:
    problems = []
    known = {row[0]: row[1:] for row in database.execute("select name, uri, stamp, checked from sources")}
    for name in known.keys() - {source.name for source in sources}:
        _remove(database, name, None)
        with database:
            database.execute("delete from sources where name = ?", (name,))
    for source in sources:
        uri, stamp, checked = known.get(source.name, ("", "", 0.0))
        if uri != source.uri:
            _remove(database, source.name, None)
        now = time.time()
        look = thorough and (now - checked > INTERVAL or _is_small(database, source))
        try:
            current = source.stamp()  # before the names: what comes meanwhile is seen the next time
            if look or not current or uri != source.uri or current != stamp:
                _update_source(database, source, every=look or not checked)
                current = current or source.stamp()
        except CubeError as error:
            problems.append(str(error))
            current = stamp
        with database:
            row = (source.name, source.uri, current, now if look else checked)
            database.execute("insert or replace into sources values (?, ?, ?, ?)", row)
    return problems


def _update_source(database: sqlite3.Connection, source: Source, *, every: bool) -> None:
    present = set(source.names())
    known = dict(database.execute("select name, stamp from items where source = ?", (source.name,)))
    _remove(database, source.name, known.keys() - present)
    stamps = {name: source.name_stamp(name) for name in present if every or name not in known or not known[name]}
    stale = iter(sorted(name for name, stamp in stamps.items() if known.get(name) != stamp or not stamp))
    count = 0
    while chunk := list(islice(stale, _CHUNK)):
        entries = list(source.entries(chunk))
        _remove(database, source.name, [name for name in chunk if name in known])
        with database:
            for entry in entries:
                _add(database, entry, stamps[entry.name])
        count += len(entries)
    if count > 5000:
        with database:
            database.execute("insert into words (words) values ('optimize')")


def _add(database: sqlite3.Connection, entry: Entry, stamp: str) -> None:
    shown = {name: value for name, value in asdict(entry).items() if value and name != "description"}
    facets = [facet("k", entry.kind), facet("s", entry.source), facet("a", entry.author)]
    facets += [facet("t", tag) for tag in entry.tags] + [facet("c", category) for category in entry.categories]
    marks = " ".join(facets)
    added = database.execute(
        "insert into items (source, name, item_id, stamp, facets, entry) values (?, ?, ?, ?, ?, ?)",
        (entry.source, entry.name, entry.id, stamp, marks, json.dumps(shown, ensure_ascii=False)),
    )
    tags = " ".join((*entry.tags, *entry.categories))
    texts = (entry.name, entry.title, tags, entry.summary, entry.description[:_LONGEST])
    database.execute(
        f"insert into words (rowid, {', '.join(COLUMNS)}, facets) values (?, ?, ?, ?, ?, ?, ?)",
        (added.lastrowid, *map(spaced, texts), marks),
    )


def _remove(database: sqlite3.Connection, source: str, names: Iterable[str] | None) -> None:
    """Remove these names of a source; None: all of it."""
    with database:
        if names is None:
            names = [row[0] for row in database.execute("select name from items where source = ?", (source,))]
        for name in names:
            which = "(select id from items where source = ? and name = ?)"
            database.execute(f"delete from words where rowid in {which}", (source, name))
            database.execute(f"delete from items where id in {which}", (source, name))
