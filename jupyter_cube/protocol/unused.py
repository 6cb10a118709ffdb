"""What is written in a job and has no effect here: said, so that nobody relies on it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from jupyter_cube.errors import Fault
from jupyter_cube.protocol import calls, rules
from jupyter_cube.protocol.model import DEFAULT_IMAGE, Asset, DockerImage, JobSpec
from jupyter_cube.text.document import Document, Path, dotted
from jupyter_cube.text.record import without_effect


def warnings(spec: JobSpec) -> list[Fault]:
    """A warning for each such key, at the first place where it stands."""
    if spec.cube.backend != "local":
        return []
    place = (spec.document or Document("", "", None)).fault
    found: dict[tuple[str, str], list[Path]] = {}
    for path, why in (*without_effect(spec), *_of_no_plugin(spec)):
        if not _referred(spec, path) and not _filled_in(spec, path):
            found.setdefault((str(path[-1]), why), []).append(path)
    return [_said(place(paths[0], _line(name, why)), paths) for (name, why), paths in found.items()]


def _line(name: str, why: str) -> str:
    return f"'{name}' has no effect here" + (f": {why}" if why else "")


def _said(fault: Fault, paths: list[Path]) -> Fault:
    return replace(fault, hint=f"so it is at {', '.join(map(dotted, paths[1:4]))}") if paths[1:] else fault


def _of_no_plugin(spec: JobSpec) -> Iterator[tuple[Path, str]]:
    """Keys of prerequisites that no plugin reads."""
    for index, each in enumerate(spec.prerequisites):
        if isinstance(each, Asset) and each.short_plugin in ("", "cmd"):
            for name in each.more.keys() - calls.ABOUT:
                why = "no plugin reads it" if not each.short_plugin else "the plugin cmd does not read it"
                yield ("prerequisites", index, name), why


def _filled_in(spec: JobSpec, path: Path) -> bool:
    """An image that nobody wrote: a job that was made of a command names one because OpenPAI wants one."""
    if path[-1] != "dockerImage" or spec.cube.strict:
        return False
    image = spec.prerequisite(spec.task_roles[str(path[1])].docker_image, "dockerimage")
    return isinstance(image, DockerImage) and DEFAULT_IMAGE.fullmatch(image.uri) is not None


def _referred(spec: JobSpec, path: Path) -> bool:
    """What <% %> in a text of the job stands for has an effect, whatever it is."""
    if path[0] == "taskRoles" and path[-1] in rules.OF_ROLE:
        return any(f"${path[-1]}." in text for _, text in rules.texts(spec, str(path[1])))
    if path[0] == "prerequisites":
        wanted = f"${spec.prerequisites[int(path[1])].type}.{path[2]}"
        return any(wanted in text for role in spec.task_roles for _, text in rules.texts(spec, role))
    return False
