"""The plugin git: its script in bash, with real repositories."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from example_job import with_commands
from test_plugins import ENV, bash, make
from web import files, serving

import jupyter_cube
from jupyter_cube.lifecycle.state import State


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with two commits and a tag at the first."""
    path = tmp_path / "origin"
    subprocess.run(["git", "init", "-q", "-b", "main", str(path)], check=True)
    commit(path, "one")
    git(path, "tag", "v1")
    commit(path, "two")
    return path


def git(path: Path, *words: str) -> str:
    named = ["-c", "user.name=x", "-c", "user.email=x@x"]
    return subprocess.run(["git", "-C", str(path), *named, *words], check=True, capture_output=True, text=True).stdout


def commit(path: Path, text: str) -> None:
    (path / "file").write_text(text)
    git(path, "add", "file")
    git(path, "commit", "-qm", text)


def with_submodule(outer: Path, repository: Path) -> None:
    subprocess.run(["git", "init", "-q", "-b", "main", str(outer)], check=True)
    git(outer, "-c", "protocol.file.allow=always", "submodule", "add", "-q", f"file://{repository}", "inner")
    commit(outer, "outer")


def script(repository: Path, **parameters: Any) -> str:
    """What the plugin runs for a clone of that."""
    (text,) = make("git", repo_uri=f"file://{repository}", **parameters).scripts.values()
    return text


def clone(repository: Path, folder: Path, **parameters: Any) -> None:
    done = bash(script(repository, **parameters), env=ENV, cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("address", "folder"),
    [
        ("https://h/o/r.git", "r"),
        ("https://h/o/r/", "r"),
        ("git@h:r.git", "r"),
        ("/data/r/.git", "r"),
        ("https://<% $secrets.token %>@h/r", "r"),
    ],
)
def test_the_folder_is_the_repositorys_name(address: str, folder: str) -> None:
    assert f"place={folder}\n" in make("git", repo_uri=address).scripts["taskStarts"]


@pytest.mark.parametrize(("ref", "content"), [("", "two"), ("v1", "one"), ("main", "two")])
def test_a_clone_has_what_was_asked_for(ref: str, content: str, repository: Path, tmp_path: Path) -> None:
    for _ in range(2):  # a retry finds its own clone
        clone(repository, tmp_path, ref=ref, clone_dir="it is here")
        assert (tmp_path / "it is here" / "file").read_text() == content
    commit(repository, "three")
    clone(repository, tmp_path, ref=ref, clone_dir="it is here")
    assert (tmp_path / "it is here" / "file").read_text() == ("three" if ref == "main" else content)


@pytest.mark.parametrize("options", [["--depth=1"], ["--depth 1", "--no-tags"], ["-b", "v1"], ["--single-branch"]])
def test_options_leave_every_ref_in_reach(options: list[str], repository: Path, tmp_path: Path) -> None:
    git(repository, "branch", "old", "v1")
    for ref, content in (("", "one" if "v1" in options else "two"), ("old", "one"), ("main", "two")):
        clone(repository, tmp_path, ref=ref, clone_dir="c", options=options)
        assert (tmp_path / "c" / "file").read_text() == content


def test_submodules_follow_the_ref(repository: Path, tmp_path: Path) -> None:
    outer = tmp_path / "outer"
    with_submodule(outer, repository)
    git(outer / "inner", "checkout", "-q", "v1")
    git(outer, "commit", "-qam", "older inner")
    for ref, content in (("main", "one"), (git(outer, "rev-parse", "main~").strip(), "two")):
        clone(outer, tmp_path, ref=ref, clone_dir="c", options=["--recursive"])
        assert (tmp_path / "c" / "inner" / "file").read_text() == content


def test_submodules_that_were_away_come_with_the_retry(repository: Path, tmp_path: Path) -> None:
    with_submodule(tmp_path / "outer", repository)
    text = script(tmp_path / "outer", clone_dir="c", options=["--recursive --shallow-submodules"])
    repository.rename(tmp_path / "away")
    done = bash(text.replace("1 4 15", "0.01"), env=ENV, cwd=tmp_path)
    assert done.returncode == 1
    assert done.stdout.splitlines()[-1] == f"error: the submodules of file://{tmp_path}/outer cannot be cloned"
    (tmp_path / "away").rename(repository)
    assert bash(text, env=ENV, cwd=tmp_path).returncode == 0
    assert (tmp_path / "c" / "inner" / "file").read_text() == "two"
    assert git(tmp_path / "c" / "inner", "rev-list", "--count", "HEAD").strip() == "1"


