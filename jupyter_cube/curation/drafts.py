"""Items that are being made: new ones, and those brought in from other systems; and items as files to take away."""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from jupyter_cube import files
from jupyter_cube.curation.offers import publish
from jupyter_cube.errors import ConflictError, CubeError, NotFoundError, SpecError, UsageError, near
from jupyter_cube.marketplace import item as items
from jupyter_cube.marketplace import reference as references
from jupyter_cube.marketplace.catalog import catalog
from jupyter_cube.marketplace.digest import allowed
from jupyter_cube.marketplace.item import FILE, KINDS, Item, Published
from jupyter_cube.marketplace.sources import registry
from jupyter_cube.templates.skeleton import skeleton

_OPTIONS = {
    "dataset": ("url", "path", "value"),
    "job": ("origin", "variables"),
    "notebook": ("path",),
    "prerequisite": (),
    "storage": (),
}


@dataclass(frozen=True, slots=True)
class Draft:
    """An item that is not published yet.

    Attributes:
        files: what it carries: a path inside its folder to the content, or to a file that has it.
        notes: what somebody should know of it, a line each.
    """

    name: str
    text: str
    files: Mapping[str, bytes | Path] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def write(self, folder: Path) -> Path:
        """Write ``NAME.yaml``, or the folder ``NAME`` where it carries files; where it was written.

        Raises:
            ConflictError: there is something of that name already.
        """
        target = folder / (self.name if self.files else f"{self.name}.yaml")
        try:
            with files.disk_errors(target, hint="go to a folder that you can write"):
                if not self.files:
                    with target.open("x", encoding="utf-8") as out:
                        out.write(self.text)
                    return target
                target.mkdir()
        except FileExistsError:
            raise ConflictError(
                "this is there already", place=str(target), hint="remove it, or use another name"
            ) from None
        try:
            with files.disk_errors(target, hint="go to a folder that you can write"):
                self._fill(target)
        except BaseException:
            files.remove_tree(target)
            raise
        return target

    def _fill(self, target: Path) -> None:
        import shutil

        (target / FILE).write_text(self.text, encoding="utf-8")
        for name, content in self.files.items():
            if not allowed(name):
                raise UsageError(f"{name!r:.100} cannot be the name of an item's file")
            file = target / name
            file.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(content, bytes):
                file.write_bytes(content)
            else:
                shutil.copyfile(content, file)

    def publish(self, to: str = "", *, notes: list[str] | None = None, unmet_ok: bool = False) -> list[Published]:
        """Publish it to a source, by default the user's own; nothing where it is there already with the same content.

        Args:
            notes: as ``offers.publish`` has it, and ``unmet_ok``.

        Raises:
            SpecError: it has faults.
            ConflictError: that version is there already, with other content.
        """
        self.item()
        with tempfile.TemporaryDirectory(prefix="cube-") as folder:
            try:
                return publish(self.write(Path(folder)), to=to, notes=notes, unmet_ok=unmet_ok)
            except SpecError as error:
                raise SpecError([replace(fault, file=f"{self.name}.yaml") for fault in error.faults]) from error

    def item(self) -> Item:
        """What its text describes.

        Raises:
            SpecError: it has faults.
        """
        return items.parse(self.text, file=f"{self.name}.yaml")


@dataclass(frozen=True, slots=True)
class Brought:
    """An item brought in from elsewhere.

    Attributes:
        version: empty: not published yet; so is ``digest``.
        notes: what could not be carried over, a line each.
        published: None: it is not; it may have been before.
    """

    name: str
    kind: str
    version: str
    digest: str
    notes: tuple[str, ...]
    published: Published | None

    def record(self) -> dict[str, Any]:
        """As JSON values."""
        names = ("name", "kind", "version", "digest")
        return {**{name: getattr(self, name) for name in names}, "notes": list(self.notes)}


