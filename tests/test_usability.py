"""What is said when an item is published, not when it is used: texts, plugins, requirements, jobs of templates."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from test_publish import write

from jupyter_cube.errors import SpecError
from jupyter_cube.marketplace.catalog import Catalog
from jupyter_cube.marketplace.publish import publish
from jupyter_cube.marketplace.sources.builtin import BuiltinSource
from jupyter_cube.marketplace.sources.folder import FolderSource
from jupyter_cube.marketplace.trust import Trust
from jupyter_cube.templates import trial


@pytest.fixture
def team(tmp_path: Path) -> Catalog:
    (tmp_path / "team").mkdir(mode=0o755)
    return Catalog([FolderSource("team", tmp_path / "team"), BuiltinSource()], Trust(tmp_path / "trust.json"))


UNUSABLE = """\
- name: texts
  check: ["test -e {{ plac }}"]
  plugin: cmd
  callbacks:
  - event: taskStarts
    commands:
    - |
      mkdir {{ place }}
      echo {{ place | quoted }} {{ place | quote }} {{ other | default('x') }}
      awk '{print}' "{{ .Go }}"
  template_variables:
  - {name: place, default: "/{{ later }}"}
  - {name: later, default: x}
- name: needs
  require:
  - marketplace://name/nothing
  - name: marketplace://name/digits@9
  - name: marketplace://name/git_repository
    template_variables: {url: "https://h/{{ nowhere }}", urls: x}
  - marketplace://elsewhere/name/x
  - plain
  - marketplace://name/torchrun
  - name: marketplace://name/texts
    template_variables: {place: /x}
  - marketplace://name/web_file
