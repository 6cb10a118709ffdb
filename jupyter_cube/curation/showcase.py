"""Items as text and as JSON values. What an author wrote is data: control sequences are taken out of it."""

from __future__ import annotations

import shlex
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from jupyter_cube.curation import contents
from jupyter_cube.curation.offers import Offer
from jupyter_cube.hint import command
from jupyter_cube.lifecycle import render
from jupyter_cube.marketplace import carried, usability
from jupyter_cube.marketplace.item import Item, Published
from jupyter_cube.marketplace.search import Found
from jupyter_cube.marketplace.sources.base import Entry, State
from jupyter_cube.marketplace.variable import Variable
from jupyter_cube.plugins.action import Requirement
from jupyter_cube.templates import form

_WIDTH = 70  # characters of a summary in a list
_JOBS = 10  # jobs of an item that are named
_FILES = 50  # files of an item that are named in its text


def entry_record(entry: Entry) -> dict[str, Any]:
    """A line of a list of items as JSON values."""
    return {**asdict(entry), "tags": list(entry.tags), "categories": list(entry.categories)}


def table(found: Found) -> str:
    """A list of items, a line each."""
    if not found.entries:
        text = f"no items; see the sources: {command('sources')}\n"
        return text + "".join(f"warning: {render.plain(line)}\n" for line in found.problems)
    rows = [
        (entry.name, entry.version, entry.kind or "?", entry.source, entry.problem or entry.summary or entry.title)
        for entry in found.entries
    ]
    shown = [[render.plain(cell) for cell in row] for row in rows]
    widths = [max(len(row[column]) for row in shown) for column in range(4)]
    lines = []
    for row in shown:
        cells = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=False))
        lines.append(f"{cells}  {_cut(row[4])}".rstrip() + "\n")
    if found.total > len(found.entries):
        lines.append(f"... {found.total - len(found.entries)} more: {command('items --limit 0')}\n")
    lines += [f"warning: {render.plain(line)}\n" for line in found.problems]
    return "".join(lines)


def _cut(text: str) -> str:
    return text if len(text) <= _WIDTH else text[: _WIDTH - 1] + "…"


def pin_record(published: Published) -> dict[str, str]:
    """Which item it is, as JSON values."""
    item = published.item
    return {"name": item.name, "version": item.version, "digest": published.digest, "source": published.source}


def record(offer: Offer) -> dict[str, Any]:
    """All that is known of an item, as JSON values."""
    published = offer.published
    item = published.item
    return {
        **_about(item),
        "source": published.source,
        "digest": published.digest,
        "publisher": published.publisher,
        "trusted": published.trusted,
        "folder": str(published.folder),
        "files": contents.files(published),
        "runs": [{"when": when, "text": text} for when, text in contents.runs(item)],
        "missing": carried.missing(published),
        "versions": list(offer.versions),
        "uses": len(offer.jobs),
        "last_use": offer.last_use,
        "jobs": [{"id": job.id, "name": job.name, "state": job.state.value} for job in offer.jobs[:_JOBS]],
        "variables": [_variable(each) for each in item.variables],
        "require": [{"name": each.name, "template_variables": dict(each.values)} for each in _required(item)],
        "form": form.schema(item),
    }


def _about(item: Item) -> dict[str, Any]:
    names = ("name", "version", "kind", "id", "title", "summary", "description", "author", "license", "plugin")
    lists = {"tags": list(item.tags), "categories": list(item.categories), "needs": list(item.needs)}
    return {**{name: getattr(item, name) for name in names}, **lists, "link": item.source}


def _required(item: Item) -> list[Requirement]:
    """What it requires, and what the job of a job template does."""
    found: list[Requirement] = []
    for _, each in usability.required(item):
        if each not in found:
            found.append(each)
    return found


def _variable(variable: Variable) -> dict[str, Any]:
    found: dict[str, Any] = {"name": variable.name, "type": variable.type or "any", "required": variable.required}
    if not variable.required:
        found["default"] = variable.default
    for name in ("title", "description", "minimum", "maximum", "pattern"):
        if value := getattr(variable, name):
            found[name] = value
    if variable.choices:
        found["choices"] = list(variable.choices)
    return found


