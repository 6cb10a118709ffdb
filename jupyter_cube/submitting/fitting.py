"""Whether a machine can give what a job needs; what it cannot is said at its place in the job."""

from __future__ import annotations

from jupyter_cube.backends.registry import backend
from jupyter_cube.errors import CapacityError, CubeError, Fault
from jupyter_cube.lifecycle.plan import Plan
from jupyter_cube.protocol.model import JobSpec
from jupyter_cube.text.document import Document


def fitted(plan: Plan, job: JobSpec | None) -> tuple[Plan, tuple[str, ...]]:
    """The plan as its backend can run it, and warnings for the person.

    Raises:
        CapacityError: it can never run there.
    """
    try:
        return backend(plan.backend).check(plan)
    except CapacityError as error:
        written = job is not None and job.document is not None
        place = _at_gpus(error, plan, job).place if written else "--gpu"
        raise CapacityError(error.message, place=place, hint=error.hint) from None


def refused(plan: Plan, job: JobSpec) -> Fault | None:
    """Why a submit would be refused on this machine; None where it would not."""
    try:
        backend(plan.backend).check(plan)
    except CapacityError as error:
        return _at_gpus(error, plan, job)
    except CubeError as error:
        return Fault(f"it cannot run here: {error.message}", path=error.place, hint=error.hint)
    return None


def _at_gpus(error: CapacityError, plan: Plan, job: JobSpec | None) -> Fault:
    """The fault at the role that wants the most GPUs."""
    document = (job and job.document) or Document("", "", None)
    role = max(plan.roles, key=lambda role: role.resources.gpu * role.instances)
    path = ("taskRoles", role.name, "resourcePerInstance", "gpu")
    return document.fault(path, error.message, hint=error.hint)
