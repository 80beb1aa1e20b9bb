"""Small training sets that are not so many images of each class: a total, or given images."""

import zlib
from collections import defaultdict
from collections.abc import Sequence
from pathlib import PurePosixPath

import numpy as np
import pandas as pd

from scenery.data.image_listing import named
from scenery.errors import UserError


def draw_in_total(split: pd.DataFrame, total: int, seed: int) -> pd.DataFrame:
    """Draw training images so that each class keeps its share of them.

    Shares are rounded by the method of largest remainders, and each class has at least one image.

    Args:
        split: As from `scenery.data.splitting.split_images`.
        total: Images in all.
        seed: Of the sample.

    Returns:
        The chosen rows of train, columns and order as in `split`.

    Raises:
        UserError: More images than there are, or fewer than classes.
    """
    train = split[split["partition"] == "train"]
    counts = train["class"].value_counts().sort_index()
    if not len(counts) <= total <= len(train):
        raise UserError(
            f"a subset of {total} images cannot be drawn from train: it has {len(train)} images of "
            f"{len(counts)} classes"
        )
    exact = {str(name): count / len(train) * total for name, count in counts.items()}
    shares = {name: max(int(share), 1) for name, share in exact.items()}
    # In this order classes get one more, or give one back.
    order = sorted(exact, key=lambda name: shares[name] - exact[name])
    while (missing := total - sum(shares.values())) > 0:
        for name in order[:missing]:
            shares[name] += 1
    while (surplus := sum(shares.values()) - total) > 0:
        for name in [name for name in order[::-1] if shares[name] > 1][:surplus]:
            shares[name] -= 1
    chosen = []
    for label, rows in train.groupby("class"):
        generator = np.random.default_rng([seed, zlib.crc32(str(label).encode())])
        chosen.append(rows.index[generator.permutation(len(rows))[: shares[str(label)]]])
    return split.loc[np.sort(np.concatenate(chosen))].reset_index(drop=True)


def given_subset(split: pd.DataFrame, names: Sequence[str], source: str) -> pd.DataFrame:
    """The training images of a list.

    A name is that of the data set's own file, or its end: class folder and file name, or the file
    name alone if no other image has it.

    Args:
        split: As from `scenery.data.splitting.split_images`.
        names: POSIX paths.
        source: Where they were read, for messages.

    Returns:
        The rows of train that are listed, columns and order as in `split`.

    Raises:
        UserError: Names of no training image or of several, or classes without an image.
    """
    train = split[split["partition"] == "train"]
    rows_of: dict[str, set[int]] = defaultdict(set)
    for row, file, label in zip(train.index, train["file"], train["class"], strict=True):
        path = PurePosixPath(file)
        for name in {file, "/".join(path.parts[-2:]), f"{label}/{path.name}", path.name}:
            rows_of[name].add(row)
    found, unknown, several = set(), [], []
    for name in names:
        ends = [name, "/".join(PurePosixPath(name).parts[-2:]), PurePosixPath(name).name]
        rows = next((rows_of[end] for end in ends if end in rows_of), set())
        found |= rows
        if not rows:
            unknown.append(name)
        elif len(rows) > 1:
            several.append(name)
    if unknown:
        raise UserError(f"{source}: no training images: {named(unknown)}")
    if several:
        raise UserError(
            f"{source}: several training images have these names: {named(several)}; write their "
            "folders, too"
        )
    chosen = train.loc[sorted(found)].reset_index(drop=True)
    missing = sorted(set(train["class"]) - set(chosen["class"]))
    if missing:
        raise UserError(f"{source}: classes without an image: {named(missing)}")
    return chosen