def new(
    kind: str,
    name: str,
    *,
    url: str = "",
    path: str | Path = "",
    value: Any = None,
    origin: str | Path = "",
    variables: Mapping[str, str] | None = None,
    summary: str = "",
) -> Draft:
    """A new item.

    Args:
        url: of a dataset: its address, or ``path``: a file or folder, or ``value``: a table or array.
        path: of a notebook template: the notebook.
        origin: of a job template: a job's id or name, or a job's file; without it, the item is a skeleton to fill.
        variables: of a job template: as ``saving.from_job`` takes them.

    Raises:
        UsageError: the kind is unknown, or the options do not belong to it.
        CubeError: what it is to be made of is not there or cannot be used.
    """
    if kind not in KINDS:
        raise UsageError(f"unknown kind {kind!r:.50}", hint=near(kind, KINDS))
    if not re.fullmatch(references.NAME, name):
        raise UsageError(f"{name!r:.100} cannot be an item's name", hint=f"make it {references.NAME_WORDS}")
    given = {"url": url != "", "path": path != "", "value": value is not None, "origin": origin != ""}
    given["variables"] = bool(variables)
    named = [option for option, is_given in given.items() if is_given]
    for option in named:
        if option not in _OPTIONS[kind]:
            known = ", ".join(_OPTIONS[kind])
            raise UsageError(
                f"a {kind} is not made of {option}", hint=f"it is made of {known}" if known else "leave it away"
            )
    if kind == "dataset":
        return _dataset(name, url, path, value, summary, named)
    if kind == "notebook":
        return _notebook(name, path, summary)
    if kind == "job" and origin != "":
        return _saved(name, origin, variables or {}, summary)
    if variables:
        raise UsageError("variables are taken out of a job", hint="name the job that it is made from")
    return Draft(name, skeleton(kind, name, summary), notes=("this is a skeleton: fill it in before it is published",))


def export(name: str, values: Mapping[str, Any] | None = None, *, plain: bool = False) -> str:
    """A job template as a job file, its variables filled in; ``plain``: without what only this project knows.

    Raises:
        NotFoundError: there is no such item.
        UsageError: it is no job template, is not allowed yet, or its variables are not filled right.
    """
    from jupyter_cube.templates.export import plain_job

    found = catalog()
    published = found.find(references.typed(name))
    if not published.trusted:
        raise UsageError(found.trust.line(published))
    return plain_job(published, values or {}, plain=plain)


def original(name: str) -> str:
    """What an imported item was made of, as a file of the system that it comes from; secrets of jobs are masked.

    Raises:
        NotFoundError: there is no such item.
        UsageError: it was not imported.
    """
    from jupyter_cube.imports.imported import original_text

    published = catalog().find(references.typed(name))
    if text := original_text(published.item):
        return text
    raise UsageError(f"{published.item.label} was not imported", hint="leave --original away")


def bring_in(path: str | Path, *, only: Sequence[str] = (), to: str = "", dry_run: bool = False) -> list[Brought]:
    """Publish what a file of OpenPAI or Cube Studio describes: items, job templates, jobs.

    Args:
        only: names of those that are wanted; empty: all.
        dry_run: publish nothing.

    Raises:
        UsageError: the file is of no kind that is known, or nothing in it has such a name.
        SpecError: an item has faults; nothing was published.
    """
    from jupyter_cube.imports.base import import_file

    brought = import_file(Path(path))
    skipped = [Brought(one.name, "", "", "", one.notes, None) for one in brought if not one.text]
    drafts = [
        (Draft(item.name, one.text, one.files, tuple(one.notes)), item)
        for one in brought
        if one.text
        for item in (items.parse(one.text, file=str(path)),)
    ]
    names = [item.name for _, item in drafts]
    for name in only:
        if name not in names:
            raise UsageError(f"there is no '{name}' in it", place=str(path), hint=near(name, names))
    wanted = [(draft, item) for draft, item in drafts if not only or item.name in only]
    found = [_brought(draft, item, to, dry_run=dry_run) for draft, item in wanted]
    return found if only else [*found, *skipped]


