"""The example notebooks run, and show what they promise. This is also what ``scripts/demo`` runs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parents[1]
SHOWN = {
    "01-first-job": [
        "%%cube submit --require digits@1.0.0",
        "worker-3 │ rate 0.3: epoch 15 of 15",
        "learning rate 0.01: accuracy 0.9",
        "succeeded",
    ],
    "02-marketplace": ["2 statistics@1.0.0  from mine  digits=4  after 1", "the mean is -0.0280", "the mean is -0.03"],
}
PICTURES = {"01-first-job"}


@pytest.mark.parametrize("path", sorted((ROOT / "notebooks").glob("*.ipynb")), ids=lambda path: path.stem)
def test_a_notebook_runs_and_shows_its_result(path: Path, tmp_path: Path) -> None:
    words = [sys.executable, str(ROOT / "scripts" / "run_notebook.py"), str(path), str(tmp_path)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    for text in SHOWN[path.stem]:
        assert text in done.stdout
    assert bool(list(tmp_path.glob("*.png"))) == (path.stem in PICTURES)
    executed = nbformat.read(tmp_path / path.name, as_version=4)
    assert all(cell.execution_count for cell in executed.cells if cell.cell_type == "code")
