"""What is done with git: fetching one commit, and laying out its files without a checkout."""

from __future__ import annotations

import contextlib
import functools
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from jupyter_cube import files
from jupyter_cube.errors import BackendError
from jupyter_cube.marketplace import digest as digests
from jupyter_cube.marketplace import staging
from jupyter_cube.marketplace.reference import NAME
from jupyter_cube.marketplace.sources import layout
from jupyter_cube.marketplace.sources.base import one_line
from jupyter_cube.marketplace.version import VERSION

TIMEOUT = 300.0  # seconds of one fetch
MOST_FILES = 1_000_000  # of a commit

_REFUSED = ".refused"  # beside the version's folder: why it was not laid out
_TREES = ".trees.json"  # beside the names: git's ids of their folders
_MISPLACED = ".misplaced.json"  # likewise: what of the commit is no item because of where it lies
_TOLD = 100  # of these
_SETTINGS = {
    "core.hooksPath": os.devnull,
    "core.symlinks": "false",
    "core.fsmonitor": "false",
    "credential.interactive": "false",
    "fetch.recurseSubmodules": "false",
    "gc.auto": "0",
    "maintenance.auto": "false",
    "protocol.version": "2",
}
_ALLOWED = "https:ssh"
_INHERITED = {"GIT_SSH", "GIT_SSH_COMMAND", "GIT_SSL_CAINFO", "GIT_SSL_CAPATH", "GIT_CONFIG_GLOBAL"}
_ITEM = re.compile(rf"{NAME}/{VERSION}")


def fetch(repository: Path, url: str, ref: str) -> str:
    """Fetch what a ref means now; the id of its commit.

    Raises:
        BackendError: git is not here, or refuses; the message is git's.
    """
    if not (repository / "HEAD").exists():
        files.remove_tree(repository)
        repository.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _output(["init", "--quiet", "--bare", "--template=", "--", str(repository)])
    inside = ["-C", str(repository)]
    wanted = "refs/cube/fetched"
    options = ["--quiet", "--depth=1", "--no-tags", "--force", "--no-recurse-submodules", "--no-write-fetch-head"]
    _output([*inside, "fetch", *options, "--", url, f"+{ref}:{wanted}"], local=url.startswith("file:"))
    return _output([*inside, "rev-parse", "--verify", "--quiet", f"{wanted}^{{commit}}"]).decode().strip()


def lay_out(repository: Path, commit: str, target: Path) -> None:
    """Write all items of a commit as ``target/NAME/VERSION/…``; of those that hold links, only why they are refused.

    Raises:
        BackendError: the repository is damaged.
    """
    listing = ["-C", str(repository), "ls-tree", "-z", "--full-tree"]
    everything = _output([*listing, "-r", "-l", commit])
    blobs, refused, size = _listed(everything)
    paths = [os.fsdecode(line.partition(b"\t")[2]) for line in everything.split(b"\0")]
    if size > (free := shutil.disk_usage(repository).free) / 2:  # one blob may stand for a thousand files
        raise BackendError(f"the commit has {size:,} bytes, and the disk has room for {free:,}", hint="free some space")
    trees = _output([*listing, commit])
    with contextlib.suppress(FileExistsError), staging.staged(target) as folder:
        files.write(folder / _TREES, json.dumps(_tree_ids(trees)))
        files.write(folder / _MISPLACED, json.dumps(layout.misplaced(paths)[:_TOLD]))
        for item, why in refused.items():
            (folder / item).mkdir(parents=True)
            files.write(folder / item / _REFUSED, why)
        with tempfile.TemporaryFile() as wanted:
            wanted.writelines(f"{blob}\n".encode() for blob, _, _ in blobs)
            wanted.seek(0)
            with _running(["-C", str(repository), "cat-file", "--batch"], stdin=wanted) as git:
                assert git.stdout is not None
                for blob, path, executable in blobs:
                    _write(git.stdout, blob, folder, path, executable=executable)


def refusal(folder: str) -> str:
    """Why the item of that folder was not laid out; empty: it was."""
    try:
        return Path(folder, _REFUSED).read_text("utf-8")
    except OSError:
        return ""


def misplaced(folder: str) -> list[str]:
    """Files of items at places where they are none, in a folder that was laid out, and what to do, a line each."""
    return list(files.read_json(f"{folder}/{_MISPLACED}") or [])


def is_bare(folder: str) -> bool:
    """Whether a folder is a repository without a work tree: its folders are git's own."""
    return os.path.isfile(f"{folder}/HEAD") and all(os.path.isdir(f"{folder}/{one}") for one in ("objects", "refs"))


def tree_id(folder: str, name: str) -> str:
    """What identifies all versions of an item in a folder that was laid out; empty: it is not there."""
    return _ids(f"{folder}/{_TREES}").get(name, "")


@functools.lru_cache(maxsize=8)
def _ids(path: str) -> Mapping[str, str]:
    return files.read_json(path) or {}


