"""Plain words of YAML and the values they stand for, and how values print: both as in JavaScript."""

from __future__ import annotations

import math
import re

Scalar = str | int | float | bool | None

_CONSTANTS: dict[str, Scalar] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_INTEGER = re.compile(r"([-+]?)(?:0b([01_]+)|0x([0-9a-fA-F_]+)|0([0-7_]+)|(0|[1-9][0-9_]*))(?<!_)")
_FLOAT = re.compile(
    r"[-+]?(?:0|[1-9][0-9_]*)(?:\.[0-9_]*)?(?:[eE][-+]?[0-9]+)?(?<!_)|\.[0-9_]+(?:[eE][-+]?[0-9]+)?(?<!_)"
    r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
)
_LONGEST_NUMBER = 400  # characters; Python refuses integers of thousands of digits


def resolve(text: str) -> Scalar:
    """The value of a plain (unquoted) scalar as js-yaml 3 reads it, except that ``20:30`` stays text."""
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if text[0] not in "0123456789+-." or len(text) > _LONGEST_NUMBER:
        return text
    if found := _INTEGER.fullmatch(text):
        sign, *alternatives = found.groups()
        for digits, base in zip(alternatives, (2, 16, 8, 10), strict=True):
            if digits and (digits := digits.replace("_", "")):
                return int(sign + digits, base)
    if _FLOAT.fullmatch(text):
        return float(text.replace("_", "").lower().replace(".inf", "inf").replace(".nan", "nan"))
    return text


def scalar_text(value: Scalar) -> str:
    """A scalar as JavaScript prints it; integers beyond 2**53 keep all their digits."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return _float_text(value) if isinstance(value, float) else str(value)


def _float_text(value: float) -> str:
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    sign = "-" if value < 0 else ""
    mantissa, _, exponent = repr(abs(value)).partition("e")
    if not exponent:
        return sign + mantissa.removesuffix(".0")
    places = int(exponent)
    digits = mantissa.replace(".", "")
    if 0 < places < 21:
        return sign + digits.ljust(places + 1, "0")
    if -7 < places < 0:
        return f"{sign}0.{'0' * (-places - 1)}{digits}"
    return f"{sign}{mantissa}e{places:+d}"
