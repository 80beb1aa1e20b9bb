"""A soup: a network whose weights are the mean of those of several networks."""

from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np

from scenery.errors import UserError
from scenery.inference.final_model import load_final


def average_weights(paths: Sequence[Path]) -> keras.Model:
    """The uniform soup of saved networks (Wortsman et al. 2022, "Model soups").

    Each weight is the mean over the networks, computed in 64 bits; so are the means and variances
    of batch normalization. One network at a time is in memory beside the sum.

    Args:
        paths: Saved networks with the same layers, at least one.

    Returns:
        The first network with the means as its weights.

    Raises:
        UserError: A network has other weights, or integers of other values.
    """
    soup = load_final(paths[0])
    total = [np.asarray(value, dtype=np.float64) for value in soup.get_weights()]
    for path in paths[1:]:
        other = load_final(path)
        _refuse_other_weights(soup, other, paths[0], path)
        for part, value in zip(total, other.get_weights(), strict=True):
            part += value
    soup.set_weights(
        [
            (part / len(paths)).astype(value.dtype)
            for part, value in zip(total, soup.get_weights(), strict=True)
        ]
    )
    return soup


def _refuse_other_weights(
    first: keras.Model, other: keras.Model, first_path: Path, path: Path
) -> None:
    """Refuse a network that differs from the first one in more than the values of its weights."""
    expected, found = _described(first), _described(other)
    if len(expected) != len(found):
        raise UserError(
            f"{path}: only networks with the same layers can be averaged; this one has "
            f"{len(found)} arrays of weights, and {first_path} has {len(expected)}"
        )
    for one, another in zip(expected, found, strict=True):
        if one != another:
            raise UserError(
                f"{path}: only networks with the same layers can be averaged; this one has the "
                f"weights {another}, where {first_path} has {one}"
            )


def _described(network: keras.Model) -> list[str]:
    """Name, shape and type of each array of weights; the values of integers, which have no mean.

    The path of a weight is left out: Keras numbers layers without a name.
    """
    return [
        f"{weight.name} {tuple(weight.shape)} {weight.dtype}"
        + (f" {np.asarray(weight).tolist()}" if "int" in str(weight.dtype) else "")
        for weight in network.weights
    ]