def _tree_ids(listing: bytes) -> dict[str, str]:
    found = {}
    for line in filter(None, listing.split(b"\0")):
        about, _, name = line.partition(b"\t")
        if about.split()[1] == b"tree" and re.fullmatch(NAME.encode(), name):
            found[name.decode()] = about.split()[2].decode()
    return found


def _listed(listing: bytes) -> tuple[list[tuple[str, str, bool]], dict[str, str], int]:
    """Blob, path and executable bit of the files of all items; items that are refused, and why; bytes of the others."""
    refused: dict[str, str] = {}
    sizes: dict[str, int] = {}
    counts: dict[str, int] = {}
    found: list[tuple[str, str, str, bool]] = []
    entries = listing.split(b"\0")
    if len(entries) > MOST_FILES:
        raise BackendError(f"there are more than {MOST_FILES:,} files in the commit")
    for line in filter(None, entries):
        about, _, raw = line.partition(b"\t")
        mode, _, blob, size = about.decode().split()
        path = os.fsdecode(raw)
        item = "/".join(path.split("/", 2)[:2])
        if not _ITEM.fullmatch(item) or (path == item and mode.startswith("100")):
            continue
        sizes[item] = sizes.get(item, 0) + (int(size) if size.isdigit() else 0)
        counts[item] = counts.get(item, 0) + 1
        if mode == "120000":
            refused[item] = "holds a symbolic link"
        elif mode == "160000":
            refused[item] = "holds a submodule"
        elif not digests.allowed(path) or path.endswith(f"/{_REFUSED}"):
            refused[item] = "holds a file whose name cannot be used"
        elif sizes[item] > digests.LIMIT or counts[item] > digests.MOST_FILES:
            refused[item] = "is larger than 1 GB, or has too many files"
        else:
            found.append((item, blob, path, mode == "100755"))
    taken = {folder for _, _, path, _ in found for folder in _folders(path)}
    for item, _, path, _ in found:  # git itself makes no such trees, and reads them
        if path in taken:
            refused[item] = "holds two files of one name"
        taken.add(path)
    blobs = [(blob, path, executable) for item, blob, path, executable in found if item not in refused]
    return blobs, refused, sum(size for item, size in sizes.items() if item not in refused)


def _folders(path: str) -> Iterator[str]:
    """The folders that a file lies in."""
    while path := path.rpartition("/")[0]:
        yield path


def _write(stream: IO[bytes], blob: str, folder: Path, path: str, *, executable: bool) -> None:
    head = stream.readline().split()
    if len(head) != 3 or head[0].decode() != blob:
        raise BackendError(f"git has no content of {path!r:.200}", hint="remove the source's cache")
    left = int(head[2])
    with staging.create(folder, path, executable=executable) as file:
        while left:
            chunk = stream.read(min(left, 1 << 20))
            if not chunk:
                raise BackendError("git ended early")
            file.write(chunk)
            left -= len(chunk)
    stream.read(1)


def _output(words: list[str], *, local: bool = False) -> bytes:
    with _running(words, local=local) as git:
        try:
            output, errors = git.communicate(timeout=TIMEOUT)
        except subprocess.TimeoutExpired:
            raise BackendError(f"git did not end within {TIMEOUT:.0f} s", hint="try again") from None
    if git.returncode:
        raise BackendError(_said(errors), hint="see whether git itself reaches it")
    return bytes(output)


def _said(errors: bytes) -> str:
    lines = [one_line(line) for line in errors[-8192:].decode(errors="replace").splitlines()]
    telling = [line for line in lines if line.startswith(("fatal:", "error:"))] or [line for line in lines if line]
    return telling[0].partition(": ")[2][:300] or telling[0] if telling else "git failed and said nothing"


@contextlib.contextmanager
def _running(
    words: list[str], *, stdin: Any = subprocess.DEVNULL, local: bool = False
) -> Iterator[subprocess.Popen[bytes]]:
    """A git process; it and what it started are gone when the block is left."""
    settings = [word for name, value in _SETTINGS.items() for word in ("-c", f"{name}={value}")]
    try:
        git = subprocess.Popen(
            ["git", *settings, *words],
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=_environment(local=local),
            start_new_session=True,
        )
    except FileNotFoundError:
        raise BackendError("git is not installed", hint="install git, or use another source") from None
    with git:
        try:
            yield git
        finally:
            if git.poll() is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(git.pid, signal.SIGKILL)


def _environment(*, local: bool) -> Mapping[str, str]:
    """No question to a person, no transport but the few, nothing of a repository that we may be in."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("GIT_") or name in _INHERITED}
    return {
        "GIT_SSH_COMMAND": "ssh -o BatchMode=yes -o ConnectTimeout=20",
        **inherited,
        "GIT_ALLOW_PROTOCOL": f"{_ALLOWED}:file" if local else _ALLOWED,
        "GIT_ASKPASS": "true",
        "GIT_TERMINAL_PROMPT": "0",
        "LC_ALL": "C",
        "SSH_ASKPASS": "true",
    }
