"""What people do with items: find them, look at them, use them, publish, allow, verify."""

from __future__ import annotations

import contextlib
import re
import shlex
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from jupyter_cube import files, hint
from jupyter_cube.config import store_path
from jupyter_cube.errors import BackendError, ConflictError, Fault, NotFoundError, UsageError, near
from jupyter_cube.marketplace import publish as publishing
from jupyter_cube.marketplace import reference as references
from jupyter_cube.marketplace import staging
from jupyter_cube.marketplace.binding import bind
from jupyter_cube.marketplace.catalog import catalog
from jupyter_cube.marketplace.item import Item, Published
from jupyter_cube.marketplace.reference import Reference
from jupyter_cube.marketplace.search import Found, Index
from jupyter_cube.marketplace.sources.base import one_line
from jupyter_cube.marketplace.trust import Allowed
from jupyter_cube.store.index import Index as Jobs
from jupyter_cube.store.index import Summary
from jupyter_cube.store.store import Store
from jupyter_cube.text.typed import value_of

__all__ = ["Offer", "Ready", "allow", "items", "offer", "publish", "use", "uses", "withdraw"]


_HELD = re.compile(r"\$[^\W\d]\w*")  # a variable of the notebook


@dataclass(frozen=True, slots=True)
class Offer:
    """An item and what is known of its use.

    Attributes:
        called: what a person types for it: NAME, SOURCE/NAME where another one of the name comes first, or its address.
        versions: those of its source, newest first.
        jobs: those that used it, newest first.
    """

    published: Published
    called: str
    versions: tuple[str, ...]
    jobs: tuple[Summary, ...]

    @property
    def last_use(self) -> float:
        """Seconds since the epoch; 0: never."""
        return self.jobs[0].created if self.jobs else 0.0


@dataclass(frozen=True, slots=True)
class Ready:
    """An item made ready to use.

    Attributes:
        cell: for a notebook: a cell to run.
        command: for a shell: a command to run.
        file: a notebook that was written; empty: none.
        about: the item and where it comes from, in a line.
    """

    cell: str
    command: str
    file: str = ""
    about: str = ""


def items(
    query: str = "",
    *,
    kind: str = "",
    tags: Sequence[str] = (),
    category: str = "",
    author: str = "",
    source: str = "",
    limit: int = 50,
    offset: int = 0,
) -> Found:
    """Items whose words begin with those of the query, the best first."""
    found = Index(catalog().sources)
    return found.search(
        query, kind=kind, tags=tags, category=category, author=author, source=source, limit=limit, offset=offset
    )


def item(name: str) -> Published:
    """The item that a person named: ``[SOURCE/]NAME[@VERSION]``.

    Raises:
        NotFoundError: there is none.
    """
    return catalog().find(references.typed(name))


def offer(name: str) -> Offer:
    """An item with its versions and the jobs that used it.

    Raises:
        NotFoundError: there is none.
    """
    found = item(name)
    label = f"{found.source}/{found.item.name}@"
    jobs = [job for job in Jobs(Store(store_path())).summaries() if any(one.startswith(label) for one in job.items)]
    versions = [] if "://" in found.source else catalog().versions(found.item.name, found.source)
    return Offer(found, _called(found), tuple(versions), tuple(jobs))


def uses() -> Counter[str]:
    """How many jobs used an item, in any version, by ``SOURCE/NAME``."""
    jobs = Jobs(Store(store_path())).summaries()
    return Counter(name for job in jobs for name in {one.rpartition("@")[0] for one in job.items})


def _called(found: Published) -> str:
    if "://" in found.source:
        return found.source
    is_first = catalog().find(references.typed(found.item.name)).source == found.source
    return found.item.name if is_first else f"{found.source}/{found.item.name}"


def use(name: str, values: Mapping[str, Any] | None = None, *, folder: Path | None = None) -> Ready:
    """What to run to use an item; of a notebook template a copy is written into ``folder`` (default: here).

    Args:
        values: of its variables.

    Raises:
        UsageError: a variable is not filled, unknown or ill-typed.
    """
    found = item(name)
    typed = {key: value_of(value) if isinstance(value, str) else value for key, value in (values or {}).items()}
    bound, problems = bind(found.item, {key: _known_later(found.item, key, value) for key, value in typed.items()})
    if problems and found.item.kind != "notebook":
        message, advice = problems[0]
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        example = " ".join(f"{each.name}=VALUE" for each in found.item.variables if each.required)
        hint_text = f"write: {hint.command(f'use {name} {example}')}" if "no value" in message else advice
        raise UsageError(f"{message}{more}", hint=hint_text)
    if found.item.kind == "notebook":
        return _notebook(found, folder or files.here())
    reference = _reference(found)
    if found.item.kind == "job":
        words = "".join(f" -p {shlex.quote(f'{key}={_text(value)}')}" for key, value in typed.items())
        target = f"submit {shlex.quote(reference)}{words}"
        about = _about(found)
        return Ready(f"# {about}\n%cube {target}", f"{hint.shell_prefix()} {target}", about=about)
    return _required(found, reference, typed, bound)


