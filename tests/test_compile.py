"""From a job to a plan."""

from __future__ import annotations

import json

import pytest
from example_job import JOB, with_commands, with_prerequisites
from test_spec import EVERYTHING

from jupyter_cube.errors import SpecError
from jupyter_cube.lifecycle.plan import Mount, Plan, Prerequisite, Resources, from_json, to_json
from jupyter_cube.planning.compile import compile
from jupyter_cube.protocol.spec import parse


def plan_of(text: str, **parameters: object) -> Plan:
    return compile(parse(text, parameters=parameters), parameters=parameters)


def refused(text: str, **parameters: object) -> list[str]:
    with pytest.raises(SpecError) as caught:
        compile(parse(text, file="job.yaml"), parameters=parameters)
    return [str(fault).removeprefix("job.yaml:") for fault in caught.value.faults]


def test_the_smallest_job_gets_the_defaults_of_the_protocol() -> None:
    plan = plan_of(JOB)
    (role,) = plan.roles
    assert (plan.name, plan.backend, plan.gang, plan.retries, plan.timeout, plan.rank) == ("p", "local", True, 0, 0, "")
    assert (role.name, role.script, role.image, role.instances) == ("worker", "echo hi", "u:1", 1)
    assert (role.strict, role.cwd, role.retries, role.after) == (True, "", 0, ())
    assert (role.min_failed, role.min_succeeded) == (1, 1)
    assert role.resources == Resources(cpu=1, memory_mb=100, gpu=0, shm_mb=0)
    assert role.ports == {"ssh": 1, "http": 1}
    assert from_json(json.loads(json.dumps(to_json(plan)))) == plan


def test_everything_that_a_job_says_is_in_the_plan() -> None:
    text = EVERYTHING.replace("    grid: {lr: [1, 2]}\n", "").replace(", marketplace://name/x", "")
    plan = plan_of(text)
    worker, server = plan.roles
    assert (plan.timeout, plan.rank, plan.outputs, plan.tags) == (5400, "worker", ("y", "z"), ("t",))
    assert (plan.gang, plan.retries, plan.env) == (False, 1, {"PAI_VIRTUAL_CLUSTER": "vc"})
    assert worker.script == "pre\ntrain 0.1 x\nb"
    assert server.script == "train 0.1 x\nb\npost"
    assert (worker.min_failed, worker.min_succeeded, worker.retries, worker.after) == (1, -1, 2, ("ps_server",))
    assert (worker.strict, worker.cwd) == (False, "/tmp")
    assert worker.resources == Resources(cpu=2, memory_mb=3, gpu=1, shm_mb=64)
    assert worker.ports == {"tcp": 2, "http": 1, "ssh": 1, "rank": 1}
    assert server.ports == {"tcp": 2, "http": 1, "ssh": 1}
    callbacks = Prerequisite("s", {"taskStarts": "get d", "taskCompletes": "c1\nc2"}, ignore_failure=True)
    assert worker.prerequisites == (callbacks, callbacks, Prerequisite("cmd", {"taskStarts": "p1"}))
    assert server.prerequisites == (callbacks, callbacks)
    nfs = Mount("storage", "nfs", "/mnt/x", origin="extras.storages")
    assert worker.mounts == server.mounts == (nfs,)


def test_all_succeeded_is_the_default_of_completion() -> None:
    assert plan_of(JOB + "    instances: 4\n").roles[0].min_succeeded == 4


def test_no_reference_reaches_from_one_command_into_another() -> None:
    text = with_commands("echo '<%'", "echo middle", "echo '%>'")
    assert plan_of(text).roles[0].script == "echo '<%'\necho middle\necho '%>'"


def test_commands_are_trimmed_and_joined() -> None:
    text = with_commands("'  a \\'", '"b\\nc  "', "'  '")
    assert plan_of(text).roles[0].script == "a \\\nb\nc"


@pytest.mark.parametrize("value", ["x'\"\n\\ $(id)", "<% $parameters.b %>", "<a>&"])
def test_values_arrive_as_they_are(value: str) -> None:
    text = with_commands("'[<% $parameters.a %>]'") + f"parameters: {json.dumps({'a': value, 'b': 1})}\n"
    assert plan_of(text).roles[0].script == f"[{value}]"


