"""Publishing items: checked, given a version and an author, and put into a source whole or not at all."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shlex
import stat
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from jupyter_cube import files
from jupyter_cube.errors import ConflictError, CubeError, Fault, NotFoundError, SpecError, UsageError
from jupyter_cube.hint import command
from jupyter_cube.marketplace import carried, staging, usability
from jupyter_cube.marketplace import digest as digests
from jupyter_cube.marketplace import item as items
from jupyter_cube.marketplace import version as version_rules
from jupyter_cube.marketplace.catalog import Catalog, catalog
from jupyter_cube.marketplace.digest import File
from jupyter_cube.marketplace.item import FILE, Item, Published
from jupyter_cube.marketplace.reference import NAME
from jupyter_cube.marketplace.search import Index
from jupyter_cube.marketplace.sources import registry
from jupyter_cube.marketplace.sources.base import one_line
from jupyter_cube.marketplace.sources.folder import FolderSource
from jupyter_cube.marketplace.sources.reading import ITEM_LIMIT
from jupyter_cube.marketplace.upcoming import Upcoming

LEFT_OUT = frozenset({".git", "__pycache__", ".ipynb_checkpoints", ".DS_Store"})


@dataclass(frozen=True, slots=True)
class _Draft:
    """An item as it will be published: its text, and the files that go with it."""

    item: Item
    folder: Path
    files: tuple[File, ...]
    alone: bool

    @property
    def text(self) -> bytes:
        return _text(self.item, alone=self.alone).encode()

    @property
    def digest(self) -> str:
        text = self.text
        return digests.combine([File(FILE, len(text), hashlib.sha256(text).hexdigest()), *self.files])


def publish(
    path: str | Path,
    *,
    to: str = "",
    version: str = "",
    author: str = "",
    where: Catalog | None = None,
    check: Callable[[Item], Sequence[Fault]] = lambda _: (),
    notes: list[str] | None = None,
    unmet_ok: bool = False,
) -> list[Published]:
    """Publish the item, or the items in order, that a file or a folder with ``item.yaml`` describes.

    Nothing is written before all are checked. A folder goes with all its files, a file with those that its items name.
    What is there already with the same content is not published again, which is a note.

    Args:
        to: the source; empty: the user's own, whose items this account trusts.
        version: of the one item; default: what it says, else the next patch.
        author: default: what the item says, else the user's login name.
        check: finds more that is wrong with an item, such as with the job of a job template.
        notes: what somebody should know of it is put there, a line each.
        unmet_ok: what it requires need not be there or fit, which is a note then.

    Returns:
        Those that were published now.

    Raises:
        SpecError: the items have faults, or cannot be used by anybody.
        ConflictError: that version is there already.
    """
    market = where or catalog()
    target = market.source(to or registry.MINE)
    if not target.writable or not isinstance(target, FolderSource):
        writable = [one.name for one in market.sources if one.writable]
        raise UsageError(f"nobody can publish to '{target.name}'", hint=f"name one of {', '.join(writable)}")
    file, read, faults = _read(Path(path), version)
    upcoming = _stamped([item for item in read if re.fullmatch(NAME, item.name)], target, version, author)
    is_declared = not any("template_variables" in fault.path for fault in faults)  # else much follows from that
    for item in upcoming:
        faults += usability.of_files(item, file.parent)
        faults += [*usability.of_plugin(item), *usability.of_texts(item), *check(item)] if is_declared else ()
    required = usability.Requiring(upcoming, Upcoming(market, target, upcoming))
    said = list(required.notes)
    if unmet_ok:
        said += [f"{fault.path}: {fault.message}" for fault in required.faults]
    else:
        faults += required.faults
    if faults:
        raise SpecError(sorted(faults, key=lambda fault: (fault.line, fault.column)))
    drafts: list[_Draft] = []
    there: list[Published] = []
    for item, given in zip(upcoming, read, strict=True):
        draft = _draft(item, file, whole_folder=Path(path).is_dir(), alone=len(read) == 1)
        if same := _there(draft, target, chosen=bool(version or given.version)):
            there.append(same)
            said.append(f"{item.name} is there already as {same.item.label}, with the same content")
        elif draft.item.version in target.versions(draft.item.name):
            raise _conflict(draft, target)
        else:
            drafts.append(draft)
            said += _left_behind(draft)
    published = [_put(draft, target) for draft in drafts]
    index = Index(market.sources)
    for one in published:
        index.forget(target.name, one.item.name)
    if target.name == registry.MINE and (new := [*published, *(one for one in there if not market.trust.allows(one))]):
        market.trust.add(*new)
    if notes is not None:
        notes += [*said, *(line for one in (*published, *there) if (line := market.namesakes(one)))]
    return published


def _read(path: Path, version: str) -> tuple[Path, tuple[Item, ...], list[Fault]]:
    """The file, the items that it describes, and what is wrong with them by themselves."""
    if version and not re.fullmatch(version_rules.VERSION, version):
        raise UsageError(f"{version!r:.50} is no version", hint="write one such as 1.0.0")
    file = path
    try:
        is_folder = path.is_dir()
        file = path / FILE if is_folder else path
        if is_folder and not file.exists():
            raise _no_item(path)
        if file.exists() and not file.is_file():
            raise UsageError("it is no ordinary file", place=str(file))
        text = file.read_bytes()
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise NotFoundError(f"it cannot be read: {reason}", place=str(file)) from error
    found, faults = items.check_all(text, file=str(file))
    if (is_folder or version) and len(found) > 1:
        what = "a folder holds one item" if is_folder else "a version can be given to one item only"
        raise UsageError(f"there are {len(found)} items in it, {what}", place=str(file))
    return file, found, [*faults] if faults or found else [Fault("there is no item in it", file=str(file))]


def _no_item(folder: Path) -> NotFoundError:
    """What to do with a folder that is no item's."""
    message, hint = f"there is no {FILE} in it", f"write one, or begin with: {command('new')}"
    with files.disk_errors(folder, hint="make it readable, or name another one"):
        if found := sorted(folder.glob(f"*/*/{FILE}")):
            message += f", but {len(found)} item(s) below it in folders NAME/VERSION"
            hint = f"use them as they are with: {command(f'sources add NAME {shlex.quote(str(folder.absolute()))}')}"
        elif found := sorted([*folder.glob(f"*/{FILE}"), *folder.glob("*.yaml"), *folder.glob("*.yml")]):
            first = found[0].parent if found[0].name == FILE else found[0]
            message += f", but {len(found)} file(s) that may be items"
            hint = f"publish each, the first with: {command(f'publish {shlex.quote(str(first))}')}"
    return NotFoundError(message, place=str(folder), hint=hint)


