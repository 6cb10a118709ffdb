"""Jobs as text: what is accepted, what is refused and with which words, and writing them back."""

from __future__ import annotations

import json

import pytest
from example_job import JOB, with_commands, with_prerequisites

from jupyter_cube.errors import SpecError
from jupyter_cube.protocol.spec import check, from_dict, mask_secrets, parse, to_dict

EVERYTHING = """\
taskRoles:
  worker: &worker
    commands: ['train <% $parameters.lr %> <% $data.uri[0] %>', b]
    resourcePerInstance: {gpu: 1, cpu: 2.0, memoryMB: 3, ports: {tcp: 2, http: 1}}
    dockerImage: img
    data: d
    script: s
    output: o
    prerequisites: [s, d, s]
    instances: 3
    completion: {minFailedInstances: null, minSucceededInstances: -1}
    taskRetryCount: 2
    extraContainerOptions: {infiniband: true, shmMB: 64, other: [1]}
  ps_server:
    <<: *worker
    instances: 1
name: all-of_it
type: job
protocolVersion: '2'
version: 1.5
contributor: somebody
description: "# title"
jobRetryCount: 1
parameters: {lr: 0.1, n: null, nested: {a: [1, {b: c}]}}
secrets: {tok: SEC}
prerequisites:
- {name: img, uri: 'u:1', type: dockerimage, auth: {password: <% $secrets.tok %>, registryuri: r}, protocolVersion: 2}
- {type: data, name: d, uri: [x, y], version: latest, description: '', custom: {k: [c0]}}
- {type: output, name: o, uri: hdfs://o, require: [s, marketplace://name/x]}
- type: script
  name: s
  plugin: com.microsoft.pai.runtimeplugin.cmd
  failurePolicy: Ignore
  callbacks:
  - {event: taskStarts, commands: ['get <% $data.name %>']}
  - {event: taskCompletes, commands: [c1, c2]}
deployments:
- {name: one, taskRoles: {worker: {preCommands: [pre]}, ps_server: {postCommands: [post]}}}
defaults: {virtualCluster: vc, deployment: one, other: 1}
extras:
  submitFrom: here
  gangAllocation: false
  storages: [{name: nfs, mountPath: /mnt/x, share: true}]
  com.microsoft.pai.runtimeplugin:
  - {plugin: cmd, taskroles: [worker], parameters: {preCommands: [p1], postCommands: []}, hook: x}
  - {plugin: ssh, parameters: {jobssh: true, userssh: {value: <% $secrets.tok %>}}}
  hivedScheduler: {taskRoles: {}}
  jupyter_cube:
    backend: local
    cwd: /tmp
    files: [a.py]
    timeout: 1h30m
    rank: worker
    in: [x]
    out: [y, z]
    grid: {lr: [1, 2]}
    after: {worker: [ps_server]}
    notebook: n.ipynb
    tags: [t]
    strict: false
"""

LOST_SECRETS = "write the secrets themselves, a masked job has lost them"


def faults(text: str) -> list[str]:
    return [str(fault) for fault in check(text, file="job.yaml").faults]


def only_fault(text: str) -> str:
    found = faults(text)
    assert len(found) == 1, found
    return found[0].removeprefix("job.yaml:")


def test_every_field_is_read_and_written_back_as_it_was() -> None:
    import yaml

    spec = parse(EVERYTHING)
    worker = spec.task_roles["worker"]
    assert (worker.instances, worker.resources.cpu, worker.resources.ports) == (3, 2, {"tcp": 2, "http": 1})
    assert (worker.completion.min_failed, worker.completion.min_succeeded) == (None, -1)
    assert spec.task_roles["ps_server"].instances == 1
    assert spec.cube.after == {"worker": ("ps_server",)}
    assert not spec.extras.gang
    assert to_dict(spec) == yaml.safe_load(EVERYTHING)
    assert from_dict(to_dict(spec)) == spec


def test_order_is_kept() -> None:
    text = JOB.replace("protocolVersion: 2\nname: p\n", "name: p\nprotocolVersion: 2\n") + "parameters: {z: 1, a: 2}\n"
    written = to_dict(parse(text))
    assert list(written)[:2] == ["name", "protocolVersion"]
    assert list(written["parameters"]) == ["z", "a"]


