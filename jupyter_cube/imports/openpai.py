"""OpenPAI's jobs, and the rows of its marketplace, as items: a job template each, and a dataset where there is one."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

from jupyter_cube.errors import SpecError, UsageError
from jupyter_cube.imports import datasets, naming
from jupyter_cube.imports.fetches import Fetched, fetched
from jupyter_cube.imports.imported import OPENPAI_ITEM, OPENPAI_JOB, Imported, finished
from jupyter_cube.protocol import spec
from jupyter_cube.templates.saving import from_job
from jupyter_cube.text import document

_ID = re.compile(r"[A-Za-z0-9][\w.~-]{0,127}", re.ASCII)
_USED = {"id", "name", "author", "tags", "categories", "summary", "protocol", "description"}
_FILE = re.compile(r"[\w .()-]+\.(?:ya?ml|json|md|txt)")
_FOLDERS = (
    "",
    "item_protocols",
    "item_protocols/old_templates",
    "item_descriptions",
    "item_descriptions/old_templates",
)


def is_job(value: Any) -> bool:
    """Whether a document is a job of OpenPAI."""
    return isinstance(value, Mapping) and "protocolVersion" in value and "taskRoles" in value


def is_rows(value: Any) -> bool:
    """Whether a document is a list of rows of OpenPAI's marketplace."""
    return isinstance(value, list) and any(isinstance(row, Mapping) and "protocol" in row for row in value)


def from_file(text: str, *, file: str) -> Imported:
    """A job as a job template that makes this job again; its secrets become variables.

    Raises:
        SpecError: the job has faults.
        UsageError: the job cannot be made again from its text alone.
    """
    job, notes = _template(text, file=file)
    values = _plain(text, file=file)
    name = naming.kept(str(values["name"]).strip("_-")) or naming.slug(PurePosixPath(file).stem) or "job"
    about = str(values.get("description") or "")
    origin = {"format": OPENPAI_JOB, "name": file, "entry": _masked(text)}
    return finished(
        {
            "kind": "job",
            "name": name,
            "title": values["name"] if values["name"] != name else "",
            "summary": _first_line(about),
            "description": about,
            "author": str(values.get("contributor") or ""),
            "tags": ["openpai"],
            **job,
            "origin": origin,
        },
        notes,
    )


def from_rows(rows: Sequence[Any], folder: Path) -> list[Imported]:
    """Each row as a job template, and its data as a dataset; a row without a job is listed without an item.

    Args:
        folder: where the files are that rows name instead of holding the text.
    """
    names = naming.Names()
    made: list[Imported] = []
    for number, row in enumerate(rows, 1):
        if not isinstance(row, Mapping) or "protocol" not in row:
            made.append(Imported(names.free(f"item-{number}"), notes=("not carried over: it has no job",)))
            continue
        title = str(row.get("name") or f"item-{number}")
        name = names.free(naming.slug(title) or f"item-{number}")
        try:
            made += _row(row, name, title, folder, names)
        except SpecError as error:
            made.append(Imported(name, notes=tuple(f"not carried over: {fault}" for fault in error.faults)))
    return made


def _row(row: Mapping[str, Any], name: str, title: str, folder: Path, names: naming.Names) -> list[Imported]:
    protocol, missing = _text(row, "protocol", folder)
    about, no_about = _text(row, "description", folder)
    files = {"protocol": _masked(protocol), "description": about}
    inline = {key: text for key, text in files.items() if row.get(key) and not _FILE.fullmatch(str(row[key]))}
    common = {
        "title": title[:200],
        "summary": str(row.get("summary") or "")[:1000],
        "description": about,
        "author": str(row.get("author") or ""),
        "tags": _texts(row.get("tags")),
        "categories": _texts(row.get("categories")),
        "origin": {
            "format": OPENPAI_ITEM,
            "name": title,
            "entry": {**row, **inline},
            "files": {key: text for key, text in files.items() if text and key not in inline},
        },
    }
    notes = [f"its description {row['description']} is not beside the file"] if no_about else []
    rest = [key for key, value in row.items() if key not in _USED and value not in (None, "", [], {})]
    notes += [f"kept under origin only: {', '.join(rest)}"] if rest else []
    own = {"id": str(row["id"])} if _ID.fullmatch(str(row.get("id") or "")) else {}
    if row.get("id") and not own:
        notes.insert(0, f"the id {row['id']!r:.100} cannot be an item's")
    is_data = row.get("type") == "data"
    found: list[Imported] = []
    left: list[str] = []
    template: dict[str, Any] | None = None
    of_job: list[str] = []
    job: Mapping[str, Any] = {}
    if missing:
        left.append(f"not carried over: its job {row['protocol']} is not beside the file")
    else:
        try:
            template, of_job = _template(protocol, file=title)
            job = _plain(protocol, file=title)
        except (SpecError, UsageError) as error:
            left += [f"not carried over: its job: {line}" for line in str(error).splitlines()]
    if is_data:
        try:
            # an id is what a job requires, so the dataset has it
            found.append(_dataset(row, job, name, {**own, **common}, notes))
            own = {}
        except UsageError as error:
            left.append(f"it is no dataset here: {error}")
    if template is not None:
        label = names.free(f"{name}-job") if is_data else name
        described = about or str(template["job"].get("description") or "")
        values = {"kind": "job", "name": label, **own, **common, "description": described, **template}
        found.insert(0, finished(values, [*of_job, *notes]))
    if not found:
        return [Imported(name, notes=tuple(left))]
    return [*found[:-1], replace(found[-1], notes=(*left, *found[-1].notes))]