- name: first
  require: [marketplace://name/second]
- name: second
  require: [marketplace://name/first]
- name: template
  kind: job
  template_variables: [script, {name: count, type: int, default: 0}, {name: more, default: ""}]
  job:
    protocolVersion: 2
    name: template
    type: job
    prerequisites: [{type: dockerimage, name: image, uri: "{{ more }}"}]
    taskRoles:
      worker:
        instances: "{{ count }}"
        dockerImage: imag
        prerequisites: [marketplace://name/iriss, marketplace://name/iris]
        resourcePerInstance: {cpu: 1, memoryMB: 0, gpu: 0}
        comands: []
        commands: ["python {{ scrip }} {{ script | quote }} <% $secrets.key %>"]
    extras:
      reference_prerequisites:
      - {name: d, require: [{name: marketplace://name/digits, template_variables: {datPath: /x}}]}
"""


def test_all_that_keeps_items_from_being_used_is_said_at_once(tmp_path: Path, team: Catalog) -> None:
    file = write(tmp_path / "a.yaml", UNUSABLE)
    with pytest.raises(SpecError) as caught:
        publish(file, to="team", where=team, check=trial.faults)
    said = [f"{fault.line}: {fault.path}: {fault.message}; {fault.hint}" for fault in caught.value.faults]
    expected = [
        "2: check[0]: there is no template variable 'plac' here; did you mean 'place'?",
        "9: callbacks[0].commands[0]: '{{ place | quoted }}' cannot be filled in: No filter named 'quoted'; the fil",
        "12: template_variables[0].default: there is no template variable 'later' here; a default may mention",
        "16: require[0]: there is no item 'nothing' (asked: team, builtin); publish that first, or in one file with",
        "17: require[1]: 'digits' of the source 'builtin' has no version 9; there are 1.0.0",
        "18: require[2]: git_repository@1.0.0 has no template variable 'urls'; did you mean 'url'?",
        "19: require[2].template_variables.url: there is no template variable 'nowhere' here; declare it under",
        "20: require[3]: there is no source 'elsewhere'; known: team, builtin",
        "21: require[4]: 'plain' is no item; write marketplace://name/plain",
        "22: require[5]: torchrun@1.0.0 is a job template, not a prerequisite",
        "25: require[7]: the template variable 'url' of web_file@1.0.0 has no value; fill it, it is declared in",
        "27: require: the items require each other: ",
        "40: job.taskRoles.worker.instances: 0 is too small, 1 is the least",
        "41: job.taskRoles.worker.dockerImage: there is no dockerimage prerequisite 'imag'; did you mean 'image'?",
        "42: job.taskRoles.worker.prerequisites[0]: there is no item 'iriss' (asked: team, builtin); did you mean",
        "44: job.taskRoles.worker.comands: unknown key 'comands'; did you mean 'commands'?",
        "45: job.taskRoles.worker.commands[0]: $secrets.key does not exist",
        "45: job.taskRoles.worker.commands[0]: there is no template variable 'scrip' here; did you mean 'script'?",
        "48: job.extras.reference_prerequisites[0].require[0]: digits@1.0.0 has no template variable 'datPath'",
    ]
    assert [line for line, start in zip(said, expected, strict=True) if not line.startswith(start)] == []
    assert os.listdir(tmp_path / "team") == []


def test_parameters_that_a_plugin_does_not_know_are_said(tmp_path: Path, team: Catalog) -> None:
    text = """\
name: a
plugin: http
plugin_params: {urll: "{{ u }}", unpack: "{{ u }}", path: 5}
template_variables: [u]
"""
    with pytest.raises(SpecError) as caught:
        publish(write(tmp_path / "a.yaml", text), to="team", where=team)
    assert [(fault.line, fault.path, fault.message) for fault in caught.value.faults] == [
        (3, "plugin_params.urll", "unknown key 'urll'"),
        (3, "plugin_params.path", "this must be text, not 5"),
    ]


def test_what_an_import_requires_need_not_be_there(tmp_path: Path, team: Catalog) -> None:
    notes: list[str] = []
    text = "name: a\nrequire: [marketplace://name/b, marketplace://name/torchrun]\n"
    publish(write(tmp_path / "a.yaml", text), to="team", where=team, notes=notes, unmet_ok=True)
    assert notes == [
        "require[0]: there is no item 'b' (asked: team, builtin)",
        "require[1]: torchrun@1.0.0 is a job template, not a prerequisite",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "- {name: a, require: [marketplace://name/b@1]}\n- {name: b}\n",
        "- {name: a, require: [marketplace://itemId/bee]}\n- {name: b, id: bee}\n",
        "- {name: a, require: [marketplace://team/name/b@1.5.0]}\n- {name: b, version: 1.5.0}\n",
        """
- {name: a, require: [{name: marketplace://name/b, template_variables: {n: "{{ x }}"}}], template_variables: [x]}
- {name: b, template_variables: [{name: n, type: int}]}
""",
    ],
)
def test_items_of_one_file_may_require_each_other(tmp_path: Path, team: Catalog, text: str) -> None:
    assert len(publish(write(tmp_path / "a.yaml", text), to="team", where=team)) == 2


def test_what_cannot_be_looked_for_is_published_and_said(tmp_path: Path, team: Catalog) -> None:
    gone = FolderSource("gone", tmp_path / "gone")
    offline = Catalog([*team.sources, gone], team.trust)
    text = "name: a\nrequire:\n- marketplace://name/b\n- marketplace://gone/name/c\n- http://127.0.0.1:9/item.yaml\n"
    notes: list[str] = []
    [one] = publish(write(tmp_path / "a.yaml", text), to="team", where=offline, notes=notes)
    assert one.item.label == "a@1.0.0"
    for note, name in zip(notes, ("marketplace://name/b", "marketplace://gone/name/c", "http://127"), strict=True):
        assert note.startswith(f"whether {name}")
        assert "which a@1.0.0 requires, is not known: " in note
    with pytest.raises(SpecError, match="there is no item 'b'"):
        publish(tmp_path / "a.yaml", to="team", where=team)


def test_a_job_template_is_not_refused_for_what_its_users_fill(tmp_path: Path, team: Catalog) -> None:
    text = """\
name: a
kind: job
template_variables:
- image
- {name: count, type: int, minimum: 2}
- {name: role, default: ""}
- {name: token, type: secret}
- {name: need}
- {name: ports}
job:
  protocolVersion: 2
  name: a
  type: job
  prerequisites: [{type: dockerimage, name: image, uri: "{{ image }}"}]
  parameters: {epochs: null}
  taskRoles:
    worker:
      instances: "{{ count }}"
      dockerImage: image
      prerequisites: ["{{ need }}"]
      resourcePerInstance: {cpu: 1, memoryMB: 0, gpu: 0, ports: "{{ ports }}"}
      commands: ["echo <% $parameters.epochs %> <% $parameters.{{ role }} %>", "login {{ token | quote }}"]
  extras:
    jupyter_cube: {rank: "{{ role }}"}
"""
    notes: list[str] = []
    publish(write(tmp_path / "a.yaml", text), to="team", where=team, check=trial.faults, notes=notes)
    assert notes == []