def _brought(draft: Draft, item: Item, to: str, *, dry_run: bool) -> Brought:
    if (there := _newest(item.name, to)) is not None and there.item.origin.get("entry") == item.origin["entry"]:
        said = (*draft.notes, "is there already, made of the same entry")
        return Brought(item.name, item.kind, there.item.version, there.digest, said, there)
    if dry_run:
        return Brought(item.name, item.kind, item.version, "", draft.notes, None)
    notes = [*draft.notes]
    try:
        found = draft.publish(to, notes=notes, unmet_ok=True)
        published = found[0] if found else catalog().find(references.Reference(item.name, source=to or registry.MINE))
    except ConflictError as error:  # somebody was faster; the others still are brought in
        return Brought(item.name, item.kind, item.version, "", (*notes, str(error)), None)
    except SpecError as error:
        left = (f"not carried over: {fault}" for fault in error.faults)
        return Brought(item.name, "", "", "", (*notes, *left), None)
    return Brought(item.name, item.kind, published.item.version, published.digest, tuple(notes), published)


def _newest(name: str, to: str) -> Published | None:
    """The newest version of an item in a source that one publishes to."""
    try:
        return catalog().find(references.Reference(name, source=to or registry.MINE))
    except CubeError:
        return None  # there is none, or it cannot be read, which publishing says


def _dataset(name: str, url: str, path: str | Path, value: Any, summary: str, named: Sequence[str]) -> Draft:
    if len(named) != 1:
        message = f"a dataset is made of one of {' and '.join(named)}" if named else "a dataset is made of something"
        raise UsageError(message, hint="give one of url, path and value")
    from jupyter_cube.marketplace import dataset

    if url:
        made = dataset.from_url(url, name=name, summary=summary)
    elif path != "":
        made = dataset.from_path(Path(path).expanduser(), name=name, summary=summary)
    else:
        made = dataset.from_value(value, name=name, summary=summary)
    return Draft(name, made.text, made.files, tuple(made.notes))


def _notebook(name: str, path: str | Path, summary: str) -> Draft:
    if path == "":
        raise UsageError("a notebook template is made of a notebook", hint="give path, the .ipynb file")
    file = Path(path).expanduser()
    try:
        document = json.loads(file.read_bytes())
    except OSError as error:
        raise NotFoundError(f"it cannot be read: {os.strerror(error.errno or 0).lower()}", place=str(path)) from error
    except ValueError as error:
        raise UsageError("this is no notebook", place=str(path), hint="name an .ipynb file") from error
    if not isinstance(document, dict) or not isinstance(document.get("cells"), list):
        raise UsageError("this is no notebook", place=str(path), hint="name an .ipynb file")
    from jupyter_cube.text.writer import dump

    beside = f"{re.sub(r'[^A-Za-z0-9_.-]', '-', file.stem).strip('.-') or 'notebook'}.ipynb"
    fields = {"kind": "notebook", "name": name, "summary": summary, "notebook": beside}
    text = dump({key: value for key, value in fields.items() if value})
    has_outputs = any(isinstance(cell, dict) and cell.get("outputs") for cell in document["cells"])
    notes = ("the notebook goes along with its outputs",) if has_outputs else ()
    return Draft(name, text, {beside: file}, notes)


def _saved(name: str, origin: str | Path, variables: Mapping[str, str], summary: str) -> Draft:
    from jupyter_cube.templates.saving import from_job

    file = Path(origin).expanduser()
    if not file.is_file():
        from jupyter_cube import api

        file = api.job(str(origin)).folder / "spec.yaml"
    try:
        made = from_job(file.read_text("utf-8"), name=name, variables=variables, summary=summary, file=str(file))
    except UnicodeDecodeError as error:
        raise UsageError("this is not UTF-8 text", place=str(file)) from error
    except OSError as error:
        raise NotFoundError(f"it cannot be read: {(error.strerror or str(error)).lower()}", place=str(file)) from error
    except SpecError as error:
        raise SpecError([replace(fault, file=fault.file or str(origin)) for fault in error.faults]) from error
    return Draft(name, made.text, notes=made.notes)
