"""Every built-in item is used by a job; those whose data lie on the public net by a copy on this machine."""

from __future__ import annotations

import hashlib
import importlib.util
import io
import json
import os
import re
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from web import files, serving

import jupyter_cube
from jupyter_cube.errors import SpecError
from jupyter_cube.handle import Job
from jupyter_cube.lifecycle.state import State
from jupyter_cube.marketplace.sources.builtin import BuiltinSource

SOURCE = BuiltinSource()
NAMES = sorted(SOURCE.names())
TRIED: set[str] = set()


def tried(*names: str) -> Any:
    """The test uses these items."""
    TRIED.update(names)
    return lambda test: test


def ended(job: Job, state: State = State.SUCCEEDED) -> list[str]:
    """What a job printed, when it has ended so."""
    assert job.wait(90) is state, (job.snapshot(), [line.line for line in job.log.tail(30)])
    return [line.line for line in job.log.tail(200)]


def shell(script: str, *require: str, state: State = State.SUCCEEDED, **options: Any) -> list[str]:
    return ended(jupyter_cube.submit(script, shell=True, require=require, **options), state)


def template(name: str, **parameters: Any) -> list[str]:
    return ended(jupyter_cube.submit(f"marketplace://name/{name}", parameters=parameters))


@tried("digits", "iris", "wine")
@pytest.mark.parametrize(("name", "rows", "columns"), [("digits", 1797, 65), ("iris", 150, 5), ("wine", 178, 14)])
def test_small_tables_are_here_without_a_network(name: str, rows: int, columns: int) -> None:
    header = shell(f"head -n 1 /dataset/{name}/{name}.csv", name)[-1].split(",")
    assert len(header) == columns
    assert all(column.isidentifier() for column in header)
    assert shell(f"tail -n +2 /dataset/{name}/{name}.csv | wc -l", name)[-1].strip() == str(rows)


def test_two_datasets_in_one_folder_are_both_there() -> None:
    first = shell("ls /dataset/both", "digits:dataPath=/dataset/both", "iris:dataPath=/dataset/both")
    again = shell("ls /dataset/both", "digits:dataPath=/dataset/both", "iris:dataPath=/dataset/both")
    assert {"digits.csv", "iris.csv"} <= set(first) & set(again)


@pytest.mark.parametrize(
    ("require", "message"),
    [
        (["digits:dataPath=/dataset/../nowhere/x"], "'/dataset/../nowhere/x' is no absolute path without '..'"),
        (["digits:dataPath=/"], "nothing can be mounted at /"),
        (["digits", "iris:dataPath=/dataset/digits/sub"], "/dataset/digits/sub (iris) lies inside /dataset/digits"),
    ],
)
def test_folders_that_no_dataset_can_have(require: list[str], message: str) -> None:
    with pytest.raises(SpecError) as caught:
        jupyter_cube.submit("true", shell=True, require=require)
    assert message in str(caught.value)
    assert not os.path.exists("/nowhere")


def archive(*names: str) -> bytes:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz") as file:
        for name in names:
            entry = tarfile.TarInfo(name)
            entry.size = 5
            file.addfile(entry, io.BytesIO(b"data\n"))
    return data.getvalue()


def arrays() -> bytes:
    data = io.BytesIO()
    np.savez(data, x_train=np.zeros((2, 28, 28)), y_train=np.zeros(2))
    return data.getvalue()


PUBLIC: dict[str, tuple[str, bytes, str]] = {
    "mnist": ("mnist.npz", arrays(), "mnist.npz"),
    "cifar10": ("c.tar.gz", archive("cifar-10-batches-py/data_batch_1"), "cifar-10-batches-py/data_batch_1"),
    "newsgroups20": ("files/5975967", archive("20news-bydate-train/sci.space/1"), "20news-bydate-train/sci.space/1"),
    "california_housing": (
        "files/5976036",
        archive("CaliforniaHousing/cal_housing.data"),
        "CaliforniaHousing/cal_housing.data",
    ),
}


@tried(*PUBLIC)
@pytest.mark.parametrize("name", PUBLIC)
def test_public_datasets_from_a_copy(name: str) -> None:
    path, data, file = PUBLIC[name]
    variables = {variable.name: variable for variable in SOURCE.load(name, "1.0.0").item.variables}
    assert re.fullmatch("https://.*", variables["url"].default)
    assert re.fullmatch("[0-9a-f]{64}", variables["sha256"].default)
    with serving(files({f"/{path}": data})) as web:
        sha256 = hashlib.sha256(data).hexdigest()
        printed = shell(f"ls /dataset/{name}/{file}", f"{name}:url={web}/{path},sha256={sha256}")
        assert printed[-1] == f"/dataset/{name}/{file}"
        wrong = shell("true", f"{name}:url={web}/{path},sha256={'0' * 64}", state=State.FAILED)
    assert f"has the checksum {sha256}" in "\n".join(wrong)


@tried("web_file")
def test_a_file_of_the_net() -> None:
    with serving(files({"/a/b.txt": b"content\n"})) as web:
        assert shell("cat /dataset/web/b.txt", f"web_file:url={web}/a/b.txt")[-1] == "content"


@tried("apt_packages", "install_wget")
def test_packages_of_the_system_that_are_there_already() -> None:
    if not Path("/usr/bin/dpkg-query").exists():
        pytest.skip("only Debian and its kin have apt")
    printed = shell("command -v wget", "install_wget", "apt_packages:packages=[wget,coreutils]")
    assert "install_wget: already there" in printed
    assert "apt_packages: already there" in printed


