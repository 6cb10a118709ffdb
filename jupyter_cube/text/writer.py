"""Values as YAML text that a person reads and edits: block style, commands of several lines as such, no aliases.

What is written is read back by ``document.read`` as the same values.
"""

from __future__ import annotations

import functools
import re
import sys
from typing import Any

from jupyter_cube.text.scalar import resolve

# characters that a literal block keeps as they are
_BLOCK = re.compile(r"[^\n \t][^\r\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff]*")


def dump(values: Any) -> str:
    """The values (mappings, lists, scalars) as block-style YAML, keys in their order."""
    import yaml

    text: str = yaml.dump(
        values, Dumper=_dumper(), sort_keys=False, allow_unicode=True, width=sys.maxsize, default_flow_style=False
    )
    return text


@functools.cache
def _dumper() -> Any:
    import yaml

    class Dumper(yaml.SafeDumper):
        def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002
            return True

    def text(dumper: Any, value: str) -> Any:
        style = None
        if "\n" in value and _BLOCK.fullmatch(value) and " \n" not in value and "\t" not in value:
            style = "|"
        elif value and not isinstance(resolve(value), str):
            style = "'"  # our reader takes more for numbers than yaml does: 1e3
        return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)

    Dumper.add_representer(str, text)
    return Dumper
