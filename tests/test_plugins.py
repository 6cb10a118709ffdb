"""Plugins: what they make of their parameters, and those of third parties."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import jupyter_cube
from jupyter_cube.lifecycle.plan import Mount
from jupyter_cube.lifecycle.state import State
from jupyter_cube.plugins import registry
from jupyter_cube.plugins.action import Commands
from jupyter_cube.plugins.base import Made
from jupyter_cube.text.document import from_values
from jupyter_cube.text.record import Record
from jupyter_cube.text.shape import Reader

DOCS = Path(__file__).parents[1] / "docs" / "prerequisites.md"
NAMES = sorted(registry._BUILT_IN)


def make(plugin_name: str, /, **parameters: Any) -> Made:
    """What a plugin makes; its faults as ValueError."""
    plugin = registry.plugin(plugin_name)
    document = from_values(parameters)
    reader = Reader(document)
    assert document.root is not None
    record = Record(plugin.parameters).read(document.root, (), reader)
    if reader.faults:
        raise ValueError("; ".join(map(str, reader.faults)))
    return plugin.make(record)


@pytest.mark.parametrize(
    ("parameters", "mount"),
    [
        ({"name": "v"}, Mount("storage", "v", "/mnt/v")),
        ({"name": "v", "mountPath": "/d", "readOnly": True}, Mount("storage", "v", "/d", read_only=True)),
        ({"name": "v", "subPath": "a/b/"}, Mount("storage", "v/a/b", "/mnt/v")),
    ],
)
def test_storages(parameters: dict[str, Any], mount: Mount) -> None:
    assert make("pvc_storage", **parameters).mounts == (mount,)


def test_openpais_older_storages() -> None:
    assert [mount.target for mount in make("teamwise_storage", storageConfigNames=["a", "b"]).mounts] == [
        "/mnt/a",
        "/mnt/b",
    ]
    assert "deprecated" in make("teamwise_storage", storageConfigNames=["a"]).notes[0]


def test_ssh_is_accepted_and_says_what_to_do() -> None:
    made = make("ssh", jobssh=True, sshbarrier=True, sshbarrierTimeout=60, userssh={"type": "custom", "value": "k"})
    assert made.scripts == {}
    assert "debug JOB" in made.notes[0]


@pytest.mark.parametrize(
    ("name", "parameters", "fault"),
    [
        ("pvc_storage", {}, "the key 'name' is missing"),
        ("pvc_storage", {"name": "v", "mountpath": "/d"}, "unknown key 'mountpath'; did you mean 'mountPath'?"),
        ("http", {"path": "/d"}, "write either url or files"),
        ("http", {"path": "/d", "url": "u", "files": [{"url": "u"}]}, "write either url or files"),
        ("http", {"path": "/d", "url": "file:///etc/passwd"}, "'file:///etc/passwd' is no http or https address"),
        ("http", {"path": "/d", "url": "http://x", "sha256": "abc"}, "must be 64 hexadecimal digits"),
        ("http", {"path": "/d", "url": "http://x", "unpack": "rar"}, "unknown kind of archive 'rar'"),
        ("file", {"path": "/d", "source": "../x"}, "'../x' is no path of a file"),
        ("git", {"repo_uri": "--upload-pack=x"}, "is no address of a repository"),
        ("git", {"repo_uri": "ext::sh -c x"}, "is no address of a repository"),
        ("git", {"repo_uri": "https://h/r", "ref": "--x"}, "is no branch, tag or commit"),
        (
            "git",
            {"repo_uri": "https://h/r", "options": ["--upload-pack=x"]},
            "the option '--upload-pack=x' is not poss",
        ),
        ("git", {"repo_uri": "https://h/r", "options": ["--depth --x"]}, "'--x' is no value of an option"),
        ("git", {"repo_uri": "https://h/r", "options": ["--depth"]}, "the option --depth needs a value"),
        ("git", {"repo_uri": "https://h/r", "options": ["--no-tags=1"]}, "the option --no-tags takes no value"),
        ("git", {"repo_uri": "https://h/r", "options": ["elsewhere"]}, "the option 'elsewhere' is not possible"),
        ("git", {"repo_uri": "https://h/r", "clone_dir": "-x"}, "'-x' is no folder for a clone"),
        ("pip", {}, "there is nothing to install"),
        ("pip", {"packages": ["--index-url=x"]}, "is no package; options stand under pip_options"),
        ("pip", {"packages": ["a\nend\nrm x"]}, "is more than one line"),
        ("git", {"repo_uri": "<% $secrets.all %>"}, "'<% $secrets.all %>' is no folder for a clone"),
        ("tensorboard", {"logdir": {"a": "b"}, "port": 99999}, "99999 is no port"),
        ("tensorboard", {"logdir": {"a": "b,c"}}, "takes no comma"),
        ("ssh", {"jobssh": "yes"}, "this must be true or false"),
    ],
)
def test_parameters_that_do_not_fit_are_named(name: str, parameters: dict[str, Any], fault: str) -> None:
    with pytest.raises(ValueError, match=re.escape(fault)):
        make(name, **parameters)


def test_a_clone_at_an_absolute_path_is_made_once_for_all() -> None:
    assert make("git", repo_uri="https://h/r.git", clone_dir="/code").scope == "job"
    assert make("git", repo_uri="https://h/r.git").scope == "task"


def bash(script: str, *, env: dict[str, str], cwd: Path) -> subprocess.CompletedProcess[str]:
    words = ["bash", "-e", "-c", script]
    env = {"CUBE_CACHE": f"{cwd}/cache", **env}
    return subprocess.run(words, env=env, cwd=cwd, capture_output=True, text=True, check=False)


ENV = {"PATH": os.environ["PATH"], "HOME": "/nonexistent"}


def test_tensorboard_runs_beside_the_first_task_alone(tmp_path: Path) -> None:
    program = tmp_path / "bin" / "tensorboard"
    program.parent.mkdir()
    program.write_text('#!/bin/sh\necho "$@" > "$OUT"\n')
    program.chmod(0o755)
    (script,) = make("tensorboard", port=7001, logdir={"a": "/l 1", "b": "/l2"}).scripts.values()
    base = {"PATH": f"{program.parent}:{ENV['PATH']}", "OUT": str(tmp_path / "out"), "PAI_TASK_ROLE_LIST": "w,ps"}
    for role, index in (("w", "1"), ("ps", "0")):
        env = {**base, "PAI_CURRENT_TASK_ROLE_NAME": role, "PAI_TASK_INDEX": index}
        assert bash(script, env=env, cwd=tmp_path).stdout == ""
    env = {**base, "PAI_CURRENT_TASK_ROLE_NAME": "w", "PAI_TASK_INDEX": "0"}
    done = bash(script + "wait\n", env=env, cwd=tmp_path)
    assert done.stdout == "TensorBoard: http://127.0.0.1:7001/\n"
    assert (tmp_path / "out").read_text() == "--logdir_spec a:/l 1,b:/l2 --port 7001 --host 127.0.0.1\n"


FIRST = {"PAI_CURRENT_TASK_ROLE_NAME": "w", "PAI_TASK_INDEX": "0", "PAI_TASK_ROLE_LIST": "w"}


def test_tensorboard_takes_the_next_port_and_says_why_it_ended(tmp_path: Path) -> None:
    program = tmp_path / "tensorboard"
    program.write_text('#!/bin/sh\necho "some words"\necho "cannot run with $*" >&2\nexit 3\n')
    program.chmod(0o755)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        (script,) = make("tensorboard", port=port, logdir={"a": "/l"}).scripts.values()
        env = {"PATH": f"{tmp_path}:{ENV['PATH']}", **FIRST}
        done = bash(script + "wait\n", env=env, cwd=tmp_path)
    first, second = done.stdout.splitlines()
    used = int(first.removeprefix("TensorBoard: http://127.0.0.1:").removesuffix("/"))
    assert used > port
    assert second == f"tensorboard has ended: cannot run with --logdir_spec a:/l --port {used} --host 127.0.0.1"


def test_tensorboard_that_is_not_installed_is_a_line(tmp_path: Path) -> None:
    (script,) = make("tensorboard", logdir={"a": "/l"}).scripts.values()
    env = {"PATH": "/nowhere", "CUBE_PYTHON": "/nowhere/python", **FIRST}
    words = [shutil.which("bash") or "bash", "-e", "-c", script]
    done = subprocess.run(words, env=env, cwd=tmp_path, capture_output=True, text=True, check=True)
    line = "tensorboard is not installed: require python_packages:packages=[tensorboard], or pip install tensorboard\n"
    assert (done.stdout, done.stderr) == (line, "")


def test_tensorboard_ends_with_its_task(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, until: Callable[..., None]
) -> None:
    program = tmp_path / "bin" / "tensorboard"
    program.parent.mkdir()
    program.write_text(
        f"#!/bin/sh\necho $$ > {tmp_path}/pid.new\nmv {tmp_path}/pid.new {tmp_path}/pid\nexec sleep 300\n"
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    waiting = f"until [ -e {tmp_path}/pid ]; do sleep 0.01; done"
    job = jupyter_cube.submit(waiting, shell=True, require=(f"tensorboard:logPath={tmp_path}",))
    assert job.wait(30) is State.SUCCEEDED
    assert "TensorBoard: http://127.0.0.1:6006/" in [line.line for line in job.log.tail(9)]
    until(lambda: not Path(f"/proc/{(tmp_path / 'pid').read_text().strip()}").exists())


THIRD_PARTY = """
from dataclasses import dataclass
from jupyter_cube.plugins.base import Made, Plugin
from jupyter_cube.text.record import Written, key
from jupyter_cube.text.shape import Text

