"""Which figures of their own an experiment's trials call for, by what they vary."""

from collections.abc import Sequence

from scenery.config.study import Study
from scenery.study.subsets import images_per_class
from scenery.study.trials import ResolvedTrial

# With two points there is no curve to see.
MIN_VALUES = 3


def further_figures(study: Study, trials: Sequence[ResolvedTrial]) -> list[str]:
    """Names of figures beyond those that every experiment has.

    regimes    accuracy against the number of images, where at least three numbers of them occur
    unfrozen   accuracy, trained parameters and time against what learns, where at least three
               values of `trainable` do
    trends     accuracy against settings that are numbers, where a grid has at least three values
               of one
    """
    sizes = {images_per_class(study, trial.settings.subset) for trial in trials}
    names = ["regimes"] if len(sizes) >= MIN_VALUES else []
    learning = {trial.settings.trainable for trial in trials}
    if len(learning) >= MIN_VALUES:
        names.append("unfrozen")
    return names + (["trends"] if trend_settings(study, trials) else [])


def trend_settings(study: Study, trials: Sequence[ResolvedTrial]) -> list[str]:
    """The settings of a grid that are numbers and have at least three values, in its order."""
    if not trials or study.experiments[trials[0].experiment].kind != "grid":
        return []
    values: dict[str, set[float]] = {}
    for trial in trials:
        for name, value in trial.varied:
            # True is a number to Python.
            if isinstance(value, int | float) and not isinstance(value, bool) and name != "seed":
                values.setdefault(name, set()).add(value)
    return [name for name, found in values.items() if len(found) >= MIN_VALUES]
