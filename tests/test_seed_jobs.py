"""The jobs of the proposal for a marketplace, run."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from seed_items import ITEMS, job
from web import files, serving

import jupyter_cube
from jupyter_cube.handle import Job
from jupyter_cube.lifecycle.state import State

MNIST = "cat /dataset/mnist/train.csv; ls -d /dataset/mnist"


@pytest.fixture
def web() -> Iterator[tuple[str, list[str]]]:
    """A web server with mnist.zip: its address, and what it was asked for."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("train.csv", "7,0,0,255\n")
    asked: list[str] = []
    with serving(files({"/mnist.zip": archive.getvalue()}, asked)) as address:
        yield address.removeprefix("http://"), asked


@pytest.fixture
def market(own_places: Path, tmp_path: Path, web: tuple[str, list[str]]) -> Path:
    """The items published, a storage and a GPU configured; the storage's folder."""
    nfs = tmp_path / "nfs"
    for part in ("train", "validation"):
        (nfs / "imagenet" / part).mkdir(parents=True)
        (nfs / "imagenet" / part / f"{part}.txt").write_text(f"{part} images\n")
    settings = own_places.parent / "config"
    settings.mkdir(exist_ok=True)
    written = {"storages": {"confignfs": {"path": str(nfs), "readOnly": True}}, "devices": ["a0"]}
    (settings / "jupyter_cube_config.json").write_text(json.dumps(written))
    (tmp_path / "items.yaml").write_text(ITEMS.replace("@HOST@", web[0]))
    published = jupyter_cube.publish(tmp_path / "items.yaml")
    assert len(published) == 6
    return nfs


def log(done: Job, task: str = "taskrole-0") -> str:
    return "".join(line.line + "\n" for line in done.log.tail(200, tasks=[task]))


def succeeded(text: str) -> Job:
    done = jupyter_cube.submit(text)
    assert done.wait(60) is State.SUCCEEDED, (done.snapshot(), log(done))
    return done


def test_mnist_is_downloaded_unpacked_and_used(market: Path, web: tuple[str, list[str]]) -> None:
    done = succeeded(job("mnist", "dataPath: /dataset/mnist", MNIST))
    text = log(done)
    assert "install_wget: already there" in text
    assert text.endswith("7,0,0,255\n/dataset/mnist\n")
    assert done.snapshot().tasks[0].devices == ("a0",)
    assert web[1] == ["/mnist.zip"]
    assert not Path("/dataset").exists()


def test_mnist_runs_in_four_instances_again_and_twice(market: Path, web: tuple[str, list[str]]) -> None:
    text = job("mnist", "dataPath: /dataset/mnist", MNIST).replace("instances: 1", "instances: 4", 1)
    text = text.replace("gpu: 1", "gpu: 0").replace("cpu: 3", "cpu: 1").replace("29065", "100")
    first, second = jupyter_cube.submit(text), jupyter_cube.submit(text)
    for done in (first, second):
        assert done.wait(60) is State.SUCCEEDED, (done.snapshot(), log(done))
        for index in range(4):
            assert log(done, f"taskrole-{index}").endswith("7,0,0,255\n/dataset/mnist\n")
    assert web[1] == ["/mnist.zip"] * 2  # once a job, by the task that got there first


def test_mnist_is_retried_after_a_failure(market: Path, web: tuple[str, list[str]], tmp_path: Path) -> None:
    flag = tmp_path / "flag"
    text = job("mnist", "dataPath: /dataset/mnist", f"test -e {flag}; cat /dataset/mnist/train.csv")
    done = jupyter_cube.submit(text)
    assert done.wait(60) is State.FAILED
    flag.touch()
    done.retry()
    assert done.wait(60) is State.SUCCEEDED
    assert web[1] == ["/mnist.zip"] * 2


@pytest.mark.parametrize(
    ("name", "there"),
    [("imagenet", "train/train.txt validation/validation.txt"), ("imagenet_only_validation", "*.txt")],
)
def test_imagenet_is_copied_from_the_storage(name: str, there: str, market: Path) -> None:
    command = f"cd /dataset/imagenet; cat {there}; ls /mnt/confignfs_pvc; touch /mnt/confignfs_pvc/x || echo refused"
    done = succeeded(job(name, "dataPath: /dataset/imagenet", command))
    text = log(done)
    expected = "train images\nvalidation images\n" if name == "imagenet" else "validation images\n"
    assert f"{expected}imagenet\n" in text
    assert text.endswith("refused\n")  # the configuration says readOnly
    assert not (market / "x").exists()
    assert not Path("/dataset").exists()
    assert not Path("/mnt/confignfs_pvc").exists()


def test_where_no_namespace_can_be_made_paths_are_rewritten(
    market: Path, web: tuple[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUBE_NO_NAMESPACES", "1")
    done = succeeded(job("mnist", "dataPath: /dataset/mnist", MNIST))
    *_, row, place = log(done).splitlines()
    assert row.endswith("7,0,0,255")
    assert place.startswith(str(done.folder))
    command = "cd /dataset/imagenet; cat train/train.txt; ls /mnt/confignfs_pvc"
    text = log(succeeded(job("imagenet", "dataPath: /dataset/imagenet", command)))
    assert text.endswith("train images\nimagenet\n")
    assert not Path("/dataset").exists()
    assert not Path("/mnt/confignfs_pvc").exists()


def test_a_storage_that_is_not_configured_is_named_before_the_start(market: Path, own_places: Path) -> None:
    (own_places.parent / "config" / "jupyter_cube_config.json").write_text('{"devices": ["a0"]}')
    from jupyter_cube import config

    config._config.cache_clear()
    with pytest.raises(jupyter_cube.CubeError, match="Storage confignfs is not found"):
        jupyter_cube.submit(job("imagenet", "dataPath: /dataset/imagenet", "sleep 0s"))


def test_a_failed_task_is_held_for_debugging(market: Path, until: Callable[..., None]) -> None:
    done = jupyter_cube.submit(job("debug_hook", "min: 0.05", "exit 1"))
    until(lambda: "will sleep for 0.05 minutes for debugging..." in log(done))
    until(lambda: done.snapshot().tasks[0].held)
    state = done.snapshot()
    assert state.state is State.RUNNING
    assert re.search(r"held for debugging, \d s left", state.tasks[0].held), state.tasks[0].held
    assert done.wait(60) is State.FAILED
    ended = done.snapshot().tasks[0]
    assert ended.exit is not None
    assert (ended.exit.phase, ended.exit.code) == ("command", 1)


def test_a_held_task_is_released(market: Path, until: Callable[..., None]) -> None:
    done = jupyter_cube.submit(job("debug_hook", "min: 30", "exit 1"))
    until(lambda: done.snapshot().tasks[0].held)
    done.release()
    assert done.wait(10) is State.FAILED


def test_the_job_remembers_its_items_and_runs_again_with_exactly_those(
    market: Path, web: tuple[str, list[str]], tmp_path: Path
) -> None:
    done = succeeded(job("mnist", "dataPath: /dataset/mnist", MNIST))
    changed = ITEMS.replace("@HOST@", web[0]).replace("unzip -o mnist.zip", "exit 9")
    (tmp_path / "items.yaml").write_text(changed)
    jupyter_cube.publish(tmp_path / "items.yaml")
    again = succeeded((done.folder / "spec.yaml").read_text())
    assert log(again).endswith("7,0,0,255\n/dataset/mnist\n")
    newest = jupyter_cube.submit(job("mnist", "dataPath: /dataset/mnist", MNIST))
    assert newest.wait(60) is State.FAILED