def test_a_job_as_json() -> None:
    assert parse(json.dumps(to_dict(parse(JOB)), indent=2)) == parse(JOB)


def test_secrets_are_not_shown() -> None:
    spec = parse(JOB + "secrets: {tok: hunter2}\n")
    assert "hunter2" not in repr(spec)
    assert "hunter2" not in only_fault(JOB + "secrets: hunter2\n")


def test_a_fault_is_one_line_whatever_the_job_contains() -> None:
    text = JOB + '    "x\\n\\e[31m": 1\n    prerequisites: ["a\\nb"]\n'
    for fault in faults(text):
        assert fault.isprintable()


def test_parse_raises_all_faults() -> None:
    with pytest.raises(SpecError) as caught:
        parse("name: 'a b'\ntype: job\n", file="x.yaml")
    assert [fault.path for fault in caught.value.faults] == ["name", "protocolVersion", "taskRoles"]


def test_all_faults_at_once_in_the_order_of_their_lines() -> None:
    text = (
        with_commands("echo <% $parameters.nope %>", "'two <% $data.name %>'")
        + "    instances: 0\n    comands: [x]\n    data: missing\ndefaults: {deployment: d}\nsecrets: no\n"
    )
    assert faults(text) == [
        "job.yaml:11:12: taskRoles.worker.commands[0]: $parameters.nope does not exist; add 'nope' to parameters",
        "job.yaml:13:5: taskRoles.worker.instances: 0 is too small, 1 is the least",
        "job.yaml:14:5: taskRoles.worker.comands: unknown key 'comands'; did you mean 'commands'?",
        "job.yaml:15:5: taskRoles.worker.data: there is no data prerequisite 'missing'",
        "job.yaml:16:12: defaults.deployment: there is no deployment 'd'",
        f"job.yaml:17:1: secrets: this must be a mapping, not text; {LOST_SECRETS}",
    ]


