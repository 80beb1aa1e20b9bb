"""Splitting images into train, validation and test, and drawing subsets of train.

scikit-learn's splitters keep either exact fractions (StratifiedShuffleSplit) or groups together
(StratifiedGroupKFold, in k equal parts), not both; so the drawing is done here.
"""

import zlib
from collections import Counter

import numpy as np
import pandas as pd

from scenery.data.image_listing import PARTITIONS, named
from scenery.data.tables import SPLIT_COLUMNS
from scenery.errors import UserError

# All that a split depends on: digests and sizes of many images would fill the memory for nothing.
CATALOGUE_COLUMNS_NEEDED = ("file", "class", "given_partition", "duplicate_group", "kept")


def split_images(
    catalogue: pd.DataFrame, test: float, validation: float, seed: int
) -> pd.DataFrame:
    """Assign every kept image to a partition.

    Partitions that the data set gives are left as they are. A missing test partition is drawn
    from train by the fraction `test` of each class, then a missing validation partition from what
    is left by the fraction `validation`. Duplicates that were kept stay on one side. What is drawn
    of a class depends on the seed and the class alone, not on the other classes.

    Args:
        catalogue: judged, as from `judge_catalogue`; the columns `CATALOGUE_COLUMNS_NEEDED` do.
        test, validation: fractions of each class in [0, 1); 0 draws none.
        seed: any integer of at least 0.

    Returns:
        Columns file, class, label (position of the class among the sorted classes), partition
        and row (position within the partition, in order of file: the row in the packed array).

    Raises:
        UserError: naming the classes with too few images and how many are needed.
    """
    kept = catalogue[catalogue["kept"]].sort_values("file", ignore_index=True)
    classes = sorted(catalogue["class"].unique())
    partition = kept["given_partition"].replace("", "train").to_numpy(dtype=object)
    for number, (name, fraction) in enumerate((("test", test), ("validation", validation))):
        if name not in partition and fraction > 0:
            available = kept[partition == "train"]
            partition[_draw(available, fraction, [seed, number], name)] = name
    split = pd.DataFrame(
        {
            "file": kept["file"],
            "class": kept["class"],
            "label": kept["class"].map({name: label for label, name in enumerate(classes)}),
            "partition": partition,
        }
    )
    _check_counts(split, classes)
    split["row"] = split.groupby("partition").cumcount()
    order = split["partition"].map(PARTITIONS.index)
    return split.iloc[np.argsort(order, kind="stable")].reset_index(drop=True)[list(SPLIT_COLUMNS)]


def draw_subset(split: pd.DataFrame, per_class: int, seed: int) -> pd.DataFrame:
    """Draw the same number of training images from each class.

    The same seed gives nested subsets: the images drawn for a smaller number are among those
    drawn for a larger one.

    Args:
        split: as from `split_images`.

    Returns:
        The chosen rows of train, columns and order as in `split`; `row` still counts in the
        whole training partition.

    Raises:
        UserError: naming the classes with fewer than `per_class` training images.
    """
    train = split[split["partition"] == "train"]
    counts = train["class"].value_counts()
    short = [f"{name!r} has {count}" for name, count in sorted(counts.items()) if count < per_class]
    if short:
        raise UserError(
            f"a subset of {per_class} images per class cannot be drawn from train: {named(short)}"
        )
    chosen = [
        rows.index[_generator([seed], str(name)).permutation(len(rows))[:per_class]]
        for name, rows in train.groupby("class")
    ]
    return split.loc[np.sort(np.concatenate(chosen))].reset_index(drop=True)


def _generator(seeds: list[int], class_name: str) -> np.random.Generator:
    return np.random.default_rng([*seeds, zlib.crc32(class_name.encode())])


def _draw(available: pd.DataFrame, fraction: float, seeds: list[int], name: str) -> list[int]:
    """Return the index of the images drawn: `fraction` of each class, groups together."""
    class_of = dict(zip(available.index.tolist(), available["class"].tolist(), strict=True))
    units = _units(available)
    totals = Counter(class_of.values())
    taken: Counter[str] = Counter()
    drawn: list[int] = []
    for class_name in sorted(totals):
        total = totals[class_name]
        target = min(max(1, round(fraction * total)), total - 1)
        # A group under several classes (conflicts may be kept) is drawn with its first one.
        members = [unit for unit in units if class_of[unit[0]] == class_name]
        for position in _generator(seeds, class_name).permutation(len(members)):
            counts = Counter(class_of[index] for index in members[position])
            if taken[class_name] + counts[class_name] <= target:
                drawn += members[position]
                taken += counts
        if not taken[class_name]:
            raise UserError(
                f"split.{name}: class {class_name!r} has {total} usable images in "
                f"{len(members)} independent groups of duplicates; too few to draw {name} images "
                "from and keep others for training"
            )
    return drawn


def _units(available: pd.DataFrame) -> list[list[int]]:
    """Return the index of each image without duplicates and of each group, in order of file."""
    units: dict[tuple[str, int], list[int]] = {}
    for index, group in zip(
        available.index.tolist(), available["duplicate_group"].tolist(), strict=True
    ):
        units.setdefault(("group", group) if group else ("image", index), []).append(index)
    return list(units.values())


def _check_counts(split: pd.DataFrame, classes: list[str]) -> None:
    """Refuse a split in which a class has no images in some partition."""
    present = [name for name in PARTITIONS if name == "train" or name in set(split["partition"])]
    counts = split.groupby(["partition", "class"]).size()
    missing = [
        f"{class_name!r} has {int((split['class'] == class_name).sum())} usable images and none "
        f"of them in {name}"
        for class_name in classes
        for name in present
        if (name, class_name) not in counts
    ]
    if missing:
        raise UserError(
            f"too few images: {named(missing)}; every class needs at least {len(present)}, one in "
            f"each of {', '.join(present)}"
        )
