"""Which figures of their own an experiment's trials call for, by what they vary."""

from collections.abc import Sequence

from scenery.study.study import Study
from scenery.study.subsets import images_per_class
from scenery.study.trials import Trial

# With two points there is no curve to see.
FEWEST = 3


def further_figures(study: Study, trials: Sequence[Trial]) -> list[str]:
    """Names of figures beyond those that every experiment has.

    regimes    accuracy against the number of images, where at least three numbers of them occur
    unfrozen   accuracy, trained parameters and time against what learns, where at least three
               values of `trainable` do
    """
    sizes = {images_per_class(study, trial.settings.subset) for trial in trials}
    names = ["regimes"] if len(sizes) >= FEWEST else []
    learning = {trial.settings.trainable for trial in trials}
    return names + (["unfrozen"] if len(learning) >= FEWEST else [])
