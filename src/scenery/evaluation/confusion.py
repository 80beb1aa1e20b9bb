"""Which classes are taken for which."""

import numpy as np
import pandas as pd


def confused_pairs(confusion: pd.DataFrame) -> pd.DataFrame:
    """The pairs of classes that are confused, most images first.

    Args:
        confusion: Counts of images, true classes as rows, predicted ones as columns.

    Returns:
        Columns class, predicted, images, and share: of the images of the true class.
    """
    counts = confusion.to_numpy(dtype=int)
    totals = counts.sum(axis=1)
    rows, columns = np.nonzero(counts * ~np.eye(len(counts), dtype=bool))
    images = counts[rows, columns]
    table = pd.DataFrame(
        {
            "class": confusion.index.to_numpy()[rows],
            "predicted": confusion.columns.to_numpy()[columns],
            "images": images,
            "share": images / np.maximum(totals[rows], 1),
        }
    )
    return table.sort_values(["images", "share"], ascending=False, kind="stable", ignore_index=True)
