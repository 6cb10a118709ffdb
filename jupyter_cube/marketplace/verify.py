"""Whether items still are what they were: those that are allowed, and those that jobs were run with."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from jupyter_cube.errors import BackendError, CubeError, NotFoundError
from jupyter_cube.marketplace import digest as digests
from jupyter_cube.marketplace import used
from jupyter_cube.marketplace.catalog import Catalog, catalog
from jupyter_cube.marketplace.sources import reading
from jupyter_cube.marketplace.sources.base import one_line

OK, CHANGED, MISSING = "ok", "changed", "missing"


@dataclass(frozen=True, slots=True)
class Checked:
    """One item and how it is.

    Attributes:
        label: name and version.
        where: the source's name; ``used``: the copy that was kept for jobs.
        digest: the one that is expected.
        state: ``ok``, ``changed`` or ``missing``.
        detail: what is there instead; empty where it is ok.
    """

    label: str
    where: str
    digest: str
    state: str
    detail: str = ""


def verify(
    item: str = "", *, pins: Iterable[tuple[str, str, str, str]] = (), among: Catalog | None = None
) -> list[Checked]:
    """All that is allowed or pinned, compared with what its source has, and all kept copies with their digests.

    Every file is read again. What was fetched is compared with the index that it came by.

    Args:
        item: only that one: a name, or ``NAME@VERSION``.
        pins: name, version, digest and source of what jobs were run with.
    """
    found = among or catalog()
    allowed = [(one.name, one.version, one.digest, one.source) for one in found.trust.records()]
    wanted = dict.fromkeys((*allowed, *pins))
    checked = [*(_in_source(found, *one) for one in wanted), *_copies()]
    return [one for one in checked if item in ("", one.label, one.label.partition("@")[0])]


def _in_source(among: Catalog, name: str, version: str, digest: str, source: str) -> Checked:
    label = f"{name}@{version}" if version else name
    try:
        found = digests.digest(among.at(name, version, source).folder)
    except (NotFoundError, BackendError) as error:
        kept = " (a copy is kept)" if used.place(digest).is_dir() else ""
        return Checked(label, source, digest, MISSING, one_line(str(error)) + kept)
    except CubeError as error:
        return Checked(label, source, digest, CHANGED, one_line(str(error)))
    return _compared(label, source, digest, found)


def _copies() -> Iterator[Checked]:
    try:
        names = sorted(name for name in os.listdir(used.used_path()) if not name.startswith("."))
    except FileNotFoundError:
        return
    for name in names:
        label, digest = name[:12], f"sha256:{name}"
        try:
            label = reading.read(str(used.place(digest)), source="used").item.label
            found = digests.digest(used.place(digest))
        except CubeError as error:
            found = one_line(str(error))
        yield _compared(label, "used", digest, found)


def _compared(label: str, where: str, digest: str, found: str) -> Checked:
    same = found == digest
    return Checked(label, where, digest, OK if same else CHANGED, "" if same else f"it is {found} now")
