"""The plugin ``ssh``: accepted, because OpenPAI's jobs have it; a job here needs no SSH server."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from jupyter_cube.plugins.base import Made, Plugin
from jupyter_cube.text.record import Written, key
from jupyter_cube.text.shape import Flag, Integer, Shape, Table


@dataclass(frozen=True, kw_only=True)
class SshParameters(Written):
    """What OpenPAI's SSH server was told."""

    between_tasks: bool = key("jobssh", Flag(), default=False, about="the tasks could log in to each other")
    barrier: bool = key("sshbarrier", Flag(), default=False, about="the tasks waited for each other's server")
    barrier_timeout: int = key("sshbarrierTimeout", Integer(0), default=30, about="minutes that they waited")
    user: Mapping[str, Any] = key("userssh", Table(Shape()), default={}, about="the user's own key")


class SshPlugin(Plugin):
    """Nothing is run: a person enters a task by ``debug``."""

    name: ClassVar[str] = "ssh"
    parameters: ClassVar[type[Written]] = SshParameters

    def make(self, parameters: Any) -> Made:
        del parameters
        return Made(notes=("ssh has no effect: a shell in a task is opened by debug JOB --task ROLE-INDEX",))