def test_given_parameters_replace_those_of_the_job() -> None:
    text = with_commands("<% $parameters.lr %> <% $parameters.n %>") + "parameters: {lr: 0.5, n: }\n"
    assert plan_of(text, lr="0.10", n=2.0).roles[0].script == "0.10 2"


def test_a_parameter_that_the_job_does_not_have_is_refused() -> None:
    (fault,) = refused(JOB + "parameters: {batchSize: 1}\n", batchsize="2")
    assert fault == "parameters: the job has no parameter 'batchsize'; did you mean 'batchSize'?"


def test_a_parameter_without_a_value_is_refused() -> None:
    text = with_commands("<% $parameters.n %>") + "parameters: {n: }\n"
    with pytest.raises(SpecError, match=r"\$parameters\.n has no value; give it with -p n=VALUE"):
        compile(parse(text, parameters={"n": 1}))


def test_secrets_stay_names() -> None:
    text = with_commands("curl <%$secrets.a.b[0]%>") + "secrets: {a: {b: [hunter2]}}\n"
    plan = plan_of(text)
    assert plan.roles[0].script == "curl <% $secrets.a.b.0 %>"
    assert "hunter2" not in json.dumps(to_json(plan))


def prerequisite_names(text: str) -> list[str]:
    return [prerequisite.name for prerequisite in plan_of(text).roles[0].prerequisites]


SCRIPT = "{{type: script, name: {0}, preCommands: [{0}], require: [{1}]}}"


@pytest.mark.parametrize(
    ("listed", "order"),
    [
        ("a, b", ["a", "b"]),
        ("b, a", ["b", "a"]),
        ("a, a", ["a", "a"]),  # listed twice, it runs twice
        ("c", ["a", "b", "c"]),  # what is required comes first
        ("c, a", ["a", "b", "c"]),  # and runs once
        ("a, c", ["a", "b", "c"]),
        ("d, c", ["a", "b", "c", "d"]),
    ],
)
def test_order_of_prerequisites(listed: str, order: list[str]) -> None:
    needs = {"a": "", "b": "", "c": "a, b", "d": "c"}
    scripts = [SCRIPT.format(name, required) for name, required in needs.items()]
    assert prerequisite_names(with_prerequisites(*scripts) + f"    prerequisites: [{listed}]\n") == order


def test_prerequisites_run_before_runtime_plugins_of_the_role() -> None:
    text = (
        with_prerequisites("{type: data, name: d, plugin: com.microsoft.pai.runtimeplugin.cmd, postCommands: [x]}")
        + "    prerequisites: [d, img]\n"
        + "extras:\n  com.microsoft.pai.runtimeplugin:\n"
        + "  - {plugin: cmd, parameters: {callbacks: [{event: taskFails, commands: [y]}]}, failurePolicy: IGNORE}\n"
        + "  - {plugin: cmd, taskroles: [other], parameters: {preCommands: [z]}}\n"
    )
    assert plan_of(text).roles[0].prerequisites == (
        Prerequisite("d", {"taskSucceeds": "x"}),
        Prerequisite("cmd", {"taskFails": "y"}, ignore_failure=True),
    )


def test_references_are_filled_in_in_callbacks() -> None:
    text = (
        with_prerequisites("{type: data, name: d, uri: [u0], preCommands: ['get <% $data.uri[0] %> <% $secrets.t %>']}")
        + "    prerequisites: [d]\n    data: d\nsecrets: {t: x}\n"
    )
    assert plan_of(text).roles[0].prerequisites[0].scripts == {"taskStarts": "get u0 <% $secrets.t %>"}


@pytest.mark.parametrize(
    ("timeout", "seconds"), [("90", 90), ("90.5", 90.5), ("90s", 90), ("1h30m", 5400), ("'2d 1h'", 176400), ("0", 0)]
)
def test_timeouts(timeout: str, seconds: float) -> None:
    assert plan_of(JOB + f"extras: {{jupyter_cube: {{timeout: {timeout}}}}}\n").timeout == seconds
