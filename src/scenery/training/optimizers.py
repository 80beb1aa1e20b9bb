"""The optimizers by their names in a config."""

from typing import Any

import keras

from scenery.config.settings import Optimizer

# AMSGrad is Adam with one switch (Reddi et al. 2018).
_CLASSES: dict[str, tuple[type[keras.optimizers.Optimizer], dict[str, Any]]] = {
    "SGD": (keras.optimizers.SGD, {}),
    "RMSprop": (keras.optimizers.RMSprop, {}),
    "Adagrad": (keras.optimizers.Adagrad, {}),
    "Adadelta": (keras.optimizers.Adadelta, {}),
    "Adam": (keras.optimizers.Adam, {}),
    "AMSGrad": (keras.optimizers.Adam, {"amsgrad": True, "name": "amsgrad"}),
    "AdamW": (keras.optimizers.AdamW, {}),
    "Adamax": (keras.optimizers.Adamax, {}),
    "Nadam": (keras.optimizers.Nadam, {}),
}


def build_optimizer(settings: Optimizer) -> keras.optimizers.Optimizer:
    """The optimizer with its start learning rate; options left unset keep Keras' defaults."""
    constructor, options = _CLASSES[settings.name]
    chosen = {
        "momentum": settings.momentum,
        "nesterov": settings.nesterov,
        "weight_decay": settings.weight_decay,
    }
    chosen = {option: value for option, value in chosen.items() if value is not None}
    return constructor(learning_rate=settings.learning_rate, **options, **chosen)
