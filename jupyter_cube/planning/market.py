"""What compiling a job must know of the marketplace and of the machine, as a value."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from jupyter_cube.errors import NotFoundError
from jupyter_cube.marketplace.graph import Find
from jupyter_cube.marketplace.item import Published
from jupyter_cube.marketplace.reference import Reference


@dataclass(frozen=True, slots=True)
class Market:
    """Where items come from, and what may be done with them.

    Attributes:
        find: the item of a reference; raises a ``CubeError`` where there is none.
        refuse: why an item may not be used; empty where it may.
        folder: where the tasks find an item's files.
        own_paths: folders whose paths are meant as they are; other absolute paths of an item's variables are mounted.
    """

    find: Find
    refuse: Callable[[Published], str] = lambda _: ""
    folder: Callable[[Published], str] = lambda published: str(published.folder)
    own_paths: tuple[str, ...] = ()


def _nowhere(reference: Reference) -> Published:
    raise NotFoundError(f"there is no marketplace to look for {reference} in")


NO_MARKET = Market(_nowhere)
