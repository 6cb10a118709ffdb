"""Cube Studio's job templates and datasets as items: forms, commands, and what does not come over."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path
from typing import Any

import pytest
from cubestudio_entries import LAUNCHER, NASTY, commands, entry, imported, job_of, ran

from jupyter_cube.errors import SpecError, UsageError
from jupyter_cube.imports.base import import_file, original
from jupyter_cube.imports.imported import original_text
from jupyter_cube.imports.markup import markdown, plain
from jupyter_cube.imports.short_syntax import cpus, gpus, memory_mb, mounts
from jupyter_cube.marketplace.item import parse
from jupyter_cube.templates.form import schema

FIELDS: dict[str, dict[str, Any]] = {
    "--text": {"type": "str", "require": 1, "default": "x", "label": "启动命令", "describe": "say <b>what</b>"},
    "--zero": {"type": "int", "default": "0", "range": "[0,10)"},
    "--rate": {"type": "float", "default": 0.5, "range": "0,1"},
    "--quick": {"type": "bool", "default": False},
    "--several": {"type": "list", "default": "a,b"},
    "--any-of": {"type": "multiple", "choice": ["a", "b c"], "default": ["a"]},
    "--one": {"type": "enum", "choice": ["a", "b"], "default": "b"},
    "--three": {"type": "str", "choice": ["1", "2"], "default": "2"},
    "--settings": {"type": "json", "default": {"a": [1, "ä"]}},
    "--nested": {"type": "dict", "default": {}, "sub_args": {"x": {}}},
    "--file": {"type": "file", "default": "/data/in.csv"},
    "--number": {"type": "str", "default": "3", "regex": "^[0-9]*$"},
    "--empty": {"type": "text", "default": ""},
    "--must": {"type": "str", "require": 1, "default": ""},
    "--may": {"type": "str", "require": 1, "default": "", "describe": "默认为空"},
    "--folder": {"type": "str", "default": "/mnt/{{creator}}/x"},
    "--when": {"type": "str", "default": "{{ datetime.datetime.now() }}", "editable": 0, "condition": "a=b"},
    "-f": {"type": "str", "default": "f"},
}


def test_fields_become_variables_of_their_types(tmp_path: Path) -> None:
    (one,) = imported(tmp_path, {"trainer": entry(FIELDS, command="python3 train.py")})
    item = parse(one.text)
    kinds = {each.name: (each.type, None if each.required else each.default) for each in item.variables}
    expected = {
        "text": ("string", "x"),
        "zero": ("int", 0),
        "rate": ("float", 0.5),
        "quick": ("bool", False),
        "several": ("list", ["a", "b"]),
        "any_of": ("list", ["a"]),
        "one": ("choice", "b"),
        "three": ("choice", "2"),
        "settings": ("string", '{"a": [1, "ä"]}'),
        "nested": ("string", ""),
        "file": ("path", "/data/in.csv"),
        "number": ("string", "3"),
        "empty": ("string", ""),
        "must": ("string", None),
        "may": ("string", ""),
        "folder": ("string", "/mnt/{{creator}}/x"),
        "when": ("string", None),
        "f": ("string", "f"),
    }
    assert {name: kinds[name] for name in expected} == expected
    zero, rate, text = (item.variable(name) for name in ("zero", "rate", "text"))
    assert zero is not None
    assert rate is not None
    assert text is not None
    assert (zero.minimum, zero.maximum, rate.minimum, rate.maximum) == (0, 9, 0, 1)
    assert text.title == "start command (启动命令)"
    assert text.description == "say what\n(`--text`)"
    assert item.origin["groups"]["text"] == "training (训练)"
    form = schema(item)["properties"]
    assert (form["text"]["x-group"], form["cpu"]["x-group"]) == ("training (训练)", "task")
    assert form["number"]["pattern"] == "^(?:[0-9]*)$"
    assert form["three"]["enum"] == ["1", "2"]
    with pytest.raises(SpecError, match=r"'12x', which does not match"):
        job_of(one, number="12x")
    with pytest.raises(SpecError, match="9 is the most"):
        job_of(one, zero=10)


def test_what_does_not_come_over_is_said(tmp_path: Path) -> None:
    more = {
        "command": "python3 train.py",
        "privileged": True,
        "hostAliases": "10.0.0.1 data",
        "account": "kubeflow-pipeline",
        "version": "Alpha",
        "expand": {"index": 3, "rec_job_template": "next"},
        "volume": "workspace(pvc):/mnt,config(configmap):/etc/kube,4G(memory):/dev/shm,other(pvc):/mnt",
        "env": "TASK_RESOURCE_CPU=2~4\nTASK_RESOURCE_GPU=1(V100)\nNO_RESOURCE_CHECK=true\nURL=http://h/?a=b\nbad line",
    }
    (one,) = imported(tmp_path, {"trainer": entry(FIELDS, **more)})
    notes = "\n".join(one.notes)
    for said in (
        "privileged is not carried over",
        "hostAliases is not carried over: 10.0.0.1 data",
        "the account kubeflow-pipeline is not carried over",
        "version Alpha",
        "expand: index",
        "expand: rec_job_template is not carried over: next",
        "workspace is mounted whole at /mnt",
        "config(configmap):/etc/kube is not carried over",
        "other(pvc):/mnt is not carried over: another one is at /mnt",
        "TASK_RESOURCE_CPU=2~4: the larger one counts",
        "the kind of GPU V100",
        "NO_RESOURCE_CHECK",
        "'bad line' is no NAME=value",
        "--when: its default is an expression and must be given: {{ datetime.datetime.now() }}",
        "--when: condition is not carried over",
        "--when: editable is not carried over",
        "--nested: sub_args is not carried over",
        "--may: it is required, but may be empty",
    ):
        assert said in notes
    job = job_of(one)
    role = job["taskRoles"]["worker"]
    assert role["resourcePerInstance"] == {"cpu": 4, "memoryMB": 2048, "gpu": 1}
    assert role["extraContainerOptions"] == {"shmMB": 4096}
    assert job["extras"]["storages"] == [{"name": "workspace", "mountPath": "/mnt"}]
    assert role["commands"][0] == "export URL='http://h/?a=b'"
    assert original(parse(one.text)) == entry(FIELDS, **more)


def test_the_command_gets_exactly_the_words_that_were_given(tmp_path: Path) -> None:
    (one,) = imported(tmp_path, {"trainer": entry(FIELDS, command="python3 train.py --mode fast")})
    assert parse(one.text).variable("launcher").default == "python3 train.py --mode fast"  # type: ignore[union-attr]
    several = ["a b", "ä'\"<&>", NASTY]
    lines = commands(
        one,
        launcher=LAUNCHER,
        text=NASTY,
        quick=True,
        zero=0,
        rate="0",
        several=several,
        any_of=[],
        settings='{"k": "v\'$x"}',
        nested="{}",
        file="/a b",
        must="false",
        creator="ann e",
        when="[]",
    )
    _, words = ran(lines, tmp_path)
    words.remove("--quick")
    found = dict(zip(words[::2], words[1::2], strict=True))
    assert json.loads(found.pop("--several")) == several
    assert found == {
        "--text": NASTY,
        "--zero": "0",
        "--rate": "0",
        "--one": "b",
        "--three": "2",
        "--settings": '{"k": "v\'$x"}',
        "--file": "/a b",
        "--number": "3",
        "--must": "false",
        "--folder": "/mnt/ann e/x",
        "--when": "[]",
        "-f": "f",
    }
    assert "--quick" not in ran(commands(one, launcher=LAUNCHER, quick=False), tmp_path)[1]


def test_image_folder_and_command_of_a_custom_image(tmp_path: Path, nasty_path: Path) -> None:
    fields = {
        "images": {"type": "str", "default": "ubuntu"},
        "workdir": {"type": "str", "default": "/mnt/{{ creator }}"},
        "command": {"type": "str", "default": "true"},
    }
    (one,) = imported(tmp_path, {"自定义镜像": entry(fields)})
    assert one.name == "custom-image"
    script = f"{LAUNCHER} 'x  y' $((1 + 1)) && cd /"
    assert ran(commands(one, workdir=str(nasty_path), command=script), tmp_path) == (
        str(nasty_path),
        ["x  y", "2"],
    )
    job = job_of(one, images="python:3.12")
    assert job["prerequisites"] == [{"type": "dockerimage", "name": "image", "uri": "python:3.12"}]


def test_environment_lines_keep_their_values(tmp_path: Path) -> None:
    env = "A=x=y=z\nB=it's $HOME\nC=/mnt/{{creator}}/d\nD={{ uuid.uuid4() }}\nE="
    (one,) = imported(tmp_path, {"trainer": entry(env=env, command="x")})
    lines = [line for line in commands(one, creator="ann e") if line.startswith("export")]
    show = shlex.join(
        [sys.executable, "-c", "import json, os; print(json.dumps(['', [os.environ[x] for x in 'ABCDE']]))"]
    )
    _, values = ran([*lines, show], tmp_path)
    assert values == ["x=y=z", "it's $HOME", "/mnt/ann e/d", "{{ uuid.uuid4() }}", ""]
    assert any("{{ uuid.uuid4() }}" in note for note in one.notes)


def test_names_are_latin_and_differ(tmp_path: Path) -> None:
    entries = {
        "自定义镜像": entry(),
        "模板甲": entry(old_names=["Old Name"]),
        "模板乙": {**entry(), "gitpath": "/job-template/job/tf"},
        "模板丙": entry(),
        "模板丁": entry(),
        "模板戊": {**entry(), "image_name": "镜像"},
        "custom-image": entry(),
    }
    found = imported(tmp_path, entries)
    names = ["custom-image", "old-name", "tf", "trainer", "trainer-2", "template-6", "custom-image-2"]
    assert [one.name for one in found] == names
    assert parse(found[1].text).title == "模板甲"


def test_arguments_that_are_called_as_ours_do_not_collide(tmp_path: Path) -> None:
    fields = {key: {"type": "str", "default": key} for key in ("--image", "image", "--creator", "--cpu", "数")}
    fields["--x"] = {"type": "str", "default": "{{creator}}"}
    (one,) = imported(tmp_path, {"trainer": entry(fields, command="x")})
    _, words = ran(commands(one, launcher=LAUNCHER, creator="ann", task_cpu=1), tmp_path)
    assert words == ["--image", "--image", "image", "image", "--creator", "--creator", "--cpu", "--cpu", "数", "数",
                     "--x", "ann"]  # fmt: skip


def test_a_stub_comes_over_and_says_so(tmp_path: Path) -> None:
    (one,) = imported(tmp_path, {"stub": entry(args={})})
    assert any("nothing to run but the image's own command" in note for note in one.notes)
    assert ran(commands(one, launcher=LAUNCHER), tmp_path)[1] == []


def test_odd_entries_come_over_as_far_as_they_can_be_read(tmp_path: Path) -> None:
    fields = {"--a": "text", "--b": {"type": "colour", "default": "red"}, "--c": {"type": "enum", "choice": "x, y"}}
    (odd,) = imported(tmp_path, {"odd": {**entry(fields, command="x", expand="[1]"), "job_template_env": "no"}})
    assert {"--a: it is no field", "--b: the type 'colour' is not known, it is text here"} <= set(odd.notes)
    assert {"expand is not understood: it is no mapping", "env: the line 'no' is no NAME=value"} <= set(odd.notes)
    assert ran(commands(odd, launcher=LAUNCHER, c="y"), tmp_path)[1] == ["--b", "red", "--c", "y"]
    number = {"--a": {"type": "enum", "choice": 3, "default": "a"}}
    first, second = imported(tmp_path, {"odd": entry(number, command="x"), "other": [1]})
    assert "--a: the choices 3 are no list" in first.notes
    assert (second.name, second.notes) == ("other", ("not carried over: it is no job template",))
    form = json.dumps({"group": {"--a": {"type": "str", "default": "1"}}})  # as Cube Studio's own table holds it
    (text,) = imported(tmp_path, {"text": entry(args=form, command="x")})
    assert ran(commands(text, launcher=LAUNCHER), tmp_path)[1] == ["--a", "1"]
    assert original(parse(text.text))["job_template_args"] == form


@pytest.mark.parametrize(
    ("html", "as_markdown", "as_text"),
    [
        (
            "see <a target='_blank' href='https://h/x?a=1&amp;b=2'>here<a>",
            "see [here](https://h/x?a=1&b=2)",
            "see here",
        ),
        ("one<br>two", "one\ntwo", "one two"),
        ("<font color='#FF0000'>red</font> a < b && c", "red a < b && c", "red a < b && c"),
        ("$a(pvc):/$b, x<y", "$a(pvc):/$b, x<y", "$a(pvc):/$b, x<y"),
    ],
)
def test_html_becomes_markdown(html: str, as_markdown: str, as_text: str) -> None:
    assert (markdown(html), plain(html)) == (as_markdown, as_text)


def test_short_syntax() -> None:
    assert [memory_mb(text) for text in ("2G", "512M", "2G~4G", "2g_4g", "2.5G", "2", "")] == [
        2048, 512, 4096, 4096, 0, 0, 0,
    ]  # fmt: skip
    assert [cpus(text) for text in ("2", "0.4", "2~4", "10m", "")] == [2, 1, 4, 0, 0]
    assert gpus("2") == (2, "")
    assert gpus("1（T4）")[0] == 1  # noqa: RUF001 (as people type it)
    assert [gpus(text)[0] for text in ("0.5", "1G,0.1", "-1", "abc", "")] == [1, 1, 0, 0, 0]
    assert mounts("a(pvc-share):/shared;b_c(storage):/ext, tls(secret):/etc/tls").volumes == (
        ("a", "/shared"),
        ("b_c", "/ext"),
    )
    assert mounts("nocolon").notes == ("the mount 'nocolon' is not understood",)


def test_datasets_with_an_address_come_over(tmp_path: Path) -> None:
    file = tmp_path / "init-dataset.csv"
    file.write_text(
        "name,label,describe,industry,path,download_url,owner\n"
        'mnist,手写数字数据集,digits,视觉,,"https://h/a.gz\nhttps://h/b.gz","admin,*"\n'
        "coco,coco,pictures,视觉,/mnt/admin/coco,,admin\n",
        "utf-8",
    )
    mnist, coco = import_file(file)
    item = parse(mnist.text)
    assert item.plugin_params["files"] == [{"url": "https://h/a.gz"}, {"url": "https://h/b.gz"}]
    assert item.categories == ("vision",)
    assert original(item)["owner"] == "admin,*"
    again = tmp_path / "again.csv"
    again.write_text(original_text(item), "utf-8")
    assert parse(import_file(again)[0].text) == item
    assert (coco.kind, coco.text) == ("", "")
    assert "/mnt/admin/coco" in coco.notes[0]


@pytest.mark.parametrize("content", ["{}", "[]", "a: b", '{"a": {"b": 1}}', "text", "[{}]"])
def test_other_files_are_refused(tmp_path: Path, content: str) -> None:
    file = tmp_path / "file.json"
    file.write_text(content)
    with pytest.raises(UsageError, match="can be imported"):
        import_file(file)


def test_files_that_cannot_be_read_are_refused(tmp_path: Path) -> None:
    for name, data, message in (
        ("a.csv", b"x,y\n", "columns"),
        ("b.json", b"\xff\xfe", "UTF-8"),
        ("c.yaml", b"a: [", r"c\.yaml:\d:1: this line does not fit"),
        ("d.csv", b"name,describe,download_url\na," + b"x" * 200_000 + b",y\n", "no table: field larger"),
        ("e.json", b'{"a": {"job_template_args": ' + b"[" * 900 + b"]" * 900 + b"}}", "nested too deep"),
    ):
        (tmp_path / name).write_bytes(data)
        with pytest.raises(UsageError, match=message):
            import_file(tmp_path / name)
    with pytest.raises(UsageError, match="cannot be read"):
        import_file(tmp_path / "none.json")
