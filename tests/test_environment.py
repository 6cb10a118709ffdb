"""The variables by which tasks know themselves and each other."""

from __future__ import annotations

import pytest

from jupyter_cube.lifecycle.plan import Plan, Resources, Role
from jupyter_cube.planning.environment import job_variables, task_variables

PLAN = Plan(
    "train",
    (
        Role("worker", "x", instances=2, resources=Resources(2, 1024, 1, 64), min_succeeded=-1),
        Role("ps_Server", "x", resources=Resources(1, 512)),
    ),
    rank="worker",
    env={"PAI_VIRTUAL_CLUSTER": "vc", "MINE": "1"},
)
PORTS = {
    ("worker", 0): {"tcp": [1, 2], "http": [3], "ssh": [4], "rank": [5]},
    ("worker", 1): {"tcp": [6, 7], "http": [8], "ssh": [9], "rank": [10]},
    ("ps_Server", 0): {"http": [11], "ssh": [12]},
}
HOSTS = {("worker", 0): "10.0.0.1", ("worker", 1): "10.0.0.2", ("ps_Server", 0): "10.0.0.3"}


@pytest.fixture(name="everyone")
def _everyone() -> dict[str, str]:
    return job_variables(PLAN, job_id="abc", user="ann", ports=PORTS, hosts=HOSTS)


def test_what_the_job_is(everyone: dict[str, str]) -> None:
    expected = {
        "PAI_JOB_NAME": "ann~train",
        "PAI_FRAMEWORK_NAME": "ann~train",
        "PAI_USER_NAME": "ann",
        "PAI_VIRTUAL_CLUSTER": "vc",
        "PAI_TASK_ROLE_COUNT": "2",
        "PAI_TASK_ROLE_LIST": "worker,ps_Server",
        "PAI_JOB_TASK_COUNT": "3",
        "PAI_TASK_ROLE_INSTANCES": "worker:0,worker:1,psserver:0",
        "CUBE_JOB_ID": "abc",
        "MINE": "1",
    }
    assert {name: everyone[name] for name in expected} == expected


def test_how_the_tasks_find_each_other(everyone: dict[str, str]) -> None:
    expected = {
        "PAI_HOST_IP_worker_1": "10.0.0.2",
        "PAI_PORT_LIST_worker_1_tcp": "6,7",
        "PAI_worker_0_http_PORT": "3",
        "PAI_TASK_ROLE_worker_HOST_LIST": "10.0.0.1:3,10.0.0.2:8",
        "PAI_RESOURCE_worker": "1,2,1024,64",
        "PAI_TASK_ROLE_TASK_COUNT_worker": "2",
        "PAI_MIN_SUCCEEDED_TASK_COUNT_worker": "-1",
    }
    assert {name: everyone[name] for name in expected} == expected


@pytest.mark.parametrize("spelled", ["ps_Server", "psserver"])
def test_role_names_have_both_spellings(everyone: dict[str, str], spelled: str) -> None:
    assert everyone[f"PAI_TASK_ROLE_{spelled}_HOST_LIST"] == "10.0.0.3:11"
    assert everyone[f"PAI_PORT_LIST_{spelled}_0_ssh"] == "12"
    assert everyone[f"PAI_RESOURCE_{spelled}"] == "0,1,512,0"


def test_a_name_as_written_wins_over_another_spelled_alike() -> None:
    plan = Plan("p", (Role("a_b", "x", instances=2), Role("ab", "x"), Role("A_B", "x", instances=3)))
    found = job_variables(plan, job_id="j", user="u", ports={}, hosts={(t.role.name, t.index): "h" for t in plan.tasks})
    counts = {name: found[f"PAI_TASK_ROLE_TASK_COUNT_{name}"] for name in ("a_b", "ab", "A_B")}
    assert counts == {"a_b": "2", "ab": "1", "A_B": "3"}


def test_what_a_task_is() -> None:
    found = task_variables(PLAN, "ps_Server", 0, 3, job_id="abc", ports=PORTS, hosts=HOSTS)
    assert found == {
        "PAI_CURRENT_TASK_ROLE_NAME": "ps_Server",
        "PAI_CURRENT_TASK_ROLE_CURRENT_TASK_INDEX": "0",
        "PAI_TASK_INDEX": "0",
        "CUBE_TASK": "abc/ps_Server-0/3",
        "PYTHONUNBUFFERED": "1",
        "PAI_CURRENT_CONTAINER_IP": "10.0.0.3",
        "PAI_CURRENT_CONTAINER_PORT": "11",
        "PAI_CONTAINER_HOST_IP": "10.0.0.3",
        "PAI_CONTAINER_HOST_PORT": "11",
        "PAI_CONTAINER_SSH_PORT": "12",
        "PAI_CONTAINER_HOST_http_PORT_LIST": "11",
        "PAI_CONTAINER_HOST_ssh_PORT_LIST": "12",
        "PAI_CONTAINER_HOST_PORT_LIST": "http:11;ssh:12;",
    }


def test_rank_variables_only_for_the_role_that_asks_for_them() -> None:
    names = ("RANK", "LOCAL_RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")
    ranked = task_variables(PLAN, "worker", 1, 1, job_id="abc", ports=PORTS, hosts=HOSTS)
    assert [ranked[name] for name in names] == ["1", "0", "2", "10.0.0.1", "5"]
    other = task_variables(PLAN, "ps_Server", 0, 1, job_id="abc", ports=PORTS, hosts=HOSTS)
    assert not set(names) & set(other)


def test_a_task_whose_ports_are_not_known_yet() -> None:
    found = task_variables(PLAN, "worker", 0, 1, job_id="abc")
    assert found["RANK"] == "0"
    assert "MASTER_PORT" not in found
    assert "PAI_CONTAINER_SSH_PORT" not in found
