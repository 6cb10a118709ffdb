"""Whether items still are what they were: those that are allowed, and those that jobs were run with."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass

from jupyter_cube.errors import BackendError, CubeError, NotFoundError
from jupyter_cube.marketplace import digest as digests
from jupyter_cube.marketplace import used
from jupyter_cube.marketplace.catalog import Catalog
from jupyter_cube.marketplace.sources.base import one_line

OK, CHANGED, MISSING = "ok", "changed", "missing"


@dataclass(frozen=True, slots=True)
class Checked:
    """One item and how it is.

    Attributes:
        label: its name and version, or the folder of a copy.
        source: the source's name; ``used``: the copy that was kept for jobs.
        digest: the one that is expected.
        state: ``ok``, ``changed`` or ``missing``.
        detail: what is there instead; empty where it is ok.
    """

    label: str
    source: str
    digest: str
    state: str
    detail: str = ""


def verify(catalog: Catalog, pins: Iterable[tuple[str, str, str, str]] = ()) -> list[Checked]:
    """All that is allowed or pinned, compared with what its source has, and all kept copies with their digests.

    Every file is read again. What was fetched is compared with the index that it came by.

    Args:
        pins: name, version, digest and source of what jobs were run with.
    """
    allowed = [(one.name, one.version, one.digest, one.source) for one in catalog.trust.records()]
    wanted = dict.fromkeys((*allowed, *pins))
    return [*(_in_source(catalog, *one) for one in wanted), *_copies()]


def _in_source(catalog: Catalog, name: str, version: str, digest: str, source: str) -> Checked:
    label = f"{name}@{version}" if version else name
    try:
        there = catalog.at(name, version, source)
        found = digests.digest(there.folder)
    except (NotFoundError, BackendError) as error:
        kept = " (a copy is kept)" if used.place(digest).is_dir() else ""
        return Checked(label, source, digest, MISSING, one_line(str(error)) + kept)
    except CubeError as error:
        return Checked(label, source, digest, CHANGED, one_line(str(error)))
    same = found == digest
    return Checked(label, source, digest, OK if same else CHANGED, "" if same else f"it is {found} now")


def _copies() -> Iterable[Checked]:
    try:
        names = sorted(name for name in os.listdir(used.used_path()) if not name.startswith("."))
    except FileNotFoundError:
        return
    for name in names:
        digest = f"sha256:{name}"
        try:
            found = digests.digest(used.place(digest))
        except CubeError as error:
            found = one_line(str(error))
        same = found == digest
        yield Checked(name[:12], "used", digest, OK if same else CHANGED, "" if same else f"it is {found} now")
