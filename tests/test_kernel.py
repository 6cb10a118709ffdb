"""What a task inherits from the notebook's process."""

from __future__ import annotations

from pathlib import Path

from jupyter_cube.cells.kernel import search_path, task_environment


def test_the_kernels_own_variables_stay_behind() -> None:
    left = dict.fromkeys(
        [
            *("JPY_SESSION_NAME", "JPY_PARENT_PID", "JUPYTERHUB_API_TOKEN", "JUPYTER_TOKEN", "JUPYTER_SERVER_URL"),
            *("PYDEVD_USE_FRAME_EVAL", "FORCE_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "PAGER", "GIT_PAGER"),
            *("CUBE_TASK", "CUBE_ENV", "BASH_FUNC_x%%", "a b", "1x"),
        ],
        "v",
    )
    kept = {"HOME": "/h", "MY": "a\nb", "JUPYTER_PATH": "p", "CUBE_STORE": "s", "TERM": "xterm"}
    assert task_environment({**left, **kept, "PATH": "/bin"}, executable="/e/bin/python") == {
        **kept,
        "PATH": "/e/bin:/bin",
    }


def test_only_the_inline_backend_of_matplotlib_is_dropped() -> None:
    def backend(value: str) -> str | None:
        return task_environment({"MPLBACKEND": value}, executable="/e/bin/python").get("MPLBACKEND")

    assert backend("module://matplotlib_inline.backend_inline") is None
    assert backend("module://ipykernel.pylab.backend_inline") is None
    assert backend("svg") == "svg"


def test_the_interpreters_folder_is_first_and_once() -> None:
    env = task_environment({"PATH": "/a:/e/bin:/b"}, executable="/e/bin/python")
    assert env["PATH"] == "/e/bin:/a:/b"


def test_the_environment_fits_the_interpreter(tmp_path: Path) -> None:
    (tmp_path / "pyvenv.cfg").touch()
    other = {"VIRTUAL_ENV": "/other", "CONDA_PREFIX": "/other"}
    env = task_environment(other, executable=str(tmp_path / "bin" / "python"))
    assert (env["VIRTUAL_ENV"], env.get("CONDA_PREFIX")) == (str(tmp_path), None)
    env = task_environment(other, executable="/usr/bin/python3")
    assert not {"VIRTUAL_ENV", "CONDA_PREFIX"} & set(env)


def test_modules_are_looked_for_in_the_same_places_from_any_folder() -> None:
    assert search_path(["", "src", "/lib", Path("/p"), "/lib"], cwd="/here") == ("/here", "/here/src", "/lib")
