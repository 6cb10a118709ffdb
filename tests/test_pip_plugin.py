"""The plugin pip: environments that are built once, from wheels made here, and used by jobs."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import iniconfig
import pytest
from test_plugins import bash, make

import jupyter_cube
from jupyter_cube.handle import Job
from jupyter_cube.lifecycle.state import State
from jupyter_cube.task import environments

ENVIRONMENTS = Path(jupyter_cube.__file__).parent / "task" / "environments.py"

# The two commands of uv that are used, with the standard library's tools behind them.
UV = """\
#!/bin/sh
echo "$@" >> "{said}"
if [ "$1" = venv ]; then exec "$4" -m venv --without-pip "$5"; fi
python=$4
shift 4
exec "{python}" -m pip --python "$python" install "$@"
"""


def wheel(folder: Path, name: str, version: str, text: str, *, requires: str = "") -> None:
    """Make a wheel of one module."""
    about = f"{name}-{version}.dist-info"
    needs = f"Requires-Dist: {requires}\n" if requires else ""
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as file:
        file.writestr(f"{name}.py", text)
        file.writestr(f"{about}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{needs}")
        file.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        file.writestr(f"{about}/RECORD", "")


@pytest.fixture
def wheels(tmp_path: Path) -> Path:
    """A folder with wheels."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    wheel(folder, "tiny", "1.0", "VALUE = 'one'\n")
    wheel(folder, "tiny", "2.0", "VALUE = 'two'\n")
    return folder


def submit(text: str, wheels: Path, *packages: str, more: str = "") -> Job:
    asked = f"python_packages:packages=[{','.join(packages)}],options=[--no-index,--find-links,{wheels}]{more}"
    return jupyter_cube.submit(text, require=(asked,))


def printed(job: Job, state: State = State.SUCCEEDED) -> list[str]:
    """What a job printed, when it has ended so."""
    lines = [line.line for line in job.log.tail(200)] if job.wait(90) is state else []
    assert lines, (job.snapshot(), [line.line for line in job.log.tail(30)])
    return lines


def test_a_cell_imports_the_packages_and_they_are_built_once(wheels: Path) -> None:
    first = printed(submit("import tiny; print(tiny.VALUE)", wheels, "tiny"))
    assert first[0].startswith("building the environment ")
    assert first[-1] == "two"
    shutil.rmtree(wheels)  # nothing is installed again
    second = printed(submit("import tiny; print(tiny.VALUE)", wheels, "tiny"))
    assert [line.split(" ")[-2:] for line in second[:1]] == [["there", "already"]]
    assert second[-1] == "two"


def test_new_packages_come_before_those_of_the_notebook(wheels: Path, tmp_path: Path) -> None:
    wheel(wheels, "iniconfig", "99.0", "WHERE = 'newer'\n")
    assert not hasattr(iniconfig, "WHERE")
    text = """
        import os, subprocess, sys
        import iniconfig, yaml
        print(iniconfig.WHERE, yaml.__name__)
        print(sys.prefix == os.environ["VIRTUAL_ENV"], os.environ["PATH"].startswith(sys.prefix + "/bin:"))
        _ = subprocess.run(["python", "-c", "import iniconfig, yaml; print(iniconfig.WHERE)"], check=True)
    """
    lines = printed(submit(text.replace("\n        ", "\n"), wheels, "iniconfig"))
    assert lines[-3:] == ["newer yaml", "True True", "newer"]


def test_modules_beside_the_notebook_are_found(wheels: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "besides.py").write_text("word = 'found'\n")
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path / "lib")])
    assert printed(submit("import besides, tiny; print(besides.word, tiny.VALUE)", wheels, "tiny"))[-1] == "found two"


def test_without_the_notebooks_packages(wheels: Path) -> None:
    text = (
        "import importlib.util as u\nprint([u.find_spec(name) is not None for name in ('tiny', 'yaml', 'iniconfig')])"
    )
    lines = printed(submit(text, wheels, "tiny<2", more=",inherit=false"))
    assert lines[-1] == "[True, False, False]"


def test_a_package_that_is_not_there(wheels: Path) -> None:
    lines = printed(submit("print('ran')", wheels, "tiny", "absent"), State.FAILED)
    assert lines[-1] == "error: the packages cannot be installed: tiny absent"
    assert any("absent" in line for line in lines[1:-1])  # the installer's own words
    assert not any("Traceback" in line or line == "ran" for line in lines)


