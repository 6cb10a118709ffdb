"""Which job is meant: by its id, its name, or the beginning of its id."""

from __future__ import annotations

import difflib

from jupyter_cube import hint
from jupyter_cube.errors import NotFoundError
from jupyter_cube.store.folder import JobFolder
from jupyter_cube.store.index import Index, Summary
from jupyter_cube.store.store import Store

_LEAST = 3  # characters of an id: fewer are a slip of the finger, and would stop or delete some other job
_LISTED = 4  # jobs that an error names


def find(store: Store, asked: str) -> JobFolder:
    """The job of that id, or the newest of that name, or the only one whose id begins so.

    A name comes before the beginning of an id: people choose names, ids are drawn at random.

    Raises:
        NotFoundError: there is none, or more than one id begins so.
    """
    ids = store.ids()
    if asked in ids:
        return store.folder(asked)
    summaries = Index(store).summaries()
    for one in summaries:
        if one.name == asked:
            return store.folder(one.id)
    begins = [one for one in ids if asked and one.startswith(asked)]
    if begins and len(asked) < _LEAST:
        raise NotFoundError(f"no job has the name {asked!r}", hint=f"of an id write {_LEAST} characters or more")
    if len(begins) == 1:
        return store.folder(begins[0])
    if begins:
        message = f"{len(begins)} jobs begin with {asked!r}: {_listed(begins, summaries)}"
        raise NotFoundError(message, hint="write more of the id")
    near = difflib.get_close_matches(asked, [*(one.name for one in summaries), *ids], n=3)
    advice = f"did you mean {', '.join(dict.fromkeys(near))}?" if near else f"list them with: {hint.command('jobs')}"
    raise NotFoundError(f"no job {asked!r}", hint=advice)


def _listed(ids: list[str], summaries: list[Summary]) -> str:
    """Ids with their jobs' names, the newest first; a job whose record is damaged has none."""
    names = {one.id: one.name for one in summaries}
    ordered = [*(one for one in names if one in ids), *(one for one in ids if one not in names)]
    shown = [f"{one[:8]} ({names[one]})" if one in names else one[:8] for one in ordered[:_LISTED]]
    return ", ".join([*shown, "..."] if len(ordered) > _LISTED else shown)
