"""The control of an experiment: the setting that its chosen one is compared with."""

from collections.abc import Sequence

from scenery.config.settings import Settings
from scenery.study.trials import ResolvedTrial, read

# Settings that can be switched off, by the beginning of their names.
SWITCHED = ("augment.", "head.dropout", "head.l1", "head.l2", "label_smoothing",
            "mixup", "cutmix", "weight_averaging.", "test_time_augmentation",
            "optimizer.weight_decay", "early_stopping")  # fmt: skip


def control_setting(trials: Sequence[ResolvedTrial], start: Settings) -> str | None:
    """The setting of an experiment that is its control.

    It is the setting that varies nothing: what the experiment starts from, with its overrides. An
    experiment without such a trial, which varies augmentation or regularization only, has the
    trial without any of them as its control.

    Args:
        trials: The trials of the experiment.
        start: The settings that they vary.

    Returns:
        The digest that the repeats of the setting share; None if no trial is a control.
    """
    settings = {trial.setting for trial in trials}
    unchanged = start.digest(without=frozenset({"seed"}))
    if unchanged in settings:
        return unchanged
    off = Settings()
    for trial in trials:
        switched = [name.startswith(SWITCHED) for name, _ in trial.varied]
        # A scale of augmentation may be written as 0 or false.
        off_values = [not value or value == read(off, name) for name, value in trial.varied]
        if switched and all(switched) and all(off_values):
            return trial.setting
    return None
