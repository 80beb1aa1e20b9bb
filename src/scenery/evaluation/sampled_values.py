"""The sampled values of trials, read from the settings in a trials.csv."""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from scenery.config.search import Distribution
from scenery.study.search_space import in_order_of_conditions, is_active, share_of

Row = Mapping[Any, Any]


def varied_values(row: Row, space: Mapping[str, Distribution]) -> dict[str, Any]:
    """The settings of a space that a trial of its search varies."""
    names = [name for name in json.loads(row["varied"]) if name in space and name in row]
    return {name: _value(row[name], space[name]) for name in names}


def values_in_space(row: Row, space: Mapping[str, Distribution]) -> dict[str, Any] | None:
    """The values that any trial has in a space; None if it lies outside.

    Args:
        row: A row of trials.csv.
        space: The distributions.
    """
    values: dict[str, Any] = {}
    for name in in_order_of_conditions(space):
        if is_active(space[name], values):
            try:
                values[name] = _value(row[name], space[name])
                share = share_of(space[name], values[name])
            except (KeyError, TypeError, ValueError, ZeroDivisionError):
                return None
            if not 0 <= share <= 1:
                return None
    return {name: values[name] for name in space if name in values}


def _value(cell: Any, one: Distribution) -> Any:
    """A value of a cell: missing cells are None, lists are JSON, whole numbers may be 8.0.

    Raises:
        ValueError: For none of the values of a choice, and for what is no number.
    """
    missing = cell is None or (isinstance(cell, float) and np.isnan(cell))
    if one.choice is None:
        number = float(cell)
        if not np.isfinite(number) or (one.integer is not None and not number.is_integer()):
            raise ValueError(f"{cell!r} is no value of this distribution")
        return int(number) if one.integer is not None else number
    for value in one.choice:
        if (value is None and missing) or (not missing and _same(value, cell)):
            return value
    raise ValueError(f"{cell!r} is none of {one.choice}")


def _same(value: Any, cell: Any) -> bool:
    if isinstance(value, list | tuple):
        return json.dumps(list(value)) == str(cell)
    if isinstance(value, bool) or isinstance(cell, bool | np.bool_):
        return str(value) == str(cell)
    if isinstance(value, int | float) and not isinstance(cell, str):
        return float(value) == float(cell)
    return str(value) == str(cell)
