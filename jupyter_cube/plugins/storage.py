"""The plugins that mount volumes: ``pvc_storage``, and OpenPAI's older ``teamwise_storage``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from jupyter_cube.lifecycle.plan import Mount
from jupyter_cube.plugins.base import Made, Plugin
from jupyter_cube.text.record import Written, key
from jupyter_cube.text.shape import NAMES, Flag, Text


@dataclass(frozen=True, kw_only=True)
class StorageParameters(Written):
    """A configured volume, and where the tasks see it."""

    name: str = key("name", Text(), about="the volume's name in the configuration")
    mount_path: str = key("mountPath", Text(), default="", about="where the tasks see it; default: /mnt/NAME")
    read_only: bool = key("readOnly", Flag(), default=False, about="the tasks cannot change it")
    sub_path: str = key("subPath", Text(), default="", about="only this folder of it")


class StoragePlugin(Plugin):
    """A configured volume at a path."""

    name: ClassVar[str] = "pvc_storage"
    parameters: ClassVar[type[Written]] = StorageParameters

    def make(self, parameters: Any) -> Made:
        if not parameters.name:
            raise ValueError("the volume's name is empty")
        below = parameters.sub_path.strip("/")
        source = f"{parameters.name}/{below}" if below else parameters.name
        target = parameters.mount_path or f"/mnt/{parameters.name}"
        return Made(mounts=(Mount("storage", source, target, parameters.read_only),))


@dataclass(frozen=True, kw_only=True)
class TeamwiseParameters(Written):
    """Volumes by name."""

    names: tuple[str, ...] = key("storageConfigNames", NAMES, default=(), about="volumes, each at /mnt/NAME")


class TeamwisePlugin(Plugin):
    """Volumes at ``/mnt/NAME``, as OpenPAI's jobs asked for them before ``extras.storages``."""

    name: ClassVar[str] = "teamwise_storage"
    parameters: ClassVar[type[Written]] = TeamwiseParameters

    def make(self, parameters: Any) -> Made:
        mounts = tuple(Mount("storage", name, f"/mnt/{name}") for name in parameters.names)
        return Made(mounts=mounts, notes=("teamwise_storage is deprecated: write the names under extras.storages",))
