"""Items that were imported from OpenPAI and Cube Studio are run, changed only in what a machine without their images,
GPUs and network forces: addresses lead to a server of this machine, ``/data`` to a folder, resources are small.
"""

from __future__ import annotations

import io
import json
import os
import re
import shlex
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from web import files, serving

import jupyter_cube
from jupyter_cube.imports.base import Imported, import_file
from jupyter_cube.lifecycle.state import State
from jupyter_cube.marketplace.item import Published, parse
from jupyter_cube.templates.rendering import render
from jupyter_cube.text.document import read
from jupyter_cube.text.writer import dump

DIRECTORY = os.environ.get("CUBE_TEST_CASES", "")
CASES = Path(DIRECTORY)
given = pytest.mark.skipif(not DIRECTORY, reason="CUBE_TEST_CASES names no directory of files of other systems")
SHOW = "import json, os, sys\nprint(json.dumps([os.path.basename(sys.argv[0]), *sys.argv[1:]], ensure_ascii=False))\n"
NASTY = "a b'c\"d $HOME `x` \\ *\n中文"


def rendered(one: Imported, **values: Any) -> str:
    return render(Published(parse(one.text), "team", "sha256:abc", Path("/nowhere")), values)


def ran(text: str) -> list[str]:
    """The lines that a job's tasks printed, when it has succeeded."""
    job = jupyter_cube.submit(text)
    assert job.wait(60) is State.SUCCEEDED, (job.snapshot(), [line.line for line in job.log.tail(40)])
    return [line.line for line in job.log.tail(400)]


# ---- OpenPAI


def packed(**content: str) -> bytes:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz") as archive:
        for name, text in content.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(text.encode())
            archive.addfile(entry, io.BytesIO(text.encode()))
    return data.getvalue()


BLOB, RAW = "https://openpaimarketplace.blob.core.windows.net", "https://raw.githubusercontent.com"
_SCRIPTS = "/microsoft/pai/master/examples/Distributed-example/cifar10-single-mul-DDP-nccl-gloo"
SERVED = {
    "/marketplace/Couplet_data/couplet_data.tgz": packed(**{"couplet_data/train.txt": "couplet"}),
    "/marketplace/GrammarCheck/gramarCheck_data.tgz": packed(**{"dataset/processed_data/train": "words"}),
    "/marketplace/GrammarCheck/gramarCheck_data_bin.tgz": packed(**{"data-bin/dict": "words"}),
    "/marketplace/GrammarCheck/gramarCheck_checkpoint_best.tgz": packed(**{"checkpoints/checkpoint_best.pt": "model"}),
    "/marketplace/Covid19_data/covid-19_data.json": b"{}",
    "/marketplace/Covid19_data/covid19_prediction_project.tgz": packed(
        **{"prediction_project/PredictionConfirmed.py": SHOW}
    ),
    f"{_SCRIPTS}.py": SHOW.encode(),
    f"{_SCRIPTS}-Apex-mixed.py": SHOW.encode(),
}
REPOSITORIES = {
    "https://github.com/ieee8023/covid-chestxray-dataset.git": ("covid-chestxray-dataset", "metadata.csv"),
    "https://github.com/NVIDIA/apex": ("apex", "setup.py"),
}
IMAGE = {  # what the images of the jobs have in their working folders
    "examples/mnist/main.py": SHOW,
    "scikit-learn/benchmarks/bench_text_vectorizers.py": SHOW,
    "data/mnist/get_mnist.sh": "#!/bin/sh\necho get\n",
    "examples/mnist/create_mnist.sh": "#!/bin/sh\necho create\n",
    "examples/mnist/train_lenet.sh": "#!/bin/sh\necho train\n",
}
PROGRAMS = ("pip", "pip3", "fairseq-preprocess", "fairseq-train", "fairseq-generate")


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """What stands in for the network and the images: text in a job to what it becomes here."""
    known = {"/data": str(tmp_path / "data")}
    for address, (name, file) in REPOSITORIES.items():
        folder = tmp_path / "repositories" / name
        folder.mkdir(parents=True)
        (folder / file).write_text(SHOW)
        git = ["git", "-C", str(folder), "-c", "user.name=a", "-c", "user.email=a@example.org"]
        for words in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "first"]):
            subprocess.run([*git, *words], check=True)
        known[address] = str(folder)
    programs = tmp_path / "programs"
    written = {f"programs/{name}": f'#!/bin/sh\necho {name} "$@"\n' for name in PROGRAMS}
    for path, text in {**written, **{f"image/{path}": text for path, text in IMAGE.items()}}.items():
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(0o755)
    monkeypatch.setenv("PIP_DRY_RUN", "1")  # whatever happens, the tests' own environment stays as it is
    with serving(files(SERVED)) as url:
        yield {**known, BLOB: url, RAW: url, "image": str(tmp_path / "image"), "programs": str(programs)}


