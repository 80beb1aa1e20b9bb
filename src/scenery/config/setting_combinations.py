"""Settings of a trial that exclude each other, each with its reason."""

from typing import TYPE_CHECKING

from scenery.config.training import MODES
from scenery.registry.presets import PRESET_BACKBONES, TOKEN_POOLINGS

if TYPE_CHECKING:
    from scenery.config.classifier import Classifier
    from scenery.config.settings import Settings


def check_combinations(settings: "Settings") -> None:
    """Refuse settings that are allowed alone and not together.

    Raises:
        ValueError: With the settings, their values and the reason.
    """
    for check in (
        _check_lora,
        _check_class_token,
        _check_first_step,
        _check_linear_probe,
        _check_batch_norm,
        _check_auxiliary_outputs,
        _check_input_statistics,
        _check_loss,
        _check_checkpoint,
        _check_warmup,
    ):
        check(settings)


def _check_lora(settings: "Settings") -> None:
    if settings.trainable != "lora":
        return
    if settings.backbone not in PRESET_BACKBONES:
        raise ValueError(
            f"trainable: lora is for {', '.join(PRESET_BACKBONES)}; found backbone: "
            f"{settings.backbone}"
        )
    if settings.weight_averaging.name != "none":
        raise ValueError(
            "trainable: lora excludes weight_averaging: the average of two matrices does not "
            "give the average of their product"
        )


def _check_class_token(settings: "Settings") -> None:
    if settings.head.pooling in TOKEN_POOLINGS and settings.backbone not in PRESET_BACKBONES:
        raise ValueError(
            f"head.pooling: {settings.head.pooling} is for networks with a class token; "
            f"{settings.backbone} has none"
        )


def _check_first_step(settings: "Settings") -> None:
    if settings.first_step is not None and settings.trainable == "head":
        raise ValueError(
            "first_step is for head+N, from:LAYER and all; with trainable: head it is all"
        )


def _check_linear_probe(settings: "Settings") -> None:
    if settings.first_step is None or settings.first_step.solver != "lbfgs":
        return
    reason = settings.head.not_linear
    if reason is not None:
        raise ValueError(
            f"first_step.solver: lbfgs is for a linear head; {reason} needs "
            "first_step.solver: epochs"
        )


def _check_batch_norm(settings: "Settings") -> None:
    # The other architectures have many values of each channel in one image.
    of_vectors = settings.backbone == "MLP" and getattr(settings.network, "batch_norm", False)
    for key, used in (
        ("head.batch_norm", settings.head.batch_norm),
        ("network.batch_norm", of_vectors),
    ):
        if settings.batch_size == 1 and used:
            raise ValueError(
                f"batch_size: 1 and {key} exclude each other: batch norm subtracts the mean of "
                "a batch, and one image minus itself is zero; take a batch_size of at least 2"
            )


def _check_auxiliary_outputs(settings: "Settings") -> None:
    if not getattr(settings.network, "auxiliary_outputs", None):
        return
    if settings.trainable != "scratch":
        raise ValueError(
            "network.auxiliary_outputs are for training from random weights: trainable must "
            f"be scratch, not {settings.trainable}"
        )
    if settings.head.supervise == "positions":
        raise ValueError(
            "network.auxiliary_outputs and head.supervise: positions exclude each other"
        )


def _check_input_statistics(settings: "Settings") -> None:
    scaling = getattr(settings.network, "scaling", None) or ""
    if not scaling.startswith("featurewise"):
        return
    if settings.weights == "none" and settings.trainable != "scratch":
        raise ValueError(
            f"network.scaling: {scaling} takes the statistics of training images, which a "
            "random network that is not trained from scratch has not seen: trainable must be "
            f"scratch, or weights experiment:NAME; found trainable: {settings.trainable}"
        )


def _check_loss(settings: "Settings") -> None:
    if settings.loss != "crossentropy" and (
        settings.label_smoothing or settings.head.supervise == "positions"
    ):
        raise ValueError(
            f"loss: {settings.loss} excludes label_smoothing and head.supervise: positions"
        )


def _check_checkpoint(settings: "Settings") -> None:
    if settings.checkpoint.mode not in ("auto", MODES[settings.monitor]):
        raise ValueError(
            f"checkpoint.mode: {settings.checkpoint.mode} does not fit {settings.monitor}, of "
            f"which the best is the {MODES[settings.monitor]}"
        )


def _check_warmup(settings: "Settings") -> None:
    if settings.schedule.warmup_epochs >= settings.epochs and settings.schedule.warmup_epochs > 0:
        raise ValueError(
            f"schedule.warmup_epochs ({settings.schedule.warmup_epochs}) must be below epochs "
            f"({settings.epochs})"
        )


def check_classifier(settings: "Settings", classifier: "Classifier") -> None:
    """Refuse settings that a classical model cannot have.

    Raises:
        ValueError: With the setting, its value and the reason.
    """
    if settings.trainable != "head":
        raise ValueError(
            f"a classifier learns from the features of a frozen backbone: trainable must be "
            f"head, not {settings.trainable}"
        )
    fisher = settings.encoding is not None and settings.encoding.name == "fisher_vectors"
    if fisher and classifier.kernel == "histogram_intersection":
        raise ValueError(
            "the histogram_intersection kernel needs values from 0; fisher_vectors have "
            "values below 0"
        )
    if classifier.name == "nearest_neighbors" and settings.class_weights != "none":
        raise ValueError("class_weights are not used by nearest_neighbors, which count votes")
