"""What the plugins http and file make really runs."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import signal
import subprocess
import sys
import tarfile
import threading
import urllib.parse
import zipfile
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from example_job import with_commands
from test_plugins import make
from web import files, serving

import jupyter_cube
from jupyter_cube.lifecycle.state import State
from jupyter_cube.plugins.base import Made


class Job:
    """A job's folder, as far as the scripts of a prerequisite see it."""

    def __init__(self, folder: Path) -> None:
        self.item, self.work = folder / "item's", folder / "work"
        for place in (self.item, self.work):
            place.mkdir(parents=True)
        self.folder = folder
        self.env = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder / "home"),
            "CUBE_JOB": str(folder / "job $1"),
            "CUBE_PYTHON": sys.executable,
            "CUBE_CACHE": str(folder / "ca che"),
            "CUBE_ENV": str(folder / "env"),
            "CUBE_ITEM": str(self.item),
        }

    def start(self, made: Made, **env: str) -> subprocess.Popen[str]:
        for file in made.files:
            path = Path(self.env["CUBE_JOB"]) / "files" / file.path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(file.text)
        script = self.folder / "script"
        script.write_text(made.scripts["taskStarts"])
        words = ["bash", "-e", str(script)]
        pipe = subprocess.PIPE
        return subprocess.Popen(
            words, cwd=self.work, env={**self.env, **env}, stdout=pipe, stderr=pipe, text=True, start_new_session=True
        )

    def run(self, made: Made, **env: str) -> list[str]:
        """The lines that it prints when all goes well."""
        process = self.start(made, **env)
        out, err = process.communicate(timeout=60)
        assert (process.returncode, err) == (0, ""), out
        return out.splitlines()

    def fail(self, made: Made) -> str:
        """The last line of what fails."""
        process = self.start(made)
        out, err = process.communicate(timeout=60)
        assert (process.returncode, err) == (1, "")
        return str(out.splitlines()[-1])


@pytest.fixture
def job(nasty_path: Path) -> Job:
    return Job(nasty_path)


def zipped(**content: bytes) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as file:
        for name, text in content.items():
            file.writestr(name, text)
    return data.getvalue()


def tarred(name: str, text: bytes) -> bytes:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz") as file:
        entry = tarfile.TarInfo(name)
        entry.size = len(text)
        file.addfile(entry, io.BytesIO(text))
    return data.getvalue()


def test_files_of_the_net_land_in_the_folder(job: Job) -> None:
    web_files = {
        "/a.zip": zipped(x=b"1"),
        "/b.tgz": tarred("d/y", b"2"),
        "/c.csv.gz": gzip.compress(b"3"),
        "/my%20file.txt": b"4",
    }
    target = job.folder / "data 'set'"
    asked: list[str] = []
    with serving(files(web_files, asked)) as web:
        addresses = [f"{web}{name}?a=1&b=2" for name in web_files]
        named = [*({"url": address} for address in addresses), {"url": addresses[3], "name": "z; rm -rf *"}]
        made = make("http", files=named, path=str(target))
        printed = job.run(made)
        assert {str(path.relative_to(target)) for path in target.rglob("*") if path.is_file()} == {
            *("x", "d/y", "c.csv", "my file.txt", "z; rm -rf *")
        }
        assert (target / "d" / "y").read_bytes() == b"2"
        assert printed[0] == f"fetching {web}/a.zip?..."
        assert printed[2] == f"a.zip is unpacked in {target}, 1 entries".replace("\n", "?")
        assert len(printed) == 3 * 4 + 1  # asked for again, the last one is as it was
        count = len(asked)
        (target / "my file.txt").write_text("changed by the job")
        job.run(made)
        assert (target / "my file.txt").read_text() == "4"
    assert count == 5


def test_with_its_checksum_it_needs_the_network_once(job: Job) -> None:
    data = b"a,b\n"
    with serving(files({"/t.csv": data})) as web:
        url = f"{web}/t.csv"
        made = make("http", url=url, path="data", sha256=hashlib.sha256(data).hexdigest().upper())
        job.run(made)
    (job.work / "data" / "t.csv").unlink()
    assert job.run(made) == ["t.csv is in data"]
    assert (job.work / "data" / "t.csv").read_bytes() == data
    with serving(files({"/t.csv": b"other"})) as web:
        wrong = make("http", url=f"{web}/t.csv", path="data", sha256="0" * 64)
        assert "has the checksum" in job.fail(wrong)


def test_another_interpreters_settings_do_not_matter(job: Job) -> None:
    (job.item / "a.txt").write_text("1")
    (job.work / "fetch.py").write_text("raise SystemExit('not this one')")
    made = make("file", source="a.txt", path="data")
    job.run(made, PYTHONSAFEPATH="1", PYTHONPATH=str(job.work), PYTHONOPTIMIZE="2")
    assert (job.work / "data" / "a.txt").read_text() == "1"