def adapted(text: str, machine: dict[str, str], *, in_image: bool) -> str:
    """A job as it can run here."""
    for address in (*REPOSITORIES, BLOB, RAW):
        text = text.replace(address, machine[address])
    root = read(text).root
    assert root is not None
    job = root.plain()
    for role in job["taskRoles"].values():
        role["resourcePerInstance"] |= {"cpu": 1, "memoryMB": 200, "gpu": 0}
        folder = machine["/data"]
        commands = [re.sub(r"(?<![\w.}])/data(?=[/\s]|$)", folder, line) for line in role["commands"]]
        # a job's PATH begins with the folder of its Python, where a pip is
        role["commands"] = [f"export PATH={shlex.quote(machine['programs'])}:$PATH", *commands]
    if in_image:
        job["extras"]["jupyter_cube"]["cwd"] = machine["image"]
    return dump(job)


GLOO = ["-n", "2", "-g", "2", "--epochs", "2", "--dist-backend", "gloo"]
_GENERATE = (
    "fairseq-generate DATA/grammarCheck/data-bin/ --path DATA/grammarCheck/checkpoints//checkpoint_best.pt "
    "--source-lang origin --target-lang correct"
)
_PREDICT = json.dumps(
    ["PredictionConfirmed.py", "-i", "DATA/covid19/data//covid-19_data.json", "-o",
     "DATA/covid19/prediction_project/output/"]
)  # fmt: skip
ROWS: dict[str, tuple[bool, list[str]]] = {
    "couplet-dataset-job": (False, ["couplet_data/train.txt"]),
    "covid-19-chest-x-ray-dataset-job": (False, ["Cloning into 'covid-chestxray-dataset'..."]),
    "grammar-check-dataset-job": (False, ["dataset/processed_data/train"]),
    "grammar-check-inference-job-template": (False, ["pip install fairseq==0.9", _GENERATE]),
    "covid-19-prediction-model-training-job-template": (False, ["pip install numpy", _PREDICT]),
    "pytorch-mnist-job-template": (True, ['["main.py", "--epochs", "1", "--lr", "0.01", "--batch-size", "64"]']),
    "scikit-learn-text-vectorizer-speed-benchmark-job-template": (
        True,
        ["pip3 install --upgrade pip", '["bench_text_vectorizers.py"]'],
    ),
    "caffe2-minist-job-template": (True, ["get", "create", "train"]),
    "pytorch-ddp-job-template-gloo-backend": (
        False,
        ['["setup.py", "install"]'] * 2 + [json.dumps(["cifar10-single-mul-DDP-nccl-gloo.py", *GLOO])] * 2,
    ),
    "pytorch-ddp-job-template-with-apex-gloo-backend": (
        False,
        [json.dumps(["cifar10-single-mul-DDP-nccl-gloo-Apex-mixed.py", *GLOO])] * 2,
    ),
}  # fmt: skip


@given
@pytest.mark.parametrize("name", ROWS)
def test_an_item_of_openpai_runs(name: str, machine: dict[str, str]) -> None:
    (one,) = [
        each for each in import_file(CASES / "openpai/marketplace_items/catalog_examples.json") if each.name == name
    ]
    in_image, expected = ROWS[name]
    lines = ran(adapted(rendered(one), machine, in_image=in_image))
    for line in {each.replace("DATA", machine["/data"]) for each in expected}:
        assert lines.count(line) == [each.replace("DATA", machine["/data"]) for each in expected].count(line), lines


@given
def test_a_dataset_of_openpai_is_fetched(machine: dict[str, str], tmp_path: Path) -> None:
    catalog = import_file(CASES / "openpai/marketplace_items/catalog_examples.json")
    for name, path in (("couplet-dataset", "couplet_data/train.txt"), ("covid-19-chest-x-ray-dataset", "metadata.csv")):
        (one,) = [each for each in catalog if each.name == name]
        text = one.text
        for address in (*REPOSITORIES, BLOB):
            text = text.replace(address, machine[address])
        (tmp_path / f"{name}.yaml").write_text(text)
        jupyter_cube.publish(tmp_path / f"{name}.yaml")
        job = jupyter_cube.submit(f"cat /dataset/{name}/{path}", shell=True, require=(name,))
        assert job.wait(60) is State.SUCCEEDED, [line.line for line in job.log.tail(40)]


JOB = """\
protocolVersion: 2
name: braces
type: job
prerequisites:
- {type: dockerimage, name: image, uri: ubuntu}
taskRoles:
  worker:
    dockerImage: image
    resourcePerInstance: {cpu: 1, memoryMB: 100, gpu: 0}
    commands:
    - x=1
    - echo "{{ x }}" '{{x|upper}}' {{.Names}} ${x} $((x + 1))
"""


