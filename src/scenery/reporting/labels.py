"""Labels of settings and values for figures, pages and slides."""

import json
import math
import unicodedata
from collections.abc import Iterable
from numbers import Real
from typing import Any

from scenery.evaluation.columns import column_label


def is_missing(value: Any) -> bool:
    """Whether a cell is empty: None, NaN or an empty text."""
    return (
        value is None
        or (isinstance(value, str) and value == "")
        or (isinstance(value, float) and math.isnan(value))
    )


def number(value: float, digits: int = 3) -> str:
    """A number to so many significant digits, without trailing zeros: 0.001, 1e-05, 224."""
    if math.isinf(value):
        return "infinite"
    return f"{value:.{digits}g}" if abs(value) < 10**digits else f"{value:.0f}"


def setting_value(value: Any) -> str:
    """A setting's value in words: "yes", "none", "512, 256", "0.001"."""
    if is_missing(value) or (isinstance(value, str | list | tuple) and value in ("[]", [], ())):
        return "none"
    if isinstance(value, bool) or str(value) in ("True", "False"):
        return "yes" if str(value) == "True" else "no"
    if isinstance(value, str) and value.startswith("["):
        try:
            value = json.loads(value)
        except ValueError:
            return str(value)
    if isinstance(value, list | tuple):
        return ", ".join(setting_value(item) for item in value)
    if isinstance(value, Real):
        return number(float(value))
    return " ".join(str(value).split())


def named_value(name: str, value: Any) -> str:
    """A setting's name and value: "rotation 20"."""
    return f"{column_label(name)} {setting_value(value)}"


def setting_label(settings: dict[str, Any]) -> str:
    """Several settings as one line: "rotation 20, horizontal flip yes"."""
    if len(settings) == 1:
        return setting_value(next(iter(settings.values())))
    return ", ".join(named_value(name, value) for name, value in settings.items())


def accuracy(value: float) -> str:
    """An accuracy (0 to 1) to three decimals, or "none"."""
    return "none" if is_missing(value) else f"{value:.3f}"


def interval(value: float, low: float, high: float) -> str:
    """An accuracy with its interval: "0.951 (0.934-0.964)"."""
    if is_missing(low) or is_missing(high):
        return accuracy(value)
    return f"{value:.3f} ({low:.3f}-{high:.3f})"


def count(value: float) -> str:
    """A count with thousands separated: "4,847,168"."""
    return "none" if is_missing(value) else f"{value:,.0f}"


def short_count(value: float) -> str:
    """A large count for an axis or label: "4.8 M", "12 k"."""
    if is_missing(value):
        return "none"
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:.3g} {letter}"
    return f"{value:.0f}"


def duration(seconds: float) -> str:
    """A time in the unit that suits it: "0.4 s", "12 min", "3.4 h"."""
    if is_missing(seconds):
        return "none"
    if seconds < 120:
        return f"{seconds:.2g} s" if seconds < 10 else f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def plural(number_of: int, noun: str) -> str:
    """ "1 trial", "12 trials", "3 classes"."""
    if number_of == 1:
        return f"1 {noun}"
    ending = "es" if noun.endswith(("s", "x", "ch", "sh")) else "s"
    if noun.endswith("y") and noun[-2:-1] not in "aeiou":
        noun, ending = noun[:-1], "ies"
    return f"{number_of:,} {noun}{ending}"


def columns_wide(text: str) -> int:
    """Width of a text in columns: Chinese, Japanese and Korean letters take two."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def shorten(text: str, columns: int) -> str:
    """A text on one line of at most so many columns, its end replaced by an ellipsis."""
    text = " ".join(str(text).split())
    if columns_wide(text) <= columns:
        return text
    kept = ""
    for letter in text:
        if columns_wide(kept + letter) > columns - 1:
            break
        kept += letter
    return kept.rstrip() + "\u2026"


def shorten_all(texts: Iterable[str], columns: int) -> list[str]:
    """Shorten each text; texts that would look the same after it keep their ends instead."""
    texts = [" ".join(str(text).split()) for text in texts]
    short = [shorten(text, columns) for text in texts]
    for index, text in enumerate(texts):
        if short.count(short[index]) > 1 and columns_wide(text) > columns:
            half = columns // 2
            short[index] = shorten(text, half) + shorten(text[::-1], columns - half)[::-1][1:]
    return short


def ordered(values: Iterable[Any]) -> list[Any]:
    """The distinct values, numbers by size and texts by letter, empty ones first."""

    def key(value: Any) -> tuple[int, float, str]:
        if is_missing(value):
            return (0, 0.0, "")
        if isinstance(value, Real):
            return (1, float(value), "")
        return (2, len(str(value)) if str(value).startswith("[") else 0.0, str(value))

    distinct: dict[str, Any] = {}
    for value in values:
        distinct.setdefault("" if is_missing(value) else repr(value), value)
    return sorted(distinct.values(), key=key)
