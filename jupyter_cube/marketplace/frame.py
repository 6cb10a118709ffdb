"""A table of pandas as a file that is read back as it was."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from typing import Any

from jupyter_cube.errors import UsageError

_TOLD = 3  # changes that are named


def written(value: Any) -> tuple[str, bytes, str]:
    """The file's ending, its bytes, and how it is read back (FILE stands for its path).

    Raises:
        UsageError: there is no parquet here, and CSV would change the table.
    """
    table = value.to_frame() if hasattr(value, "to_frame") and not hasattr(value, "columns") else value
    try:
        return "parquet", table.to_parquet(), 'import pandas\ntable = pandas.read_parquet("FILE")'
    except ImportError:  # parquet needs a package of its own
        return _csv(table)


def _csv(table: Any) -> tuple[str, bytes, str]:
    import pandas

    named = type(table.index).__name__ != "RangeIndex"
    data = table.to_csv(index=named).encode()
    index: dict[str, Any] = {"index_col": 0} if named else {}
    exact = {**index, "float_precision": "round_trip"}  # the default of newer versions, which advise against naming it
    changes: list[str] = []
    for options in (index, exact):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                changes = list(_changes(table, pandas.read_csv(io.BytesIO(data), **options)))
        except ValueError as error:  # such as no columns at all
            changes = [f"it could not be read back: {error}"]
        if not changes:
            words = "".join(f", {name}={value!r}" for name, value in options.items()).replace("'", '"')
            return "csv", data, f'import pandas\ntable = pandas.read_csv("FILE"{words})'
    more = f" (and {len(changes) - _TOLD} more)" if len(changes) > _TOLD else ""
    raise UsageError(
        f"there is no pyarrow here, and as CSV this table would change: {', '.join(changes[:_TOLD])}{more}",
        hint="install it with: pip install pyarrow",
    )


def _changes(before: Any, after: Any) -> Iterator[str]:
    """What of a table is not what it was, in words."""
    if not before.columns.equals(after.columns) or list(before.columns.names) != list(after.columns.names):
        yield "the names of its columns"
        return
    if not _same(before.index, after.index) or list(before.index.names) != list(after.index.names):
        yield "its index"
    for number, name in enumerate(before.columns):
        old, new = before.iloc[:, number], after.iloc[:, number]
        if old.dtype != new.dtype:
            yield f"{str(name)!r:.60} would be {new.dtype} instead of {old.dtype}"
        elif not old.equals(new):
            yield f"values of {str(name)!r:.60}"


def _same(old: Any, new: Any) -> bool:
    return bool(old.dtype == new.dtype and old.nlevels == new.nlevels and old.equals(new))