def test_a_job_with_braces_of_its_own_runs_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "braces.yaml").write_text(JOB)
    (one,) = import_file(tmp_path / "braces.yaml")
    assert ran(rendered(one))[-1] == "{{ x }} {{x|upper}} {{.Names}} 1 2"


# ---- Cube Studio

SMALL = {"cpu": 1, "memoryMB": 200}
TEMPLATES: dict[tuple[str, str], tuple[str, dict[str, Any], list[str]]] = {
    ("2022", "datax"): ("datax.py", {"f": NASTY}, ["-f", NASTY]),
    ("2022", "xgb"): (
        "xgb.py",
        {"params": '{"max_depth": 4}', "eval_result_path": "/r", "sep": "TAB"},
        ["--train_csv_file_path", "/app/train.csv", "--sep", "TAB", "--classifier_or_regressor", "classifier",
         "--params", '{"max_depth": 4}', "--eval_result_path", "/r"],
    ),
    ("2022", "horovod"): (
        "launcher.py",
        {"command": NASTY},
        ["--work_images", "ccr.ccs.tencentyun.com/cube-studio/horovod:20210401", "--working_dir", "/mnt/xxx/horovod/",
         "--command", NASTY, "--num_worker", "2"],
    ),
    ("2022", "media-download"): (
        "start_download.py",
        {"input_file": NASTY, "num_worker": 0},
        ["--num_worker", "0", "--download_type", "url", "--input_file", NASTY],
    ),
    ("2026", "model-register"): (
        "launcher.py",
        {"model_version": "v1", "model_metric": NASTY},
        ["--project_name", "public", "--model_name", "mnist", "--model_version", "v1", "--model_path",
         "https://cube-studio.oss-cn-hangzhou.aliyuncs.com/inference/tf-mnist.tar.gz", "--model_metric", NASTY,
         "--describe", "mnist模型", "--framework", "tf", "--inference_framework", "tfserving"],
    ),
    ("2026", "pytorchjob"): (
        "launcher.py",
        {"creator": "ann e", "num_worker": "4"},
        ["--image", "ccr.ccs.tencentyun.com/cube-studio/ubuntu-gpu:cuda11.8.0-cudnn8-python3.9", "--working_dir",
         "/mnt/ann e/pipeline/example/pytorch", "--command", "bash start.sh", "--num_worker", "4"],
    ),
    ("2026", "video-img"): (
        "start_video_img.py",
        {},
        ["--num_workers", "3", "--input_file", "/mnt/admin/pipeline/example/media/video_image.txt"],
    ),
    ("2026", "one-hot"): ("lunacher.py", {}, ["--process_type", "one_hot"]),
}  # fmt: skip


@given
@pytest.mark.parametrize(("year", "name"), TEMPLATES)
def test_a_template_of_cube_studio_runs(year: str, name: str, nasty_path: Path) -> None:
    program, values, expected = TEMPLATES[year, name]
    (file,) = (CASES / "cubestudio/templates").glob(f"*.{year}-*.json")
    (one,) = [each for each in import_file(file) if each.name == name]
    (nasty_path / program).write_text(SHOW)
    launcher = parse(one.text).variable("launcher")
    assert launcher is not None
    if launcher.required:  # the image's own command, where there is no image
        values = {**values, "launcher": f"python3 {shlex.quote(program)}"}
    printed = ran(rendered(one, workdir=str(nasty_path), **SMALL, **values))[-1]
    assert json.loads(printed) == [program, *expected]


@given
def test_a_custom_image_of_cube_studio_runs(nasty_path: Path) -> None:
    for file in sorted((CASES / "cubestudio/templates").iterdir()):
        (one,) = [each for each in import_file(file) if each.name == "custom-image"]
        text = rendered(one, workdir=str(nasty_path), command="echo $((1 + 1)) 'a  b'; pwd", **SMALL)
        lines = ran(text)
        assert "2 a  b" in lines
        assert "\n".join(lines).endswith(str(nasty_path))


def test_an_imported_template_keeps_zero_and_leaves_out_what_is_empty(tmp_path: Path) -> None:
    fields = {
        "--zero": {"type": "int", "default": 0},
        "--no": {"type": "bool", "default": False},
        "--yes": {"type": "bool", "default": True},
        "--list": {"type": "list", "default": "a b,c'd"},
        "--none": {"type": "str", "default": ""},
    }
    entry = {"job_template_args": {"all": fields}, "job_template_command": "python3 show.py", "image_name": "python"}
    (tmp_path / "templates.json").write_text(json.dumps({"words": entry}))
    (tmp_path / "show.py").write_text(SHOW)
    (one,) = import_file(tmp_path / "templates.json")
    printed = ran(rendered(one, workdir=str(tmp_path), **SMALL))[-1]
    assert json.loads(printed) == ["show.py", "--zero", "0", "--yes", "--list", '["a b", "c\\u0027d"]']
