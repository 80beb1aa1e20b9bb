"""What a person should look at before trusting a study on a judged catalogue."""

from collections import Counter

import pandas as pd

from scenery.data.image_listing import named

# Share of a class that may be left out as leaks and conflicts without a warning.
MAX_SHARE_LOST = 0.02


def similar_pairs(catalogue: pd.DataFrame) -> pd.DataFrame:
    """List the pairs of images that look alike without being certain duplicates.

    For each image, the pair with the one most like it is listed, so there are at most as many pairs
    as images.

    Returns:
        Columns file, other, class, other_class, given_partition, other_given_partition and
        distance (0: the same, 1: nothing in common), the nearest pairs first.
    """
    by_file = catalogue.set_index("file")
    rows: dict[tuple[str, ...], list[object]] = {}
    alike = catalogue[catalogue["similar_to"] != ""]
    for file, other, distance in zip(
        alike["file"], alike["similar_to"], alike["similar_distance"], strict=True
    ):
        first, second = sorted((file, other))
        parts = [
            by_file.at[name, column]
            for column in ("class", "given_partition")
            for name in (first, second)
        ]
        rows.setdefault((first, second), [first, second, *parts, distance])
    columns = ["file", "other", "class", "other_class", "given_partition"]
    table = pd.DataFrame(
        list(rows.values()), columns=[*columns, "other_given_partition", "distance"]
    )
    return table.sort_values(["distance", "file"], ignore_index=True)


def used_pairs(judged: pd.DataFrame) -> pd.DataFrame:
    """List the pairs of `similar_pairs` whose images are both used.

    Returns:
        The same columns. Pairs under two classes or in two given partitions come first, then the
        nearest.
    """
    pairs = similar_pairs(judged)
    used = set(judged.loc[judged["kept"], "file"])
    pairs = pairs[pairs["file"].isin(used) & pairs["other"].isin(used)]
    same = (pairs["class"] == pairs["other_class"]) & (
        pairs["given_partition"] == pairs["other_given_partition"]
    )
    return pairs.iloc[same.argsort(kind="stable")].reset_index(drop=True)


def pair_warnings(judged: pd.DataFrame) -> list[str]:
    """Name the pairs that look alike under two classes, or in two given partitions."""
    lines = []
    pairs = used_pairs(judged)
    for column, meaning in (
        ("class", "under two classes: is one label wrong, or do they differ in a detail"),
        ("given_partition", "in two partitions: is it the same picture or scene"),
    ):
        some = pairs[pairs[column] != pairs[f"other_{column}"]]
        if len(some):
            shown = [f"{row.file} = {row.other} ({row.distance:.2f})" for row in some.itertuples()]
            lines.append(
                f"{len(some)} pairs of images look alike {meaning}? They are used; please look at "
                f"them (distance from 0 to 1): {named(shown)}"
            )
    return lines


def loss_warnings(judged: pd.DataFrame) -> list[str]:
    """Name the classes that lose more than 2 % of their images to leaks and conflicts."""
    dropped = judged[~judged["kept"] & (judged["problem"] == "")]
    totals, lost = Counter(judged["class"]), Counter(dropped["class"])
    shares = [
        f"{name!r} {count} of {totals[name]} ({count / totals[name]:.1%})"
        for name, count in sorted(lost.items())
        if count > MAX_SHARE_LOST * totals[name]
    ]
    if not shares:
        return []
    return [
        f"more than {MAX_SHARE_LOST:.0%} of a class is left out as leaks or conflicts "
        f"(dataset.duplicates.leaks and conflicts): {named(shares)}"
    ]
