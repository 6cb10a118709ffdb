"""The magics in real kernels with nobody at the keyboard: nbclient and papermill."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
import papermill
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from jupyter_cube import api
from jupyter_cube.bundle import MIME
from jupyter_cube.state import State

LOAD = "%load_ext jupyter_cube"

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The kernel finds this checkout and works in an empty folder."""
    monkeypatch.setenv("PYTHONPATH", str(Path(api.__file__).parents[1]))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def notebook(*cells: str) -> Any:
    spec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(text) for text in (LOAD, *cells)], metadata={"kernelspec": spec}
    )


def cards(cell: Any) -> list[dict[str, Any]]:
    return [output["data"] for output in cell.get("outputs", []) if MIME in output.get("data", {})]


def streams(cell: Any) -> str:
    return "".join(output["text"] for output in cell["outputs"] if output["output_type"] == "stream")


def test_a_run_by_nbclient_is_true() -> None:
    made = notebook(
        "%%cube submit --shell --name one --as j\necho hello; sleep 0.3",
        "j.state.value",
        "%%cube submit --shell --follow --instances 2\necho line",
    )
    NotebookClient(made, timeout=60).execute()
    [card] = cards(made.cells[1])
    assert card[MIME]["state"] == "SUCCEEDED"
    assert card[MIME]["tail"] == ["hello"]
    assert "succeeded" in card["text/plain"]
    assert "succeeded" in card["text/html"]
    assert made.cells[2]["outputs"][0]["data"]["text/plain"] == "'SUCCEEDED'"
    assert sorted(streams(made.cells[3]).splitlines()[:2]) == ["worker-0 │ line", "worker-1 │ line"]


def test_a_failed_job_fails_the_run_in_one_line() -> None:
    made = notebook("%%cube submit --shell --name bad\necho boom; exit 3", "print('never')")
    with pytest.raises(CellExecutionError) as caught:
        NotebookClient(made, timeout=60).execute()
    assert caught.value.ename == "JobFailedError"
    [error] = [output for output in made.cells[1]["outputs"] if output["output_type"] == "error"]
    assert len(error["traceback"]) == 1
    assert "boom" in error["traceback"][0]
    assert cards(made.cells[1])[0][MIME]["state"] == "FAILED"
    assert made.cells[2]["outputs"] == []


def test_a_detached_jobs_card_is_updated_while_later_cells_run() -> None:
    made = notebook(
        "%%cube submit --shell --detach --as j\nsleep 0.5; echo done", "j.wait()", "import time; time.sleep(1)"
    )
    NotebookClient(made, timeout=60).execute()
    [card] = cards(made.cells[1])
    assert card[MIME]["state"] == "SUCCEEDED"
    assert card[MIME]["tail"] == ["done"]
    assert all(not cards(cell) for cell in made.cells[2:])


def test_papermill_runs_it(here: Path) -> None:
    nbformat.write(notebook("%%cube submit --shell\necho hello", "%%cube submit --shell\nexit 5"), here / "in.ipynb")
    with pytest.raises(papermill.PapermillExecutionError, match="exit 5"):
        papermill.execute_notebook(here / "in.ipynb", here / "out.ipynb", progress_bar=False)
    done = nbformat.read(here / "out.ipynb", as_version=4)
    shown = [data for cell in done.cells for data in cards(cell)]
    assert [data[MIME]["state"] for data in shown] == ["SUCCEEDED", "FAILED"]


def test_a_python_cell_sends_and_returns_values() -> None:
    made = notebook(
        "factor = 21",
        "%%cube submit --out answer --as j\nanswer = factor * 2\nprint('computed')",
        "j.result()['answer']",
    )
    NotebookClient(made, timeout=60).execute()
    assert made.cells[3]["outputs"][0]["data"]["text/plain"] == "42"
    assert cards(made.cells[2])[0][MIME]["tail"] == ["computed"]


def test_a_job_outlives_its_kernel() -> None:
    made = notebook("%%cube submit --shell --detach --name long\nsleep 2; echo survived")
    NotebookClient(made, timeout=60).execute()
    job = api.job("long")
    assert job.wait(30) is State.SUCCEEDED
    assert [line.line for line in job.log.tail(1)] == ["survived"]
