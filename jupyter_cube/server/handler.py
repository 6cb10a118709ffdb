"""What all handlers share: errors as JSON, work in threads, arguments that are checked."""

from __future__ import annotations

import asyncio
import dataclasses
import functools
import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from jupyter_server.base.handlers import APIHandler

from jupyter_cube.errors import CubeError, SpecError, UsageError

if TYPE_CHECKING:
    from jupyter_cube.handle import Job

_T = TypeVar("_T")


class CubeHandler(APIHandler):
    """Base of all handlers; each verb of a concrete one is authenticated and authorized by itself."""

    auth_resource: ClassVar[str] = "cube"

    async def work(self, function: Callable[..., _T], *args: Any, **kwargs: Any) -> _T:
        """Do what reads disks or waits for locks in a thread, so that the server goes on."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(None, functools.partial(function, *args, **kwargs))

    async def job(self, name: str) -> Job:
        """The job of that id, beginning of an id, or name."""
        return await self.work(_job, name)

    def answer(self, value: Any, status: int = 200) -> None:
        """Finish with JSON."""
        self.set_status(status)
        self.finish(json.dumps(value, ensure_ascii=False, separators=(",", ":")))

    def body(self, *known: str) -> dict[str, Any]:
        """The request's JSON object.

        Args:
            known: the keys that it may have.

        Raises:
            UsageError: it is none, or has others.
        """
        try:
            found = json.loads(self.request.body or b"{}")
        except ValueError as error:
            raise UsageError(f"the body is not JSON: {error}", hint="send a JSON object") from None
        if not isinstance(found, dict):
            raise UsageError("the body is no JSON object", hint="send a JSON object")
        for key in found.keys() - set(known):
            raise UsageError(f"unknown key {key!r:.100} in the body", hint=f"known: {', '.join(known) or 'none'}")
        return found

    def text(self, name: str, default: str = "") -> str:
        """One argument of the address."""
        return str(self.get_query_argument(name, default))

    def number(self, name: str, default: int, *, most: int | None = None) -> int:
        """A whole number of the address, not negative.

        Raises:
            UsageError: it is none.
        """
        typed = self.text(name)
        if not typed:
            return default
        if not typed.isascii() or not typed.isdigit() or len(typed) > 18:
            raise UsageError(f"{typed!r:.100} is no whole number", place=name, hint="write 0 or more")
        return int(typed) if most is None else min(int(typed), most)

    def flag(self, name: str) -> bool:
        """``true`` or ``false`` of the address.

        Raises:
            UsageError: it is neither.
        """
        return self.choice(name, ("false", "true"), "false") == "true"

    def choice(self, name: str, values: tuple[str, ...], default: str) -> str:
        """One of some words of the address.

        Raises:
            UsageError: it is another one.
        """
        typed = self.text(name, default)
        if typed not in values:
            raise UsageError(f"unknown value {typed!r:.100}", place=name, hint=f"one of {', '.join(values)}")
        return typed

    def send_error(self, status_code: int = 500, **kwargs: Any) -> None:
        """Errors of ours have a status of their own."""
        error = _error(kwargs)
        super().send_error(status_code if error is None else error.status, **kwargs)

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Message, place and hint as JSON."""
        error = _error(kwargs)
        if error is None:
            super().write_error(status_code, **kwargs)
            return
        self.finish(json.dumps(error_record(error), ensure_ascii=False))

    def log_exception(self, typ: Any, value: Any, tb: Any) -> None:
        """A user's mistake is no event for the server's log."""
        if not isinstance(value, CubeError):
            super().log_exception(typ, value, tb)


def error_record(error: CubeError) -> dict[str, Any]:
    """Message, place and hint; of a job or an item all that is wrong with it."""
    record: dict[str, Any] = {"message": error.message, "place": error.place, "hint": error.hint}
    if isinstance(error, SpecError):
        record["faults"] = [dataclasses.asdict(fault) for fault in error.faults]
    return record


def _job(name: str) -> Job:
    from jupyter_cube import api  # what submits is not needed before somebody asks

    return api.job(name)


def _error(kwargs: Mapping[str, Any]) -> CubeError | None:
    found = (kwargs.get("exc_info") or (None, None))[1]
    return found if isinstance(found, CubeError) else None
