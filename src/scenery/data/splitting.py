"""Splitting images into train, validation and test, and drawing subsets of train.

Images that are not independent of each other (copies, frames of one scene, images of one patient)
form a group, and a group lies in one partition. Each partition gets its share of a class's images
and its share of the class's groups. scikit-learn's splitters keep either exact fractions
(StratifiedShuffleSplit) or groups together (StratifiedGroupKFold, in k equal parts), not both.
"""

import logging
import zlib
from collections import Counter
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from scenery.data.image_listing import PARTITIONS, named
from scenery.data.tables import SPLIT_COLUMNS
from scenery.errors import UserError

_log = logging.getLogger("scenery")

# All that a split depends on: sizes and kinds of many images would fill the memory for nothing.
CATALOGUE_COLUMNS_NEEDED = (
    *("file", "class", "given_partition", "given_group", "weight", "digest", "problem"),
    *("duplicate_group", "group", "kept", "reason"),
)
# A class that trains on fewer independent groups than this is warned about.
MIN_TRAINING_GROUPS = 5
_MAX_CLASSES_NAMED = 40


def split_images(
    catalogue: pd.DataFrame, test: float, validation: float, seed: int
) -> pd.DataFrame:
    """Assign every kept image to a partition.

    Partitions that the data set gives are left as they are. A missing test partition is drawn
    from train by the fraction `test` of each class, then a missing validation partition from what
    is left by the fraction `validation`.

    The images of a group are drawn together. In each class, the fraction holds for the images
    and for the groups as well as both can: 50 frames of one scene beside 30 other images count as
    50 images and as one of 31 groups. Groups are divided in order of size, the largest first, and
    the largest one of a class stays in train. The images drawn from a class depend on the seed and
    the class alone, not on the other classes, unless they share groups.

    A class that trains on fewer than `MIN_TRAINING_GROUPS` (5) groups is named in a warning.

    Args:
        catalogue: as from `scenery.data.catalogue.apply_policy`; the columns
            `CATALOGUE_COLUMNS_NEEDED` do.
        test, validation: fractions of each class in [0, 1); 0 draws none.
        seed: any integer of at least 0.

    Returns:
        Columns file, class, label (position of the class among the sorted classes), partition,
        row (position within the partition, in order of file: the row in the packed array), group
        (number of the independent group, from 0; an image alone is a group of its own), digest
        (the first 16 digits of the SHA-256 of the file) and given (whether the data set gives the
        partition).

    Raises:
        UserError: naming all classes that cannot be divided, with what they have and need.
    """
    kept = catalogue[catalogue["kept"]].sort_values("file", ignore_index=True)
    classes = sorted(catalogue["class"].unique())
    partition = kept["given_partition"].replace("", "train").to_numpy(dtype=object, copy=True)
    draws = [
        (name, fraction, number)
        for number, (name, fraction) in enumerate((("test", test), ("validation", validation)))
        if name not in partition and fraction > 0
    ]
    groups = _group_numbers(kept)
    _check_groups(catalogue, kept.assign(group=groups)[partition == "train"], classes, draws)
    for left, (name, fraction, number) in zip(range(len(draws), 0, -1), draws, strict=True):
        available = kept.assign(group=groups)[partition == "train"]
        draw = _Draw(available, fraction, [seed, number], left)
        drawn = draw.draw()
        if draw.impossible:
            raise UserError(
                _cannot_be_divided(
                    [_shortage(catalogue, available, label, left + 1) for label in draw.impossible],
                    draws,
                )
            )
        partition[drawn] = name
    split = pd.DataFrame(
        {
            "file": kept["file"],
            "class": kept["class"],
            "label": kept["class"].map({name: label for label, name in enumerate(classes)}),
            "partition": partition,
            "group": groups,
            "digest": kept["digest"].str[:16],
            "given": kept["given_partition"] == partition,
            "weight": kept["weight"],
        }
    )
    _check_counts(catalogue, split, classes)
    _warn_of_few_groups(split)
    split["row"] = split.groupby("partition").cumcount()
    order = split["partition"].map(PARTITIONS.index)
    return split.iloc[np.argsort(order, kind="stable")].reset_index(drop=True)[list(SPLIT_COLUMNS)]


