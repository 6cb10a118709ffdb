"""Job templates: variables filled in, and jobs saved as templates."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from jupyter_cube.errors import SpecError, UsageError
from jupyter_cube.marketplace.item import Published, parse
from jupyter_cube.marketplace.sources.builtin import BuiltinSource
from jupyter_cube.protocol import spec
from jupyter_cube.templates.rendering import render
from jupyter_cube.templates.saving import from_job
from jupyter_cube.text.document import read
from jupyter_cube.text.writer import dump

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


JOB = """\
protocolVersion: 2
name: mine
type: job
prerequisites:
- {type: dockerimage, name: image, uri: python, auth: {username: me, password: <% $secrets.registry %>}}
parameters: {lr: 0.1, epochs: 3, layers: [64, 32]}
secrets: {registry: hush, api-key: quiet, unused: x}
taskRoles:
  worker:
    instances: 2
    dockerImage: image
    resourcePerInstance: {cpu: 1, memoryMB: 100, gpu: 0}
    commands:
    - export KEY=<%$secrets.api-key%>
    - python train.py --lr <% $parameters.lr %> --seed 42 --more 420 --data /data
    - docker ps --format '{{ ID }} {{.Names}}'
extras:
  jupyter_cube:
    cwd: /home/me/study
    timeout: 1h
    notebook: a.ipynb
    items: ["builtin/mnist@1.0.0 sha256:1"]
    template: builtin/x@1.0.0 sha256:2
"""
CHOSEN = {
    "workers": "taskRoles.worker.instances",
    "rate": "parameters.lr",
    "layers": "parameters.layers",
    "seed": "taskRoles.worker.commands[1]=~42",
    "data": "taskRoles.worker.commands[1]=~/data",
}


def made_again(text: str, **values: Any) -> dict[str, Any]:
    """The job that a saved template makes, without the template's own line."""
    root = read(render(published(text), values)).root
    assert root is not None
    job: dict[str, Any] = root.plain()
    del job["extras"]["jupyter_cube"]["template"]
    return job


def plain(text: str) -> Any:
    root = read(text).root
    assert root is not None
    return root.plain()


def test_a_saved_job_has_its_chosen_values_as_variables() -> None:
    made = from_job(JOB, name="mine", variables=CHOSEN, summary="what I run")
    item = parse(made.text)
    types = {one.name: (one.type, None if one.required else one.default) for one in item.variables}
    assert types == {
        "braces": ("", "{{"),
        "registry": ("secret", None),
        "api_key": ("secret", None),
        "workers": ("int", 2),
        "rate": ("float", 0.1),
        "layers": ("list", [64, 32]),
        "seed": ("int", 42),
        "data": ("string", "/data"),
    }
    assert "--lr <% $parameters.lr %> --seed {{ seed }} --more 420 --data {{ data }}" in made.text
    assert item.summary == "what I run"
    job = made_again(made.text, registry="a", api_key="b", workers=5, seed="7", layers=[1])
    assert job["taskRoles"]["worker"]["instances"] == 5
    assert job["parameters"]["layers"] == [1]
    assert "--seed 7 --more 420" in job["taskRoles"]["worker"]["commands"][1]


def test_a_saved_job_makes_itself_again() -> None:
    made = from_job(JOB, name="mine", variables=CHOSEN)
    job = made_again(made.text, registry="hush", api_key="quiet")
    expected = plain(JOB.replace("<%$secrets.api-key%>", "<% $secrets.api_key %>"))
    expected["secrets"] = {"registry": "hush", "api_key": "quiet"}
    expected["extras"] = {"jupyter_cube": {"cwd": ".", "timeout": "1h"}}
    assert job == expected


def test_no_secret_is_saved_and_all_that_is_left_out_is_said() -> None:
    made = from_job(JOB, name="mine")
    assert "hush" not in made.text
    assert "quiet" not in made.text
    assert made.notes == (
        "the template does not say from which notebook the job was submitted: a.ipynb",
        "the template takes the newest items that fit, the job used: builtin/mnist@1.0.0 sha256:1",
        "the template is one of its own, although the job was made of another one: builtin/x@1.0.0 sha256:2",
        "cwd is the folder in which the job is submitted, it was /home/me/study",
        "the secret registry is to be given as registry",
        "the secret api-key is to be given as api_key",
        "the secret unused is left out, nothing uses it",
        "{{ }} of the job's own are kept by the variable braces",
    )


