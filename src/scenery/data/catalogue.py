"""The catalogue: one row for each image file, what is wrong with it, and what becomes of it."""

import itertools
import logging
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from scenery.data.duplicates import DuplicateGroups, find_duplicates, number_groups
from scenery.data.fingerprints import Fingerprint, Fingerprints, fingerprint
from scenery.data.group_proposals import Capture, propose_groups, read_capture
from scenery.data.image_listing import PARTITIONS, FoundImage, named
from scenery.data.images import (
    MAX_PIXELS,
    WHITE_LEVEL,
    ImageFacts,
    examine_image,
    is_sixteen_bit,
    read_image,
)
from scenery.data.resaved import is_resaved
from scenery.data.review import similar_pairs
from scenery.data.similarity import near_duplicates
from scenery.data.tables import CATALOGUE_COLUMNS, with_types
from scenery.data.white_level import DARK_SHARE, likely_white_level
from scenery.errors import UserError

OnProblem = Literal["stop", "leave_out"]
OnDuplicates = Literal["drop", "stop", "keep"]
GroupSource = Literal["given", "auto"]

# Of the copies of a picture, the one in the partition that decides most is the one to stay.
_PROTECTION = {"test": 2, "validation": 1, "train": 0, "": 0}
_log = logging.getLogger("scenery")

_FILES_AT_ONCE = 128
# Fewer images that look alike are one scene rather than a layout.
_LEAST_LAYOUT = 10
_MOST_NAMED = 100


class _Examined(NamedTuple):
    """One file: its facts, SHA-256, fingerprint and largest value of its pixels, and EXIF data."""

    facts: ImageFacts
    pixel_digest: str
    fingerprint: Fingerprint | None
    brightest: int
    capture: Capture | None


def make_catalogue(
    found: Sequence[FoundImage],
    root: Path,
    max_pixels: int = MAX_PIXELS,
    near: bool = True,
    threads: int = 1,
    scratch: Path = Path(),
    white_level: int = WHITE_LEVEL,
    groups: GroupSource = "given",
    vectors: NDArray[np.floating] | None = None,
) -> pd.DataFrame:
    """Read every image once and list what it is, with its problem or its duplicates.

    Args:
        found: images with paths relative to `root`.
        max_pixels: files with more pixels (width times height) get a problem.
        near: look for near duplicates too; exact ones are always looked for.
        threads: files read, and parts of the images compared, at the same time.
        white_level: the 16-bit value that becomes white. If no image of 16 bits is brighter than a
            quarter of it, a warning names the likely one.
        groups: auto uses the groups that `scenery.data.group_proposals.propose_groups` proposes,
            for images that the data set gives none.
        vectors: feature vectors of the images, shape (images, values), by which more groups are
            proposed; zeros for an image that cannot be read.
        scratch: Folder for the fingerprints of the images, 8 kB for each.

    Returns:
        One row per file in the given order, columns `CATALOGUE_COLUMNS`: file, class,
        given_partition, given_group and proposed_group ("" without), width and height (pixels),
        mode, format, bytes, digest (SHA-256 of the file), problem ("" without), duplicate_group
        (1, 2, ...; 0 without), duplicate_kind (exact, near or ""), group (1, 2, ...; 0 for an image
        that is independent of all others: duplicates, images that look alike and given groups,
        joined where they share images), similar_to (file of the image that is most like it without
        being a certain duplicate; "" without) and similar_distance (0 the same to 1; NaN without).
    """
    facts: dict[str, list[object]] = {name: [] for name in ImageFacts._fields}
    contents: list[tuple[str, str]] = []
    fingerprints = Fingerprints(len(found), scratch) if near else None
    brightest: list[int] = []
    captures: list[Capture | None] = []
    for index, examined in enumerate(
        _examine_all(found, root, max_pixels, near, threads, white_level)
    ):
        for name, value in zip(facts, examined.facts, strict=True):
            facts[name].append(value)
        captures.append(examined.capture)
        if examined.pixel_digest and is_sixteen_bit(examined.facts.mode):
            brightest.append(examined.brightest)
        # A file that cannot be used has no duplicates, not even itself once more.
        contents.append(
            (examined.facts.digest if examined.pixel_digest else "", examined.pixel_digest)
        )
        if fingerprints and examined.fingerprint:
            fingerprints.add(index, examined.fingerprint)
    _warn_of_dark_images(brightest, white_level)

    def resaved(first: int, second: int) -> bool:
        files = root / found[first].file, root / found[second].file
        return is_resaved(*files, lambda file: read_image(file, max_pixels, white_level))

    proposed = propose_groups(found, captures, _like_pairs(found, vectors))
    if groups == "auto":
        found = [
            image._replace(group=image.group or name)
            for image, name in zip(found, proposed, strict=True)
        ]
    duplicates = find_duplicates(contents, fingerprints, resaved, threads)
    return _table(found, facts, proposed, duplicates)


