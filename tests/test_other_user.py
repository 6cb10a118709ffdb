"""As an ordinary user, and beside another user's jobs."""

from __future__ import annotations

import io
import json
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from item_folder import lay
from web import files, serving

import jupyter_cube
from jupyter_cube.api import submit
from jupyter_cube.lifecycle.state import State

PYTHON = "/usr/bin/python3"
NEEDED = ("jupyter_core", "platformdirs", "traitlets", "yaml")  # what finds the configuration and reads items

pytestmark = pytest.mark.skipif(
    os.getuid() != 0 or shutil.which("su") is None or not os.access(PYTHON, os.X_OK) or sys.platform != "linux",
    reason="only root can become another user, who needs a Python of the system",
)


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that others may enter, with the package and what it needs."""
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        folder = Path(name)
        folder.chmod(0o755)
        package = Path(jupyter_cube.__file__).parent
        shutil.copytree(package, folder / "lib" / "jupyter_cube", ignore=shutil.ignore_patterns("__pycache__"))
        for needed in NEEDED:
            module = Path(__import__(needed).__file__ or "").parent
            shutil.copytree(module, folder / "lib" / needed, ignore=shutil.ignore_patterns("__pycache__"))
        (folder / "config").mkdir()
        (folder / "config" / "jupyter_cube_config.json").write_text(json.dumps({"devices": ["a0"]}))
        subprocess.run(["chmod", "-R", "a+rX", str(folder)], check=True)
        home = folder / "home"
        home.mkdir()
        shutil.chown(home, "nobody")
        yield folder


def as_nobody(place: Path, line: str, *, module: str = "jupyter_cube") -> subprocess.Popen[str]:
    home = place / "home"
    settings = {
        "HOME": str(home),
        "PATH": "/usr/bin:/bin",
        "PYTHONPATH": str(place / "lib"),
        "PYTHONDONTWRITEBYTECODE": "1",
        "CUBE_STORE": str(home / "store"),
        "CUBE_LOCKS": os.environ["CUBE_LOCKS"],
        "JUPYTER_CONFIG_DIR": str(place / "config"),
    }
    words = " ".join(f"{name}='{value}'" for name, value in settings.items())
    command = f"cd {home} && env -i {words} {PYTHON} -m {module} {line}"
    return subprocess.Popen(
        ["su", "-s", "/bin/sh", "nobody", "-c", command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def shared_locks(monkeypatch: pytest.MonkeyPatch, place: Path) -> None:
    locks = place / "locks"
    monkeypatch.setenv("CUBE_LOCKS", str(locks))
    place.chmod(0o1777)


def test_a_job_of_an_ordinary_user(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shared_locks(monkeypatch, place)
    out, err = as_nobody(place, "submit --follow --memory 200M -- sh -c 'id -un; exit 3'").communicate(timeout=60)
    assert out.splitlines()[:1] == ["nobody"], err
    assert "exit 3" in err
    assert (place / "home" / "store").stat().st_mode & 0o777 == 0o700
    assert (place / "home" / "store").stat().st_uid == pwd.getpwnam("nobody").pw_uid


MOUNTS = """
import os
from plans import Mount, Role, everything, run, shared
fills = shared("mnist", cache="k", starts="echo filled > /cube-test/mnist/a; echo A=1 >> $CUBE_ENV")
role = Role(
    "w",
    "id -un; cat /cube-test/mnist/a /cube-test/data/file; echo $A; "
    "touch /cube-test/data/x; touch /cube-test/mnist/x; true",
    instances=2,
    min_succeeded=-1,
    mounts=(Mount("cache", "k", "/cube-test/mnist"), Mount("storage", "data", "/cube-test/data")),
    prerequisites=(fills,),
)
for _ in range(2):
    job = run(role)
    print(job.wait(30).value)
    print(*everything(job), sep="\\n")
print(os.path.exists("/cube-test"))
"""


def test_mounts_and_the_cache_of_an_ordinary_user(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shared_locks(monkeypatch, place)
    shutil.copy(Path(__file__).with_name("plans.py"), place / "lib")
    (place / "lib" / "mount_jobs.py").write_text(MOUNTS)
    (place / "data").mkdir()
    (place / "data" / "file").write_text("content\n")
    storages = {"data": {"path": str(place / "data"), "readOnly": True}}
    (place / "config" / "jupyter_cube_config.json").write_text(json.dumps({"storages": storages}))
    subprocess.run(["chmod", "-R", "a+rX", str(place / "lib"), str(place / "data"), str(place / "config")], check=True)
    out, err = as_nobody(place, "", module="mount_jobs").communicate(timeout=60)
    lines = [line for line in out.splitlines() if "waits for" not in line]
    if (place / "home" / "store" / "namespaces.json").read_text().endswith('"refused": ""}'):
        assert sorted(lines) == sorted(
            ["SUCCEEDED", "SUCCEEDED", "False", "mnist: cached"]
            + ["nobody", "filled", "content", "1"] * 4
            + ["touch: cannot touch '/cube-test/data/x': Read-only file system"] * 4
            + ["touch: cannot touch '/cube-test/mnist/x': Read-only file system"] * 4
        ), err
    else:
        assert lines.count("filled") == 4, err
    assert not Path("/cube-test").exists()


SEEDS = """
import sys
import jupyter_cube
from pathlib import Path
from seed_items import ITEMS, job
Path("items.yaml").write_text(ITEMS.replace("@HOST@", sys.argv[1]))
jupyter_cube.publish("items.yaml")
texts = (
    job("mnist", "dataPath: /dataset/mnist", "id -un; cat /dataset/mnist/train.csv"),
    job("imagenet", "dataPath: /dataset/imagenet", "cat /dataset/imagenet/train/a; >/mnt/confignfs_pvc/x || echo ro"),
    job("imagenet_only_validation", "dataPath: /dataset/imagenet", "cat /dataset/imagenet/b"),
    job("debug_hook", "min: 0.01", "exit 1"),
)
for text in texts:
    done = jupyter_cube.submit(text)
    print(done.wait(60).value)
    print(*(line.line for line in done.log.tail(50)), sep="\\n")
