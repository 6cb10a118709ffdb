"""What every plugin is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from jupyter_cube.lifecycle.plan import File, Mount
from jupyter_cube.text.record import Written


@dataclass(frozen=True, slots=True)
class Made:
    """What a prerequisite comes to.

    Attributes:
        scripts: event (taskStarts, taskSucceeds, taskFails, taskCompletes) to bash text.
        mounts: volumes that the tasks see.
        files: files that the scripts use, found below ``$CUBE_JOB/files``.
        notes: lines for the person who submits.
        scope: where it depends on the parameters, instead of the plugin's.
    """

    scripts: Mapping[str, str] = field(default_factory=dict)
    mounts: tuple[Mount, ...] = ()
    files: tuple[File, ...] = ()
    notes: tuple[str, ...] = ()
    scope: str = ""


class Plugin(ABC):
    """A kind of prerequisite. It is pure: it makes a value, and looks at neither machine nor network.

    Attributes:
        name: what a prerequisite writes as ``plugin``.
        parameters: the record that ``plugin_params`` are read into; its keys are what may be written.
        scope: ``job``: one of the tasks does it for all; ``task``. A prerequisite may say otherwise.
    """

    name: ClassVar[str]
    parameters: ClassVar[type[Written]]
    scope: ClassVar[str] = "job"

    @abstractmethod
    def make(self, parameters: Any) -> Made:
        """What it comes to.

        Called once a prerequisite and role, before anything is committed. Scripts run in bash, in the task's
        environment and working folder, with ``errexit`` unless the prerequisite's failure is ignored. They may append
        ``KEY=value`` lines to ``$CUBE_ENV``, keep what all jobs may share below ``$CUBE_CACHE``, and find the task's
        interpreter in ``$CUBE_PYTHON``.

        Args:
            parameters: an instance of ``self.parameters``, template variables filled in. Texts may still hold
                ``<% $secrets.NAME %>``, which is filled in when the task starts.

        Raises:
            ValueError: the parameters do not go together; the message says why in one sentence.
        """