def without_given_test(catalogue: pd.DataFrame, refuse: bool) -> pd.DataFrame:
    """The catalogue without the test partition that the data set gives, so that one is drawn.

    Args:
        catalogue: As of `split_images`.
        refuse: Whether such a partition is an error.

    Raises:
        UserError: There is one, and it is refused.
    """
    given = catalogue["given_partition"] == "test"
    if refuse and (given & catalogue["kept"]).any():
        raise UserError(
            f"split.repeats: the data set gives the test partition "
            f"({int((given & catalogue['kept']).sum())} images), so there is one division; set "
            "split.repeat_given: true to divide all images again all the same, or leave "
            "split.repeats out"
        )
    return catalogue.assign(given_partition=catalogue["given_partition"].mask(given, ""))


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


def _generator(seeds: list[int], name: str) -> np.random.Generator:
    return np.random.default_rng([*seeds, zlib.crc32(name.encode())])


def _group_numbers(kept: pd.DataFrame) -> NDArray[np.int64]:
    """Number the groups from 0 in order of their first file; an image alone is one, too."""
    numbers: dict[tuple[bool, int], int] = {}
    return np.array(
        [
            numbers.setdefault((group > 0, group or index), len(numbers))
            for index, group in enumerate(kept["group"].tolist())
        ],
        np.int64,
    )


@dataclass(frozen=True)
class _Unit:
    """Images that are drawn together: their positions, and how many of each class."""

    positions: list[int]
    counts: Counter[str]

    @property
    def size(self) -> int:
        return len(self.positions)


class _Totals(NamedTuple):
    """Images and groups of each class."""

    images: Counter[str]
    groups: Counter[str]