def test_a_repository_elsewhere_has_no_submodules_of_this_machine(repository: Path, tmp_path: Path) -> None:
    """Its author would see what is in repositories that only the user may read."""
    with_submodule(tmp_path / "outer", repository)
    web = tmp_path / "web" / "outer.git"
    subprocess.run(["git", "clone", "-q", "--bare", str(tmp_path / "outer"), str(web)], check=True)
    git(web, "update-server-info")
    content = {f"/{path.relative_to(web.parent)}": path.read_bytes() for path in web.rglob("*") if path.is_file()}
    with serving(files(content)) as address:
        made = make("git", repo_uri=f"{address}/outer.git", clone_dir="c", options=["--recursive"])
        done = bash(made.scripts["taskStarts"].replace("1 4 15", ""), env=ENV, cwd=tmp_path)
    assert done.returncode == 1
    assert "transport 'file' not allowed" in done.stderr
    assert (tmp_path / "c" / "file").read_text() == "outer"
    assert not (tmp_path / "c" / "inner" / "file").exists()


@pytest.mark.parametrize(
    ("address", "local"),
    [
        *(("/data/r", True), ("../r", True), ("r", True), ("file:///data/r", True), ("./a:b", True)),
        *(("https://h/r", False), ("ssh://h/r", False), ("git@h:r", False), ("h:/data/r", False)),
    ],
)
def test_files_of_this_machine_are_read_where_the_address_is_one(address: str, local: bool) -> None:
    assert ("GIT_ALLOW_PROTOCOL=file:" in make("git", repo_uri=address).scripts["taskStarts"]) == local


def test_a_commit_that_is_there_needs_no_repository(repository: Path, tmp_path: Path) -> None:
    first = git(repository, "rev-parse", "v1").strip()
    clone(repository, tmp_path, ref=first, clone_dir="c")
    repository.rename(tmp_path / "away")
    for ref in (first, first[:8], "v1", ""):
        clone(repository, tmp_path, ref=ref, clone_dir="c")
        assert (tmp_path / "c" / "file").read_text() == "one"


def test_a_ref_that_is_not_there(repository: Path, tmp_path: Path) -> None:
    done = bash(script(repository, ref="nope", clone_dir="c"), env=ENV, cwd=tmp_path)
    assert done.returncode == 1
    assert done.stdout == f"error: file://{repository} gives no nope\n"


def test_a_folder_of_somebody_else_is_left_alone(repository: Path, tmp_path: Path) -> None:
    # also inside a clone of the same repository
    clone(repository, tmp_path, clone_dir="outer")
    (tmp_path / "outer" / "c").mkdir()
    (tmp_path / "outer" / "c" / "mine").touch()
    done = bash(script(repository, clone_dir="c"), env=ENV, cwd=tmp_path / "outer")
    assert done.returncode == 1
    assert done.stdout == f"error: c is not empty, and no clone of file://{repository}\n"
    assert os.listdir(tmp_path / "outer" / "c") == ["mine"]


def test_changes_are_not_thrown_away(repository: Path, tmp_path: Path) -> None:
    clone(repository, tmp_path, ref="main", clone_dir="c")
    (tmp_path / "c" / "file").write_text("changed")
    clone(repository, tmp_path, ref="main", clone_dir="c")
    done = bash(script(repository, ref="v1", clone_dir="c"), env=ENV, cwd=tmp_path)
    assert done.returncode == 1
    assert done.stdout == "error: c cannot be brought to v1\n"
    assert (tmp_path / "c" / "file").read_text() == "changed"


@pytest.mark.parametrize("ref", ["", "v1"])
@pytest.mark.parametrize("fetched", [False, True])
def test_a_clone_that_was_cut_off_is_finished(ref: str, fetched: bool, repository: Path, tmp_path: Path) -> None:
    place = tmp_path / "c"
    if fetched:  # killed while it wrote the files
        git(tmp_path, "clone", "-q", "--no-checkout", f"file://{repository}", str(place))
        (place / ".git" / "index.lock").touch()
    else:
        git(tmp_path, "init", "-q", "-b", "master", str(place))
        git(place, "remote", "add", "origin", f"file://{repository}")
    clone(repository, tmp_path, ref=ref, clone_dir="c")
    assert (place / "file").read_text() == ("one" if ref else "two")
    assert git(place, "status", "--porcelain") == ""