def publish(
    path: str | Path,
    *,
    to: str = "",
    version: str = "",
    author: str = "",
    notes: list[str] | None = None,
    unmet_ok: bool = False,
) -> list[Published]:
    """Publish the item, or the items in order, that a file or a folder with ``item.yaml`` describes.

    Nothing is written before all are checked. What is there already with the same content is not published again, which
    is a note.

    Args:
        to: the source; empty: the user's own, whose items this account trusts.
        version: of the one item; default: what it says, else the next patch.
        author: default: what the item says, else the user's login name.
        notes: what somebody should know of it is put there, a line each.
        unmet_ok: what it requires need not be there or fit, which is a note then.

    Returns:
        Those that were published now.

    Raises:
        SpecError: the items have faults, or cannot be used by anybody.
        ConflictError: that version is there already.
    """
    from jupyter_cube.templates import skeleton, trial  # know all of jobs

    def check(item: Item) -> list[Fault]:
        return [*trial.faults(item), *skeleton.faults(item)]

    return publishing.publish(path, to=to, version=version, author=author, check=check, notes=notes, unmet_ok=unmet_ok)


def allow(name: str, digest: str) -> Published:
    """Allow an item with exactly that content to be used, from now on.

    Raises:
        ConflictError: it has other content.
    """
    there = list(_everywhere(references.typed(name)))
    for found in there:
        if found.digest == digest:
            catalog().trust.add(found)
            return found
    first = there[0] if there else item(name)
    message = f"{first.item.label} of '{first.source}' has the digest {first.digest}"
    raise ConflictError(message, place=name, hint=f"look at it with: {hint.command(f'show {name}')}")


def withdraw(name: str) -> list[Allowed]:
    """Allow no version of an item any more; what was allowed of it.

    Args:
        name: ``NAME``, of all sources, ``SOURCE/NAME``, or an item's own address.

    Raises:
        NotFoundError: nothing of it is allowed.
        UsageError: it names one version.
    """
    trust = catalog().trust
    known = trust.records()
    if "://" in name and not name.startswith(references.SCHEME):
        names = {one.name for one in known if one.source == name}
        gone = [one for each in sorted(names) for one in trust.withdraw(each, name)]
    else:
        asked = references.typed(name)
        if asked.version:
            which = f"{asked.source}/{asked.name}" if asked.source else asked.name
            words = hint.command(f"trust {which} --withdraw")
            raise UsageError("trust is withdrawn of an item with all its versions", place=name, hint=f"write: {words}")
        gone = trust.withdraw(asked.name, asked.source)
    if not gone:
        advice = near(name, dict.fromkeys(one.name for one in known))
        raise NotFoundError(f"nothing of '{name}' has been allowed", hint=advice)
    return gone


def _everywhere(reference: Reference) -> Iterator[Published]:
    """The item in every source that has it, also behind another source's of that name."""
    if reference.address or reference.id:
        yield catalog().find(reference)
        return
    for source in catalog().sources:
        if reference.source in ("", source.name):
            with contextlib.suppress(NotFoundError, BackendError):
                yield catalog().find(replace(reference, source=source.name))


def _known_later(item: Item, name: str, value: Any) -> Any:
    """A value for checks: a secret that a variable of the notebook holds, ``$NAME``, is one of the job then."""
    variable = item.variable(name)
    if variable is not None and variable.type == "secret" and isinstance(value, str) and _HELD.fullmatch(value):
        return f"<% $secrets.{value[1:]} %>"
    return value


def _required(found: Published, reference: str, typed: Mapping[str, Any], bound: Mapping[str, Any]) -> Ready:
    short = reference if "://" in found.source else f"{_called(found)}@{found.item.version}"
    values = ",".join(f"{key}={_listed(value)}" for key, value in typed.items())
    asked = shlex.quote(f"{short}:{values}" if values else short)
    about = _about(found)
    body = [f"# {about}"]
    for variable in found.item.variables:
        value = bound.get(variable.name)
        if isinstance(value, str) and value.startswith("/"):
            name = _identifier(variable.name)
            body += ["import os", "", f"{name} = {value!r}", f"print(os.listdir({name}))"]
    head = f"%%cube submit --require {asked}"
    lines = body if len(body) > 1 else [*body, "..."]
    return Ready("\n".join([head, *lines]), f"{hint.shell_prefix()} submit --require {asked} -- COMMAND", about=about)


def _notebook(found: Published, folder: Path) -> Ready:
    source = found.folder / found.item.notebook
    if not source.is_file():
        raise NotFoundError(f"{found.item.label} has no file {found.item.notebook}", hint="it was published without")
    stem, number = re.sub(r"[^\w.-]", "-", found.item.name), 1
    target = folder / f"{stem}.ipynb"
    while target.exists():
        number += 1
        target = folder / f"{stem}-{number}.ipynb"
    with files.disk_errors(target, hint="go to a folder that you can write"), staging.scratch(target) as beside:
        staging.copy_files(found.folder, beside, [found.item.notebook])
        copy = beside / found.item.notebook
        copy.chmod(0o644)
        copy.rename(target)
    about, command = _about(found), f"jupyter lab {shlex.quote(str(target))}"
    return Ready(f"# {about}\n# open {target.name}", command, str(target), about)


def _reference(found: Published) -> str:
    if "://" in found.source:
        return found.source
    source = f"{found.source}/" if "/" in _called(found) else ""
    return f"{references.SCHEME}{source}name/{found.item.name}@{found.item.version}"


def _about(found: Published) -> str:
    item = found.item
    return one_line(f"{item.label} of {found.source}: {item.summary or item.title}".rstrip(": "))


def _identifier(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def _text(value: Any) -> str:
    from jupyter_cube.marketplace.braces import as_text

    return value if isinstance(value, str) else as_text(value)


def _listed(value: Any) -> str:
    """A value as it stands after ``NAME:``, where commas separate."""
    import json

    if isinstance(value, str):
        return json.dumps(value) if re.search(r"""[,'"\[\{]""", value) else value
    return json.dumps(value, ensure_ascii=False)
