"""Plain words and printed values, as in JavaScript."""

from __future__ import annotations

import math

import pytest

from jupyter_cube.text.scalar import resolve, scalar_text


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("~", None),
        ("Null", None),
        ("true", True),
        ("FALSE", False),
        ("yes", "yes"),
        ("off", "off"),
        ("12", 12),
        ("-0x1F", -31),
        ("0b101", 5),
        ("010", 8),
        ("08", "08"),
        ("0o10", "0o10"),
        ("1_000", 1000),
        ("1_", "1_"),
        ("1.50", 1.5),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("-.inf", -math.inf),
        ("20:30", "20:30"),
        ("2020-01-31", "2020-01-31"),
        ("1.2.3", "1.2.3"),
        ("-", "-"),
        ("٣", "٣"),
        ("9" * 5000, "9" * 5000),
    ],
)
def test_plain_words(text: str, value: object) -> None:
    assert resolve(text) == value
    assert type(resolve(text)) is type(value)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.0, "1"),
        (0.1, "0.1"),
        (1e21, "1e+21"),
        (1.5e300, "1.5e+300"),
        (123456789012345680000.0, "123456789012345680000"),
        (1e-6, "0.000001"),
        (1.5e-5, "0.000015"),
        (1e-7, "1e-7"),
        (-2.5e-9, "-2.5e-9"),
        (-0.0, "0"),
        (math.inf, "Infinity"),
        (math.nan, "NaN"),
        (2**64 + 1, "18446744073709551617"),
        (True, "true"),
        (None, "null"),
        ("a\n'b\\", "a\n'b\\"),
    ],
)
def test_values_print_as_in_javascript(value: object, text: str) -> None:
    assert scalar_text(value) == text  # type: ignore[arg-type]
