"""What every kind of source gives: images with a class and perhaps a partition.

Standard library only: the Snakefile reads sources in every dry run.
"""

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from scenery.errors import UserError

IMAGE_EXTENSIONS = frozenset(
    [".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".bmp", ".webp", ".tif", ".tiff", ".gif"]
)

# Unicode's categories: control characters, surrogates, separators of lines and paragraphs.
_UNWRITABLE = frozenset(["Cc", "Cs", "Zl", "Zp"])

PARTITIONS = ("train", "validation", "test")
_PARTITION_SPELLINGS = {
    "tr": "train",
    "train": "train",
    "training": "train",
    "dev": "validation",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "te": "test",
    "test": "test",
    "testing": "test",
}
PARTITION_HELP = (
    "train (or tr, training), validation (or val, valid, dev), test (or te, testing), "
    "in capital or small letters"
)


class FoundImage(NamedTuple):
    """One image file.

    Attributes:
        file: POSIX path relative to the root.
        class_name: The label.
        partition: train, validation or test; "" where the data set gives none.
        group: Name of the group that must lie in one partition (a patient, a scene); "" for none.
        weight: Of the image in the training loss.
    """

    file: str
    class_name: str
    partition: str
    group: str = ""
    weight: float = 1.0


def partition_of(name: str) -> str | None:
    """Return ``train``, ``validation`` or ``test`` for any of its spellings, else None."""
    return _PARTITION_SPELLINGS.get(name.strip().casefold())


def named(items: Sequence[object], most: int = 10) -> str:
    """Join items for a message; beyond `most` of them, only count the rest."""
    shown = ", ".join(str(item) for item in items[:most])
    return shown if len(items) <= most else f"{shown} and {len(items) - most} more"


def checked(found: Iterable[FoundImage], source: str) -> list[FoundImage]:
    """Sort what was found and refuse what no study can be run on.

    Raises:
        UserError: no images, a single class, names that cannot be written to a table, no
            training images beside given partitions, or a class missing in one partition.
    """
    images = sorted(found)
    if not images:
        extensions = " ".join(sorted(IMAGE_EXTENSIONS))
        raise UserError(f"{source}: no images found; files ending in {extensions} are looked for")
    _check_printable(images, source)
    _check_spellings("classes", {image.class_name for image in images}, source)
    _check_spellings("groups", {image.group for image in images}, source)
    classes = sorted({image.class_name for image in images})
    if len(classes) == 1:
        raise UserError(
            f"{source}: only one class, {classes[0]!r}; a study needs at least two, "
            "each in a folder (or under a name) of its own"
        )
    _check_partitions(images, classes, source)
    return images


def _check_printable(images: list[FoundImage], source: str) -> None:
    bad = [name for image in images for name in image[:2] if not _can_be_written(name)]
    if bad:
        raise UserError(
            f"{source}: names with control characters or broken encoding, please rename: "
            f"{named([ascii(name) for name in bad])}"
        )


def _can_be_written(name: str) -> bool:
    """Whether a name has no control characters, surrogates, or separators of lines.

    Other characters that cannot be seen (a narrow space, a soft hyphen) are left alone: macOS
    puts some into the names of screenshots.
    """
    return name.isprintable() or _UNWRITABLE.isdisjoint(map(unicodedata.category, name))


def _check_spellings(what: str, names: set[str], source: str) -> None:
    """Refuse names that look alike, of which one is a slip."""
    alike: dict[str, list[str]] = defaultdict(list)
    for name in sorted(names):
        alike[_spelling(name)].append(name)
    faults = [
        f"{' and '.join(map(_visible, same))} ({_difference(same)})"
        for same in alike.values()
        if len(same) > 1
    ]
    if faults:
        raise UserError(
            f"{source}: names of {what} that look alike; rename them, to the same name if they "
            f"mean the same: {named(faults)}"
        )


def _spelling(name: str) -> str:
    """A name without what a reader may overlook: case, spaces, Unicode forms, invisible signs."""
    plain = unicodedata.normalize("NFC", name)
    visible = "".join(sign for sign in plain if unicodedata.category(sign) != "Cf")
    return unicodedata.normalize("NFC", " ".join(visible.split()).casefold())


def _difference(names: list[str]) -> str:
    """Say in what names of one spelling differ."""

    def without_spaces(name: str) -> str:
        return " ".join(name.split())

    def composed(name: str) -> str:
        return unicodedata.normalize("NFC", name)

    def visible(name: str) -> str:
        return "".join(sign for sign in name if unicodedata.category(sign) != "Cf")

    steps = (
        ("accents as one or as two characters, Unicode NFC and NFD", composed),
        ("invisible characters", visible),
        ("spaces", without_spaces),
        ("capital letters", str.casefold),
    )
    found = []
    for words, left_out in steps:
        # A difference counts if the names differ still when all others are taken away.
        rest = list(names)
        for _, step in steps:
            if step is not left_out:
                rest = [step(name) for name in rest]
        if len(set(rest)) > 1:
            found.append(words)
    return "they differ in " + " and ".join(found or ["capital letters"])


def _visible(name: str) -> str:
    return repr(name) if name.isascii() else f"{name!r} = {name!a}"


def _check_partitions(images: list[FoundImage], classes: list[str], source: str) -> None:
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for image in images:
        counts[image.partition][image.class_name] += 1
    if set(counts) == {""}:
        return
    if "train" not in counts:
        raise UserError(
            f"{source}: images for {named(sorted(counts))} but none for train; "
            f"partitions are {PARTITION_HELP}"
        )
    missing = [
        f"{class_name!r} in {partition}"
        for partition in PARTITIONS
        for class_name in classes
        if partition in counts and class_name not in counts[partition]
    ]
    if missing:
        raise UserError(
            f"{source}: class without images: {named(missing)}; every class must have images in "
            f"every partition given; the classes are {named(classes)}"
        )