@dataclass(frozen=True, kw_only=True)
class Parameters(Written):
    text: str = key("text", Text())

class Shout(Plugin):
    name = "shout"
    parameters = Parameters
    scope = "task"

    def make(self, parameters):
        return Made({"taskStarts": f"echo {parameters.text.upper()}"})
"""
USE = """
import jupyter_cube
jupyter_cube.publish("item.yaml")
job = jupyter_cube.submit("true", shell=True, require=("loud:what=hello",))
job.wait(30)
print(*(line.line for line in job.log.tail(9)))
try:
    jupyter_cube.submit("true", shell=True, require=("loud:what=[1]",))
except jupyter_cube.CubeError as error:
    print(error)
"""


def test_a_plugin_of_a_third_party(tmp_path: Path) -> None:
    about = tmp_path / "lib" / "shouting-1.0.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: shouting\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[jupyter_cube.plugins]\nshout = shouting:Shout\n")
    (tmp_path / "lib" / "shouting.py").write_text(THIRD_PARTY)
    (tmp_path / "item.yaml").write_text(
        "name: loud\nplugin: shout\nplugin_params: {text: '{{ what }}'}\ntemplate_variables: [what]\n"
    )
    env = {**os.environ, "PYTHONPATH": str(tmp_path / "lib")}
    done = subprocess.run(
        [sys.executable, "-c", USE], env=env, cwd=tmp_path, capture_output=True, text=True, check=True
    )
    first, second = done.stdout.splitlines()
    assert first == "HELLO"
    assert "shout: text: this must be text, not a list" in second
    assert shutil.which("shout") is None


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("import absent_module", "(broken:Shout) cannot be loaded: No module named 'absent_module'"),
        ("", "(broken:Shout) cannot be loaded: module 'broken' has no attribute 'Shout'"),
        ("class Shout: ...", "(broken:Shout) is no jupyter_cube.plugins.base.Plugin"),
    ],
)
def test_a_third_partys_plugin_that_is_broken(text: str, why: str, tmp_path: Path) -> None:
    about = tmp_path / "broken-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[jupyter_cube.plugins]\nshout = broken:Shout\n")
    (tmp_path / "broken.py").write_text(text)
    (tmp_path / "item.yaml").write_text("name: loud\nplugin: shout\nplugin_params: {}\n")
    words = [sys.executable, "-m", "jupyter_cube", "publish", "item.yaml"]
    env = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(words, env=env, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert f"the plugin 'shout' {why}" in done.stderr
    assert "Traceback" not in done.stderr


def documented() -> dict[str, set[str]]:
    """Plugin to parameters, as the tables of the documentation name them."""
    found: dict[str, set[str]] = {}
    current = ""
    for line in DOCS.read_text("utf-8").splitlines():
        if heading := re.fullmatch(r"### `(\w+)`", line):
            current = heading[1]
            found[current] = set()
        elif line.startswith("#"):
            current = ""
        elif current and (row := re.match(r"\| `(\w+)`", line)):
            found[current].add(row[1])
    return found


def test_every_parameter_is_documented() -> None:
    records = {name: registry.plugin(name).parameters for name in NAMES}
    records["cmd"] = Commands
    assert documented() == {name: set(Record(record).keys) for name, record in records.items()}