@tried("volume")
def test_a_volume(own_places: Path, tmp_path: Path) -> None:
    (tmp_path / "v").mkdir()
    (tmp_path / "v" / "file").write_text("of the volume\n")
    settings = own_places.parent / "config"
    settings.mkdir(exist_ok=True)
    (settings / "jupyter_cube_config.json").write_text(json.dumps({"storages": {"v": str(tmp_path / "v")}}))
    assert shell("cat /mnt/there/file", "volume:volume=v,mountPath=/mnt/there")[-1] == "of the volume"


@tried("debug_hook")
def test_the_debug_hook(until: Callable[..., None]) -> None:
    job = jupyter_cube.submit("exit 3", shell=True, require=("debug_hook",))
    until(lambda: job.snapshot().tasks[0].held)
    assert "29 min left" in job.snapshot().tasks[0].held or "30 min left" in job.snapshot().tasks[0].held
    job.release()
    assert "will sleep for 30 minutes for debugging..." in ended(job, State.FAILED)


@tried("tensorboard")
def test_tensorboard_or_a_line_where_it_is_missing(tmp_path: Path) -> None:
    printed = shell("true", f"tensorboard:logPath={tmp_path},port=6123")
    there = importlib.util.find_spec("tensorboard") is not None
    line = "TensorBoard: http://127.0.0.1:6123/" if there else "tensorboard is not installed"
    assert any(text.startswith(line) for text in printed), printed


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@tried("python_script", "shell_script")
def test_scripts(here: Path) -> None:
    Path("it is.py").write_text("import os, sys\nprint(os.getcwd(), sys.argv[1:], os.environ['PAI_TASK_INDEX'])\n")
    printed = template("python_script", script="it is.py", arguments=["a b", "$HOME"], instances=2)
    assert sorted(printed) == [f"{here} ['a b', '$HOME'] {index}" for index in range(2)]
    Path("s.sh").write_text('printf "<%s>" "$@"; echo\n')
    assert template("shell_script", script="s.sh", arguments="[a b, c]")[-1] == "<a b><c>"


TORCHRUN = """\
#!/usr/bin/env python3
# What torchrun does with these options, without PyTorch: the processes of one node, each with its rank.
import os, subprocess, sys
words, options = sys.argv[1:], {}
while words[0].startswith("--"):
    name, value, *words = words
    options[name] = value
count, node = int(options["--nproc-per-node"]), int(options["--node-rank"])
for local in range(count):
    rank = {"RANK": str(node * count + local), "WORLD_SIZE": str(int(options["--nnodes"]) * count)}
    places = {"MASTER_ADDR": options["--master-addr"], "MASTER_PORT": options["--master-port"]}
    subprocess.run([sys.executable, *words], check=True, env={**os.environ, **rank, **places})
"""


@tried("torchrun")
def test_torchrun(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("torchrun").write_text(TORCHRUN)
    Path("torchrun").chmod(0o755)
    monkeypatch.setenv("PATH", f"{here}:{os.environ['PATH']}")
    Path("train.py").write_text(
        "import os, sys\nnames = 'RANK', 'WORLD_SIZE', 'MASTER_ADDR', 'MASTER_PORT'\n"
        "print(*(os.environ[name] for name in names), sys.argv[1])\n"
    )
    printed = [line.split() for line in template("torchrun", script="train.py", arguments=["x"], nodes=2, processes=2)]
    assert sorted(words[0] for words in printed) == ["0", "1", "2", "3"]
    assert {tuple(words[1:]) for words in printed} == {("4", "127.0.0.1", printed[0][3], "x")}


@tried("tensorflow")
def test_tensorflow(here: Path) -> None:
    Path("train.py").write_text("import os\nprint(os.environ['TF_CONFIG'])\n")
    found = [json.loads(line) for line in template("tensorflow", script="train.py", workers=3)]
    assert sorted(one["task"]["index"] for one in found) == [0, 1, 2]
    (workers,) = {tuple(one["cluster"]["worker"]) for one in found}
    assert len(set(workers)) == 3
    assert all(re.fullmatch(r"127\.0\.0\.1:\d+", place) for place in workers)


@tried("sklearn_sweep")
def test_a_sweep() -> None:
    printed = template("sklearn_sweep", values=[0.0001, 0.001])
    found = {line.split()[0]: float(line.split()[2]) for line in printed if line.startswith("gamma=")}
    assert found.keys() == {"gamma=0.0001", "gamma=0.001"}
    assert all(value > 0.9 for value in found.values())


@tried("git_repository")
def test_a_repository(tmp_path: Path) -> None:
    import subprocess

    repository = tmp_path / "r"
    words = ["git", "-c", "user.name=x", "-c", "user.email=x@x", "-C", str(repository)]
    subprocess.run(["git", "init", "-q", str(repository)], check=True)
    (repository / "f").write_text("of the repository\n")
    subprocess.run([*words, "add", "f"], check=True)
    subprocess.run([*words, "commit", "-qm", "x"], check=True)
    assert shell("cat /code/f", f"git_repository:url=file://{repository}")[-1] == "of the repository"


@tried("python_packages")
def test_python_packages(tmp_path: Path) -> None:
    import zipfile

    name = "tinything-1.0-py3-none-any.whl"
    with zipfile.ZipFile(tmp_path / name, "w") as wheel:
        wheel.writestr("tinything.py", "VALUE = 'from the wheel'\n")
        about = "tinything-1.0.dist-info"
        wheel.writestr(f"{about}/METADATA", "Metadata-Version: 2.1\nName: tinything\nVersion: 1.0\n")
        wheel.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{about}/RECORD", "")
    asked = f"python_packages:packages=[tinything],options=[--no-index,--find-links,{tmp_path}]"
    job = jupyter_cube.submit("import tinything\nprint(tinything.VALUE)\n", require=(asked,))
    assert ended(job)[-1] == "from the wheel"


def test_every_item_is_tried() -> None:
    assert set(NAMES) == TRIED