class _Draw:
    """One partition drawn from the images that are available.

    Attributes:
        impossible: Classes of which no group could be drawn, or none left.
    """

    def __init__(
        self, available: pd.DataFrame, fraction: float, seeds: list[int], reserve: int
    ) -> None:
        """Prepare a draw that leaves at least `reserve` groups of each class."""
        self._fraction, self._seeds, self._reserve = fraction, seeds, reserve
        members: dict[int, list[int]] = {}
        for position, group in zip(
            available.index.tolist(), available["group"].tolist(), strict=True
        ):
            members.setdefault(group, []).append(position)
        class_of = dict(zip(available.index.tolist(), available["class"].tolist(), strict=True))
        # Most units are one image; those of a class share their counts.
        alone = {label: Counter([label]) for label in set(class_of.values())}
        self._units = [
            _Unit(
                positions,
                alone[class_of[positions[0]]]
                if len(positions) == 1
                else Counter(class_of[position] for position in positions),
            )
            for positions in members.values()
        ]
        self._images = Counter(class_of.values())
        self._groups = Counter(label for unit in self._units for label in unit.counts)
        self._taken: list[_Unit] = []
        self._by_class: dict[str, list[_Unit]] = {}
        for unit in sorted(self._units, key=lambda unit: (unit.size, unit.positions)):
            for label in unit.counts:
                self._by_class.setdefault(label, []).append(unit)
        self.impossible: list[str] = []

    def draw(self) -> list[int]:
        """Return the positions of the images drawn, groups together."""
        pure: dict[str, list[_Unit]] = {label: [] for label in sorted(self._images)}
        mixed = [unit for unit in self._units if len(unit.counts) > 1]
        for unit in self._units:
            if len(unit.counts) == 1:
                pure[next(iter(unit.counts))].append(unit)
        self._draw_mixed(mixed)
        # Other classes' own groups have no image of a class.
        taken, seen = _totals(self._taken), _totals(mixed)
        for label, units in pure.items():
            self._draw_class(label, units, taken, seen)
        self._repair()
        return [position for unit in self._taken for position in unit.positions]

    def _draw_mixed(self, mixed: list[_Unit]) -> None:
        """Draw among groups of several classes, the largest first."""
        order = _generator(self._seeds, "").permutation(len(mixed)).tolist()
        images: Counter[str] = Counter()
        groups: Counter[str] = Counter()
        seen_images: Counter[str] = Counter()
        seen_groups: Counter[str] = Counter()
        for index in sorted(order, key=lambda index: -mixed[index].size):
            counts = mixed[index].counts
            seen_images.update(counts)
            seen_groups.update(counts.keys())
            gain = 0.0
            for label in sorted(counts):
                seen = seen_images[label], seen_groups[label]
                gain += self._error(label, images[label], groups[label], *seen)
                taken = images[label] + counts[label], groups[label] + 1
                gain -= self._error(label, *taken, *seen)
            if gain > 1e-9:
                self._taken.append(mixed[index])
                images.update(counts)
                groups.update(counts.keys())

    def _draw_class(self, label: str, units: list[_Unit], taken: _Totals, seen: _Totals) -> None:
        """Draw among the groups of one class: of each size some, the largest size first.

        Args:
            label: The class.
            units: The groups that have no other class.
            taken: What was drawn of the groups of several classes.
            seen: All groups of several classes.
        """
        taken_images, taken_groups = taken.images[label], taken.groups[label]
        seen_images, seen_groups = seen.images[label], seen.groups[label]
        order = _generator(self._seeds, label).permutation(len(units)).tolist()
        sizes = sorted({unit.size for unit in units}, reverse=True)
        drawn: list[_Unit] = []
        for size in sizes:
            alike = [units[index] for index in order if units[index].size == size]
            seen_images, seen_groups = seen_images + size * len(alike), seen_groups + len(alike)
            # The one largest group stays in train.
            largest = size == sizes[0] and len(alike) == 1 and len(units) > 1
            most = 0 if largest else len(alike)
            counts = np.arange(most + 1)
            errors = self._error(
                label,
                taken_images + size * counts,
                taken_groups + counts,
                seen_images,
                seen_groups,
            )
            likely = round(self._fraction * len(alike))
            best = np.flatnonzero(errors <= errors.min() + 1e-9)
            count = int(best[np.abs(best - likely).argmin()])
            drawn += alike[:count]
            taken_images, taken_groups = taken_images + size * count, taken_groups + count
        limit = self._groups[label] - self._reserve
        while drawn and taken_groups > limit:
            drawn.pop()
            taken_groups -= 1
        if not taken_groups and limit > 0 and units:
            drawn.append(next(units[index] for index in order if units[index].size == sizes[-1]))
        self._taken += drawn

    def _error(
        self,
        label: str,
        taken_images: int | NDArray[np.int64],
        taken_groups: int | NDArray[np.int64],
        seen_images: int,
        seen_groups: int,
    ) -> Any:
        """How far a draw is from its share of the images and of the groups seen so far."""
        images = np.abs(taken_images - self._fraction * seen_images) / self._images[label]
        groups = np.abs(taken_groups - self._fraction * seen_groups) / self._groups[label]
        return images + groups

    def _repair(self) -> None:
        """Move groups of several classes where a class would have none on one side."""
        ids = {id(unit) for unit in self._taken}
        taken = Counter(label for unit in self._taken for label in unit.counts)
        for _ in range(2):
            for label in sorted(self._images):
                if 1 <= taken[label] <= self._groups[label] - self._reserve:
                    continue
                for unit in self._by_class[label]:
                    here = id(unit) in ids
                    if not here and not taken[label] and self._can_move(unit, taken, 1):
                        ids.add(id(unit))
                        taken.update(unit.counts.keys())
                    elif (
                        here
                        and taken[label] > self._groups[label] - self._reserve
                        and self._can_move(unit, taken, -1)
                    ):
                        ids.remove(id(unit))
                        taken.subtract(unit.counts.keys())
        self.impossible = [
            label
            for label in sorted(self._images)
            if not 1 <= taken[label] <= self._groups[label] - self._reserve
        ]
        if ids != {id(unit) for unit in self._taken}:
            self._taken = [unit for unit in self._units if id(unit) in ids]

    def _can_move(self, unit: _Unit, taken: Counter[str], by: int) -> bool:
        return all(
            taken[label] + by <= self._groups[label] - self._reserve
            if by > 0
            else taken[label] + by >= 1
            for label in unit.counts
        )


def _totals(units: list[_Unit]) -> _Totals:
    """Count the images and the groups of each class in some units."""
    images: Counter[str] = Counter()
    groups: Counter[str] = Counter()
    for unit in units:
        images.update(unit.counts)
        groups.update(unit.counts.keys())
    return _Totals(images, groups)


