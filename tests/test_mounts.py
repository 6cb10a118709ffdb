"""Directories at the paths that a job asks for, seen by its tasks alone, and where this host refuses mounts."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from plans import Mount, Plan, Role, everything, log, run, shared, until

from jupyter_cube import process
from jupyter_cube.backends.local import mounts
from jupyter_cube.backends.local.mounts import Rewriter
from jupyter_cube.backends.registry import backend
from jupyter_cube.errors import CubeError, NotFoundError, UsageError
from jupyter_cube.lifecycle.state import State
from jupyter_cube.store.folder import JobFolder

TOP, BESIDE = "/cube-test-dataset", "/mnt/cube-test"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A storage ``data`` with a file, and one that is configured read-only."""
    configure(tmp_path, data=str(tmp_path / "data"), fixed={"path": str(tmp_path / "data"), "readOnly": True})
    (tmp_path / "data" / "sub").mkdir(parents=True)
    (tmp_path / "data" / "file").write_text("content\n")
    return tmp_path


def configure(_: Path, **storages: object) -> None:
    config = Path(os.environ["JUPYTER_CONFIG_DIR"])
    config.mkdir(exist_ok=True)
    (config / "jupyter_cube_config.json").write_text(json.dumps({"storages": storages}))


@pytest.fixture(autouse=True)
def untouched_host() -> object:
    before = sorted(os.listdir("/")), sorted(os.listdir("/mnt"))
    yield
    assert (sorted(os.listdir("/")), sorted(os.listdir("/mnt"))) == before


def supported() -> str:
    return mounts.refused(Path(os.environ["CUBE_STORE"]))


