"""Environments of Python packages that jobs share.

Runs in tasks, ``python environments.py CACHE FILE [--bare]``, with the standard library only; standard input says what
is asked for, in lines ``package TEXT``, ``line TEXT`` (of a requirements file) and ``option TEXT``. An environment is
built once for that, at its final place, and is whole when it has a file ``.ready``. ``FILE`` gets the lines that make
later commands use it.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import re
import shutil
import site
import subprocess
import sys
from pathlib import Path

_READY = ".ready"
_LOGIN = re.compile(r"(?<=://)[^/@\s]*@")  # may hold a token, which is nothing for the log
# What an installer would find or put elsewhere: an environment that others use, too, has all of it itself.
_ELSEWHERE = ("PYTHONPATH", "PIP_USER", "PIP_TARGET", "PIP_PREFIX")


def place_of(cache: str, packages: list[str], lines: list[str], options: list[str], *, inherit: bool) -> Path:
    """Where the environment for that is, or will be."""
    asked = {
        "packages": sorted(packages),
        "lines": lines,
        "options": options,
        # hashed as the rest is: an index of another address may have other packages of the same names
        "installer": sorted(item for item in os.environ.items() if item[0].startswith(("PIP_", "UV_"))),
        "local": [*_local([*packages, *lines], folders=True), *_local(options, folders=False)],
        "python": [sys.version, os.path.realpath(sys.executable)],
        "behind": [sys.prefix, *behind()] if inherit else [],
    }
    digest = hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()
    return Path(cache, "environments", digest[:32])


def _local(texts: list[str], *, folders: bool) -> list[list[object]]:
    """What the files and folders named in the texts are now: others of the same name are another environment."""
    found: list[list[object]] = []
    for text in texts:
        for word in re.split(r"\s|=|@|\[|file://", text):
            if os.path.isfile(word):
                found.append([word, hashlib.sha256(Path(word).read_bytes()).hexdigest()])
            elif folders and (word.startswith(".") or "/" in word) and os.path.isdir(word):
                found.append([os.path.realpath(word), *_sources(word)])
    return found


def _sources(top: str) -> list[list[object]]:
    """Names, sizes and times of a project's files, without what building it leaves there."""
    found: list[list[object]] = []
    for folder, inner, names in os.walk(top):
        made = ("build", "dist", "__pycache__")
        inner[:] = sorted(
            name for name in inner if name not in made and not name.startswith(".") and not name.endswith(".egg-info")
        )
        for name in sorted(names):
            state = os.lstat(os.path.join(folder, name))
            found.append([os.path.join(folder, name), state.st_size, state.st_mtime_ns])
    return found


def behind() -> list[str]:
    """Folders with the packages of this interpreter."""
    folders = [*site.getsitepackages(), *([site.getusersitepackages()] if site.ENABLE_USER_SITE else [])]
    return [folder for folder in folders if os.path.isdir(folder)]


def build(place: Path, packages: list[str], lines: list[str], options: list[str], *, inherit: bool) -> int:
    """Make the environment, unless it is there; pip's exit code."""
    place.parent.mkdir(parents=True, exist_ok=True)
    with open(f"{place}.lock", "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _say(f"the environment {place.name[:8]} is being built by another task")
            fcntl.flock(lock, fcntl.LOCK_EX)
        if (place / _READY).exists():
            _say(f"the environment {place.name[:8]} is there already")
            with contextlib.suppress(OSError):  # another account's
                os.utime(place / _READY)  # it is used, and not cleared
            return 0
        shutil.rmtree(place, ignore_errors=True)  # one that was cut off
        _say(f"building the environment {place.name[:8]}: {_shown(packages, lines)}")
        code = _install(place, packages, lines, options)
        if code:
            shutil.rmtree(place, ignore_errors=True)
            return code
        if inherit:
            (found,) = place.glob("lib/python*/site-packages")
            # its name puts it behind the environment's own .pth files; what those of the folders name comes along
            visible = [f"import site; site.addsitedir({folder!r})\n" for folder in behind()]
            (found / "zz_behind.pth").write_text("".join(visible))
        (place / _READY).touch()
        return 0


def _install(place: Path, packages: list[str], lines: list[str], options: list[str]) -> int:
    requirements = place.with_suffix(".txt")
    requirements.touch(0o600)
    # in the file the packages, too: every user of the machine can read a command line, and there may be a token in it
    requirements.write_text("".join(f"{line}\n" for line in (*packages, *lines)))
    asked = [*options, "-r", str(requirements)]
    python = str(place / "bin" / "python")
    uv = shutil.which("uv")
    try:
        if uv:
            steps = [
                [uv, "venv", "-q", "--python", sys.executable, str(place)],
                [uv, "pip", "install", "--python", python, *asked],
            ]
        else:
            bare, pip = ["--without-pip"], [sys.executable, "-m", "pip", "--python", python]
            if not _has_pip():
                bare, pip = [], [python, "-m", "pip"]
            quiet = ["--disable-pip-version-check", "--no-input", "install", "--progress-bar", "off"]
            steps = [[sys.executable, "-m", "venv", *bare, str(place)], [*pip, *quiet, *asked]]
        env = {name: value for name, value in os.environ.items() if name not in _ELSEWHERE}
        for words in steps:
            code = subprocess.run(words, check=False, stdin=subprocess.DEVNULL, env=env).returncode
            if code:
                return code
        return 0
    finally:
        requirements.unlink()


def _has_pip() -> bool:
    """Whether this interpreter's pip can install into another one: one more pip takes seconds."""
    from importlib import metadata  # slow, and only for a build

    try:
        return int(metadata.version("pip").split(".")[0]) >= 23
    except (metadata.PackageNotFoundError, ValueError):
        return False


def _shown(packages: list[str], lines: list[str]) -> str:
    return _LOGIN.sub("", " ".join([*packages, *lines]))


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201  the task's log is where it is read


def main(words: list[str]) -> int:
    """What a task runs."""
    cache, env, *bare = words
    asked: dict[str, list[str]] = {"package": [], "line": [], "option": []}
    for text in sys.stdin.read().strip("\n").split("\n"):
        kind, _, word = text.partition(" ")
        asked[kind].append(word)
    packages, lines, options = asked.values()
    try:
        place = place_of(cache, packages, lines, options, inherit=not bare)
        code = build(place, packages, lines, options, inherit=not bare)
    except OSError as error:
        _say(f"error: {error.strerror or error}: {error.filename or cache}")
        return 1
    if code:
        _say(f"error: the packages cannot be installed: {_shown(packages, lines)}")
        return 1
    with open(env, "a") as file:
        file.write(f"PATH={place}/bin:{os.environ.get('PATH', os.defpath)}\nVIRTUAL_ENV={place}\n")
        file.write(f"CUBE_PYTHON={place}/bin/python\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
