"""The images that look alike, as a table with pictures."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from PIL import Image

from scenery.data.review import used_pairs
from scenery.reporting.labels import plural
from scenery.reporting.tables import HtmlTable, Picture

# Further pairs are in catalogue.csv alone.
MAX_LISTED = 1000


def similar_images_table(catalogue: pd.DataFrame, pictures: Mapping[str, np.ndarray]) -> HtmlTable:
    """The pairs of used images that look alike without being certain duplicates.

    Args:
        catalogue: The judged catalogue.
        pictures: Pictures of some of the images by file, uint8 of shape (height, width, 3).
    """
    pairs = used_pairs(catalogue)
    shown = pairs.head(MAX_LISTED)
    frame = pd.DataFrame(
        {
            "one": [_picture(file, pictures) for file in shown["file"]],
            "the other": [_picture(file, pictures) for file in shown["other"]],
            "files": shown["file"] + "\n" + shown["other"],
            "classes": _both(shown["class"], shown["other_class"]),
            "given partitions": _both(shown["given_partition"], shown["other_given_partition"]),
            "distance": shown["distance"],
        }
    )
    text = (
        "Please look at these pairs. They may show the same thing, and both images are used. "
        "Images of a pair are in one partition unless the data set gives two. Pairs under two "
        "classes or in two given partitions come first, then the nearest. Distance: from 0 (the "
        "same) to 1."
    )
    if len(pairs) > len(shown):
        text += f" {plural(len(pairs) - len(shown), 'further pair')}: see catalogue.csv."
    return HtmlTable("Images that look alike", frame, text)


def _picture(file: str, pictures: Mapping[str, np.ndarray]) -> Picture | str:
    if file not in pictures:
        return ""
    return Picture.of(Image.fromarray(pictures[file]), file)


def _both(one: pd.Series, other: pd.Series) -> list[str]:
    """Two texts, one to a line; one of them where they are the same."""
    pairs = zip(one, other, strict=True)
    return ["\n".join(dict.fromkeys(pair)) for pair in pairs]
