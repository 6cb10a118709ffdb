"""Making a folder of items a marketplace for any web server: its ``index.json``."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jupyter_cube import files
from jupyter_cube.errors import CubeError, UsageError
from jupyter_cube.marketplace.sources import listing
from jupyter_cube.marketplace.sources.base import one_line
from jupyter_cube.marketplace.sources.folder import FolderSource


@dataclass(frozen=True, slots=True)
class Served:
    """An index that was written.

    Attributes:
        items: how many versions are in it.
        problems: those that are not, and why, a line each.
    """

    path: Path
    items: int
    problems: tuple[str, ...]


def write_index(root: str | Path) -> Served:
    """Write ``ROOT/index.json`` of all items in ``ROOT/NAME/VERSION/``, to be served beside them as they are.

    Raises:
        BackendError: the folder cannot be read.
        StoreError: it cannot be written.
    """
    source = FolderSource("served", Path(root).absolute())
    records, problems = [], [one_line(line) for line in source.misplaced()]
    for name in source.names():
        for version in source.versions(name):
            try:
                records.append(listing.record(source.load(name, version)))
            except CubeError as error:
                problems.append(one_line(str(error)))
    path = Path(source.root) / listing.INDEX
    with files.disk_errors(path, hint="let somebody run it who may write there"):
        text = json.dumps({"version": listing.VERSION_OF_FORMAT, "items": records}, ensure_ascii=False, indent=1)
        files.replace(path, text, mode=0o644)
    return Served(path, len(records), tuple(problems))


def main(words: Sequence[str]) -> int:
    """``python -m jupyter_cube.marketplace.sources.serving FOLDER``."""
    if len(words) != 1 or words[0].startswith("-"):
        sys.stderr.write("usage: python -m jupyter_cube.marketplace.sources.serving FOLDER\n")
        return 2
    try:
        if not Path(words[0]).is_dir():
            raise UsageError("there is no such folder", place=words[0])
        served = write_index(words[0])
    except CubeError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    for problem in served.problems:
        sys.stderr.write(f"left out: {problem}\n")
    sys.stdout.write(f"{served.path}: {served.items} items\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
