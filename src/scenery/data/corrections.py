"""Corrected labels: a table of files whose class is another one than the data set says.

Standard library only: the Snakefile reads sources in every dry run.
"""

import csv
from collections.abc import Sequence
from pathlib import Path

from scenery.data.image_listing import FoundImage, named
from scenery.errors import UserError

COLUMNS = ("file", "class")


def apply_corrections(images: Sequence[FoundImage], corrections: Path) -> list[FoundImage]:
    """Give images the classes of a table; leave those out that have an empty class there.

    Args:
        images: The images as the data set gives them.
        corrections: A CSV with the columns file and class, as `scenery relabel` writes it. Further
            columns are for the reader.

    Raises:
        UserError: The table cannot be read, names files that the data set lacks or one file twice,
            or gives a class that no image has.
    """
    rows = read_corrections(corrections)
    known = {image.file for image in images}
    unknown = [repr(file) for file in rows if file not in known]
    if unknown:
        raise UserError(
            f"{corrections}: files that the data set does not have (dataset.corrections): "
            f"{named(unknown)}"
        )
    classes = {image.class_name for image in images}
    # A slip of the pen would become a class of its own.
    new = sorted({repr(name) for name in rows.values() if name and name not in classes})
    if new:
        raise UserError(
            f"{corrections}: classes that the data set does not have (dataset.corrections): "
            f"{named(new)}; there are {named(sorted(classes))}"
        )
    corrected = (
        image._replace(class_name=rows.get(image.file, image.class_name)) for image in images
    )
    return [image for image in corrected if image.class_name]


def read_corrections(path: Path) -> dict[str, str]:
    """Read the class of each file from a table.

    Raises:
        UserError: The table cannot be read, lacks a column, or names a file twice.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            reader = csv.DictReader(lines, strict=True)
            if not set(COLUMNS) <= set(reader.fieldnames or ()):
                raise UserError(
                    f"{path}: the first row must name the columns file and class "
                    f"(dataset.corrections); found {named(list(reader.fieldnames or ()))}"
                )
            rows = [((row["file"] or "").strip(), (row["class"] or "").strip()) for row in reader]
    except OSError as error:
        raise UserError(f"{path}: cannot be read (dataset.corrections): {error.strerror}") from None
    except (csv.Error, UnicodeDecodeError) as error:
        raise UserError(f"{path}: is not a readable table (dataset.corrections): {error}") from None
    found = dict(rows)
    if len(found) < len(rows):
        files = [file for file, _ in rows]
        doubled = sorted({repr(file) for file in files if files.count(file) > 1})
        raise UserError(f"{path}: files listed more than once: {named(doubled)}")
    return found
