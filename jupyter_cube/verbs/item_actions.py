"""What each verb about items does: a call in, an answer out."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from jupyter_cube import files
from jupyter_cube.curation import drafts, offers, showcase
from jupyter_cube.errors import UsageError
from jupyter_cube.hint import command
from jupyter_cube.lifecycle.render import plain
from jupyter_cube.marketplace import carried
from jupyter_cube.marketplace.catalog import catalog
from jupyter_cube.marketplace.item import Published
from jupyter_cube.marketplace.sources import settings
from jupyter_cube.marketplace.trust import Allowed
from jupyter_cube.marketplace.verify import verify as verified
from jupyter_cube.verbs.answer import Answer
from jupyter_cube.verbs.parser import Call

_MANY = 1_000_000


def list_items(call: Call) -> Answer:
    """``items``."""
    asked = {name: call.values[name] for name in ("kind", "category", "author", "source") if name in call.values}
    words = tuple(tag for group in call.get("tags", ()) for tag in group)
    limit = call.get("limit", 50) or _MANY
    found = offers.items(" ".join(call.get("query", ())), tags=words, limit=limit, **asked)
    return Answer([showcase.entry_record(entry) for entry in found.entries], showcase.table(found))


def show(call: Call) -> Answer:
    """``show``."""
    found = offers.offer(call.values["item"])
    return Answer(showcase.record(found), showcase.text(found))


def use(call: Call) -> Answer:
    """``use``: the text is what to run."""
    ready = offers.use(call.values["item"], dict(call.get("values", ())))
    lines = [ready.file, f"# {ready.about}", ready.command]
    return Answer(dataclasses.asdict(ready), "".join(f"{line}\n" for line in lines if line), ready=ready)


def publish(call: Call) -> Answer:
    """``publish``."""
    options = {name: call.values[name] for name in ("to", "version", "author") if name in call.values}
    notes: list[str] = []
    return _published(offers.publish(Path(call.values["path"]).expanduser(), notes=notes, **options), notes)


def bring_in(call: Call) -> Answer:
    """``import``."""
    only = tuple(call.get("only", ()))
    path = Path(call.values["path"]).expanduser()
    brought = drafts.bring_in(path, only=only, to=call.get("to", ""), dry_run=bool(call.get("dry_run")))
    lines = []
    for one in brought:
        lines.append(showcase.label(one.published) if one.published else f"{one.name}  {one.kind}")
        lines += [f"  {plain(note)}" for note in one.notes]
    document = [one.record() for one in brought]
    text = "".join(f"{line}\n" for line in lines) or "nothing to import\n"
    return Answer(document, text, code=0 if all(one.kind for one in brought) else 1)


def new(call: Call, namespace: Mapping[str, Any] | None = None) -> Answer:
    """``new``: writes a file here, or publishes at once."""
    values = dict(call.values)
    if "value" in values:
        name = values["value"]
        if name not in (namespace or {}):
            raise UsageError(f"no variable {name!r} in the notebook", place="--value")
        values["value"] = (namespace or {})[name]
    names = ("url", "path", "value", "origin", "summary")
    given = {name: values[name] for name in names if name in values}
    draft = drafts.new(values["kind"], values["name"], variables=dict(call.get("variables", ())), **given)
    if call.get("publish"):
        notes = [*draft.notes]
        return _published(draft.publish(notes=notes), notes)
    path = draft.write(files.here())
    text = (
        f"{path}\n"
        + "".join(f"  {note}\n" for note in draft.notes)
        + f"  publish it with: {command(f'publish {path}')}\n"
    )
    return Answer({"file": str(path), "notes": list(draft.notes)}, text)


def sources(call: Call) -> Answer:
    """``sources``."""
    action, name, uri = (call.get(field, "") for field in ("action", "name", "uri"))
    lines: list[str] = []
    if action == "add":
        if not name or not uri:
            raise UsageError("a source needs a name and a place", hint=f"write {command('sources add NAME URI')}")
        settings.add(name, uri)
    elif action == "remove":
        if not name:
            raise UsageError("which source", hint=f"write {command('sources remove NAME')}")
        settings.remove(name)
    elif action == "refresh":
        lines = catalog().refresh()
    states = settings.states()
    if action == "add":
        later = f"try again with: {command('sources refresh')}"
        lines = [f"'{name}' is added, but {one.problem}; {later}" for one in states if one.name == name and one.problem]
    text = showcase.sources(states) + "".join(f"warning: {plain(line)}\n" for line in lines)
    return Answer([dataclasses.asdict(state) for state in states], text)


def trust(call: Call) -> Answer:
    """``trust``."""
    if call.get("withdraw"):
        return _withdrawn(call)
    if "item" in call.values:
        if "digest" not in call.values:
            see = command(f"show {call.values['item']}")
            raise UsageError("trust needs the digest of what is allowed", hint=f"see it with: {see}")
        allowed = offers.allow(call.values["item"], call.values["digest"])
        missing = carried.missing(allowed)
        text = f"allowed {showcase.label(allowed)}\n" + (f"  {plain(missing)}\n" if missing else "")
        return Answer({"item": allowed.item.label, "digest": allowed.digest, "missing": missing}, text)
    records = catalog().trust.records()
    lines = [f"{_allowed(one)}  {one.publisher}" for one in records]
    text = "".join(f"{plain(line)}\n" for line in lines) or "nothing has been allowed besides the built-in items\n"
    return Answer([dataclasses.asdict(one) for one in records], text)


def _withdrawn(call: Call) -> Answer:
    if "item" not in call.values or "digest" in call.values:
        words = command("trust NAME --withdraw")
        raise UsageError("--withdraw takes the item's name, and no digest", hint=f"write: {words}")
    gone = offers.withdraw(call.values["item"])
    text = "".join(f"withdrawn {plain(_allowed(one))}\n" for one in gone)
    return Answer([dataclasses.asdict(one) for one in gone], text)


def _allowed(one: Allowed) -> str:
    return f"{one.source}/{one.name}@{one.version}  {one.digest}"


def verify(call: Call) -> Answer:
    """``verify``."""
    reports = verified(call.get("item", ""))
    lines = [plain(f"{one.state:8} {one.where:10} {one.label}  {one.detail}".rstrip()) + "\n" for one in reports]
    good = all(one.state == "ok" for one in reports)
    text = "".join(lines) or "nothing to compare\n"
    return Answer([dataclasses.asdict(one) for one in reports], text, code=0 if good else 1)


def export(call: Call) -> Answer:
    """``export``."""
    if call.get("original"):
        text = drafts.original(call.values["item"])
        return Answer({"original": text}, text)
    text = drafts.export(call.values["item"], dict(call.get("values", ())), plain=bool(call.get("plain")))
    return Answer({"job": text}, text)


def _published(found: list[Published], notes: Sequence[str]) -> Answer:
    indent = "  " if found else ""
    lines = [f"published {showcase.label(one)}\n" for one in found] + [f"{indent}{plain(note)}\n" for note in notes]
    return Answer({"published": [showcase.pin_record(one) for one in found], "notes": list(notes)}, "".join(lines))


ACTIONS: Mapping[str, Callable[[Call], Answer]] = {
    "items": list_items,
    "show": show,
    "use": use,
    "publish": publish,
    "import": bring_in,
    "new": new,
    "sources": sources,
    "trust": trust,
    "verify": verify,
    "export": export,
}
