"""The variables by which the tasks of a job know themselves and each other: OpenPAI's ``PAI_*`` and ours.

OpenPAI writes role names as they are in some variables, and lower-cased without ``_`` in others; here every variable
that contains a role name has both spellings.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from jupyter_cube.lifecycle.plan import Plan

Ports = Mapping[tuple[str, int], Mapping[str, Sequence[int]]]
Hosts = Mapping[tuple[str, int], str]

RANK_PORT = "rank"  # the label of the port at which the tasks of the rank role meet


def job_variables(plan: Plan, *, job_id: str, user: str, ports: Ports, hosts: Hosts) -> dict[str, str]:
    """What all tasks of a job get.

    Args:
        ports: (role, index) to label to port numbers.
        hosts: (role, index) to the address at which the others reach the task.
    """
    names = [role.name for role in plan.roles]
    tasks = sum(role.instances for role in plan.roles)
    found = {
        "PAI_FRAMEWORK_NAME": f"{user}~{plan.name}",
        "PAI_JOB_NAME": f"{user}~{plan.name}",
        "PAI_USER_NAME": user,
        "PAI_USERNAME": user,
        "PAI_DEFAULT_FS_URI": "",
        "PAI_VIRTUAL_CLUSTER": "default",
        "PAI_TASK_ROLE_COUNT": str(len(names)),
        "PAI_TASK_ROLE_LIST": ",".join(names),
        "PAI_TASK_ROLES_NUM": str(len(names)),
        "PAI_TASKS_NUM": str(tasks),
        "PAI_JOB_TASK_COUNT": str(tasks),
        "PAI_JOB_TASK_ROLE_COUNT": str(len(names)),
        "PAI_JOB_TASK_ROLE_LIST": ",".join(names),
        "PAI_TASK_ROLE_INSTANCES": ",".join(f"{_plain(task.role.name)}:{task.index}" for task in plan.tasks),
        "CUBE_JOB_ID": job_id,
        **plan.env,
    }
    plain: dict[str, str] = {}
    for role in plan.roles:
        found.update(_role_variables(plan, role.name, role.name, ports, hosts))
        # Where two names are spelled alike, the first role has the spelling.
        plain = {**_role_variables(plan, role.name, _plain(role.name), ports, hosts), **plain}
    return {**plain, **found}


def task_variables(
    plan: Plan,
    role: str,
    index: int,
    attempt: int,
    *,
    job_id: str,
    ports: Ports | None = None,
    hosts: Hosts | None = None,
) -> dict[str, str]:
    """What one attempt of one task gets; variables of ports and hosts only where these are given."""
    mine = (ports or {}).get((role, index), {})
    found = {
        "PAI_CURRENT_TASK_ROLE_NAME": role,
        "PAI_CURRENT_TASK_ROLE_CURRENT_TASK_INDEX": str(index),
        "PAI_TASK_INDEX": str(index),
        "CUBE_TASK": f"{job_id}/{role}-{index}/{attempt}",
        "PYTHONUNBUFFERED": "1",
    }
    if hosts:
        found["PAI_CURRENT_CONTAINER_IP"] = found["PAI_CONTAINER_HOST_IP"] = hosts[role, index]
    if mine:
        found.update({f"PAI_CONTAINER_HOST_{label}_PORT_LIST": _comma(numbers) for label, numbers in mine.items()})
        lists = "".join(f"{label}:{_comma(numbers)};" for label, numbers in mine.items())
        found["PAI_CONTAINER_HOST_PORT_LIST"] = lists
    if mine.get("http"):
        found["PAI_CURRENT_CONTAINER_PORT"] = found["PAI_CONTAINER_HOST_PORT"] = str(mine["http"][0])
    if mine.get("ssh"):
        found["PAI_CONTAINER_SSH_PORT"] = str(mine["ssh"][0])
    if role == plan.rank:
        found.update({"RANK": str(index), "LOCAL_RANK": "0", "WORLD_SIZE": str(plan.role(role).instances)})
        if hosts:
            found["MASTER_ADDR"] = hosts[role, 0]
        if ports and ports[role, 0].get(RANK_PORT):
            found["MASTER_PORT"] = str(ports[role, 0][RANK_PORT][0])
    return found


def _role_variables(plan: Plan, name: str, spelled: str, ports: Ports, hosts: Hosts) -> dict[str, str]:
    role = plan.role(name)
    needs = role.resources
    found = {
        f"PAI_TASK_ROLE_TASK_COUNT_{spelled}": str(role.instances),
        f"PAI_RESOURCE_{spelled}": f"{needs.gpu},{needs.cpu},{needs.memory_mb},{needs.shm_mb}",
        f"PAI_MIN_FAILED_TASK_COUNT_{spelled}": str(role.min_failed),
        f"PAI_MIN_SUCCEEDED_TASK_COUNT_{spelled}": str(role.min_succeeded),
    }
    addresses: list[str] = []
    for index in range(role.instances):
        found[f"PAI_HOST_IP_{spelled}_{index}"] = host = hosts[name, index]
        for label, numbers in ports.get((name, index), {}).items():
            found[f"PAI_PORT_LIST_{spelled}_{index}_{label}"] = _comma(numbers)
            found[f"PAI_{spelled}_{index}_{label}_PORT"] = _comma(numbers)
            if label == "http" and numbers:
                addresses.append(f"{host}:{numbers[0]}")
    found[f"PAI_TASK_ROLE_{spelled}_HOST_LIST"] = ",".join(addresses)
    return found


def _plain(name: str) -> str:
    return re.sub("[^a-z0-9]", "", name.lower())


def _comma(numbers: Sequence[int]) -> str:
    return ",".join(str(number) for number in numbers)
