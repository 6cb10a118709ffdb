"""Where items lie in a source: ``NAME/VERSION/item.yaml``. What lies elsewhere is no item, and people are told."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from jupyter_cube.marketplace.item import FILE
from jupyter_cube.marketplace.reference import NAME
from jupyter_cube.marketplace.version import FIRST, VERSION


def misplaced(paths: Iterable[str]) -> list[str]:
    """Of the paths of files below a source's folder those of items at a wrong place, and what to do, a line each."""
    return [f"{path}: {why}" for path in paths if (why := _why(path))]


def summary(lines: Sequence[str]) -> str:
    """The first of these lines, and how many more there are."""
    more = f" (and {len(lines) - 1} more)" if len(lines) > 1 else ""
    return f"{lines[0]}{more}" if lines else ""


def about(lines: Iterable[str], name: str) -> str:
    """The first of these lines that is about an item of that name; empty: none is."""
    return next((line for line in lines if f"/{name}/" in f"/{line.partition(': ')[0]}"), "")


def _why(path: str) -> str:
    *folders, file = path.split("/")
    if file != FILE:
        return ""
    if not folders:
        return f"it belongs into a folder NAME/{FIRST}"
    if not re.fullmatch(NAME, folders[0]):
        return f"{folders[0]!r:.100} cannot be an item's name" if len(folders) < 3 else ""
    if len(folders) == 1:
        return f"it belongs into the folder {folders[0]}/{FIRST}"
    if re.fullmatch(VERSION, folders[1]):
        return ""
    if len(folders) == 2:
        return f"{folders[1]!r:.100} is no version, name the folder {folders[0]}/{_version(folders[1])}"
    if len(folders) == 3 and re.fullmatch(VERSION, folders[2]):
        return "it lies too deep, the folders NAME/VERSION begin at the top"
    return ""


def _version(text: str) -> str:
    """The version that somebody may have meant."""
    numbers = text.removeprefix("v").split(".")
    meant = ".".join([*numbers, "0", "0"][: max(3, len(numbers))])
    return meant if re.fullmatch(VERSION, meant) else FIRST