"""


def test_the_proposals_jobs_of_an_ordinary_user(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shared_locks(monkeypatch, place)
    for part in ("train/a", "validation/b"):
        file = place / "nfs" / "imagenet" / part
        file.parent.mkdir(parents=True)
        file.write_text(f"{part}\n")
    shutil.copy(Path(__file__).with_name("seed_items.py"), place / "lib")
    (place / "lib" / "seed_jobs.py").write_text(SEEDS)
    settings = {"devices": ["a0"], "storages": {"confignfs": {"path": str(place / "nfs"), "readOnly": True}}}
    (place / "config" / "jupyter_cube_config.json").write_text(json.dumps(settings))
    subprocess.run(["chmod", "-R", "a+rX", str(place)], check=True)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as zipped:
        zipped.writestr("train.csv", "7,0,255\n")
    with serving(files({"/mnist.zip": archive.getvalue()})) as web:
        host = web.removeprefix("http://")
        out, err = as_nobody(place, host, module="seed_jobs").communicate(timeout=100)
    lines = out.splitlines()
    assert [line for line in lines if line.isupper()] == ["SUCCEEDED"] * 3 + ["FAILED"], out + err
    for line in ("nobody", "7,0,255", "train/a", "ro", "validation/b", "will sleep for 0.01 minutes for debugging..."):
        assert line in lines, out + err
    assert not Path("/dataset").exists()
    assert not Path("/mnt/confignfs_pvc").exists()


@pytest.fixture
def team(place: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A source of three items: one that all may read, one without its file, one without its folder."""
    shared_locks(monkeypatch, place)
    team = place / "team"
    for name in ("clear", "hidden", "shut"):
        lay(team, name)
    subprocess.run(["chmod", "-R", "a+rX", str(team)], check=True)
    (team / "hidden" / "1.0.0" / "item.yaml").chmod(0)
    (team / "shut" / "1.0.0").chmod(0)
    (place / "config" / "jupyter_cube_config.json").write_text(json.dumps({"sources": {"team": str(team)}}))
    return team


def test_items_go_on_where_one_cannot_be_read(place: Path, team: Path) -> None:
    out, err = as_nobody(place, "items --source team").communicate(timeout=60)
    found = {line.split()[0]: line for line in out.splitlines()}
    assert list(found) == ["clear", "hidden", "shut"], out + err
    assert "what clear is" in found["clear"]
    assert "cannot be read: permission denied" in as_nobody(place, "items hidden --json").communicate(timeout=60)[0]
    for name in ("hidden", "shut"):
        process = as_nobody(place, f"show {name}")
        out, err = process.communicate(timeout=60)
        assert (process.returncode != 0, out, err.count("\n")) == (True, "", 1), out + err
        assert str(team / name / "1.0.0") in err
        assert "permission denied; ask its owner" in err
    assert "what clear is" in as_nobody(place, "show clear").communicate(timeout=60)[0]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("new dataset x --path shut", "shut: it cannot be read: permission denied; make it readable for you"),
        ("new dataset x --path open", "open/in/a: it cannot be read: permission denied; make it readable for you"),
        ("new job x --from open/in/a", "open/in/a: it cannot be read: permission denied"),
        ("publish shut", "shut"),
        ("publish open", "in/a: permission denied; ask its owner"),
        ("import open/in/a", "open/in/a: it cannot be read: permission denied"),
    ],
)
def test_files_that_cannot_be_read_are_said(
    place: Path, monkeypatch: pytest.MonkeyPatch, line: str, message: str
) -> None:
    shared_locks(monkeypatch, place)
    home = place / "home"
    (home / "open" / "in").mkdir(parents=True)
    (home / "shut").mkdir(mode=0)
    (home / "open" / "item.yaml").write_text("name: x\n")
    (home / "open" / "in" / "a").write_text("x")
    (home / "open" / "in" / "a").chmod(0)
    process = as_nobody(place, line)
    out, err = process.communicate(timeout=60)
    assert process.returncode != 0, out
    assert message in err
    assert err.count("\n") == 1
    assert "CUBE_STORE" not in err


def test_a_folder_that_cannot_be_written_is_said(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shared_locks(monkeypatch, place)
    (place / "home" / "store").mkdir()
    shutil.chown(place / "home" / "store", "nobody")
    (place / "home").chmod(0o555)
    shutil.chown(place / "home", "root")
    out, err = as_nobody(place, "new prerequisite x").communicate(timeout=60)
    assert out == ""
    assert "x.yaml: permission denied; go to a folder that you can write" in err


def test_two_users_share_a_device(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shared_locks(monkeypatch, place)
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(place / "config"))
    mine = submit("date +%s.%N; sleep 1.5; date +%s.%N", shell=True, gpu=1)
    deadline = time.monotonic() + 20
    while mine.state is not State.RUNNING:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    theirs = as_nobody(place, "submit --gpu 1 --follow -- sh -c 'echo $CUDA_VISIBLE_DEVICES; date +%s.%N'")
    out, err = theirs.communicate(timeout=60)
    assert mine.wait(20) is State.SUCCEEDED
    device, began = out.splitlines()[:2]
    assert device == "a0", err
    ended = float(mine.log.tail(1)[0].line)
    assert float(began) >= ended, "they had the device at the same time"
