"""The settings of training in epochs that are groups of their own."""

from typing import Annotated, Literal

from pydantic import Field

from scenery.registry.options import AppliesIf, Epochs, Int, Number, Rate, Strict

ACCURACY, LOSS = "validation_accuracy", "validation_loss"
Monitored = Literal["validation_accuracy", "validation_loss"]
# Which values of a measure are good.
MODES = {ACCURACY: "max", LOSS: "min"}


class EarlyStopping(Strict):
    """Stop training before its last epoch if nothing improves."""

    patience: Annotated[Int, Field(ge=1)] = Field(
        10, description="Epochs without improvement before training stops."
    )
    monitor: Monitored | None = Field(
        None, description="The measure that must improve; unset: that of `checkpoint`."
    )


class Checkpoint(Strict):
    """The epoch whose weights are kept: the one with the best monitored measure."""

    monitor: Monitored | None = Field(
        None,
        description="The measure of the best epoch; unset: that of `early_stopping`, if it names "
        "one, or else the loss with choose.by: validation_loss, and the accuracy otherwise.",
    )
    mode: Literal["auto", "min", "max"] = Field(
        "auto",
        description="Whether low or high values are good, as Keras writes it; it follows from the "
        "measure.",
    )
    smoothing: Annotated[Int, Field(ge=1, le=1000)] = Field(
        1,
        description="Number of epochs, up to and with an epoch, whose mean is compared, so that no "
        "single lucky epoch is kept.",
    )


class Penalty(Strict):
    """Penalty on the kernels of the backbone that are trained; those of the head have their own."""

    l1: Annotated[Number, Field(ge=0)] = Field(0.0, description="L1 penalty.")
    l2: Annotated[Number, Field(ge=0)] = Field(
        0.0, description="L2 penalty; with l1 too it is the elastic net."
    )


BY_EPOCHS = AppliesIf(
    "with first_step.solver: epochs",
    lambda s: s.first_step is None or s.first_step.solver == "epochs",
)


class FirstStep(Strict):
    """A first training step: the head alone, on the frozen backbone."""

    solver: Literal["epochs", "lbfgs"] = Field(
        "epochs",
        description="How the head is trained. epochs: by gradient steps. lbfgs: a linear head, "
        "fitted exactly, as head.solver says.",
    )
    epochs: Annotated[Epochs, BY_EPOCHS] = Field(20, description="Epochs of the head alone.")
    learning_rate: Annotated[Rate, BY_EPOCHS] = Field(
        1e-3, description="Learning rate of Adam in this step."
    )
    views: Annotated[Int, Field(ge=0, le=1000)] = Field(
        0,
        description="Augmented views of each image that the head learns from, by the augmentation "
        "of the trial; 0: the images as they are.",
    )
