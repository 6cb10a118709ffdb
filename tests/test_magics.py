"""The magics in real kernels with nobody at the keyboard: nbclient and papermill."""

from __future__ import annotations

import queue
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import papermill
import pytest
from jupyter_client.manager import start_new_kernel
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from jupyter_cube import api
from jupyter_cube.bundle import MIME
from jupyter_cube.lifecycle.state import State

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


class Kernel:
    """A kernel with a person in front of it."""

    def __init__(self) -> None:
        self.manager, self.client = start_new_kernel(startup_timeout=60)
        self.messages: list[dict[str, Any]] = []
        self.run(LOAD)

    def send(self, text: str) -> str:
        return str(self.client.execute(text))

    def run(self, text: str) -> list[dict[str, Any]]:
        """Run a cell to its end; the messages of it."""
        cell = self.send(text)
        self.until(lambda: any(m["content"].get("execution_state") == "idle" for m in self.of(cell)))
        return self.of(cell)

    def of(self, cell: str) -> list[dict[str, Any]]:
        return [m for m in self.messages if m["parent_header"].get("msg_id") == cell]

    def text(self, cell: str) -> str:
        return "".join(m["content"]["text"] for m in self.of(cell) if m["msg_type"] == "stream")

    def until(self, condition: Any, seconds: float = 30) -> None:
        """Take messages until the condition holds."""
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, self.messages[-3:]
            try:
                self.messages.append(self.client.get_iopub_msg(timeout=0.05))
            except queue.Empty:
                continue


@pytest.fixture
def kernel(here: Path) -> Iterator[Kernel]:
    made = Kernel()
    yield made
    made.client.stop_channels()
    made.manager.shutdown_kernel(now=True)


def test_an_interrupt_detaches_and_says_how_to_come_back(kernel: Kernel) -> None:
    cell = kernel.send("%%cube submit --shell --follow --name long\necho begun; sleep 60")
    kernel.until(lambda: "begun" in kernel.text(cell))
    kernel.manager.interrupt_kernel()
    job = api.job("long")
    kernel.until(lambda: f"long goes on: %cube logs {job.short_id} --follow" in kernel.text(cell))
    kernel.until(lambda: any(m["content"].get("execution_state") == "idle" for m in kernel.of(cell)))
    assert not [m for m in kernel.of(cell) if m["msg_type"] == "error"]

    cell = kernel.send("%cube wait long")
    kernel.until(lambda: any(m["msg_type"] == "execute_input" for m in kernel.of(cell)))
    time.sleep(0.3)  # into the waiting; an earlier interrupt would end the cell in another place
    kernel.manager.interrupt_kernel()
    kernel.until(lambda: any(m["msg_type"] == "error" for m in kernel.of(cell)))
    [error] = [m["content"] for m in kernel.of(cell) if m["msg_type"] == "error"]
    assert error["ename"] == "DetachedError"
    assert len(error["traceback"]) == 1
    assert job.state is State.RUNNING
    job.stop()
    assert job.wait(20) is State.STOPPED


def test_a_card_lives_while_another_cell_runs(kernel: Kernel) -> None:
    shown = kernel.run("%%cube submit --shell\nfor i in 1 2 3 4 5 6; do echo $i; sleep 0.3; done")
    [card] = [m["content"] for m in shown if m["msg_type"] == "display_data"]
    busy = kernel.send("import time; time.sleep(3)")
    kernel.until(lambda: any(m["content"].get("execution_state") == "idle" for m in kernel.of(busy)))
    updates = [m["content"] for m in kernel.messages if m["msg_type"] == "update_display_data"]
    assert {update["transient"]["display_id"] for update in updates} == {card["transient"]["display_id"]}
    states = [update["data"][MIME]["state"] for update in updates]
    assert "RUNNING" in states
    assert states[-1] == "SUCCEEDED"
    assert updates[-1]["data"][MIME]["tail"] == ["2", "3", "4", "5", "6"]
    assert kernel.text(busy) == ""