def _like_pairs(
    found: Sequence[FoundImage], vectors: NDArray[np.floating] | None
) -> NDArray[np.int64]:
    """The pairs of images that show the same by their feature vectors, shape (pairs, 2)."""
    if vectors is None:
        return np.empty((0, 2), np.int64)
    if len(vectors) != len(found):
        raise UserError(
            f"{len(vectors)} images had feature vectors, and the data set now has {len(found)}; "
            "files were added or taken away meanwhile, so run the study again"
        )
    usable = np.flatnonzero(np.any(vectors != 0, axis=1))
    labels = np.unique([found[index].class_name for index in usable.tolist()], return_inverse=True)[
        1
    ]
    pairs: NDArray[np.int64] = usable[near_duplicates(vectors[usable], labels)]
    return pairs


def _warn_of_dark_images(brightest: list[int], white_level: int) -> None:
    """Warn where images of 16 bits are nearly black, as 12-bit values are."""
    likely = likely_white_level(brightest, white_level)
    if likely is not None:
        _log.warning(
            "%d images of 16 bits are nearly black: no value is above 1/%d of the white level %d. "
            "If the camera or scanner has %d bits, set dataset.white_level: %d",
            *(len(brightest), DARK_SHARE, white_level, likely.bit_length(), likely),
        )


def _examine_all(
    found: Sequence[FoundImage],
    root: Path,
    max_pixels: int,
    near: bool,
    threads: int,
    white_level: int,
) -> Iterator[_Examined]:
    """Examine files in order; only few are in flight, since decoded images are large."""

    def examine(image: FoundImage) -> _Examined:
        facts, pixels = examine_image(root / image.file, max_pixels, white_level)
        if pixels is None:
            return _Examined(facts, "", None, 0, None)
        digest = sha256(repr(pixels.shape).encode() + pixels.tobytes()).hexdigest()
        print_ = fingerprint(pixels) if near else None
        capture = read_capture(root / image.file, facts.format)
        return _Examined(facts, digest, print_, int(pixels.max()), capture)

    with ThreadPoolExecutor(threads) as pool:
        for start in range(0, len(found), _FILES_AT_ONCE):
            yield from pool.map(examine, found[start : start + _FILES_AT_ONCE])


def _table(
    found: Sequence[FoundImage],
    facts: dict[str, list[object]],
    proposed: Sequence[str],
    duplicates: DuplicateGroups,
) -> pd.DataFrame:
    nearest, distances = _nearest(found, duplicates)
    columns: dict[str, list[object]] = {
        **facts,
        "file": [image.file for image in found],
        "class": [image.class_name for image in found],
        "given_partition": [image.partition for image in found],
        "given_group": [image.group for image in found],
        "proposed_group": list(proposed),
        "weight": [image.weight for image in found],
        "duplicate_group": list(duplicates.groups),
        "duplicate_kind": list(duplicates.kinds),
        "group": list(_independent_groups(found, duplicates)),
        "similar_to": ["" if index < 0 else found[index].file for index in nearest.tolist()],
        "similar_distance": list(distances),
    }
    return with_types(columns, CATALOGUE_COLUMNS)


