"""What comes from the net is kept by its checksum, and shared."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
from web import files, send, serving

from jupyter_cube.task import bring
from jupyter_cube.task.fetch import FetchError

DATA = bytes(range(256)) * 4000
SHA = hashlib.sha256(DATA).hexdigest()


def test_jobs_share_what_was_fetched(tmp_path: Path) -> None:
    asked: list[str] = []
    cache = str(tmp_path / "cache")
    with serving(files({"/x": DATA}, asked)) as web:
        with_sum = [bring.fetched(f"{web}/x", cache, sha256=SHA) for _ in range(2)]
        assert asked == ["/x"]
        bring.fetched(f"{web}/x", cache)
        bring.fetched(f"{web}/x", cache)
        assert asked == ["/x", "/x", "/x"]  # without a checksum the server is asked, and says that nothing changed
        address = f"{web}/x"
    assert {found.sha256 for found in with_sum} == {SHA}
    said: list[str] = []
    assert bring.fetched(address, cache, say=said.append).sha256 == SHA
    assert "is used" in said[0]
    with pytest.raises(FetchError, match="cannot be reached"):
        bring.fetched(f"{address}2", cache)


def test_many_at_once_fetch_it_once(tmp_path: Path) -> None:
    asked: list[str] = []
    with serving(files({"/x": DATA}, asked)) as web:
        words = [sys.executable, bring.__file__, "--cache", str(tmp_path / "c"), "--sha256", SHA, "--unpack", "none"]
        tasks = [
            subprocess.Popen(
                [*words, "--into", str(tmp_path / str(number))],
                stdout=subprocess.PIPE,
                env={**os.environ, "CUBE_SOURCE": f"{web}/x"},
            )
            for number in range(6)
        ]
        outputs = [task.communicate()[0] for task in tasks]
    assert sum(b"fetching" in line and b"somebody" not in line for line in b"".join(outputs).splitlines()) == 1
    assert [task.returncode for task in tasks] == [0] * 6, outputs
    assert asked == ["/x"]
    for number in range(6):
        assert (tmp_path / str(number) / "x").read_bytes() == DATA


def test_a_job_that_changes_its_file_does_not_change_the_cache(tmp_path: Path) -> None:
    with serving(files({"/x": DATA})) as web:
        found = bring.fetched(f"{web}/x", str(tmp_path / "cache"), sha256=SHA)
    bring.into(found.path, str(tmp_path / "job"), name="x", unpack="none")
    (tmp_path / "job" / "x").write_bytes(b"changed")
    assert Path(found.path).read_bytes() == DATA


@pytest.mark.parametrize(
    ("source", "words", "line"),
    [
        (
            "http://127.0.0.1:9/x?key=1",
            [],
            "error: http://127.0.0.1:9/x?... cannot be reached: [Errno 111] Connection refused",
        ),
        (__file__, ["--sha256", "0" * 64], f"error: {__file__} has another checksum than {'0' * 64}"),
        ("/nowhere/x", [], "error: No such file or directory: /nowhere/x"),
    ],
)
def test_a_failure_is_one_line(source: str, words: list[str], line: str, tmp_path: Path) -> None:
    asked = [sys.executable, bring.__file__, "--cache", str(tmp_path), "--into", str(tmp_path / "t"), *words]
    environment = {**os.environ, "CUBE_SOURCE": source}
    done = subprocess.run(asked, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 1
    assert done.stdout.splitlines()[-1] == line
    assert done.stderr == ""


def test_a_copy_without_a_name_for_its_version_serves_where_the_server_is_gone(tmp_path: Path) -> None:
    with serving(lambda handler: send(handler, DATA)) as web:
        first = bring.fetched(f"{web}/x", str(tmp_path))
    said: list[str] = []
    assert bring.fetched(f"{web}/x", str(tmp_path), say=said.append) == first
    assert said[-1].startswith(f"{web}/x cannot be reached")
    assert said[-1].endswith("is used")


@pytest.mark.parametrize("sha256", [SHA, ""])
def test_a_file_that_was_damaged_in_the_cache_is_fetched_anew(sha256: str, tmp_path: Path) -> None:
    asked: list[str] = []
    said: list[str] = []
    with serving(files({"/x": DATA}, asked)) as web:
        place = Path(bring.fetched(f"{web}/x", str(tmp_path), sha256=sha256).path)
        for damaged in (DATA[:-1], b"?" + DATA[1:]):
            place.chmod(0o600)
            place.write_bytes(damaged)
            again = bring.fetched(f"{web}/x", str(tmp_path), sha256=sha256, say=said.append)
            assert (again.path, place.read_bytes()) == (str(place), DATA)
            assert f"{place} in the cache is damaged" in said
        place.chmod(0o600)
        place.write_bytes(b"")
    with pytest.raises(FetchError, match="cannot be reached"):
        bring.fetched(f"{web}/x", str(tmp_path), sha256=sha256)
    assert asked == ["/x"] * 3


def test_a_disk_that_fills_up_is_said_and_not_kept_full(tmp_path: Path) -> None:
    # a limit on the size of files is like a full disk for who writes them
    words = ["bash", "-c", 'ulimit -f 100 && exec "$@"', "-", sys.executable, bring.__file__]
    with serving(files({"/x": DATA})) as web:
        env = {**os.environ, "CUBE_SOURCE": f"{web}/x"}
        asked = [*words, "--cache", str(tmp_path / "c"), "--into", str(tmp_path / "t")]
        done = subprocess.run(asked, capture_output=True, text=True, check=False, env=env)
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.splitlines()[-1].startswith(f"error: File too large: {tmp_path}/c/objects/")
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and path.stat().st_size > 1000]


def test_one_file_from_two_addresses_is_kept_once(tmp_path: Path) -> None:
    with serving(files({"/x": DATA, "/y": DATA})) as web:
        found = [bring.fetched(f"{web}/{name}", str(tmp_path)) for name in "xy"]
    assert found[0] == found[1]
    assert [path.name for path in tmp_path.glob("objects/sha256/*/*")] == [SHA]
