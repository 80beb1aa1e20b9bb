"""What a data set holds, from a look at a part of its images."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import NamedTuple

import numpy as np

from scenery.data.image_listing import FoundImage, named
from scenery.data.images import (
    FORMATS,
    WHITE_LEVEL,
    ImageFacts,
    Pixels,
    examine_image,
    is_sixteen_bit,
)
from scenery.data.sources import list_images, source_root
from scenery.data.white_level import likely_white_level
from scenery.errors import UserError

# Decoding all images of a large data set would take minutes.
MAX_LOOKED_AT = 300
MAX_NAMES = 3


@dataclass(frozen=True)
class Survey:
    """Facts about a data set.

    Attributes:
        counts: Number of images of each class in each partition; the partition is "" where the
            data set gives none.
        sizes: Width and height of the images that were looked at.
        gray: Whether all of them are gray.
        white_level: The value that probably is white, where images of 16 bits are nearly black;
            None otherwise.
    """

    counts: dict[str, dict[str, int]]
    sizes: tuple[tuple[int, int], ...]
    gray: bool
    white_level: int | None = None

    @property
    def classes(self) -> list[str]:
        """The classes, sorted."""
        return sorted({name for counts in self.counts.values() for name in counts})

    @property
    def images(self) -> int:
        """Number of images."""
        return sum(sum(counts.values()) for counts in self.counts.values())

    @property
    def partitions(self) -> list[str]:
        """The partitions that the data set gives."""
        return [name for name in self.counts if name]

    @property
    def side(self) -> int:
        """Median of the images' smaller sides, in pixels."""
        return round(median(min(size) for size in self.sizes))

    def per_class(self, partition: str) -> list[int]:
        """Number of images of each class in a partition."""
        return [self.counts[partition].get(name, 0) for name in self.classes]


def survey(path: Path, root: Path | None = None) -> Survey:
    """Look at a data set.

    Args:
        path: A folder or a manifest, as for `list_images`.
        root: The folder of a manifest's files; None: the manifest's own.

    Raises:
        UserError: It is no data set, a class has too few images, or some of the images that were
            looked at cannot be read.
    """
    images = _list(path, root)
    counts: dict[str, Counter[str]] = {}
    for image in images:
        counts.setdefault(image.partition, Counter())[image.class_name] += 1
    _refuse_small_classes(path, counts)
    # Sorted by file and so by class; equal steps reach every class of some size.
    looked_at = images[:: -(-len(images) // MAX_LOOKED_AT)]
    folder = source_root(path, root)
    looks = [_look(folder / image.file) for image in looked_at]
    _refuse_unreadable(path, looked_at, [look.facts for look in looks])
    sixteen_bits = [look.brightest for look in looks if is_sixteen_bit(look.facts.mode)]
    return Survey(
        counts={name: dict(count) for name, count in sorted(counts.items())},
        sizes=tuple((look.facts.width, look.facts.height) for look in looks),
        gray=all(look.gray for look in looks),
        white_level=likely_white_level(sixteen_bits, WHITE_LEVEL),
    )


def _list(path: Path, root: Path | None) -> list[FoundImage]:
    try:
        return list_images(path, root)
    except UserError as error:
        tables = sorted(path.glob("*.csv")) if path.is_dir() else []
        if not tables:
            raise
        raise UserError(f"{error}; or give the table instead of the folder: {tables[0]}") from None


class _Look(NamedTuple):
    """The facts of a file, whether it is gray, and its largest value."""

    facts: ImageFacts
    gray: bool
    brightest: int


def _look(file: Path) -> _Look:
    facts, pixels = examine_image(file)
    if pixels is None:
        return _Look(facts, False, 0)
    return _Look(facts, _is_gray(pixels), int(pixels.max()))


def _is_gray(pixels: Pixels) -> bool:
    return bool(np.array_equal(pixels[..., 0], pixels[..., 1])) and bool(
        np.array_equal(pixels[..., 1], pixels[..., 2])
    )


def _refuse_small_classes(path: Path, counts: dict[str, Counter[str]]) -> None:
    # Test and validation images are drawn from the rest where the data set gives none.
    drawn = [name for name in ("test", "validation") if name not in counts]
    partition = "train" if "train" in counts else ""
    least = 1 + len(drawn)
    short = [f"{name!r} ({n})" for name, n in sorted(counts[partition].items()) if n < least]
    if short:
        raise UserError(
            f"{path}: classes with too few images: {named(short)}; each needs at least {least}, "
            f"one each for {', '.join(['train', *drawn])}"
        )


def _refuse_unreadable(path: Path, images: list[FoundImage], facts: list[ImageFacts]) -> None:
    broken = [
        f"{image.file} ({fact.problem})"
        for image, fact in zip(images, facts, strict=True)
        if fact.problem
    ]
    if broken:
        raise UserError(
            f"{path}: {len(broken)} of {len(images)} images looked at cannot be read: "
            f"{named(broken, MAX_NAMES)}; remove them, or convert them to one of "
            f"{', '.join(FORMATS)}"
        )
