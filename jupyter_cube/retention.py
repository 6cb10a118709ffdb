"""Deleting old jobs: by count, by age, by size. Nothing is deleted unless somebody asks."""

from __future__ import annotations

import time

from jupyter_cube.config import store_path
from jupyter_cube.errors import UsageError
from jupyter_cube.store.index import Index, Summary, folder_size
from jupyter_cube.store.store import Store
from jupyter_cube.submitting import options


def clean(
    *,
    keep: int | None = None,
    older_than: str | float | None = None,
    size: str | int | None = None,
    dry_run: bool = False,
) -> list[Summary]:
    """Delete ended jobs: all but the newest ``keep``, those older than, or the oldest until the store fits ``size``.

    Args:
        older_than: seconds, or text such as ``30d``, since the end.
        size: MiB, or text such as ``5G``, that the ended jobs may take together.
        dry_run: delete nothing.

    Returns:
        The jobs that were deleted, or would be. Jobs that have not ended are never among them.

    Raises:
        UsageError: none of the three rules was given.
    """
    if keep is None and older_than is None and size is None:
        raise UsageError("clean needs a rule", hint="add --keep 50, --older-than 30d or --size 5G")
    store = Store(store_path())
    ended = [one for one in Index(store).summaries() if one.state.final]
    doomed: dict[str, Summary] = {}
    if keep is not None:
        doomed.update((one.id, one) for one in ended[max(0, keep) :])
    if older_than is not None:
        limit = time.time() - options.seconds(older_than, "--older-than")
        doomed.update((one.id, one) for one in ended if one.ended < limit)
    if size is not None:
        room = options.mebibytes(size, "--size") * 2**20
        for one in ended:
            if one.id not in doomed:
                room -= folder_size(store.jobs_path / one.id)
                if room < 0:
                    doomed[one.id] = one
    if not dry_run:
        for one in doomed.values():
            store.delete(store.folder(one.id))
        store.sweep()
    return list(doomed.values())
