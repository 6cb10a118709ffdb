"""The marketplace: finding items, reading about one, using, publishing, making and importing them."""

from __future__ import annotations

import dataclasses
import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_server.auth.decorator import authorized
from tornado import web

from jupyter_cube.errors import UsageError
from jupyter_cube.server.handler import CubeHandler
from jupyter_cube.server.origin import folder_of

if TYPE_CHECKING:
    from jupyter_cube.marketplace.item import Published

_LIMIT, _MOST = 50, 1000  # items of one answer


class Items(CubeHandler):
    """All items of all sources."""

    _track_activity = False  # asked for while somebody types

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Those with these words, the best first."""
        answer = await self.work(
            _items,
            query=self.text("query"),
            kind=self.text("kind"),
            tags=tuple(tag for tag in self.text("tags").split(",") if tag),
            category=self.text("category"),
            author=self.text("author"),
            source=self.text("source"),
            limit=self.number("limit", _LIMIT, most=_MOST),
            offset=self.number("offset", 0),
        )
        self.answer(answer)

    @web.authenticated
    @authorized
    async def post(self) -> None:
        """Publish what a file, a folder or a text describes."""
        asked = self.body("path", "text", "to", "version", "author")
        _texts(asked, "path", "text", "to", "version", "author")
        if ("path" in asked) == ("text" in asked):
            raise UsageError("there must be one thing to publish", hint="send path or text")
        self.answer(await self.work(_publish, folder_of(self), asked), 201)


class Item(CubeHandler):
    """One item, named as people do: ``[SOURCE/]NAME[@VERSION]``, or its address."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """All that is known of it, with the form of its variables."""
        self.answer(await self.work(_item, self.get_query_argument("name")))


class Use(CubeHandler):
    """``use``."""

    @web.authenticated
    @authorized
    async def post(self) -> None:
        """The cell or command that uses it; of a notebook template a copy is written."""
        asked = self.body("name", "values", "folder")
        _texts(asked, "name", "folder")
        values = asked.get("values", {})
        if not isinstance(values, dict):
            raise UsageError("values must be an object", place="values")
        folder = folder_of(self, asked.get("folder", ""))
        self.answer(await self.work(_use, _name(asked), values, folder, folder_of(self)))


class Trust(CubeHandler):
    """What of others may be used without asking."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """All that somebody has allowed."""
        self.answer({"allowed": await self.work(_allowed)})

    @web.authenticated
    @authorized
    async def post(self) -> None:
        """Allow one item with exactly this content."""
        asked = self.body("name", "digest")
        _texts(asked, "name", "digest")
        if not asked.get("digest"):
            raise UsageError("trust needs the digest of what is allowed", place="digest")
        self.answer(await self.work(_allow, _name(asked), asked["digest"]))


class Withdraw(CubeHandler):
    """``trust --withdraw``."""

    @web.authenticated
    @authorized
    async def post(self) -> None:
        """Allow no version of an item any more."""
        asked = self.body("name")
        _texts(asked, "name")
        self.answer({"withdrawn": await self.work(_withdraw, _name(asked))})


class New(CubeHandler):
    """``new``: an item of what somebody has."""

    @web.authenticated
    @authorized
    async def post(self) -> None:
        """Publish it, or give its text."""
        asked = self.body("kind", "name", "url", "path", "origin", "summary", "publish")
        _texts(asked, "kind", "name", "url", "path", "origin", "summary")
        if not isinstance(asked.get("publish", False), bool):
            raise UsageError("this must be true or false", place="publish")
        self.answer(await self.work(_new, folder_of(self), asked), 201 if asked.get("publish") else 200)


class Import(CubeHandler):
    """``import``."""

    @web.authenticated
    @authorized
    async def post(self) -> None:
        """Items of a file of another system."""
        asked = self.body("path", "only", "to", "dry_run")
        _texts(asked, "path", "to")
        only = asked.get("only", [])
        if not isinstance(only, list) or not all(isinstance(one, str) for one in only):
            raise UsageError("this must be a list of names", place="only")
        path = folder_of(self) / asked.get("path", "")
        to, dry = asked.get("to", ""), bool(asked.get("dry_run"))
        self.answer({"items": await self.work(_brought, path, only=tuple(only), to=to, dry_run=dry)})


def _items(**asked: Any) -> dict[str, Any]:
    from jupyter_cube.curation import offers, showcase

    found = offers.items(**asked)
    uses = offers.uses()
    entries = [
        {**showcase.entry_record(entry), "uses": uses[f"{entry.source}/{entry.name}"]} for entry in found.entries
    ]
    return {"total": found.total, "items": entries, "problems": list(found.problems)}


def _item(name: str) -> dict[str, Any]:
    from jupyter_cube.curation import offers, showcase

    return showcase.record(offers.offer(name))


def _use(name: str, values: Mapping[str, Any], folder: Path, root: Path) -> dict[str, Any]:
    from jupyter_cube.curation import offers

    ready = dataclasses.asdict(offers.use(name, values, folder=folder))
    path = os.path.relpath(ready["file"], root) if ready["file"] else ""
    return {**ready, "path": path.replace(os.sep, "/")}


def _allow(name: str, digest: str) -> dict[str, Any]:
    from jupyter_cube.curation import offers, showcase

    return showcase.pin_record(offers.allow(name, digest))


def _withdraw(name: str) -> list[dict[str, Any]]:
    from jupyter_cube.curation import offers

    return [dataclasses.asdict(one) for one in offers.withdraw(name)]


def _allowed() -> list[dict[str, Any]]:
    from jupyter_cube.marketplace.catalog import catalog

    return [dataclasses.asdict(one) for one in catalog().trust.records()]


def _brought(path: Path, **asked: Any) -> list[dict[str, Any]]:
    from jupyter_cube.curation import drafts

    return [one.record() for one in drafts.bring_in(path, **asked)]


def _publish(folder: Path, asked: Mapping[str, Any]) -> dict[str, Any]:
    from jupyter_cube.curation import offers
    from jupyter_cube.marketplace.item import FILE

    options = {name: asked[name] for name in ("to", "version", "author") if asked.get(name)}
    notes: list[str] = []
    if "path" in asked:
        found = offers.publish(folder / asked["path"], notes=notes, **options)
    else:
        with tempfile.TemporaryDirectory(prefix="cube-") as place:
            file = Path(place, FILE)
            file.write_text(asked["text"], encoding="utf-8")
            found = offers.publish(file, notes=notes, **options)
    return _published(found, notes)


def _new(folder: Path, asked: Mapping[str, Any]) -> dict[str, Any]:
    from jupyter_cube.curation import drafts

    given = {name: asked[name] for name in ("url", "origin", "summary") if asked.get(name)}
    if asked.get("path"):
        given["path"] = str(folder / asked["path"])
    draft = drafts.new(asked.get("kind", ""), asked.get("name", ""), **given)
    if not asked.get("publish"):
        return {"text": draft.text, "notes": list(draft.notes)}
    notes = [*draft.notes]
    return _published(draft.publish(notes=notes), notes)


def _published(found: Sequence[Published], notes: Sequence[str]) -> dict[str, Any]:
    from jupyter_cube.curation import showcase

    return {"published": [showcase.pin_record(one) for one in found], "notes": list(notes)}


def _name(asked: Mapping[str, Any]) -> str:
    name = asked.get("name", "")
    if not name:
        raise UsageError("which item", place="name", hint="send its name")
    return str(name)


def _texts(asked: Mapping[str, Any], *names: str) -> None:
    for name in names:
        if not isinstance(asked.get(name, ""), str):
            raise UsageError("this must be text", place=name)


ROUTES = [
    ("/items", Items),
    ("/item", Item),
    ("/item/use", Use),
    ("/item/trust", Trust),
    ("/item/trust/withdraw", Withdraw),
    ("/item/new", New),
    ("/item/import", Import),
]
