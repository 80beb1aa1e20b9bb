"""Tables with pictures: suspicious labels, similar pairs, outliers and blank images."""

from pathlib import Path

import pandas as pd
from PIL import Image, ImageOps

from scenery.data.contrast import MIN_CONTRAST
from scenery.data.images import MAX_PIXELS, WHITE_LEVEL, read_image
from scenery.errors import UserError
from scenery.reporting.tables import HtmlTable, Picture, write_page

TITLE = "Are my labels right?"
# Rows of each kind, which have pictures. All images are in suspects.csv.
MAX_SUSPECTS, MAX_TWINS, MAX_BLANK, MAX_OUTLIERS = 100, 25, 25, 20
SIDE = 128
ABOUT = (
    "Another class is more likely than the label, by models that have not seen the image. The most "
    "suspicious label comes first. A model can be wrong, too: please look."
)
OUTLIERS = "Images that are least like any other image: wrong pictures, rare views."
TWINS = "Images whose most similar image has another class."
SAME = (
    "Pairs of images of one class whose features are nearly equal: they probably show the same "
    "scene or object. Accuracy is too high where such images lie in two partitions. "
    "dataset.groups: auto keeps them together."
)
BLANK = (
    "Images that are almost of one color, so that nothing can be seen: dark, white or empty ones."
)
NONE = "The images are too few to hold some of them out, so that labels were not compared."


def write_suspects_page(
    found: pd.DataFrame,
    root: Path,
    out: Path,
    max_pixels: int = MAX_PIXELS,
    white_level: int = WHITE_LEVEL,
) -> None:
    """Write the page.

    Args:
        found: The columns of suspects.csv, the least probable label first.
        root: The folder that files are relative to.
        out: The HTML file.
        max_pixels: Images of more pixels are not decoded.
        white_level: The 16-bit value that becomes white.
    """

    def picture(file: str) -> Picture | str:
        try:
            pixels = read_image(root / file, max_pixels, white_level)
        except UserError:
            return "cannot be read any more"
        return Picture.of(ImageOps.contain(Image.fromarray(pixels), (SIDE, SIDE)), file)

    def gallery(title: str, about: str, rows: pd.DataFrame, most: int, *more: str) -> HtmlTable:
        shown = rows.head(most)
        columns: dict[str, object] = {"image": [picture(file) for file in shown["file"]]}
        columns |= {name: shown[name] for name in ("file", "class", "suggested")}
        columns |= {name: shown[name] for name in ("self_confidence", *more)}
        if "nearest" in more:
            columns["nearest"] = [picture(file) for file in shown["nearest"]]
        rest = f" Shown: {len(shown)} of {len(rows)}." if len(rows) > len(shown) else ""
        return HtmlTable(title, pd.DataFrame(columns), about + rest)

    twins = found[found["class"] != found["nearest_class"]].sort_values(
        ["similarity", "file"], ascending=[False, True]
    )
    same = _pairs(found[found["near_duplicate"] & (found["class"] == found["nearest_class"])])
    blank = found[found["contrast"] < MIN_CONTRAST].sort_values(["contrast", "file"])
    # All images have a place in this order; the first ones are shown.
    outliers = found.sort_values(["similarity", "file"]).head(MAX_OUTLIERS)
    tables = [
        gallery("Suspicious labels", ABOUT, found[found["suspect"].astype(bool)], MAX_SUSPECTS),
        gallery(
            "Similar images of two classes", TWINS, twins, MAX_TWINS,
            "nearest", "nearest_class", "similarity",
        ),
        gallery("Images that show the same", SAME, same, MAX_TWINS, "nearest", "similarity"),
        gallery("Blank pictures", BLANK, blank, MAX_BLANK, "contrast"),
        gallery("Outliers", OUTLIERS, outliers, MAX_OUTLIERS, "similarity"),
    ]  # fmt: skip
    write_page(out, TITLE, tables, "" if len(found) else NONE)


def _pairs(rows: pd.DataFrame) -> pd.DataFrame:
    """One row of each pair of images, the most similar pair first."""
    ends = rows[["file", "nearest"]].to_numpy()
    pairs = pd.Series([tuple(sorted(pair)) for pair in ends.tolist()], rows.index, object)
    first = rows[~pairs.duplicated()]
    return first.sort_values(["similarity", "file"], ascending=[False, True])
