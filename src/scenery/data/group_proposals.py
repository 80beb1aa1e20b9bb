"""Groups of images that are probably not independent, by folders, names, EXIF data and features.

A study divides images of one patient, object or scene by chance, unless it knows of them. Where the
data set does not say so, the places and names of the files often do.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import ExifTags, Image

from scenery.data.duplicates import number_groups
from scenery.data.image_listing import FoundImage, named

# Photographs that a camera took within so many seconds of each other show one scene.
BURST_SECONDS = 10
# A class of fewer groups could not be divided into train, validation and test.
MIN_GROUPS_OF_CLASS = 3
# Names of files are taken for a scheme if this share of them has it.
MIN_SHARE_NAMED = 0.5
_WITH_EXIF = ("JPEG", "TIFF", "WEBP", "PNG")
_TIME, _TIME_OF_FILE, _SERIAL = 0x9003, 0x0132, 0xA431


class Capture(NamedTuple):
    """When and by which camera a photograph was taken."""

    camera: str
    time: datetime


def read_capture(file: Path, kind: str) -> Capture | None:
    """Read camera and time from the EXIF data of an image that can be read.

    Args:
        file: The image.
        kind: Its format, as Pillow names it.

    Returns:
        None where the data are missing or broken.
    """
    if kind not in _WITH_EXIF:
        return None
    try:
        with Image.open(file) as image:
            exif = image.getexif()
            details = exif.get_ifd(ExifTags.IFD.Exif)
        parts = (exif.get(ExifTags.Base.Make), exif.get(ExifTags.Base.Model), details.get(_SERIAL))
        time = str(details.get(_TIME) or exif.get(_TIME_OF_FILE) or "")
        camera = " ".join(str(part).strip("\0 ") for part in parts if part)
        return Capture(camera, datetime.strptime(time.strip("\0 "), "%Y:%m:%d %H:%M:%S"))
    except Exception:
        # Broken EXIF data make Pillow raise nearly anything.
        return None


def propose_groups(
    found: Sequence[FoundImage],
    captures: Sequence[Capture | None],
    alike: NDArray[np.int64] | None = None,
) -> list[str]:
    """Name the group to which each image probably belongs; "" for none.

    Four schemes are looked for, and joined where they share images:

    - folders inside class folders, such as ``ill/patient_3/1.png``;
    - names that go on after a number, such as ``Case_12_left.png``, if most files have one;
    - photographs that one camera took at most `BURST_SECONDS` (10) seconds after each other;
    - images whose feature vectors are nearly equal, see `scenery.data.similarity`.

    A scheme counts only if it leaves every class at least `MIN_GROUPS_OF_CLASS` (3) groups.

    Args:
        found: The images.
        captures: Camera and time of each; None where unknown.
        alike: Pairs of positions of images with nearly equal feature vectors, shape (pairs, 2);
            None: features are not looked at.
    """
    schemes = [
        _of_names([_folder(image) for image in found], 0.0),
        _of_names([_stem_key(image) for image in found], MIN_SHARE_NAMED),
        _of_names(_bursts(captures), 0.0),
        _chains(found, alike),
    ]
    classes = [image.class_name for image in found]
    usable = [names for names in schemes if _leaves_enough(names, classes)]
    links: list[tuple[int, int]] = []
    for names in usable:
        first: dict[str, int] = {}
        links += [
            (first[name], index)
            for index, name in enumerate(names)
            if name and first.setdefault(name, index) != index
        ]
    numbers = number_groups(np.array(links, np.int64).reshape(-1, 2), len(found)).tolist()
    joined = [str(number) if number else "" for number in numbers]
    if not _leaves_enough(joined, classes):
        return [""] * len(found)
    label: dict[int, str] = {}
    for index, number in enumerate(numbers):
        if number not in label:
            label[number] = next((names[index] for names in usable if names[index]), "")
    # Two groups may have one name if a scheme names only a part of each.
    shared = Counter(label.values())
    return [
        "" if not number else _unique(label[number], number, shared[label[number]])
        for number in numbers
    ]


def _unique(name: str, number: int, times: int) -> str:
    return name if name and times == 1 else f"{name or 'group'} ({number})"


def _folder(image: FoundImage) -> str:
    """The folders between the class folder and the file."""
    folders = PurePosixPath(image.file).parts[:-1]
    if image.class_name not in folders:
        return ""
    return "/".join(folders[folders.index(image.class_name) + 1 :])


def _stem_key(image: FoundImage) -> str:
    """The name up to its first number, if it goes on after it: Case_12 of Case_12_left.png."""
    found = re.match(r"(.*?[0-9]+)[ _.()-]+\S", PurePosixPath(image.file).stem)
    return found[1] if found else ""


def _bursts(captures: Sequence[Capture | None]) -> list[str]:
    """Name the run of photographs in which each was taken, by camera and first time."""
    names = [""] * len(captures)
    by_camera: dict[str, list[tuple[datetime, int]]] = defaultdict(list)
    for index, capture in enumerate(captures):
        if capture is not None:
            by_camera[capture.camera].append((capture.time, index))
    for camera, shots in by_camera.items():
        start = last = None
        for time, index in sorted(shots):
            if last is None or (time - last).total_seconds() > BURST_SECONDS:
                start = time
            names[index] = f"{camera} {start}".strip()
            last = time
    return names


def _chains(found: Sequence[FoundImage], alike: NDArray[np.int64] | None) -> list[str]:
    """Name the images that pairs connect by the first of them."""
    if alike is None:
        return [""] * len(found)
    numbers = number_groups(alike, len(found)).tolist()
    first: dict[int, str] = {}
    for image, number in zip(found, numbers, strict=True):
        first.setdefault(number, f"like {image.file}")
    return [first[number] if number else "" for number in numbers]


def _of_names(names: list[str], min_share: float) -> list[str]:
    """Leave out names that stand alone; all of them if too few images have one."""
    if sum(map(bool, names)) < min_share * len(names):
        return [""] * len(names)
    counts = Counter(names)
    return [name if name and counts[name] > 1 else "" for name in names]


def _leaves_enough(names: list[str], classes: list[str]) -> bool:
    """Whether there are groups, and every class has enough of them; images alone count, too."""
    groups: dict[str, set[str]] = defaultdict(set)
    for index, (name, label) in enumerate(zip(names, classes, strict=True)):
        groups[label].add(name or f"\0{index}")
    return any(names) and min(map(len, groups.values())) >= MIN_GROUPS_OF_CLASS


def proposed_table(catalogue: pd.DataFrame) -> pd.DataFrame:
    """List the proposed groups, the largest first.

    Returns:
        Columns group, images, classes, first (one of its files) and in_use (whether the study
        keeps it together).
    """
    rows = catalogue[catalogue["proposed_group"] != ""]
    table = pd.DataFrame(
        [
            {
                "group": name,
                "images": len(members),
                "classes": ", ".join(sorted(members["class"].unique())),
                "first": members["file"].iloc[0],
                "in_use": bool((members["given_group"] == name).any()),
            }
            for name, members in rows.groupby("proposed_group")
        ],
        columns=["group", "images", "classes", "first", "in_use"],
    )
    return table.sort_values(["images", "group"], ascending=[False, True], ignore_index=True)


def describe_proposed(catalogue: pd.DataFrame) -> str:
    """Say which groups are proposed; "" for none, or where the data set gives groups itself."""
    if (catalogue["given_group"] != "").any():
        return ""
    table = proposed_table(catalogue)
    if table.empty:
        return ""
    shown = [f"{row.group} ({row.images} images)" for row in table.itertuples()]
    return (
        f"{len(table)} groups of images are probably not independent, by their folders, names or "
        f"EXIF data: {named(shown)}. They may lie in train and test. If they belong together, set "
        "dataset.groups: auto"
    )
