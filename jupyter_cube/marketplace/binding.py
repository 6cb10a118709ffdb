"""Values for an item's template variables: every one filled, none unknown, each of its type."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jupyter_cube.errors import near
from jupyter_cube.marketplace import braces
from jupyter_cube.marketplace.item import Item

Problem = tuple[str, str]  # a message and a hint


def bind(
    item: Item, given: Mapping[str, Any], *, outer: Mapping[str, Any] | None = None, patterns: bool = True
) -> tuple[dict[str, Any], list[Problem]]:
    """The values of an item's variables, and what is wrong with those that were given.

    Args:
        given: name to value.
        outer: the values of the item that gives them, which they may mention; None: the job gives them.
        patterns: compare values with the patterns that the item declares; not before its author is trusted, because a
            pattern may be made to run without end.
    """
    values: dict[str, Any] = {}
    problems = _unknown(item, given)
    room = braces.Room()
    for index, variable in enumerate(item.variables):
        name = variable.name
        try:
            if name in given:
                value = given[name] if outer is None else braces.fill_value(given[name], outer, room)
            elif variable.required:
                problems.append(_unfilled(item, index))
                continue
            else:
                value = braces.fill_value(variable.default, values, room)
            if name in given or value not in (None, ""):
                value = variable.accept(value, pattern=patterns and name in given)
            values[name] = value
        except braces.BraceError as error:
            problems.append((f"'{name}' of {item.label}: {error}", f"see {item.place(('template_variables', index))}"))
        except ValueError as error:
            problems.append(_unfit(item, index, error))
    return values, problems


def foreseen(item: Item, given: Mapping[str, Any], *, patterns: bool = True) -> list[Problem]:
    """What ``bind`` will say for certain, while what the values mention is not known yet."""
    problems = _unknown(item, given)
    for index, variable in enumerate(item.variables):
        if variable.name not in given:
            problems += [_unfilled(item, index)] if variable.required else []
        elif not braces.mentioned(given[variable.name]):
            try:
                variable.accept(given[variable.name], pattern=patterns)
            except ValueError as error:
                problems.append(_unfit(item, index, error))
    return problems


def _unknown(item: Item, given: Mapping[str, Any]) -> list[Problem]:
    known = [variable.name for variable in item.variables]
    return [
        (
            f"{item.label} has no template variable '{name}'",
            near(name, known) or f"it has none ({item.place(('name',))})",
        )
        for name in given
        if name not in known
    ]


def _unfilled(item: Item, index: int) -> Problem:
    message = f"the template variable '{item.variables[index].name}' of {item.label} has no value"
    return message, f"fill it, it is declared in {item.place(('template_variables', index))}"


def _unfit(item: Item, index: int, error: ValueError) -> Problem:
    where = item.place(("template_variables", index))
    return f"'{item.variables[index].name}' of {item.label} {error}", f"it is declared in {where}"
