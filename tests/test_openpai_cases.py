"""OpenPAI's own files against the verdicts of its own validator, where a directory of them is given.

``CUBE_TEST_CASES`` names a directory with ``openpai/verdicts.json`` (file to verdict and rendered commands),
``openpai/probes.json`` (the same with the text), ``openpai/rest_server_env.json`` and the files themselves.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from jupyter_cube.lifecycle.plan import Plan
from jupyter_cube.planning.compile import compile
from jupyter_cube.planning.environment import job_variables, task_variables
from jupyter_cube.protocol.spec import check, from_dict, mask_secrets, parse, to_dict

DIRECTORY = os.environ.get("CUBE_TEST_CASES", "")
CASES = Path(DIRECTORY) / "openpai"
pytestmark = pytest.mark.skipif(not DIRECTORY, reason="CUBE_TEST_CASES names no directory of OpenPAI's files")

# What OpenPAI accepts and we refuse: part of the fault, and why.
STRICTER = {
    "issues/4696_ports_as_list.yaml": ("must be a mapping, not a list", "its runtime breaks on a list of ports"),
    "rest_server_tests/mask/secrets_in_the_end.in.yaml": ("$secrets.registry does not", "a secret that does not exist"),
    "completion_minus5": ("-1 is the least", "only -1 is documented as 'never'"),
    "res_negative_cpu": ("0 is the least", "no machine has a negative number of CPUs"),
    "tmpl_param_missing": ("$parameters.nope does not exist", "a reference without a value stays in the command"),
    "tmpl_param_null": ("$parameters.n has no value", "a reference without a value stays in the command"),
    "tmpl_param_list_oob": ("$parameters.l.9 does not exist", "a reference without a value stays in the command"),
    "tmpl_data_when_role_has_none": ("names no data", "a reference without a value stays in the command"),
    "tmpl_secret_nospace_missing": ("$secrets.nope does not exist", "a secret that does not exist"),
    "tmpl_noprefix": ("is no reference", "text between <% and %> that is no reference"),
    "tmpl_mustache_comment": ("comments are not supported", "it vanishes silently"),
    "tmpl_mustache_amp": ("nothing is escaped", "it vanishes silently"),
    "tmpl_func_len": ("$parameters.l.length does not exist", "a property of a JavaScript object"),
    "tmpl_proto": ("$parameters.constructor does not exist", "a property of a JavaScript object"),
}

# What OpenPAI refuses and we accept: its own proposal, which it never built.
PROPOSED = re.compile(r"proposal/.*_job_\w+\.yaml")


def cases() -> dict[str, dict[str, Any]]:
    """Name to text and what OpenPAI says of it."""
    if not DIRECTORY:
        return {}
    verdicts = json.loads((CASES / "verdicts.json").read_text())
    files = {name: {**found, "yaml": (CASES / name).read_text()} for name, found in verdicts.items()}
    return {**files, **json.loads((CASES / "probes.json").read_text())}


ALL = cases()
ACCEPTED = [name for name, case in ALL.items() if case["verdict"] == "valid" and name not in STRICTER]


def plan_of(name: str) -> Plan:
    """The plan of a case."""
    return compile(parse(ALL[name]["yaml"]))


@pytest.mark.parametrize("name", ALL)
def test_verdict(name: str) -> None:
    report = check(ALL[name]["yaml"], file=name)
    if name in STRICTER:
        assert ALL[name]["verdict"] == "valid"
        (fault,) = report.faults
        assert STRICTER[name][0] in fault.message
    elif PROPOSED.fullmatch(name):
        assert ALL[name]["verdict"] == "invalid"
        assert report.faults == ()
    else:
        assert (report.spec is not None) == (ALL[name]["verdict"] == "valid"), report.faults
    for fault in report.faults:
        assert fault.line
        assert "\n" not in str(fault)


@pytest.mark.parametrize("name", ACCEPTED)
def test_rendered_commands(name: str) -> None:
    assert {role.name: role.script for role in plan_of(name).roles} == ALL[name]["entrypoint"]


@pytest.mark.parametrize("name", ACCEPTED)
def test_written_back(name: str) -> None:
    spec = parse(ALL[name]["yaml"])
    assert from_dict(to_dict(spec)) == spec
    document = spec.document
    assert document is not None
    assert document.root is not None
    assert json.dumps(to_dict(spec)) == json.dumps(document.root.plain())


@pytest.mark.parametrize("name", ["secrets_example", "secrets_in_the_end"])
def test_masked_secrets(name: str) -> None:
    text = (CASES / f"rest_server_tests/mask/{name}.in.yaml").read_text()
    assert mask_secrets(text) == (CASES / f"rest_server_tests/mask/{name}.masked.yaml").read_text()


@pytest.mark.parametrize("name", ["pai_jobs/CPU_500Task_MNIST.yaml", "pai_jobs/hello-world-job.yaml"])
def test_variables_of_the_server(name: str) -> None:
    expected = json.loads((CASES / "rest_server_env.json").read_text())[name]
    plan = plan_of(name)
    hosts = {(task.role.name, task.index): "127.0.0.1" for task in plan.tasks}
    found = job_variables(plan, job_id="x", user="alice", ports={}, hosts=hosts)
    assert {key: found[key] for key in expected} == {key: str(value) for key, value in expected.items()}


def test_variables_of_the_runtime() -> None:
    expected = dict(re.findall(r"export (\w+)='(.*)'", (CASES / "runtime_env_taskrole_0.sh").read_text()))
    plan = plan_of("runtime_tests/framework_job_config.yaml")
    spelled = {"taskrole": "taskrole", "taskrole_1": "taskrole1"}
    ports = {
        (role.name, 0): {
            label: [int(port) for port in expected[f"PAI_PORT_LIST_{spelled[role.name]}_0_{label}"].split(",")]
            for label in role.ports
        }
        for role in plan.roles
    }
    hosts = {(role.name, 0): expected[f"PAI_HOST_IP_{spelled[role.name]}_0"] for role in plan.roles}
    found = {
        **job_variables(plan, job_id="x", user="u", ports=ports, hosts=hosts),
        **task_variables(plan, "taskrole", 0, 1, job_id="x", ports=ports, hosts=hosts),
    }
    assert {key: found.get(key) for key in expected} == expected
    for role in plan.roles:
        for label, count in role.ports.items():
            assert len(ports[role.name, 0][label]) == count
