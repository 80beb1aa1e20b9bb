"""Which training images a trial learns from: all, a named subset, or so many of each class."""

import re

from scenery.config.dataset import Subset
from scenery.config.names import PER_CLASS
from scenery.config.settings import Settings
from scenery.config.study import Study

_DRAWN = re.compile(rf"{PER_CLASS.pattern}_seed_([0-9]+)")


def subset_exists(study: Study, name: str) -> bool:
    """Whether `subset` may have this value."""
    return name in study.subset_names or PER_CLASS.fullmatch(name) is not None


def training_subset(settings: Settings) -> str:
    """Name of the table of training images: full, a name in `subsets`, or per_class_N_seed_S.

    A trial's seed draws the images of per_class_N, so that repeats differ in their images too and
    their spread is that of the data regime. For one seed a smaller N is part of a larger one.
    """
    if PER_CLASS.fullmatch(settings.subset):
        return f"{settings.subset}_seed_{settings.seed}"
    return settings.subset


def drawn(study: Study, table: str) -> Subset:
    """How many images of each class a table below results/data/subsets holds, and their seed."""
    found = _DRAWN.fullmatch(table)
    if found:
        return Subset(per_class=int(found[1]), seed=int(found[2]))
    return study.subsets[table]


def images_per_class(study: Study, name: str) -> int | None:
    """Training images of each class in a value of `subset`; None where classes may differ.

    That is so in full, in a total and in given files.
    """
    if name == "full":
        return None
    found = PER_CLASS.fullmatch(name)
    return int(found[1]) if found else study.subsets[name].per_class
