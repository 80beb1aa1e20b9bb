"""The optimizers: options with bounds and defaults, and how Keras constructs them.

To add one, write a class and list it in `OPTIMIZERS`.
"""

from typing import Annotated, Any, ClassVar

from pydantic import Field

from scenery.registry.options import AppliesIf, Bool, Fraction, Number, Rate, Record, choice_of

DECAY = "Decoupled weight decay"
BETA_1 = "decay of the mean of gradients"
BETA_2 = "decay of the mean of squared gradients"
RHO = "decay of the mean of squared gradients"
EPSILON = "small number that keeps a division finite"

Decay = Annotated[Number, Field(ge=0, lt=1)]
Small = Annotated[Number, Field(gt=0, le=1)]


class OptimizerRecord(Record):
    """An optimizer of Keras.

    Attributes:
        keras_class: Name of its class in `keras.optimizers`.
        arguments: Arguments of the class beside the options.
    """

    keras_class: ClassVar[str]
    arguments: ClassVar[dict[str, Any]] = {}

    learning_rate: Annotated[
        Rate,
        AppliesIf("with a schedule other than list", lambda s: s.schedule.name != "list"),
    ] = Field(1e-3, description="Learning rate at the start; schedules change it.")
    weight_decay: Decay = Field(0.0, description=DECAY)
    layer_decay: Annotated[
        Annotated[Number, Field(gt=0, le=1)],
        AppliesIf("where the backbone is fine-tuned", lambda s: not s.frozen_backbone),
    ] = Field(
        1.0,
        description="Layer-wise decay of the learning rate: each stage of the backbone has this "
        "fraction of the rate of the stage above it, and the highest one that of the head.",
    )

    def build(self, part: type | None = None) -> Any:
        """The Keras optimizer at its start learning rate.

        Args:
            part: A class that overrides methods of the optimizer; None: none does.
        """
        import keras

        options = self.model_dump(exclude={"layer_decay"})
        # Without a decay Keras does no arithmetic for it; its AdamW needs a number.
        if not self.weight_decay and self.keras_class != "AdamW":
            del options["weight_decay"]
        kind = getattr(keras.optimizers, self.keras_class)
        if part is not None:
            kind = type(kind.__name__, (part, kind), {})
        return kind(**options, **self.arguments)


class SGD(OptimizerRecord):
    """Stochastic gradient descent, with momentum (Polyak 1964; Nesterov 1983)."""

    keras_class = "SGD"
    momentum: Fraction = Field(0.0, description="momentum")
    nesterov: Bool = Field(False, description="momentum of Nesterov")

    def problem(self) -> str | None:
        """Nesterov's momentum without a momentum."""
        if self.nesterov and not self.momentum:
            return "nesterov needs a momentum above 0"
        return None


class AdaptiveRecord(OptimizerRecord):
    """An optimizer that divides gradients by a measure of their size."""

    epsilon: Small = Field(1e-7, description=EPSILON)


class MomentRecord(AdaptiveRecord):
    """Adam or a relative of it."""

    beta_1: Fraction = Field(0.9, description=BETA_1)
    beta_2: Fraction = Field(0.999, description=BETA_2)


class RMSprop(AdaptiveRecord):
    """Gradients divided by their running root mean square (Hinton 2012)."""

    keras_class = "RMSprop"
    rho: Fraction = Field(0.9, description=RHO)
    momentum: Fraction = Field(0.0, description="momentum")


class Adagrad(AdaptiveRecord):
    """Rates that fall with the sum of squared gradients (Duchi et al. 2011)."""

    keras_class = "Adagrad"


class Adadelta(AdaptiveRecord):
    """Adagrad over a window of gradients (Zeiler 2012)."""

    keras_class = "Adadelta"
    rho: Fraction = Field(0.95, description=RHO)


class Adam(MomentRecord):
    """Adaptive moments (Kingma and Ba 2015)."""

    keras_class = "Adam"


class AMSGrad(MomentRecord):
    """Adam with the largest second moment so far (Reddi et al. 2018)."""

    keras_class = "Adam"
    arguments: ClassVar[dict[str, Any]] = {"amsgrad": True, "name": "amsgrad"}


class AdamW(MomentRecord):
    """Adam with decoupled weight decay (Loshchilov and Hutter 2019)."""

    keras_class = "AdamW"
    weight_decay: Decay = Field(0.004, description=DECAY)


class Adamax(MomentRecord):
    """Adam with the infinity norm (Kingma and Ba 2015)."""

    keras_class = "Adamax"


class Nadam(MomentRecord):
    """Adam with Nesterov's momentum (Dozat 2016)."""

    keras_class = "Nadam"


_RECORDS = (SGD, RMSprop, Adagrad, Adadelta, Adam, AMSGrad, AdamW, Adamax, Nadam)
OPTIMIZERS: dict[str, type[OptimizerRecord]] = {record.__name__: record for record in _RECORDS}


class Optimizer(choice_of(OPTIMIZERS, "Adam", "The optimizer.")):  # type: ignore[misc]
    """How the weights are updated."""