def text(offer: Offer) -> str:
    """An item for people."""
    published, item = offer.published, offer.published.item
    lines = [f"{item.label}  {item.kind}  {item.title}".rstrip(), f"  {item.summary}" if item.summary else ""]
    trusted = "trusted" if published.trusted else "not trusted yet"
    lines.append(f"  from {published.source} ({published.publisher or 'unknown'}), {trusted}, {published.digest}")
    if not published.trusted:
        lines += _to_read(published)
    if missing := carried.missing(published):
        lines.append(f"  {missing}")
    about: Mapping[str, str] = {
        "author": item.author,
        "license": item.license,
        "link": item.source,
        "tags": ", ".join(item.tags),
        "categories": ", ".join(item.categories),
        "needs": ", ".join(item.needs),
        "versions": ", ".join(offer.versions),
        "used": _used(offer),
    }
    lines += [f"  {name}: {value}" for name, value in about.items() if value]
    if needed := _required(item):
        lines += ["requires:", *(f"  {each.name} {_values(each.values)}".rstrip() for each in needed)]
    if item.variables:
        lines += ["variables:", *(f"  {_variable_line(each)}" for each in item.variables)]
    example = " ".join(f"{each.name}=VALUE" for each in item.variables if each.required)
    lines.append(f"use it: {command(f'use {shlex.quote(offer.called)} {example}'.rstrip())}")
    if item.description:
        lines.append("")
    # only the description has lines of its own: no other text may look like one of ours
    told = [*map(_one_line, lines), *item.description.splitlines()]
    return "".join(f"{render.plain(line)}\n" for line in told if line or item.description)


def _to_read(published: Published) -> list[str]:
    """What somebody should read before allowing an item: its files, and what it runs."""
    found = contents.files(published)
    named = [f"{one['path']}{' (executable)' if one['executable'] else ''}" for one in found[:_FILES]]
    more = [f"{len(found) - _FILES} more"] if len(found) > _FILES else []
    lines = [f"  its files are in {published.folder}: {', '.join([*named, *more])}"]
    for when, text in contents.runs(published.item):
        lines.append(f"  it runs ({when}):")
        lines += [f"    | {line.expandtabs(4)}" for line in text.splitlines()]
    return lines


def _one_line(text: str) -> str:
    return "".join(character for character in " ".join(text.splitlines()) if character.isprintable())


def _used(offer: Offer) -> str:
    if not offer.jobs:
        return ""
    names = ", ".join(f"{job.name} {job.id[:6]}" for job in offer.jobs[:3])
    return f"{len(offer.jobs)} times, last {render.moment(offer.last_use)}: {names}"


def _values(values: Mapping[str, Any]) -> str:
    return " ".join(f"{name}={value}" for name, value in values.items())


def _variable_line(variable: Variable) -> str:
    default = "" if variable.required else f"default {variable.default!r}"
    choices = f"one of {', '.join(map(str, variable.choices))}" if variable.choices else ""
    low, high = variable.minimum, variable.maximum
    limits = [f"at least {low}" if low is not None else "", f"at most {high}" if high is not None else ""]
    words = [variable.type or "any", default, choices, *limits, variable.description or variable.title]
    return f"{variable.name}: {'; '.join(word for word in words if word)}"


def sources(states: Sequence[State]) -> str:
    """The sources, a line each in their order."""
    lines = []
    for one in states:
        fetched = f", as of {time.strftime('%d %b %H:%M', time.localtime(one.as_of))}" if one.as_of else ""
        problem = f"  {one.problem}" if one.problem else ""
        detail = f"  {one.detail}" if one.detail else ""
        lines.append(render.plain(f"{one.name}  {one.uri}  {one.items} items{fetched}{detail}{problem}") + "\n")
    return "".join(lines)


def label(published: Published) -> str:
    """One line about an item that something was done with."""
    return f"{published.item.label} of {published.source}  {published.digest}"