def _stamped(found: Sequence[Item], target: FolderSource, version: str, author: str) -> list[Item]:
    """The items with their versions and authors."""
    stamped: list[Item] = []
    taken: dict[str, list[str]] = {}
    for item in found:
        here = taken.setdefault(item.name, [])
        own = item.version if re.fullmatch(version_rules.VERSION, item.version) else ""
        chosen = version or own or version_rules.next_patch([*target.versions(item.name), *here])
        if chosen in here:
            raise UsageError(f"{item.name}@{chosen} is in it twice", place=item.place(("name",)))
        here.append(chosen)
        stamped.append(replace(item, version=chosen, author=author or item.author or _login_name()))
    return stamped


def _draft(item: Item, file: Path, *, whole_folder: bool, alone: bool) -> _Draft:
    folder = file.parent
    if whole_folder:
        paths = [path for path, _ in digests.walk(folder, without=LEFT_OUT) if path != FILE]
    else:
        paths = [name for name in (item.notebook, item.thumbnail) if name]
        if source := carried.source(item):
            is_folder = (folder / source).is_dir()
            below = digests.walk(folder / source, without=LEFT_OUT) if is_folder else ()
            paths += [f"{source}/{path}" for path, _ in below] if is_folder else [source]
    draft = _Draft(item, folder, tuple(digests.files(folder, dict.fromkeys(paths))), alone)
    if len(draft.text) > ITEM_LIMIT:
        raise UsageError("an item is larger than 1 MB", place=str(file), hint="put data into files beside it")
    return draft