@pytest.fixture
def run(tmp_path: Path, wheels: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """``run(packages=, ...)``: the plugin's script in bash; its CUBE_ENV is tmp_path/env."""
    env = {
        "CUBE_JOB": str(tmp_path),
        "CUBE_ENV": str(tmp_path / "env"),
        "CUBE_CACHE": str(tmp_path / "cache"),
        "CUBE_PYTHON": sys.executable,
    }

    def go(cwd: Path = tmp_path, **parameters: object) -> subprocess.CompletedProcess[str]:
        made = make("pip", pip_options=["--no-index", "--find-links", str(wheels)], **parameters)
        for file in made.files:
            path = tmp_path / "files" / file.path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(file.text)
        return bash(made.scripts["taskStarts"], env={**os.environ, **env}, cwd=cwd)

    return go


def value(tmp_path: Path, module: str) -> str:
    """VALUE of a module in the environment that was handed on last."""
    python = (tmp_path / "env").read_text().splitlines()[-1].removeprefix("CUBE_PYTHON=")
    words = [python, "-c", f"import {module}; print({module}.VALUE)"]
    env = {name: text for name, text in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run(words, capture_output=True, text=True, check=True, env=env).stdout.strip()


def test_what_one_job_has_on_its_path_is_no_part_of_it(
    run: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    about = tmp_path / "own" / "tiny-2.0.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: tiny\nVersion: 2.0\n")
    (tmp_path / "own" / "tiny.py").write_text("VALUE = 'own'\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "own"))
    monkeypatch.setenv("PIP_TARGET", str(tmp_path / "elsewhere"))
    done = run(packages=["tiny"])
    assert done.returncode == 0, done.stdout + done.stderr
    assert value(tmp_path, "tiny") == "two"


def test_another_file_of_the_same_name_is_another_environment(
    run: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    for text in ("a", "b"):
        (tmp_path / text).mkdir()
        wheel(tmp_path / text, "local", "1.0", f"VALUE = '{text}'\n")
        done = run(packages=["./local-1.0-py3-none-any.whl"], cwd=tmp_path / text)
        assert done.returncode == 0, done.stdout + done.stderr
        assert value(tmp_path, "local") == text
    (tmp_path / "pins.txt").write_text("tiny == 1.0\n")
    asked = {"requirements": ["-c " + str(tmp_path / "pins.txt"), "tiny"]}
    assert run(**asked).returncode == 0
    assert value(tmp_path, "tiny") == "one"
    (tmp_path / "pins.txt").write_text("tiny == 2.0\n")
    assert run(**asked).returncode == 0
    assert value(tmp_path, "tiny") == "two"


BACKEND = """
import os, zipfile

def build_wheel(folder, *_, **__):
    os.makedirs("build", exist_ok=True)
    open("build/left", "a").write("more")
    with zipfile.ZipFile(folder + "/project-1.0-py3-none-any.whl", "w") as file:
        file.write("project.py")
        for name, text in {
            "METADATA": "Metadata-Version: 2.1\\nName: project\\nVersion: 1.0\\n",
            "WHEEL": "Wheel-Version: 1.0\\nGenerator: x\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
            "RECORD": "",
        }.items():
            file.writestr("project-1.0.dist-info/" + name, text)
    return "project-1.0-py3-none-any.whl"
"""


def test_a_project_that_has_changed_is_built_again(
    run: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    project = tmp_path / "project"
    project.mkdir()
    built = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
    (project / "pyproject.toml").write_text(built + '[project]\nname = "project"\nversion = "1.0"\n')
    (project / "backend.py").write_text(BACKEND)
    for text in ("a", "b b"):
        (project / "project.py").write_text(f"VALUE = '{text}'\n")
        assert run(packages=["./project"]).returncode == 0
        assert value(tmp_path, "project") == text
        assert run(packages=["./project"]).stdout.endswith("is there already\n")


def test_a_login_stays_out_of_the_log(
    run: Callable[..., subprocess.CompletedProcess[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_RETRIES", "0")
    done = run(packages=["absent"], requirements=["--find-links https://me:token@127.0.0.1:1/"])
    assert done.returncode == 1
    assert "token" not in done.stdout + done.stderr
    assert done.stdout.splitlines()[-1].endswith("cannot be installed: absent --find-links https://127.0.0.1:1/")


def test_a_login_is_on_no_command_line(
    run: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "bin" / "uv"
    program.parent.mkdir()
    told = '[ "$1" = venv ] || { ls -l "$last"; cat "$last"; false; }'
    program.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/said\nfor last; do :; done\n{told}\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    done = run(packages=["tiny @ https://me:token@host/tiny.whl"], requirements=["-i https://me:token@host/"])
    assert "token" not in (tmp_path / "said").read_text()
    mode, *lines, _ = done.stdout.splitlines()[-4:]
    assert mode.startswith("-rw-------")
    assert lines == ["tiny @ https://me:token@host/tiny.whl", "-i https://me:token@host/"]


def test_lines_of_a_requirements_file(run: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path) -> None:
    done = run(requirements="# what it needs\n\ntiny == 1.0  # the old one\n")
    assert done.returncode == 0, done.stdout + done.stderr
    lines = dict(line.split("=", 1) for line in (tmp_path / "env").read_text().splitlines())
    place = lines["VIRTUAL_ENV"]
    assert lines["CUBE_PYTHON"] == f"{place}/bin/python"
    assert lines["PATH"] == f"{place}/bin:{os.environ['PATH']}"
    words = [lines["CUBE_PYTHON"], "-c", "import tiny; print(tiny.VALUE)"]
    assert subprocess.run(words, capture_output=True, text=True, check=True).stdout == "one\n"
    assert Path(place).parent == tmp_path / "cache" / "environments"
    assert sorted(path.name for path in Path(place).parent.iterdir()) == [Path(place).name, f"{Path(place).name}.lock"]


def test_uv_builds_where_it_is_installed(
    run: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "bin" / "uv"
    program.parent.mkdir()
    program.write_text(UV.format(python=sys.executable, said=tmp_path / "said"))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    done = run(packages=["tiny"])
    assert done.returncode == 0, done.stdout + done.stderr
    (place,) = (path for path in tmp_path.glob("cache/environments/*") if path.is_dir())
    first, second = (tmp_path / "said").read_text().splitlines()
    assert first == f"venv -q --python {sys.executable} {place}"
    assert second.startswith(f"pip install --python {place}/bin/python --no-index ")
    assert list(place.glob("lib/python*/site-packages/tiny.py"))


def test_a_build_that_was_cut_off_is_done_again(
    run: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path, wheels: Path, until: Callable[..., None]
) -> None:
    words = [sys.executable, str(ENVIRONMENTS), str(tmp_path / "cache"), str(tmp_path / "env")]
    asked = tmp_path / "asked"
    asked.write_text(f"package tiny\noption --no-index\noption --find-links\noption {wheels}\n")
    with asked.open() as file:
        process = subprocess.Popen(words, stdin=file, stdout=subprocess.DEVNULL, start_new_session=True)
    try:
        until(lambda: list(tmp_path.glob("cache/environments/*/pyvenv.cfg")))
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    (place,) = (path for path in tmp_path.glob("cache/environments/*") if path.is_dir())
    assert not (place / ".ready").exists()
    done = run(packages=["tiny"])
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith(f"building the environment {place.name[:8]}: tiny\n")
    words = [str(place / "bin" / "python"), "-c", "import tiny; print(tiny.VALUE)"]
    assert subprocess.run(words, capture_output=True, text=True, check=True).stdout == "two\n"


def test_two_that_ask_at_once_build_once(wheels: Path) -> None:
    jobs = [submit("import tiny; print(tiny.VALUE)", wheels, "tiny==2.0") for _ in range(2)]
    lines = [printed(job) for job in jobs]
    assert [one[-1] for one in lines] == ["two", "two"]
    assert sum(line.startswith("building the environment") for one in lines for line in one) == 1


def test_another_index_is_another_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    def place() -> Path:
        return environments.place_of("/cache", ["tiny"], [], [], inherit=True)

    before = place()
    monkeypatch.setenv("PIP_INDEX_URL", "https://packages.example.org/simple")
    assert place() != before