def _nearest(
    found: Sequence[FoundImage], duplicates: DuplicateGroups
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the likely duplicate of each image that is most like it (-1: none), and how far.

    One under another class or in another partition goes before all others: it matters more.
    """
    nearest = np.full(len(found), -1, np.int64)
    distances = np.full(len(found), np.nan)
    sides = [[found[index] for index in side] for side in duplicates.likely.T.tolist()]
    differ = np.array(
        [
            (one.class_name, one.partition) != (other.class_name, other.partition)
            for one, other in zip(*sides, strict=True)
        ],
        bool,
    )
    # What is written last stays.
    for position in np.lexsort((-duplicates.distances, differ)).tolist():
        first, second = duplicates.likely[position].tolist()
        nearest[first], nearest[second] = second, first
        distances[first] = distances[second] = duplicates.distances[position].round(3)
    return nearest, distances


def _independent_groups(
    found: Sequence[FoundImage], duplicates: DuplicateGroups
) -> NDArray[np.int64]:
    """Number the groups (1, 2, ...; 0: alone) that given groups and duplicates together make.

    Images that look alike are in one group, too, unless they make up more than half of two
    classes or more: then they share a layout, and to keep them together would leave nothing to
    divide.
    """
    links: list[tuple[int, int]] = []
    first: dict[tuple[str, object], int] = {}
    for index, (image, number) in enumerate(zip(found, duplicates.groups.tolist(), strict=True)):
        keys: list[tuple[str, object]] = [("given", image.group)] if image.group else []
        keys += [("found", number)] if number else []
        for key in keys:
            if first.setdefault(key, index) != index:
                links.append((first[key], index))
    certain = np.array(links, np.int64).reshape(-1, 2)
    alike = number_groups(np.concatenate([certain, duplicates.likely]), len(found))
    layouts = _common_layouts(found, alike)
    likely = duplicates.likely[~np.isin(alike[duplicates.likely[:, 0]], layouts)]
    return number_groups(np.concatenate([certain, likely]), len(found))


def _common_layouts(found: Sequence[FoundImage], alike: NDArray[np.int64]) -> list[int]:
    """Return the numbers of the groups that are a layout rather than a scene; warn about them."""
    totals = Counter(image.class_name for image in found)
    counts: dict[int, Counter[str]] = defaultdict(Counter)
    for image, number in zip(found, alike.tolist(), strict=True):
        counts[number][image.class_name] += 1
    layouts = []
    for number, of_class in counts.items():
        held = [name for name, count in of_class.items() if 2 * count > totals[name]]
        if number and len(held) > 1 and of_class.total() >= _LEAST_LAYOUT:
            layouts.append(number)
            _log.warning(
                "%d images look alike and make up more than half of the classes %s: they seem to "
                "share a layout, so they count as independent of each other. If they show the same "
                "things, name these in a group column of a manifest",
                of_class.total(),
                named(sorted(held)),
            )
    return layouts


def apply_policy(
    catalogue: pd.DataFrame,
    on_problem: OnProblem = "stop",
    leaks: OnDuplicates = "drop",
    conflicts: OnDuplicates = "drop",
) -> pd.DataFrame:
    """Decide which images the study uses.

    - Files with a problem are left out (or stop the study).
    - A *leak* is a picture, or a group that the data set gives (the images of one patient), in
      more than one given partition. The images in the partition that decides most stay (test over
      validation over train); the others are dropped.
    - A *conflict* is a picture under more than one class. All copies outside the partition that
      decides most are dropped, leaks or not. Within that partition no label can be preferred:
      if its own copies disagree, all of them are dropped, in a test partition too, since a score
      against an unknowable label says nothing. So a test image whose copy is in train under
      another class stays, and a conflict within train costs all its copies.
    - Copies under one class within one partition stay; the split keeps them together.

    Returns:
        The catalogue with `kept` (bool) and `reason` ("" for kept images).

    Raises:
        UserError: where ``stop`` is asked for, naming all that stops the study at once.
    """
    faults: list[str] = []
    broken = catalogue[catalogue["problem"] != ""]
    if on_problem == "stop" and len(broken):
        files = [f"{row.file} ({row.problem})" for row in broken.itertuples()]
        faults.append(
            f"{len(files)} unusable files (dataset.on_problem: leave_out goes on without them): "
            f"{named(files, _MOST_NAMED)}"
        )
    leaking, conflicting = _leaks_and_conflicts(catalogue)
    parted = _parted_groups(catalogue)
    for kind, action, groups in (
        ("leaks", leaks, leaking),
        ("groups", leaks, parted),
        ("conflicts", conflicts, conflicting),
    ):
        if action == "stop" and groups:
            faults.append(_fault(kind, catalogue, groups))
    if faults:
        raise UserError("the images cannot be used as they are: " + "; ".join(faults))
    reasons = dict(zip(broken.index, broken["problem"], strict=True))
    if leaks == "drop":
        _drop(catalogue, leaking, "leak", reasons)
        _drop(catalogue, parted, "group", reasons)
    if conflicts == "drop":
        _drop(catalogue, conflicting, "conflict", reasons)
    judged = catalogue.copy()
    judged["reason"] = [reasons.get(index, "") for index in catalogue.index]
    judged.insert(len(judged.columns) - 1, "kept", judged["reason"] == "")
    return judged


def _leaks_and_conflicts(catalogue: pd.DataFrame) -> tuple[list[list[int]], list[list[int]]]:
    """Return the rows of each group that spans partitions, and of each that spans classes."""
    rows = catalogue[catalogue["duplicate_group"] > 0]
    return (
        _groups_that_differ(rows, "duplicate_group", "given_partition"),
        _groups_that_differ(rows, "duplicate_group", "class"),
    )


def _parted_groups(catalogue: pd.DataFrame) -> list[list[int]]:
    """Return the rows of each given group that spans given partitions."""
    rows = catalogue[catalogue["given_group"] != ""]
    return _groups_that_differ(rows, "given_group", "given_partition")


def _groups_that_differ(rows: pd.DataFrame, group: str, column: str) -> list[list[int]]:
    """Return the rows of each group with more than one value in a column, in order of groups."""
    several = rows.groupby(group)[column].transform("nunique") > 1
    differing = rows.loc[several, group]
    labels = differing.index.to_numpy()
    found = sorted(differing.groupby(differing).indices.items())
    return [labels[positions].tolist() for _, positions in found]


def _fault(kind: str, catalogue: pd.DataFrame, groups: list[list[int]]) -> str:
    meaning, key = {
        "leaks": ("pictures in more than one partition", "leaks"),
        "groups": ("groups in more than one partition", "leaks"),
        "conflicts": ("pictures under more than one class", "conflicts"),
    }[kind]
    if kind == "groups":
        pictures = [repr(catalogue.loc[rows[0], "given_group"]) for rows in groups]
    else:
        pictures = [" = ".join(catalogue.loc[rows, "file"]) for rows in groups]
    return (
        f"{len(groups)} {meaning} (dataset.duplicates.{key}: drop or keep goes on): "
        f"{named(pictures, _MOST_NAMED)}"
    )


def _drop(
    catalogue: pd.DataFrame, groups: list[list[int]], kind: str, reasons: dict[int, str]
) -> None:
    """Add the reasons for which images of the groups are dropped."""
    if not groups:
        return
    names = ["file", "class", "given_partition", "given_group", "duplicate_kind"]
    rows = {
        index: _Copy(*values)
        for index, *values in catalogue.loc[
            list(itertools.chain.from_iterable(groups)), names
        ].itertuples(name=None)
    }
    for group in groups:
        copies = {index: rows[index] for index in group}
        most = max(_PROTECTION[copy.partition] for copy in copies.values())
        best = {i for i, copy in copies.items() if _PROTECTION[copy.partition] == most}
        disagree = kind == "conflict" and len({copies[index].class_name for index in best}) > 1
        said = _reasons(kind, list(copies.values()))
        for index, copy in copies.items():
            if disagree or index not in best:
                before = reasons.get(index, "")
                reasons[index] = before + ("; " if before else "") + said(copy)


class _Copy(NamedTuple):
    """One image of a group, as the reasons name it."""

    file: str
    class_name: str
    partition: str
    group: str
    duplicate_kind: str


def _reasons(kind: str, copies: list[_Copy]) -> Callable[[_Copy], str]:
    """Return the reason for which one of some copies is dropped; the copies differ."""

    def value(copy: _Copy) -> str:
        return copy.class_name if kind == "conflict" else copy.partition

    @cache
    def elsewhere(own: str) -> str:
        others = [copy for copy in copies if value(copy) != own]
        if kind == "group":
            parts = {copy.partition for copy in others}
            return " and ".join(name for name in PARTITIONS if name in parts)
        return named([copy.file for copy in others], 5)

    def said(copy: _Copy) -> str:
        others = elsewhere(value(copy))
        if kind == "group":
            return f"leak: group {copy.group!r} is in {others} too"
        return f"{kind}: {copy.duplicate_kind} duplicate of {others}"

    return said


def describe_catalogue(judged: pd.DataFrame) -> list[str]:
    """Say in lines for a log what a judged catalogue holds and what was left out."""
    lines = [f"{len(judged)} images of {judged['class'].nunique()} classes"]
    for class_name, rows in judged.groupby("class"):
        counts = rows["given_partition"].value_counts()
        given = ", ".join(f"{counts[name]} {name}" for name in PARTITIONS if name in counts)
        lines.append(f"  {class_name}: {len(rows)}{f' ({given})' if given else ''}")
    broken = judged[judged["problem"] != ""]
    leaking, conflicting = _leaks_and_conflicts(judged)
    files, kinds = judged["file"].to_dict(), judged["duplicate_kind"].to_dict()
    lines.append(f"{len(broken)} files with a problem")
    lines += [f"  {row.file}: {row.problem}" for row in broken.itertuples()]
    for meaning, groups in (
        ("more than one partition", leaking),
        ("more than one class", conflicting),
    ):
        lines.append(f"{len(groups)} pictures in {meaning}")
        lines += [
            f"  {' = '.join(map(files.__getitem__, rows))} ({kinds[rows[0]]})" for rows in groups
        ]
    parted = _parted_groups(judged)
    lines.append(f"{len(parted)} given groups in more than one partition")
    names = judged["given_group"].to_dict()
    lines += [f"  {names[rows[0]]}: {len(rows)} images" for rows in parted]
    grouped = judged[judged["duplicate_group"] > 0].groupby("duplicate_group")
    lines.append(f"{grouped.ngroups} pictures with duplicates in all")
    pairs = similar_pairs(judged)
    lines.append(f"{len(pairs)} pairs of images that look alike (at most one for each image)")
    lines += [f"  {row.file} = {row.other} ({row.distance:.3f})" for row in pairs.itertuples()]
    dropped = judged[~judged["kept"] & (judged["problem"] == "")]
    lines.append(f"{len(dropped)} images dropped as leaks or conflicts")
    lines += [f"  {row.file}: {row.reason}" for row in dropped.itertuples()]
    lines.append(f"{int(judged['kept'].sum())} images kept")
    return lines