def test_a_repository_that_comes_late(repository: Path, tmp_path: Path, until: Callable[..., None]) -> None:
    repository.rename(tmp_path / "away")
    words, env = ["bash", "-e", "-c", script(repository, clone_dir="c")], {**ENV, "CUBE_CACHE": str(tmp_path)}
    with (tmp_path / "out").open("w") as out:
        process = subprocess.Popen(words, env=env, cwd=tmp_path, stdout=out, stderr=subprocess.DEVNULL)
    try:
        until(lambda: (tmp_path / "out").read_text() == "c: git clone failed, again in 1 s\n")
        (tmp_path / "away").rename(repository)
        assert process.wait(20) == 0
    finally:
        process.kill()
        process.wait()
    assert (tmp_path / "c" / "file").read_text() == "two"


def test_tasks_that_share_a_folder_clone_one_by_one(repository: Path, tmp_path: Path) -> None:
    (repository / "big").write_bytes(os.urandom(4_000_000))
    git(repository, "add", "big")
    commit(repository, "three")
    (tmp_path / "shared").mkdir()
    path = tmp_path / "job.yaml"
    plugin = f"{{plugin: git, parameters: {{repo_uri: 'file://{repository}', clone_dir: c, ref: main}}}}"
    extras = f"extras: {{com.microsoft.pai.runtimeplugin: [{plugin}]}}\n"
    path.write_text(with_commands("cat c/file") + "    instances: 4\n" + extras)
    job = jupyter_cube.submit(str(path), cwd=str(tmp_path / "shared"))
    assert job.wait(60) is State.SUCCEEDED, [line.line for line in job.log.tail(50)]
    lines = [line.line for line in job.log.tail(50)]
    assert sorted(line for line in lines if line != "c: waiting for another clone") == ["three"] * 4


def test_a_clone_follows_a_changed_login(repository: Path, tmp_path: Path) -> None:
    clone(repository, tmp_path, clone_dir="c")
    git(tmp_path / "c", "remote", "set-url", "origin", "https://me:old@127.0.0.1:1/r")
    (text,) = make("git", repo_uri="https://me:new@127.0.0.1:1/r", clone_dir="c").scripts.values()
    done = bash(text, env=ENV, cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert git(tmp_path / "c", "remote", "get-url", "origin") == "https://me:new@127.0.0.1:1/r\n"


def test_a_clone_in_the_home_folder(repository: Path, tmp_path: Path) -> None:
    made = make("git", repo_uri=f"file://{repository}", clone_dir="~/my code")
    assert made.scope == "job"
    done = bash(made.scripts["taskStarts"], env={**ENV, "HOME": str(tmp_path / "home")}, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "home" / "my code" / "file").read_text() == "two"


def test_hooks_of_a_repository_are_not_run(repository: Path, tmp_path: Path) -> None:
    clone(repository, tmp_path, ref="main", clone_dir="c")
    hook = tmp_path / "c" / ".git" / "hooks" / "post-checkout"
    hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    hook.chmod(0o755)
    clone(repository, tmp_path, ref="v1", clone_dir="c")
    assert not (tmp_path / "ran").exists()


def test_a_login_stays_out_of_the_log(tmp_path: Path) -> None:
    (tmp_path / "r").mkdir()
    (tmp_path / "r" / "mine").touch()
    (text,) = make("git", repo_uri="https://me:token@127.0.0.1:1/r").scripts.values()
    done = bash(text, env=ENV, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "error: r is not empty, and no clone of https://127.0.0.1:1/r\n")


def test_a_secret_may_hold_any_sign(repository: Path, tmp_path: Path) -> None:
    place = repository.rename(tmp_path / """it's "$HOME" `x`""")
    path = tmp_path / "job.yaml"
    plugin = "{plugin: git, parameters: {repo_uri: 'file://<% $secrets.where %>', clone_dir: c, ref: v1}}"
    extras = f"extras: {{com.microsoft.pai.runtimeplugin: [{plugin}]}}\n"
    path.write_text(f"{with_commands('cat c/file')}secrets: {{where: {json.dumps(str(place))}}}\n{extras}")
    job = jupyter_cube.submit(str(path))
    assert job.wait(60) is State.SUCCEEDED, [line.line for line in job.log.tail(50)]
    assert [line.line for line in job.log.tail(1)] == ["one"]


def test_openpais_form_in_a_job(repository: Path, tmp_path: Path) -> None:
    parameters = f"{{repo_uri: 'file://{repository}', options: [--depth=1], clone_dir: c}}"
    plugin = f"{{plugin: git, parameters: {parameters}, taskRoles: [worker]}}"
    path = tmp_path / "job.yaml"
    path.write_text(f"{with_commands('cat c/file')}extras: {{com.microsoft.pai.runtimeplugin: [{plugin}]}}\n")
    job = jupyter_cube.submit(str(path))
    assert job.wait(60) is State.SUCCEEDED, [line.line for line in job.log.tail(50)]
    assert [line.line for line in job.log.tail(1)] == ["two"]
