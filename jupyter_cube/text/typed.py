"""Values that a person typed, as YAML means them."""

from __future__ import annotations

from typing import Any

from jupyter_cube.text.document import read
from jupyter_cube.text.scalar import resolve, scalar_text


def value_of(text: str) -> Any:
    """A typed value: a list or mapping as YAML has it, a number or true where nothing is lost by it, else text."""
    text = text.strip()
    if text[:1] in ("[", "{", "'", '"'):
        root = read(f"v: {text}").root
        if root is not None and isinstance(root.value, dict):
            return root.value["v"].plain()
        return text
    value = resolve(text) if text else text
    return value if isinstance(value, bool | int | float) and scalar_text(value) == text else text