def test_a_job_whose_secrets_are_masked_can_be_saved() -> None:
    made = from_job(spec.mask_secrets(JOB), name="mine")
    assert made_again(made.text, registry="a", api_key="b")["secrets"] == {"registry": "a", "api_key": "b"}


def test_a_default_may_hold_a_secret_s_place() -> None:
    made = from_job(
        JOB, name="mine", variables={"line": "taskRoles.worker.commands[0]", "auth": "prerequisites[0].auth"}
    )
    job = made_again(made.text, registry="a", api_key="b")
    assert job["taskRoles"]["worker"]["commands"][0] == "export KEY=<% $secrets.api_key %>"
    assert job["prerequisites"][0]["auth"]["password"] == "<% $secrets.registry %>"


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        (
            {"n": "taskRoles.woker.instances"},
            "taskRoles.woker.instances: there is no such value; did you mean 'worker'?",
        ),
        ({"n": "taskRoles.worker.commands[9]"}, "taskRoles.worker.commands[9]: there is no such value; there are 3"),
        ({"n": "taskRoles.worker.commands[1]=~4"}, "'4' is not in the text there"),
        ({"n": "taskRoles.worker.instances=~2"}, "there is no text at taskRoles.worker.instances"),
        ({"n": "secrets.registry"}, "secrets become variables by themselves"),
        ({"a-b": "parameters.lr"}, "'a-b' cannot be a variable's name"),
        ({"n": ""}, "cannot be taken out as 'n'"),
        ({"n": "parameters", "m": "parameters.lr"}, "that is n"),
        ({"n": "parameters.lr", "m": "parameters"}, "a variable is in it already: n"),
    ],
)
def test_what_cannot_be_taken_out_is_said(variables: dict[str, str], said: str) -> None:
    with pytest.raises(SpecError) as caught:
        from_job(JOB, name="mine", variables=variables)
    assert said in str(caught.value)


@pytest.mark.parametrize("key", ["files: [files/cell.py]", "in: [df]"])
def test_a_job_that_its_text_does_not_make_is_refused(key: str) -> None:
    with pytest.raises(UsageError, match="the job needs the"):
        from_job(JOB.replace("timeout: 1h", key), name="mine")


@pytest.mark.parametrize("seed", range(60))
def test_any_job_makes_itself_again_whatever_is_taken_out(seed: int) -> None:
    rolled = random.Random(seed)
    words = ("x", "4", "0.1", "{{ x }}", "{{x|upper}}", "a b", "${v}", "{{.N}}", "true", "", "1e3", "{{{ y }}}")
    words = (*words, "<% $parameters.p0 %>", "a\nb", "/data", "#", "'q'", "é")

    def value(depth: int) -> Any:
        choice = rolled.randrange(8 if depth else 6)
        if choice == 6:
            return [value(depth - 1) for _ in range(rolled.randrange(3))]
        if choice == 7:
            return {f"k{n}": value(depth - 1) for n in range(rolled.randrange(3))}
        return [rolled.choice(words), rolled.randrange(100), 0.5, True, None, " ".join(rolled.sample(words, 3))][choice]

    job = plain(JOB)
    del job["secrets"], job["prerequisites"][0]["auth"], job["extras"]
    commands = [" ".join(rolled.choices(words, k=6)) + f" w{n} end" for n in range(4)]
    job["taskRoles"]["worker"]["commands"] = commands
    job["parameters"] = {"p0": "text", **{f"p{n}": value(2) for n in range(1, 4)}}
    variables = {f"v{n}": f"parameters.p{n}" for n in range(4) if rolled.random() < 0.6}
    for n in range(4):
        place = f"taskRoles.worker.commands[{n}]"
        pieces = {f"c{n}": f"{place}=~w{n}", f"d{n}": f"{place}=~end"}
        variables |= rolled.choice([{}, {f"c{n}": place}, pieces])
    text = dump(job)
    made = from_job(text, name="any", variables=variables)
    again = made_again(made.text)
    del again["extras"]
    assert again == job
