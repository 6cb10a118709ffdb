"""Run a notebook without a browser, print what its cells print, keep the executed copy and its pictures.

Usage: run_notebook.py NOTEBOOK FOLDER
"""

from __future__ import annotations

import base64
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError


def main(notebook: Path, folder: Path) -> int:
    """Run ``notebook``, write into ``folder``; the exit code."""
    book = nbformat.read(notebook, as_version=4)
    folder.mkdir(exist_ok=True)

    def show(cell: nbformat.NotebookNode, cell_index: int, **_: object) -> None:
        for number, output in enumerate(cell.get("outputs", [])):
            data = output.get("data", {})
            if "image/png" in data:
                picture = folder / f"{notebook.stem}-{cell_index}-{number}.png"
                picture.write_bytes(base64.b64decode(data["image/png"]))
                print(f"[picture: {picture}]")
            else:
                print((output.get("text") or data.get("text/plain") or "").rstrip("\n"))

    print(f"Running {notebook}\n", flush=True)
    client = NotebookClient(
        book,
        timeout=600,
        kernel_name="python3",
        resources={"metadata": {"path": str(notebook.parent)}},
        coalesce_streams=True,
        extra_arguments=["--log-level=40"],  # the kernel warns of TCP on every start
        on_cell_executed=show,
    )
    try:
        client.execute()
    except CellExecutionError as error:
        print(f"The notebook failed: {error.ename}: {error.evalue}", file=sys.stderr)
        return 1
    finally:
        nbformat.write(book, folder / notebook.name)
    print(f"\nThe executed copy: {folder / notebook.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()))