def _texts(value: Any) -> list[str]:
    return [str(each) for each in value] if isinstance(value, list) else [value] if isinstance(value, str) else []


def _template(text: str, *, file: str) -> tuple[dict[str, Any], list[str]]:
    """The keys ``template_variables`` and ``job`` of a job template that makes the job again."""
    made = from_job(text, name="imported", file=file)
    root = document.read(made.text, template=True).root
    assert root is not None
    values = root.plain()
    return {key: values[key] for key in ("template_variables", "job") if key in values}, list(made.notes)


def _dataset(
    row: Mapping[str, Any], job: Mapping[str, Any], name: str, common: Mapping[str, Any], notes: Sequence[str]
) -> Imported:
    """What a data row brings, as a dataset; ``UsageError`` says why there is none."""
    work = _work(job)
    uris = [uri for each in job.get("prerequisites") or () if each.get("type") == "data" for uri in _listed(each)]
    said = [str(uri) for uri in uris] or ([str(row["dataUrl"])] if row.get("dataUrl") else [])
    addresses = said or [*work.files, *work.clones]
    _refuse(addresses)
    of_data = []
    plugin, parameters = "http", datasets.parameters(addresses, {} if said else work.files)
    if (work.clones and not work.files) or any(each.endswith(".git") for each in addresses):
        if addresses[1:]:
            raise UsageError(f"it is of several repositories, {', '.join(addresses)}")
        options = [option for each in work.clones.values() for option in each]
        plugin, parameters = "git", {"repo_uri": addresses[0], "clone_dir": "{{ dataPath }}"}
        parameters |= {"options": options} if options else {}
    elif work.clones and not said:
        raise UsageError(f"it is of files and of repositories, {', '.join(addresses)}")
    else:
        parameters |= {} if said or work.unpacks else {"unpack": "none"}
        of_data.append(datasets.UNCHECKED)
    values = {
        "kind": "dataset",
        "name": name,
        **common,
        "description": common["description"] or str(job.get("description") or ""),
        "source": addresses[0],
        "needs": ["network"],
        "plugin": plugin,
        "plugin_params": parameters,
        "template_variables": [datasets.variable(name)],
    }
    return finished(values, [*of_data, *notes])


def _work(job: Mapping[str, Any]) -> Fetched:
    """What the commands of a job fetch; ``UsageError`` where they do more."""
    found = (
        fetched([str(line) for role in job["taskRoles"].values() for line in role["commands"]]) if job else Fetched()
    )
    if found is None:
        raise UsageError("its job does more than to fetch its data")
    return found


def _refuse(addresses: Sequence[str]) -> None:
    if not addresses:
        raise UsageError("neither its data nor its commands name an address")
    for each in addresses:
        if "$" in each or "<%" in each:
            raise UsageError(f"the address {each} is known in its job only")
        if not each.startswith(("http://", "https://")):
            raise UsageError(f"{each} is no http or https address")


def _listed(data: Mapping[str, Any]) -> Sequence[Any]:
    uri = data.get("uri")
    return uri if isinstance(uri, list) else [uri] if uri else []


def _text(row: Mapping[str, Any], key: str, folder: Path) -> tuple[str, bool]:
    """The text that a row holds or names, and whether its file is missing."""
    value = str(row.get(key) or "")
    if not _FILE.fullmatch(value):
        return value, False
    kind = {"protocol": str(row.get("type") or ""), "description": "desc"}[key]
    for each in (*(f"{below}/{value}" for below in _FOLDERS), f"{kind}_{value}"):
        try:
            return (folder / each.lstrip("/")).read_text("utf-8"), False
        except (OSError, UnicodeDecodeError):
            continue
    return "", True


def _plain(text: str, *, file: str) -> dict[str, Any]:
    root = document.read(text, file=file).root
    found: dict[str, Any] = root.plain() if root is not None else {}
    return found


def _masked(text: str) -> str:
    try:
        return spec.mask_secrets(text)
    except SpecError:
        return text  # it is no job, and is listed as such


def _first_line(text: str) -> str:
    return next((line.strip() for line in text.splitlines() if line.strip()), "")[:200]