@pytest.mark.parametrize(
    "text",
    [
        JOB,
        JOB.replace("protocolVersion: 2", "protocolVersion: '2'"),
        JOB.replace("cpu: 1", "cpu: 1.0"),
        JOB + "    completion: {minFailedInstances: null, minSucceededInstances: -1}\n",
        JOB + "    extraContainerOptions: {unknown: 1}\n",
        JOB + "defaults: {virtualCluster: x, other: 1}\n",
        JOB + "deployments:\n- {name: d, taskRoles: {}}\n",
        JOB + "extras: {anything: [1, {a: b}]}\n",
        JOB + "version: 1.0\n",
        with_prerequisites("{type: data, name: d, uri: []}", "{type: script, name: s}"),
        with_prerequisites("{type: data, name: img}"),
        with_prerequisites("{type: script, name: s, require: [marketplace://name/x, img]}"),
        with_prerequisites("{type: data, name: d, requireStorages: [{name: n, mountPath: /m}]}"),
        with_commands("'yes'", "no", "off"),
    ],
)
def test_accepted_as_openpai_does(text: str) -> None:
    assert faults(text) == []


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (JOB.replace("name: p\n", "name: a b\n"), "2:1: name: 'a b' must be of letters, digits, - and _"),
        (JOB.replace("name: p\n", "name: ''\n"), "2:1: name: '' must be of letters, digits, - and _"),
        (JOB.replace("name: p\n", 'name: "p\\n"\n'), "must be of letters, digits, - and _"),
        (JOB.replace("name: p\n", f"name: {'n' * 256}\n"), "this has 256 characters, at most 255 are allowed"),
        (JOB.replace("name: p\n", "name: 12\n"), "2:1: name: this must be text, not 12; put it in quotes"),
        (JOB.replace("Version: 2", "Version: 3"), "1:1: protocolVersion: unknown protocol version"),
        (JOB.replace("type: job", "type: jop"), "3:1: type: unknown type 'jop'; did you mean 'job'?"),
        (JOB + "extra: 1\n", "11:1: extra: unknown key 'extra'; did you mean 'extras'?"),
        (JOB.replace("worker", "ps-server"), "7:3: taskRoles.ps-server: the name 'ps-server' must be of letters"),
        (JOB.replace("gpu: 0", "gpu: 0.5"), "gpu: this must be a whole number, not 0.5"),
        (JOB.replace("gpu: 0", "gpu: true"), "gpu: this must be a whole number, not true"),
        (JOB.replace(", gpu: 0", ""), "gpu: the key 'gpu' is missing; add 'gpu:'"),
        (JOB.replace("gpu: 0", "gpu: 0, disk: 1"), "disk: unknown key 'disk'"),
        (JOB.replace("gpu: 0", "gpu: 0, ports: {}"), "ports: the mapping is empty; write 'label: number of ports'"),
        (JOB.replace("[echo hi]", "echo hi"), "commands: this must be a list, not 'echo hi'; write each command as"),
        (JOB.replace("[echo hi]", "[]"), "commands: the list is empty"),
        (JOB.replace("[echo hi]", "[{a: b}]"), "commands[0]: this must be text, not a mapping"),
        (JOB.replace("    dockerImage: img\n", ""), "dockerImage: the key 'dockerImage' is missing"),
        (
            JOB.replace("dockerImage: img", "dockerImage: imgs"),
            "there is no dockerimage prerequisite 'imgs'; did you mean",
        ),
        (JOB.replace(", uri: 'u:1'", ""), "5:3: prerequisites[0].uri: the key 'uri' is missing"),
        (JOB.replace(", uri: 'u:1'", ", uri: u, x: 1"), "prerequisites[0].x: unknown key 'x'"),
        (with_prerequisites("{type: model, name: m}"), "6:4: prerequisites[1].type: unknown type 'model'"),
        (with_prerequisites("{name: m}"), "6:3: prerequisites[1].type: the key 'type' is missing"),
        (with_prerequisites("{type: data, uri: [x]}"), "prerequisites[1].name: the key 'name' is missing"),
        (with_prerequisites("{type: data, name: d, uri: x}"), "uri: this must be a list, not 'x'"),
        (with_prerequisites("{type: script, name: d, uri: [x]}"), "uri: this must be text, not a list"),
        (with_prerequisites("{type: data, name: marketplace://name/x}"), "must be of letters, digits, - and _"),
        (
            with_prerequisites("{type: data, name: d, require: [{name: img, y: 1}]}"),
            "require[0].y: unknown key 'y'",
        ),
        (
            with_prerequisites("{type: data, name: d}", "{type: data, name: d}"),
            "7:16: prerequisites[2].name: there is already a data prerequisite 'd'",
        ),
        (
            with_prerequisites("{type: data, name: d, require: [d]}", "{type: data, name: d, require: [d]}").replace(
                "echo hi", "echo <% $data.x %>"
            )
            + "    data: d\n    prerequisites: [d]\n",
            "7:16: prerequisites[2].name: there is already a data prerequisite 'd'",
        ),
        (
            with_prerequisites("{type: data, name: d}")
            + "extras: {reference_prerequisites: [{name: d, require: [{name: d, template_variables: {x: 1}}]}]}\n",
            "extras.reference_prerequisites[0].name: there is already a prerequisite 'd'",
        ),
        (JOB + "    prerequisites: [imgs]\n", "there is no prerequisite 'imgs'; did you mean 'img'?"),
        (JOB + "    script: img\n", "there is no script prerequisite 'img'"),
        (JOB + "    completion: {foo: 1}\n", "unknown key 'foo'; known: minFailedInstances, minSucceededInstances"),
        (JOB + "parameters: [a]\n", "parameters: this must be a mapping, not a list"),
        (JOB + "secrets: '******'\n", "secrets: this must be a mapping"),
        (JOB + "jobRetryCount: -1\n", "jobRetryCount: -1 is too small, 0 is the least"),
        (JOB + "deployments:\n- {name: d}\n", "deployments[0].taskRoles: the key 'taskRoles' is missing"),
        (
            JOB + "deployments:\n- {name: d, taskRoles: {}}\n- {name: d, taskRoles: {}}\n",
            "deployments[1].name: there is already a deployment 'd'",
        ),
    ],
)
def test_refused_as_openpai_does(text: str, fault: str) -> None:
    assert fault in only_fault(text)


