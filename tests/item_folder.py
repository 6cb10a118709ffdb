"""Folders of small items for the tests."""

from __future__ import annotations

from pathlib import Path


def lay(root: Path, name: str, version: str = "1.0.0", /, **fields: str) -> Path:
    """Write ``ROOT/NAME/VERSION/item.yaml``; the fields' values are YAML."""
    folder = root / name / version
    folder.mkdir(parents=True)
    written = {"name": name, "version": version, "summary": f"what {name} is", **fields}
    (folder / "item.yaml").write_text("".join(f"{key}: {value}\n" for key, value in written.items()))
    return folder
