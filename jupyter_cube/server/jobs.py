"""All jobs: the list, submitting, and orders to several at once."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from jupyter_server.auth.decorator import authorized
from tornado import web

from jupyter_cube.errors import CubeError, UsageError
from jupyter_cube.lifecycle.state import State
from jupyter_cube.server.handler import CubeHandler, error_record
from jupyter_cube.server.origin import origin_of
from jupyter_cube.store.index import Summary

if TYPE_CHECKING:
    from jupyter_cube.handle import Job
    from jupyter_cube.submitting.options import Options

_SORTS: Mapping[str, Callable[[Summary], Any]] = {
    "created": lambda one: one.created,
    "ended": lambda one: one.ended,
    "name": lambda one: one.name,
    "state": lambda one: one.state.value,
}
_LIMIT = 100  # jobs of one answer, where the request names no other number
_MOST = 1000
_ORDERS: Mapping[str, Callable[[Job], None]] = {
    "stop": lambda job: job.stop(),
    "retry": lambda job: job.retry(),
    "delete": lambda job: job.delete(),
}
_NO_REQUEST = {"inputs", "detach"}  # options that are about cells of a notebook that runs
_TUPLES = ("outputs", "tags", "require")


class Jobs(CubeHandler):
    """The list of jobs, and submitting."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """A page of the jobs."""
        state = self.text("state").upper()
        if state and state not in State.__members__:
            raise UsageError(
                f"unknown state {state!r:.50}", place="state", hint=f"one of {', '.join(State.__members__)}"
            )
        key = _SORTS[self.choice("sort", tuple(_SORTS), "created")]
        rising = self.choice("order", ("asc", "desc"), "desc") == "asc"
        first, most = self.number("offset", 0), self.number("limit", _LIMIT, most=_MOST)
        found = await self.work(
            _listed, state=State(state) if state else None, name=self.text("name"), tag=self.text("tag")
        )
        found.sort(key=key, reverse=not rising)
        self.answer({"total": len(found), "jobs": [one.record() for one in found[first : first + most]]})

    @web.authenticated
    @authorized
    async def post(self) -> None:
        """Submit a cell's text, a file, a command or a job template."""
        asked = self.body("text", "file", "words", "options", "kernelspec", "cwd", "notebook")
        job = await self.work(self._submit, asked)
        self.set_header("Location", f"{self.request.path}/{job.id}")
        self.answer({**await self.work(job.describe), "notes": list(job.notes)}, 201)

    def _submit(self, asked: Mapping[str, Any]) -> Job:
        from jupyter_cube import api
        from jupyter_cube.marketplace.reference import is_reference

        options = options_of(asked.get("options", {}))
        around = origin_of(self, asked)
        kinds = [kind for kind in ("text", "file", "words") if kind in asked]
        if len(kinds) != 1:
            raise UsageError("there must be one thing to submit", hint="send text, file or words")
        source = asked[kinds[0]]
        if kinds == ["words"]:
            if not isinstance(source, list) or not all(isinstance(word, str) for word in source):
                raise UsageError("words must be a list of texts", place="words")
            return api.submit_words(source, options, around=around)
        if not isinstance(source, str):
            raise UsageError("this must be text", place=kinds[0])
        if kinds == ["text"]:
            return api.submit_cell(source, options, namespace={}, around=around)
        return api.submit_file(source if is_reference(source) else around.path(source), options, around=around)


class Bulk(CubeHandler):
    """The same order to several jobs."""

    @web.authenticated
    @authorized
    async def post(self) -> None:
        """Order each; one that cannot does not keep the others from it."""
        asked = self.body("order", "ids")
        order, ids = asked.get("order"), asked.get("ids")
        if not isinstance(order, str) or order not in _ORDERS:
            raise UsageError(f"unknown order {order!r:.50}", place="order", hint=f"one of {', '.join(_ORDERS)}")
        if not isinstance(ids, list) or not all(isinstance(one, str) for one in ids):
            raise UsageError("ids must be a list of jobs' ids", place="ids")
        self.answer({"results": await self.work(_order_all, order, ids)})


def _listed(**asked: Any) -> list[Summary]:
    from jupyter_cube import api

    return api.jobs(**asked)


def _order_all(order: str, ids: Sequence[str]) -> list[dict[str, Any]]:
    from jupyter_cube import api

    results: list[dict[str, Any]] = []
    for one in dict.fromkeys(ids):
        try:
            _ORDERS[order](api.job(one))
            results.append({"id": one, "ok": True})
        except CubeError as error:
            results.append({"id": one, "ok": False, "status": error.status, "error": error_record(error)})
    return results


def options_of(asked: Any) -> Options:
    """The options of a submit by request.

    Raises:
        UsageError: one is unknown, or of the wrong type.
    """
    from jupyter_cube.submitting.options import Options  # it needs the whole protocol, and a server starts without

    if not isinstance(asked, dict):
        raise UsageError("options must be an object", place="options")
    known = {option.name for option in dataclasses.fields(Options)} - _NO_REQUEST
    if unknown := asked.keys() - known:
        raise UsageError(
            f"unknown option {min(unknown)!r:.50}", place="options", hint=f"known: {', '.join(sorted(known))}"
        )
    kept = {name: value for name, value in asked.items() if value is not None}
    defaults = Options()
    for name, value in kept.items():
        kind = _kind(name, getattr(defaults, name))
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            wanted = kind[0].__name__ if isinstance(kind, tuple) else kind.__name__
            raise UsageError(f"{value!r:.50} is no {wanted}", place=f"options.{name}")
        if name in _TUPLES:
            kept[name] = tuple(map(str, value))
    return Options(**kept)


def _kind(name: str, default: Any) -> Any:
    if name in _TUPLES:
        return list
    if name in ("memory", "timeout"):
        return (str, int, float)
    if name == "grace":
        return (int, float)
    return int if default is None else dict if isinstance(default, Mapping) else type(default)


ROUTES = [("/jobs", Jobs), ("/jobs/bulk", Bulk)]