# What OpenPAI accepts and we refuse: (why, text, fault).
@pytest.mark.parametrize(
    ("cube", "fault"),
    [
        ("{backened: local}", "extras.jupyter_cube.backened: unknown key 'backened'; did you mean 'backend'?"),
        ("{timeout: soon}", "extras.jupyter_cube.timeout: 'soon' is no duration; write seconds, or text such as 1h30m"),
        ("{timeout: -1}", "-1 is no duration"),
        ("{rank: workers}", "extras.jupyter_cube.rank: there is no role 'workers'; did you mean 'worker'?"),
        ("{after: {worker: [x]}}", "extras.jupyter_cube.after.worker[0]: there is no role 'x'"),
        ("{after: {worker: [worker]}}", "the roles wait for each other: worker after worker"),
        ("{tags: a}", "extras.jupyter_cube.tags: this must be a list, not 'a'"),
        ("{strict: 'no'}", "extras.jupyter_cube.strict: this must be true or false, not 'no'"),
    ],
)
def test_our_own_extras_are_typed(cube: str, fault: str) -> None:
    assert fault in only_fault(JOB + f"extras: {{jupyter_cube: {cube}}}\n")


@pytest.mark.parametrize(
    ("text", "warning"),
    [
        (
            with_prerequisites("{type: data, name: img}"),
            "6:16: prerequisites[1].name: 'img' is the name of a dockerimage too; where a role lists it, this",
        ),
        (
            JOB + "deployments:\n- {name: d, taskRoles: {wroker: {preCommands: [x]}}}\n",
            "deployments[0].taskRoles.wroker: there is no role 'wroker'; did you mean 'worker'?",
        ),
        (
            JOB + "extras: {com.microsoft.pai.runtimeplugin: [{plugin: ssh, taskroles: [x]}]}\n",
            "taskroles[0]: there is no role 'x'",
        ),
        (
            JOB + "    completion: {minSucceededInstances: 2}\n",
            "minSucceededInstances: the role has only 1 instances, so this never happens",
        ),
        (
            with_prerequisites("{type: data, name: d, uri: [<% $parameters.x %>]}"),
            "uri: references are not filled in here",
        ),
    ],
)
def test_the_odd_is_a_warning(text: str, warning: str) -> None:
    report = check(text, file="job.yaml")
    assert report.spec is not None
    (found,) = (fault for fault in report.warnings if "has no effect here" not in fault.message)
    assert warning in str(found)


def test_parameters_from_outside_count() -> None:
    text = with_commands("<% $parameters.lr %>") + "parameters: {lr: }\n"
    assert check(text).faults
    assert not check(text, parameters={"lr": "0.1"}).faults


def test_a_fault_in_a_folded_command_points_at_the_reference() -> None:
    text = with_commands(">-", "x").replace("    - >-\n    - x\n", "    - >-\n      one\n      <% $parameters.x %>\n")
    assert only_fault(text).startswith("13:7: ")


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        (
            "a: 1\nsecrets:\n  x: 1 # c\n\n  # in\n  y: |\n    # z\n\n# after\nb: 2\n",
            'a: 1\nsecrets: "******"\n\n# after\nb: 2\n',
        ),
        ("secrets:\n  a: b\n  # end", 'secrets: "******"'),
        ("secrets: {a: 'x\n\n # y'} # tail\nb: 1\n", 'secrets: "******"\nb: 1\n'),
        ('{"secrets": {"a": [1]}, "c": 1}', '{"secrets": "******", "c": 1}'),
        ("secrets: &s\n  a: b\nextras: {x: *s}\n", 'secrets: &s "******"\nextras: {x: *s}\n'),
        ("p: &p {a: 1}\nsecrets: *p\nb: 1\n", 'p: &p {a: 1}\nsecrets: "******"\nb: 1\n'),
        ("p: &p tok\nsecrets:\n  a: *p # it\nb: 1\n", 'p: &p tok\nsecrets: "******"\nb: 1\n'),
        ("secrets: # note\n  l:\n  - é\nextras: {secrets: kept}\n", 'secrets: "******"\nextras: {secrets: kept}\n'),
        ("a: 1 # no secrets: {b: c}\n", "a: 1 # no secrets: {b: c}\n"),
    ],
)
def test_secrets_are_masked_and_all_else_is_kept(text: str, masked: str) -> None:
    assert mask_secrets(text) == masked


def test_text_that_cannot_be_read_cannot_be_masked() -> None:
    with pytest.raises(SpecError):
        mask_secrets("secrets: [")
