"""Items in git repositories: by ref, offline, and whatever a repository may hold."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from item_folder import lay

from jupyter_cube.errors import BackendError, CubeError, NotFoundError, UsageError
from jupyter_cube.marketplace import digest
from jupyter_cube.marketplace.catalog import Catalog
from jupyter_cube.marketplace.reference import Reference
from jupyter_cube.marketplace.sources.git import GitSource
from jupyter_cube.marketplace.trust import Trust

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")


def git(folder: Path, *words: str) -> str:
    identity = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "init.defaultBranch=main"]
    words = ("git", *identity, "-c", "protocol.file.allow=always", *words)
    return subprocess.run(words, cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


def commit(folder: Path) -> str:
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "x")
    return git(folder, "rev-parse", "HEAD")


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    folder = tmp_path / "repository"
    folder.mkdir()
    git(folder, "init", "-q")
    lay(folder, "mnist")
    (folder / "mnist" / "1.0.0" / "run.sh").write_text("true\n")
    (folder / "mnist" / "1.0.0" / "run.sh").chmod(0o755)
    (folder / "README.md").write_text("items")
    commit(folder)
    return folder


def source(repository: Path, ref: str = "") -> GitSource:
    return GitSource("team", f"git+file://{repository}{ref and '@'}{ref}")


def test_a_repository_is_a_source(repository: Path) -> None:
    team = source(repository)
    assert list(team.names()) == ["mnist"]
    found = team.load("mnist", "1.0.0")
    assert found.digest == digest.digest(repository / "mnist" / "1.0.0")
    assert (found.folder / "run.sh").stat().st_mode & 0o777 == 0o555
    assert found.publisher == f"git+file://{repository}"
    state = team.state()
    assert (state.items, state.detail) == (1, f"commit {git(repository, 'rev-parse', 'HEAD')}")
    assert state.as_of > 0


def test_refs_are_branches_tags_and_commits(repository: Path) -> None:
    first = git(repository, "rev-parse", "HEAD")
    git(repository, "tag", "-a", "v1", "-m", "x")
    git(repository, "checkout", "-q", "-b", "next/one")
    lay(repository, "mnist", "2.0.0")
    commit(repository)
    git(repository, "checkout", "-q", "main")
    for ref, versions in (("v1", {"1.0.0"}), ("next/one", {"1.0.0", "2.0.0"}), (first, {"1.0.0"}), ("", {"1.0.0"})):
        assert set(source(repository, ref).versions("mnist")) == versions
    with pytest.raises(BackendError, match=r"'team' cannot be fetched: couldn't find remote ref none"):
        source(repository, "none").versions("mnist")


def test_what_was_fetched_is_used_until_it_is_fetched_again(repository: Path) -> None:
    def now(team: GitSource) -> list[str]:
        return [team.stamp(), team.name_stamp("mnist"), team.name_stamp("other")]

    lay(repository, "other")
    commit(repository)
    team = source(repository)
    team.versions("mnist")
    lay(repository, "mnist", "1.1.0")
    commit(repository)
    assert team.versions("mnist") == ["1.0.0"]
    assert not team.refresh(older=60)
    stamps = now(team)
    assert team.refresh()
    assert set(team.versions("mnist")) == {"1.0.0", "1.1.0"}
    assert [new != old for new, old in zip(now(team), stamps, strict=True)] == [True, True, False]
    assert not team.refresh()


def test_offline_what_was_fetched_is_used(repository: Path, tmp_path: Path) -> None:
    source(repository).versions("mnist")
    repository.rename(tmp_path / "gone")
    team = source(repository)
    assert team.load("mnist", "1.0.0").item.name == "mnist"
    with pytest.raises(BackendError, match="'team' cannot be fetched"):
        team.refresh()
    assert team.load("mnist", "1.0.0").item.name == "mnist"
    state = team.state()
    assert state.as_of > 0
    assert "does not" in state.problem
    catalog = Catalog([team], Trust(tmp_path / "trust.json"))
    assert catalog.find(Reference("mnist")).source == "team"
    with pytest.raises(NotFoundError, match="no item 'other'"):
        catalog.find(Reference("other"))
    with pytest.raises(BackendError):
        source(tmp_path / "never").versions("mnist")


def test_a_name_that_is_new_there_is_fetched(repository: Path, tmp_path: Path) -> None:
    team = source(repository)
    catalog = Catalog([team], Trust(tmp_path / "trust.json"))
    catalog.find(Reference("mnist"))
    lay(repository, "fashion")
    commit(repository)
    [record] = Path(os.environ["CUBE_STORE"]).rglob("git/*/state.json")
    record.write_text(json.dumps({**json.loads(record.read_text()), "fetched": 1.0}))
    assert catalog.find(Reference("fashion")).item.name == "fashion"


def test_over_ssh(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ssh = tmp_path / "ssh"
    ssh.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/calls\nfor last; do :; done\nexec sh -c "$last"\n')
    ssh.chmod(0o755)
    monkeypatch.setenv("GIT_SSH_COMMAND", str(ssh))
    team = GitSource("team", f"git+ssh://git@host.example{repository}@main")
    assert team.versions("mnist") == ["1.0.0"]
    assert "git@host.example" in (tmp_path / "calls").read_text()


@pytest.mark.parametrize(
    "uri",
    [
        "git+ext::sh -c touch% hacked",
        "git+http://host/x@main",
        "git+file://host/x",
        "git+https:///x",
        "git+ssh://-oProxyCommand=touch hacked/x@main",
        "git+ssh://-oProxyCommand=x/x",
        "git+https://user:secret@host/x@main",
        "git+https://host/x@-main",
        "git+https://host/x@--upload-pack=touch hacked",
        "git+https://host/x@a..b",
        "git+https://host/x@a:b",
        "git+https://host/x@a b",
        "git+https://host/x@",
        "git+https://host/x y",
        "git+/local/path",
    ],
)
def test_addresses_and_refs_that_are_refused(uri: str) -> None:
    with pytest.raises(UsageError, match=r"is no git repository|is no ref"):
        GitSource("team", uri)


def test_other_transports_are_off_whatever_the_configuration_says(repository: Path, tmp_path: Path) -> None:
    (tmp_path / "gitconfig").write_text(
        f'[url "ext::sh -c touch% {tmp_path}/hacked% "]\n\tinsteadOf = https://host.example/\n'
        "[protocol]\n\tallow = always\n"
    )
    with pytest.raises(BackendError, match="transport 'ext' not allowed"):
        GitSource("team", "git+https://host.example/x@main").versions("mnist")
    (tmp_path / "gitconfig").write_text(f'[url "file://{repository}"]\n\tinsteadOf = https://host.example/x\n')
    with pytest.raises(BackendError, match="transport 'file' not allowed"):
        GitSource("team", "git+https://host.example/x@main").versions("mnist")
    assert not (tmp_path / "hacked").exists()


def test_items_with_links_are_refused_and_the_others_are_not(repository: Path) -> None:
    for name in ("linked", "folder"):
        lay(repository, name)
    (repository / "linked" / "1.0.0" / "passwd").symlink_to("/etc/passwd")
    (repository / "folder" / "1.1.0").symlink_to("/etc")
    commit(repository)
    team = source(repository)
    assert team.load("mnist", "1.0.0").item.name == "mnist"
    assert team.load("folder", "1.0.0").item.name == "folder"
    for name, version in (("linked", "1.0.0"), ("folder", "1.1.0")):
        assert version in team.versions(name)
        with pytest.raises(UsageError, match=f"{name}@{version} .*symbolic link"):
            team.load(name, version)
    store = Path(os.environ["CUBE_STORE"])
    assert not [path for path in store.rglob("*") if path.is_symlink()]


def test_submodules_are_not_followed(repository: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    git(other, "init", "-q")
    lay(other, "evil")
    commit(other)
    lay(repository, "with")
    git(repository, "submodule", "--quiet", "add", f"file://{other}", "with/1.0.0/sub")
    commit(repository)
    team = source(repository)
    with pytest.raises(UsageError, match="holds a submodule"):
        team.load("with", "1.0.0")
    assert "evil" not in team.names()


def test_nothing_of_a_repository_runs(repository: Path, tmp_path: Path) -> None:
    hacked = tmp_path / "hacked"
    (tmp_path / "gitconfig").write_text(
        f'[filter "evil"]\n\tsmudge = touch {hacked}\n\tclean = cat\n\tprocess = touch {hacked}\n'
        f"[core]\n\thooksPath = {tmp_path}/hooks\n\tfsmonitor = touch {hacked}\n"
    )
    template = tmp_path / "hooks"
    template.mkdir()
    for name in ("post-checkout", "reference-transaction", "post-merge"):
        (template / name).write_text(f"#!/bin/sh\ntouch {hacked}\n")
        (template / name).chmod(0o755)
    (repository / ".gitattributes").write_text("* filter=evil\n")
    (repository / "mnist" / "1.0.0" / ".gitattributes").write_text("* filter=evil export-subst\n")
    (repository / "mnist" / "1.0.0" / ".gitmodules").write_text("[submodule]\n")
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull}
    for words in (["add", "-A"], ["-c", "user.name=a", "-c", "user.email=a", "commit", "-qm", "x"]):
        subprocess.run(["git", *words], cwd=repository, check=True, env=environment)
    found = source(repository).load("mnist", "1.0.0")
    assert (found.folder / ".gitattributes").read_text().startswith("* filter=evil")
    assert not hacked.exists()


@pytest.mark.parametrize(
    ("names", "why"),
    [
        ([b"blob a\\b"], "a file whose name cannot be used"),
        ([b"blob " + "é".encode() * 200], "a file whose name cannot be used"),
        ([b"blob a", b"blob a"], "two files of one name"),
        ([b"blob a", b"tree a"], "two files of one name"),
    ],
)
def test_odd_names_in_a_commit_are_written_nowhere_else(names: list[bytes], why: str, repository: Path) -> None:
    def made(*words: str, data: bytes) -> bytes:
        return subprocess.run(["git", *words], cwd=repository, input=data, capture_output=True, check=True).stdout[:-1]

    def tree(*entries: bytes) -> bytes:
        return made("mktree", "-z", data=b"".join(entry + b"\0" for entry in entries))

    blob = b"100644 blob " + made("hash-object", "-w", "--stdin", data=b"x") + b"\t"
    kinds = {b"blob": blob, b"tree": b"040000 tree " + tree(blob + b"b") + b"\t"}
    inner = tree(blob + b"item.yaml", *(kinds[name[:4]] + name[5:] for name in names))
    name = b"040000 tree " + tree(b"040000 tree " + inner + b"\t1.0.0") + b"\t"
    mnist = git(repository, "ls-tree", "HEAD", "mnist").encode()
    root = tree(name + b"odd", mnist, b"040000 tree " + inner + b"\tno-version")
    git(repository, "update-ref", "refs/heads/odd", git(repository, "commit-tree", root.decode(), "-m", "x"))
    team = source(repository, "odd")
    with pytest.raises(CubeError, match=why):
        team.load("odd", "1.0.0")
    assert team.load("mnist", "1.0.0").item.name == "mnist"


def test_a_commit_that_the_disk_cannot_hold_is_not_laid_out(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(100, 0, 100))
    with pytest.raises(BackendError, match=r"the commit has \d+ bytes, and the disk has room for 100"):
        source(repository).names()


def test_a_commit_that_is_named_is_not_fetched_again(repository: Path, tmp_path: Path) -> None:
    team = source(repository, git(repository, "rev-parse", "HEAD"))
    team.versions("mnist")
    repository.rename(tmp_path / "gone")
    assert not team.refresh()
    assert team.versions("mnist") == ["1.0.0"]


def test_an_item_at_a_wrong_place_of_a_commit_is_named(repository: Path, tmp_path: Path) -> None:
    lay(repository, "greet", "1.0")
    lay(repository / "deep", "deeper")
    commit(repository)
    team = source(repository)
    assert list(team.names()) == ["mnist"]
    said = "deep/deeper/1.0.0/item.yaml: it lies too deep, the folders NAME/VERSION begin at the top (and 1 more)"
    assert team.state().detail.endswith(f"  {said}")
    with pytest.raises(NotFoundError, match=r"'1\.0' is no version, name the folder greet/1\.0\.0"):
        Catalog([team], Trust(tmp_path / "trust.json")).find(Reference("greet"))