def _there(draft: _Draft, target: FolderSource, *, chosen: bool) -> Published | None:
    """The item as it is there already with the same content: in its newest version, or in the one that was chosen."""
    known = target.versions(draft.item.name)
    version = draft.item.version if chosen else version_rules.newest(known)
    if version not in known:
        return None
    try:
        found = target.load(draft.item.name, version)
    except CubeError:
        return None  # what is broken there is said where it is in the way
    return found if replace(draft, item=replace(draft.item, version=version)).digest == found.digest else None


def _left_behind(draft: _Draft) -> list[str]:
    if draft.files or not (what := carried.named(draft.item)):
        return []
    return [f"{draft.item.label} names {what}, but goes without files: publish the folder that it lies in"]


def _text(item: Item, *, alone: bool) -> str:
    """The item's text with its version and author, otherwise as it was written where that is possible."""
    if alone:
        edited = _edited(item)
        try:
            if items.parse(edited) == item:
                return edited
        except CubeError:
            pass  # it is not written as lines of keys
    import yaml

    text: str = yaml.safe_dump(items.to_dict(item), sort_keys=False, allow_unicode=True, width=120)
    return text


def _edited(item: Item) -> str:
    read = item.document
    assert read is not None
    text = read.text
    edits: list[tuple[int, int, str]] = []
    for name, value in (("author", item.author), ("version", item.version)):
        node, first = read.node((name,)), read.node(("name",))
        if node is None and first is not None:
            end = text.find("\n", first.end)
            place = len(text) if end < 0 else end
            edits.append((place, place, f"\n{name}: {_quoted(value)}"))
        elif node is not None and node.value != value:
            edits.append((node.start, node.end, _quoted(value)))
    for start, end, new in sorted(edits, reverse=True, key=lambda edit: edit[0]):
        text = text[:start] + new + text[end:]
    return text


def _quoted(value: str) -> str:
    """A text as a YAML value."""
    return value if re.fullmatch(version_rules.VERSION, value) else json.dumps(value, ensure_ascii=False)


def _put(draft: _Draft, target: FolderSource) -> Published:
    item = draft.item
    root = Path(target.root)
    folder = root / item.name
    advice = "" if target.name == registry.MINE else "ask whose source it is whether you may publish there"
    with files.disk_errors(folder, hint=advice):
        if target.name == registry.MINE:
            root.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            folder.mkdir()
            folder.chmod(stat.S_IMODE(root.stat().st_mode))  # who may publish to the source may publish versions
        except FileExistsError:
            pass
        try:
            with staging.staged(folder / item.version) as new:
                staging.write_file(new, FILE, draft.text)
                staging.copy_files(draft.folder, new, [one.path for one in draft.files])
                if digests.digest(new) != draft.digest:
                    raise ConflictError("the files changed while they were published", place=str(draft.folder))
        except FileExistsError:
            raise _conflict(draft, target) from None
    return target.load(item.name, item.version)


def _conflict(draft: _Draft, target: FolderSource) -> ConflictError:
    """That version is there: the same, or another one."""
    label = draft.item.label
    try:
        there = target.load(draft.item.name, draft.item.version)
    except CubeError as error:
        return ConflictError(f"{label} is in '{target.name}' already, and broken", place=one_line(str(error)))
    if there.digest == draft.digest:
        return ConflictError(f"{label} is in '{target.name}' already, with the same content")
    following = version_rules.next_patch(target.versions(draft.item.name))
    return ConflictError(
        f"{label} is in '{target.name}' already, with other content, put there by {one_line(there.publisher)}",
        hint=f"a published version never changes; publish this as {following}",
    )


def _login_name() -> str:
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"uid {os.getuid()}"
