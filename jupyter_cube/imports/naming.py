"""Names for what has only a title."""

from __future__ import annotations

import re
import unicodedata

# what filters take for something else than a variable
_WORDS = {"none", "true", "false", "not", "and", "or", "in", "is", "if", "else"}


class Names:
    """Names that are given once each."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def free(self, wanted: str, separator: str = "-") -> str:
        """The wanted name, with a number behind it where it has been given already."""
        number, name = 2, wanted
        while name in self._taken:
            name, number = f"{wanted}{separator}{number}", number + 1
        self._taken.add(name)
        return name


def slug(title: str) -> str:
    """A title as an item's name; empty where none of its letters is Latin."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Za-z0-9]+", "-", plain).strip("-").lower()[:80].rstrip("-")


def kept(name: str) -> str:
    """A name as it is, where an item and a job may have it, else its slug."""
    return name if re.fullmatch(r"[A-Za-z0-9](?:[A-Za-z0-9_-]{0,78}[A-Za-z0-9])?", name) else slug(name)


def variable_name(key: str) -> str:
    """A template variable's name for an argument such as ``--num-worker``; empty where it has no Latin letters."""
    plain = re.sub(r"[^A-Za-z0-9_]+", "_", key if key.isascii() else slug(key)).strip("_")
    return f"arg_{plain}" if plain[:1].isdigit() or plain.lower() in _WORDS else plain
