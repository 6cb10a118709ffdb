"""Backends by name: entry points of the group ``jupyter_cube.backends``."""

from __future__ import annotations

from jupyter_cube.backends.base import Backend
from jupyter_cube.errors import UsageError

GROUP = "jupyter_cube.backends"


def backend(name: str) -> Backend:
    """The backend of that name.

    Raises:
        UsageError: nobody provides it.
    """
    if name == "local":  # the common case needs no scan of the installed distributions
        from jupyter_cube.backends.local.backend import LocalBackend

        return LocalBackend()
    from importlib import metadata  # slow, and only for what is not built in

    found = {point.name: point for point in metadata.entry_points(group=GROUP)}
    if name not in found:
        known = ", ".join(sorted({"local", *found}))
        raise UsageError(f"unknown backend {name!r}", hint=f"there are: {known}")
    made = found[name].load()()
    assert isinstance(made, Backend), f"entry point {name} of {GROUP} is not a Backend"
    return made
