"""Learning rates that fall from the head to the lowest stage of the backbone."""

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import tensorflow as tf

from scenery.models.truncation import stages
from scenery.registry.optimizers import OptimizerRecord


class ScaledUpdates:
    """Part of an optimizer that makes the updates of some variables smaller.

    Keras has one learning rate for all variables. An update is linear in the rate, with weight
    decay, momentum and moments, so a smaller update is that of a smaller rate.

    Attributes:
        scales: The factor of an update by the id of its variable; others have the factor 1.
    """

    scales: Mapping[int, float] = {}

    def apply(self, grads: Sequence[Any], trainable_variables: Sequence[Any] | None = None) -> None:
        """Update variables by their gradients, as the optimizer does."""
        variables: Sequence[Any] = trainable_variables or self._trainable_variables  # type: ignore[attr-defined]
        scaled = [v for v in variables if id(v) in self.scales]
        before = [tf.identity(v.value) for v in scaled]
        super().apply(grads, trainable_variables)  # type: ignore[misc]
        for variable, old in zip(scaled, before, strict=True):
            variable.assign(old + self.scales[id(variable)] * (variable.value - old))


def build_optimizer(record: OptimizerRecord, backbone: keras.Model) -> keras.optimizers.Optimizer:
    """The optimizer of a network, with the decay of its rate by stage.

    Args:
        record: The optimizer and its options.
        backbone: Of the network; what is not in it has the whole rate.
    """
    if record.layer_decay == 1:
        return record.build()
    optimizer = record.build(ScaledUpdates)
    optimizer.scales = stage_scales(backbone, record.layer_decay)
    return optimizer


def stage_scales(backbone: keras.Model, decay: float) -> dict[int, float]:
    """The share of the rate that each variable of a backbone gets, by its id.

    As Clark et al. (2020, ELECTRA), with stages in place of layers: the head has the whole rate,
    the highest stage `decay` of it, and each stage `decay` of what the one above has.
    """
    return {
        id(variable): decay**number
        for number, layers in enumerate(reversed(stages(backbone)), start=1)
        for layer in layers
        for variable in layer.weights
    }