def _check_groups(
    catalogue: pd.DataFrame,
    available: pd.DataFrame,
    classes: list[str],
    draws: list[tuple[str, float, int]],
) -> None:
    """Refuse classes with fewer independent groups than there are partitions to fill."""
    if not draws:
        return
    needed = len(draws) + 1
    groups = available.groupby("class")["group"].nunique()
    short = [
        _shortage(catalogue, available, label, needed)
        for label in classes
        if groups.get(label, 0) < needed
    ]
    if short:
        raise UserError(_cannot_be_divided(short, draws))


def _cannot_be_divided(short: list[str], draws: list[tuple[str, float, int]]) -> str:
    names = [name for name, _, _ in draws]
    keys = " and ".join(f"split.{name}" for name in names)
    return (
        f"too few independent images to draw {' and '.join(names)} from ({keys}), each partition "
        f"needs at least one group of every class: {named(short, _MAX_CLASSES_NAMED)}"
    )


def _shortage(catalogue: pd.DataFrame, available: pd.DataFrame, label: str, needed: int) -> str:
    """Say what a class has and needs, and what was left out of it and why."""
    rows = available[available["class"] == label]
    groups = rows["group"].nunique()
    text = f"class {label!r} has {len(rows)} usable images in {groups} independent groups"
    if groups < len(rows):
        text += f" ({_why_grouped(catalogue[catalogue['file'].isin(rows['file'])])})"
    return f"{text} and needs {needed}{left_out(catalogue, label)}"


def _why_grouped(rows: pd.DataFrame) -> str:
    reasons = []
    if (rows["given_group"] != "").any():
        reasons.append("dataset.group and dataset.groups")
    if (rows.loc[rows["given_group"] == "", "group"] > 0).any():
        reasons.append("duplicates; dataset.duplicates.near: false looks for exact ones only")
    return "grouped by " + " and ".join(reasons or ["duplicates"])


def left_out(catalogue: pd.DataFrame, label: str) -> str:
    """Say how many images of a class were found and why some were left out; "" if none were."""
    rows = catalogue[catalogue["class"] == label]
    dropped = rows[~rows["kept"]]
    if dropped.empty:
        return ""
    kinds: Counter[str] = Counter()
    for reason, problem in zip(dropped["reason"], dropped["problem"], strict=True):
        if problem:
            kinds["unusable files, dataset.on_problem"] += 1
        elif reason.startswith("leak"):
            kinds["leaks, dataset.duplicates.leaks"] += 1
        else:
            kinds["conflicts, dataset.duplicates.conflicts"] += 1
    why = "; ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
    return f" ({len(rows)} found, {len(dropped)} left out: {why})"


def _warn_of_few_groups(split: pd.DataFrame) -> None:
    """Name the classes that train on few independent groups."""
    train = split[split["partition"] == "train"].groupby("class")["group"]
    few = [
        f"{label!r} has {groups} in {count} images"
        for label, groups, count in zip(
            train.nunique().index, train.nunique(), train.size(), strict=True
        )
        if groups < MIN_TRAINING_GROUPS
    ]
    if few:
        _log.warning(
            "classes that train on fewer than %d independent groups of images (copies, frames of "
            "one scene or images of one subject are one group); what is learned of them may not "
            "hold for other images: %s",
            MIN_TRAINING_GROUPS,
            named(few, _MAX_CLASSES_NAMED),
        )


def _check_counts(catalogue: pd.DataFrame, split: pd.DataFrame, classes: list[str]) -> None:
    """Refuse a split in which a class has no images in some partition."""
    present = [name for name in PARTITIONS if name == "train" or name in set(split["partition"])]
    counts = split.groupby(["partition", "class"]).size()
    missing = [
        f"{label!r} has {int((split['class'] == label).sum())} usable images and none "
        f"of them in {name}{left_out(catalogue, label)}"
        for label in classes
        for name in present
        if (name, label) not in counts
    ]
    if missing:
        raise UserError(
            f"too few images: {named(missing, _MAX_CLASSES_NAMED)}; every class needs at least "
            f"{len(present)}, one in each of {', '.join(present)}"
        )