def test_a_file_of_the_item_of_the_machine_and_a_folder(job: Job) -> None:
    (job.item / "data" / "in ner").mkdir(parents=True)
    (job.item / "data" / "in ner" / "run.sh").write_text("#!/bin/sh\n")
    (job.item / "data" / "in ner" / "run.sh").chmod(0o555)
    (job.item / "data" / "read only").write_text("1")
    (job.item / "data" / "read only").chmod(0o444)
    (job.item / "data" / "link").symlink_to("in ner")
    elsewhere = job.folder / "else where.zip"
    elsewhere.write_bytes(zipped(x=b"1"))
    for _ in range(2):  # again, over what is there
        job.run(make("file", source="data", path="all"))
        job.run(make("file", source="data/read only", path="one"))
        job.run(make("file", source=str(elsewhere), path="~/unpacked"))
        job.run(make("file", source=str(elsewhere), path="whole", unpack="none"))
    assert os.access(job.work / "all" / "in ner" / "run.sh", os.X_OK)
    assert (job.work / "all" / "read only").stat().st_mode & 0o200  # it is the job's own
    assert os.readlink(job.work / "all" / "link") == "in ner"
    assert (job.work / "one" / "read only").read_text() == "1"
    assert (job.folder / "home" / "unpacked" / "x").read_bytes() == b"1"
    assert (job.work / "whole" / "else where.zip").read_bytes() == elsewhere.read_bytes()
    assert "has another checksum than" in job.fail(make("file", source=str(elsewhere), path="never", sha256="0" * 64))
    assert not (job.work / "never").exists()
    assert job.fail(make("file", source="no such", path="d")).startswith("error: No such file or directory")


def test_a_hostile_archive_is_one_line(job: Job) -> None:
    (job.item / "a.zip").write_bytes(zipped(**{"../out": b"1"}))
    line = job.fail(make("file", source="a.zip", path="d"))
    assert line == "error: the archive has an entry that leads out of its folder: '../out'"
    assert list((job.work / "d").iterdir()) == []


def test_an_address_is_on_no_command_line(job: Job) -> None:
    """Everybody on a machine sees the words of a process."""
    seen: list[bytes] = []
    ready, leave = threading.Event(), threading.Event()

    def answer(handler: BaseHTTPRequestHandler) -> None:
        ready.set()
        leave.wait(30)
        files({"/x": b"1"})(handler)

    with serving(answer) as web:
        process = job.start(make("http", url=f"{web}/x?token=s3cret", path="d"))
        assert ready.wait(30)
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                if os.getsid(int(folder.name)) == process.pid:
                    seen.append((folder / "cmdline").read_bytes())
            except (OSError, ProcessLookupError):  # it has just ended
                continue
        leave.set()
        out, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert any(b"bring.py" in words for words in seen)
    assert not any(b"s3cret" in words for words in seen)
    assert "s3cret" not in out


def test_a_secret_may_hold_any_sign(own_places: Path, tmp_path: Path) -> None:
    secret = """it's "$HOME" `x` \\n"""
    seen: list[str] = []

    def answer(handler: BaseHTTPRequestHandler) -> None:
        seen.append(handler.path)
        files({"/x": b"data"})(handler)

    with serving(answer) as web:
        plugin = f"{{plugin: http, parameters: {{url: '{web}/x?t=<% $secrets.token %>', path: d}}}}"
        extras = f"extras: {{com.microsoft.pai.runtimeplugin: [{plugin}]}}\n"
        path = tmp_path / "job.yaml"
        path.write_text(f"{with_commands('cat d/x')}secrets: {{token: {json.dumps(secret)}}}\n{extras}")
        job = jupyter_cube.submit(str(path))
        assert job.wait(60) is State.SUCCEEDED, [line.line for line in job.log.tail(50)]
    assert [urllib.parse.unquote(one) for one in seen] == [f"/x?t={secret}"]


def test_what_is_stopped_leaves_nothing_half_unpacked(job: Job, until: Callable[..., None]) -> None:
    with zipfile.ZipFile(job.item / "a.zip", "w") as file:
        for number in range(20_000):
            file.writestr(str(number), b"1")
    process = job.start(make("file", source="a.zip", path="d"))
    target = job.work / "d"
    until(lambda: target.is_dir() and any(target.iterdir()))
    os.killpg(process.pid, signal.SIGTERM)
    process.communicate(timeout=60)
    until(lambda: not any(target.iterdir()))


@pytest.mark.parametrize(
    ("plugin", "parameters", "message"),
    [
        ("http", {"files": [{"url": "http://x/a/t.csv"}, {"url": "http://x/b/t.csv"}]}, "two of the files are called"),
        ("http", {"files": [{"url": "http://x/a", "name": "../a"}]}, "is no name of a file"),
        ("file", {"source": ""}, "is no path"),
        ("file", {"source": "http://x/y"}, "is no path"),
        ("http", {"url": "http://x/y\nend of the address\nrm x"}, "is no http or https address"),
    ],
)
def test_what_does_not_go_together(plugin: str, parameters: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make(plugin, path="/d", **parameters)


@pytest.mark.parametrize(("path", "scope"), [("/d", "job"), ("~/d", "job"), ("d", "task")])
def test_a_folder_of_each_task_is_filled_by_each_task(path: str, scope: str) -> None:
    assert make("http", url="http://x/y", path=path).scope == scope
    assert make("file", source="y", path=path).scope == scope
