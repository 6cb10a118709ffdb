"""Job templates: variables filled in, and jobs saved as templates."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from jupyter_cube import spec
from jupyter_cube.document import read
from jupyter_cube.errors import SpecError, UsageError
from jupyter_cube.marketplace.item import Published, parse
from jupyter_cube.marketplace.sources.builtin import BuiltinSource
from jupyter_cube.marketplace.template import render
from jupyter_cube.marketplace.writer import dump

TRAIN = """\
kind: job
name: train
version: 1.2.0
template_variables:
- {name: workers, type: int, default: 1, minimum: 1}
- {name: gpus, type: choice, choices: [0, 1, 2], default: 0}
- {name: rate, default: 0.1}
- {name: image, type: string, default: python}
- {name: words, type: list, default: [a b, c]}
- {name: script, type: path}
- {name: token, type: secret}
job:
  protocolVersion: 2
  name: train
  type: job
  prerequisites: [{type: dockerimage, name: image, uri: "{{ image }}"}]
  parameters: {lr: "{{ rate }}", size: 32}
  taskRoles:
    worker:
      instances: {{ workers }}
      dockerImage: image
      resourcePerInstance: {cpu: 1, memoryMB: 100, gpu: "{{ gpus }}"}
      commands:
      - |
        export TOKEN="{{ token }}"
        python {{ script | quote }} --lr <% $parameters.lr %> {{ words }}
      - echo ${#files[@]} '{{.Names}}' "{{ 'x' }}" 1e3
      - "1e3"
"""


def published(text: str = TRAIN) -> Published:
    return Published(parse(text, file="train.yaml"), "team", "sha256:abc", Path("/nowhere"))


def filled(**values: Any) -> dict[str, Any]:
    text = render(published(), {"script": "my train.py", "token": "hush", **values})
    root = read(text).root
    assert root is not None
    found: dict[str, Any] = root.plain()
    return found


def faults(text: str = TRAIN, **values: Any) -> list[str]:
    with pytest.raises(SpecError) as caught:
        render(published(text), values)
    return [str(fault) for fault in caught.value.faults]


def test_a_template_becomes_a_job_that_names_it() -> None:
    text = render(published(), {"script": "my train.py", "token": "hush", "workers": "4", "rate": "0.5"})
    job = spec.parse(text)
    assert job.task_roles["worker"].instances == 4
    assert job.parameters == {"lr": 0.5, "size": 32}
    assert job.cube.template == "team/train@1.2.0 sha256:abc"
    assert job.secrets == {"token": "hush"}
    assert text.index("protocolVersion") < text.index("prerequisites") < text.index("taskRoles")


def test_the_text_reads_as_a_person_would_write_it() -> None:
    text = render(published(), {"script": "my train.py", "token": "hush"})
    assert (
        "    commands:\n"
        "    - |\n"
        '      export TOKEN="<% $secrets.token %>"\n'
        "      python 'my train.py' --lr <% $parameters.lr %> 'a b' c\n"
        "    - echo ${#files[@]} '{{.Names}}' \"{{ 'x' }}\" 1e3\n"
        "    - '1e3'\n"
    ) in text


def test_values_keep_their_types_and_text_is_converted() -> None:
    job = filled(gpus="2", image=3.12, rate="[1, 2]", words="x, y z", size="64")
    assert job["taskRoles"]["worker"]["resourcePerInstance"]["gpu"] == 2
    assert job["prerequisites"][0]["uri"] == "3.12"
    assert job["parameters"] == {"lr": [1, 2], "size": 64}
    assert "x 'y z'" in job["taskRoles"]["worker"]["commands"][0]
    assert job["secrets"] == {"token": "hush"}


def test_all_mistakes_are_said_at_once_with_the_item_s_line() -> None:
    assert faults(wokers=1, workers="0", gpus="3") == [
        "train@1.2.0 has no template variable 'wokers'; did you mean 'workers' or 'words'?",
        "'workers' of train@1.2.0 is 0, 1 is the least; it is declared in train.yaml:5",
        "'gpus' of train@1.2.0 is '3', which is none of 0, 1, 2; it is declared in train.yaml:6",
        "the template variable 'script' of train@1.2.0 has no value; fill it, it is declared in train.yaml:10",
        "the template variable 'token' of train@1.2.0 has no value; fill it, it is declared in train.yaml:11",
    ]


def test_a_variable_that_nobody_declared_is_a_mistake_of_the_item() -> None:
    text = TRAIN.replace("{{ words }}", "{{ word }} {{ workers | join(1) }}")
    [said] = faults(text, script="x", token="hush")
    assert said.startswith("train.yaml:24:9: job.taskRoles.worker.commands[0]: ")
    assert said.endswith("train@1.2.0 declares no template variable 'word'; did you mean 'words'?")


def test_a_job_that_would_be_wrong_is_said_at_the_item_s_line() -> None:
    text = TRAIN.replace("instances: {{ workers }}", 'instances: "{{ image }}"')
    [said] = faults(text, script="x", token="hush")
    assert said.startswith("train.yaml:20:7: job.taskRoles.worker.instances: ")


def test_only_job_templates_become_jobs() -> None:
    with pytest.raises(UsageError, match="wget is a prerequisite, not a job template"):
        render(published("name: wget\nplugin: cmd\n"), {})


_TEXTS = (
    *("1e3", "0x1f", "yes", "null", "", "~", "a: b", "# x", "- x", "{{ x }}", "<<", "=", "2020-01-01", "20:30", "010"),
    *("1_000", ".inf", "!x", "&a", "*a", "%", "@", "`", "a\nb", "a\n", "a\n\n", "\na", " a\nb", "a \nb", "a\n b\n"),
    *("\ta\nb", "a\tb\nc", "é\u2028x\ny", "\U0001f600\nx", "a\r\nb", "\x1b[1m\nx", "x" * 500 + " y" * 200),
)


def built_in() -> list[Published]:
    found = BuiltinSource()
    names = sorted(entry.name for entry in Path(found.root).iterdir() if entry.is_dir())
    loaded = [found.load(name, found.versions(name)[-1]) for name in names]
    return [one for one in loaded if one.item.kind == "job"]


@pytest.mark.parametrize("template", built_in(), ids=lambda one: one.item.name)
def test_every_built_in_template_makes_a_job_of_what_its_form_wants(template: Published) -> None:
    required = {one.name: "x" for one in template.item.variables if one.required}
    job = spec.parse(render(template, required))
    assert job.cube.template.startswith(f"builtin/{template.item.name}@")


@pytest.mark.parametrize("value", _TEXTS)
def test_any_text_is_read_back_as_it_was(value: str) -> None:
    root = read(dump({"a": [value, {"b": value}], "c": value})).root
    assert root is not None
    assert root.plain() == {"a": [value, {"b": value}], "c": value}