@pytest.fixture(params=["mounted", "rewritten"])
def mode(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "rewritten":
        monkeypatch.setenv("CUBE_NO_NAMESPACES", "1")
    elif why := supported():
        pytest.skip(f"this host refuses mounts: {why}")
    return str(request.param)


@pytest.fixture
def mounted() -> None:
    if why := supported():
        pytest.skip(f"this host refuses mounts: {why}")


def storage(target: str, source: str = "data", *, read_only: bool = False) -> Mount:
    return Mount("storage", source, target, read_only, "storage data of the job")


def test_a_storage_is_seen_where_it_is_asked_for(folder: Path, mode: str) -> None:
    script = f"cat {TOP}/pvc/file; cat '{BESIDE}/x/file'; echo new > {TOP}/pvc/new; cd {BESIDE}/x && ls"
    job = run(Role("w", script, mounts=(storage(f"{TOP}/pvc"), storage(f"{BESIDE}/x"))))
    assert job.wait(20) is State.SUCCEEDED, everything(job)
    assert log(job) == ["content", "content", "file", "new", "sub"]
    assert (folder / "data" / "new").read_text() == "new\n"


def test_callbacks_variables_and_the_working_folder_see_it_too(folder: Path, mode: str) -> None:
    look = shared("look", starts=f"cat {TOP}/file", check=f"[ -e {TOP}/nothing ]")
    role = Role(
        "w",
        "cat $DATA/file; pwd; ls",
        mounts=(storage(TOP),),
        env={"DATA": TOP},
        cwd=f"{TOP}/sub",
        prerequisites=(look,),
    )
    job = run(role)
    assert job.wait(20) is State.SUCCEEDED, everything(job)
    where = f"{TOP}/sub" if mode == "mounted" else f"{folder}/data/sub"
    assert log(job) == ["content", "content", where]


def test_a_cache_entry_is_filled_through_its_path_and_shared(folder: Path, mode: str) -> None:
    fills = shared("mnist", cache="k", starts=f"mkdir -p {TOP}/mnist; echo filled > {TOP}/mnist/a")
    role = Role(
        "w",
        f"cat {TOP}/mnist/a",
        instances=2,
        min_succeeded=-1,
        mounts=(Mount("cache", "k", f"{TOP}/mnist"),),
        prerequisites=(fills,),
    )
    first, second = run(role), run(role)
    assert [job.wait(20) for job in (first, second)] == [State.SUCCEEDED] * 2, everything(first) + everything(second)
    shown = [line for line in everything(first) + everything(second) if "waits" not in line]
    assert sorted(shown) == ["filled"] * 4 + ["mnist: cached"]


def test_a_directory_of_the_job_is_shared_by_its_tasks_and_attempts(folder: Path, mode: str) -> None:
    role = Role(
        "w", f"cat {TOP}/*; echo $PAI_TASK_INDEX > {TOP}/$PAI_TASK_INDEX; exit 1", mounts=(Mount("job", "work", TOP),)
    )
    job = run(role)
    assert job.wait(20) is State.FAILED
    job.retry()
    assert job.wait(20) is State.FAILED
    assert log(job, attempt=2) == ["0"]
    assert (job.folder / "volumes" / "work" / "0").exists()


@pytest.mark.usefixtures("mounted")
def test_read_only_is_read_only(folder: Path) -> None:
    asked = (storage(f"{TOP}/a", read_only=True), storage(f"{TOP}/b", "fixed"))
    job = run(Role("w", f"for i in {TOP}/a {TOP}/a/sub {TOP}/b {TOP}/b/sub; do touch $i/x; done; true", mounts=asked))
    assert job.wait(20) is State.SUCCEEDED
    assert "\n".join(log(job)).count("Read-only file system") == 4
    assert sorted(os.listdir(folder / "data")) == ["file", "sub"]


@pytest.mark.usefixtures("mounted")
def test_a_filled_entry_is_read_only_for_all_the_filler_too(folder: Path) -> None:
    fills = shared("mnist", cache="k", starts=f"echo filled > {TOP}/a")
    role = Role("w", f"echo more > {TOP}/a; cat {TOP}/a", mounts=(Mount("cache", "k", TOP),), prerequisites=(fills,))
    for _ in range(2):
        job = run(role)
        assert job.wait(20) is State.SUCCEEDED
        assert "Read-only file system" in everything(job)[-2]
        assert everything(job)[-1] == "filled"


@pytest.mark.usefixtures("mounted")
def test_nothing_is_lost_silently_beside_the_mounts(folder: Path) -> None:
    job = run(
        Role(
            "w",
            f"touch {TOP}/x; touch {BESIDE}-x; mkdir /cube-test-other; id -u",
            mounts=(storage(f"{TOP}/a"), storage(f"{BESIDE}/a")),
        )
    )
    job.wait(20)
    assert "\n".join(log(job)).count("Read-only file system") == 3
    assert log(job)[-1] == str(os.getuid())


@pytest.mark.usefixtures("mounted")
def test_the_environment_is_that_of_any_task(folder: Path) -> None:
    fills = shared("mnist", cache="k", starts="true")
    script = "env | sed 's/=.*//' | sort"
    mount = Mount("cache", "k", TOP)
    jobs = [run(Role("w", script, prerequisites=(fills,), mounts=places)) for places in ((mount,), (mount,), ())]
    assert [job.wait(20) for job in jobs] == [State.SUCCEEDED] * 3
    filler, later, plain = ([line for line in everything(job) if ":" not in line] for job in jobs)
    assert filler == later == plain


@pytest.mark.usefixtures("mounted")
def test_the_owner_finds_the_processes_of_such_a_task(folder: Path) -> None:
    script = f"(setsid sleep 300 &) ; sleep 300 & echo $$ > {TOP}/pid; wait"
    job = run(Role("w", script, mounts=(storage(TOP),)))
    until((folder / "data" / "pid").exists)
    claim = JobFolder(job.folder).claim("w-0", 1)
    assert claim is not None
    mark = f"{job.id}/w-0/1"
    until(lambda: len(process.task_processes({mark: claim.wrapper})[mark]) >= 4)
    assert int((folder / "data" / "pid").read_text()) in {
        one.pid for one in process.task_processes({mark: claim.wrapper})[mark]
    }
    job.stop()
    assert job.wait(10) is State.STOPPED
    assert process.task_processes({mark: claim.wrapper})[mark] == set()


@pytest.mark.usefixtures("mounted")
def test_the_host_is_untouched_after_a_kill(folder: Path) -> None:
    job = run(Role("w", f"echo up > {TOP}/a/up; sleep 300", mounts=(storage(f"{TOP}/a"),)))
    until((folder / "data" / "up").exists)
    assert not os.path.exists(TOP)
    claim = JobFolder(job.folder).claim("w-0", 1)
    assert claim is not None
    os.kill(claim.wrapper.pid, signal.SIGKILL)
    assert job.wait(20) is State.FAILED
    assert TOP not in Path("/proc/mounts").read_text()


def test_a_directory_that_is_gone_by_the_start_is_said_in_the_log(folder: Path, mode: str) -> None:
    job = run(Role("w", "exit 1", mounts=(storage(TOP),)))
    assert job.wait(20) is State.FAILED
    (folder / "data").rename(folder / "elsewhere")
    job.retry()
    assert job.wait(20) is State.FAILED
    task = job.snapshot().tasks[0]
    assert task.exit is not None
    assert task.exit.code == 126
    assert "there is no folder" in log(job, attempt=2)[0]


@pytest.mark.usefixtures("mounted")
def test_a_mount_that_cannot_be_made_is_said_in_the_log(folder: Path) -> None:
    (folder / "data" / "a").write_text("a file\n")
    job = run(Role("w", "echo command", mounts=(storage(TOP), storage(f"{TOP}/file"))))
    assert job.wait(20) is State.FAILED
    assert log(job) == [
        f"jupyter-cube: the mounts could not be made: there is a file at the place of a mount: {TOP}/file"
    ]


def check(*asked: Mount) -> tuple[str, ...]:
    return backend("local").check(Plan("p", (Role("w", "true", mounts=asked),)))[1]


@pytest.mark.parametrize(
    "target",
    [
        "/",
        "relative",
        "/a/../b",
        "/a/",
        "//a",
        "/proc/x",
        "/sys",
        "/dev/shm",
        "/usr",
        "/usr/bin",
        "/lib",
        "/etc",
        "/var",
        "",
    ],
)
def test_some_targets_are_refused(folder: Path, target: str) -> None:
    with pytest.raises(UsageError) as caught:
        check(storage(target))
    assert "storage data of the job" in str(caught.value)


def test_a_mount_does_not_hide_the_store(folder: Path) -> None:
    with pytest.raises(UsageError, match="would hide"):
        check(storage(str(Path(os.environ["CUBE_STORE"]).parent)))


def test_what_is_hidden_on_this_machine_is_said(folder: Path, mounted: None) -> None:
    there, empty = folder / "there", folder / "empty"
    there.mkdir()
    empty.mkdir()
    (there / "x").write_text("mine")
    said = f"{there} has files on this machine, the tasks see those of digits instead"
    assert check(Mount("cache", "k", str(there), origin="digits")) == (said,)
    assert check(Mount("cache", "k", str(empty), origin="digits"), Mount("job", "k", f"{TOP}/x", origin="digits")) == ()
    assert check(storage(str(folder / "data"))) == ()  # it is that very folder


def test_an_unknown_storage_names_the_setting(folder: Path) -> None:
    with pytest.raises(NotFoundError, match=r"Storage confignfs is not found\.") as caught:
        check(storage(TOP, "confignfs"))
    assert "jupyter_cube_config.json" in str(caught.value)
    assert "storages" in str(caught.value)


@pytest.mark.parametrize("source", ["data/../..", "data/link", "data/nothing", "data/file"])
def test_a_storage_is_left_by_no_path(folder: Path, source: str) -> None:
    (folder / "data" / "link").symlink_to("/etc")
    with pytest.raises(CubeError):
        check(storage(TOP, source))


def test_a_folder_in_a_storage(folder: Path, mode: str) -> None:
    (folder / "data" / "sub" / "deep").write_text("deep\n")
    job = run(Role("w", f"cat {TOP}/deep", mounts=(storage(TOP, "data/sub"),)))
    assert job.wait(20) is State.SUCCEEDED
    assert log(job) == ["deep"]


def test_what_the_configuration_keeps_read_only_is_said(folder: Path) -> None:
    assert f"fixed is mounted read-only at {TOP}, as it is configured" in check(storage(TOP, "fixed"))
    assert not any("configured" in line for line in check(storage(TOP, "fixed", read_only=True)))


def test_two_at_one_path_are_refused(folder: Path) -> None:
    with pytest.raises(UsageError, match="both mounted"):
        check(storage(TOP), storage(TOP, "fixed"))


def test_rewriting_is_said(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUBE_NO_NAMESPACES", "1")
    assert any("paths in scripts and variables are rewritten" in line for line in check(storage(TOP)))
    assert any("read-only is not enforced" in line for line in check(storage(TOP, read_only=True)))
    job = run(Role("w", 'echo "$CUBE_PATHS"', mounts=(storage(TOP),)))
    assert job.wait(20) is State.SUCCEEDED
    assert log(job) == [f"{TOP}={folder}/data"]


def test_only_whole_leading_paths_are_rewritten() -> None:
    rewrite = Rewriter("/d/mnist=/real\n/d/mnist/x=/other\n")
    same = ["/d/mnist2", "/d/mnist.zip", "/d/mnist-a", "/e/d/mnist", "$HOME/d/mnist", "a/d/mnist", "${X}/d/mnist"]
    for text in same:
        assert rewrite(text) == text
    changed = {
        "ls /d/mnist": "ls /real",
        "ls /d/mnist/a '/d/mnist'": "ls /real/a '/real'",
        "X=/d/mnist;cd $X": "X=/real;cd $X",
        "/d/mnist/x/y:/d/mnist/xy": "/other/y:/real/xy",
        "in /d/mnist.": "in /real.",
        "(cd /d/mnist)": "(cd /real)",
    }
    assert {text: rewrite(text) for text in changed} == changed


def test_the_probe_is_remembered(folder: Path) -> None:
    store = Path(os.environ["CUBE_STORE"])
    first = mounts.refused(store)
    known = store / "namespaces.json"
    data = json.loads(known.read_text())
    assert data["refused"] == first
    known.write_text(json.dumps({**data, "refused": "as remembered"}))
    assert mounts.refused(store) == "as remembered"
    known.write_text(json.dumps({**data, "refused": "as remembered", "boot": "another"}))
    assert mounts.refused(store) == first


FILLED_MEANWHILE = """
import sys
from pathlib import Path
from jupyter_cube.task import namespace
finish = namespace._View.finish
def finish_later(view):
    Path("/", sys.argv[2]).touch()
    finish(view)
namespace._View.finish = finish_later
namespace.main(["task", sys.argv[1], "--", "sh", "-c", "echo unfilled: $CUBE_UNFILLED"])
"""


@pytest.mark.usefixtures("mounted")
def test_what_another_task_fills_while_it_is_mounted_is_still_to_be_protected(tmp_path: Path) -> None:
    source, done = tmp_path / "data", tmp_path / "done"
    source.mkdir()
    spec = tmp_path / "spec"
    spec.write_text("".join(f"{field}\0" for field in (tmp_path, TOP, source, "rw", done)))
    words = [sys.executable, "-c", FILLED_MEANWHILE, str(spec), str(done)]
    ran = subprocess.run(words, capture_output=True, text=True, check=True)
    assert ran.stdout == "unfilled: 1\n"
    words[2] = FILLED_MEANWHILE.replace("finish_later", "unused", 1).replace("= finish_later", "= finish")
    again = subprocess.run(words, capture_output=True, text=True, check=True)
    assert again.stdout == "unfilled:\n", "it was filled before"
