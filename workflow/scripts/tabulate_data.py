"""The data set as an HTML page, which needs no network.

It has counts, problems, duplicates, conflicts, images that look alike and proposed groups.

In: catalogue.csv, split.csv, pictures of images that look alike. Out: data.html.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from scenery.data.group_proposals import proposed_table
from scenery.data.review import loss_warnings
from scenery.pipeline.execution import script_log
from scenery.reporting.reading import read_catalogue, read_pictures, read_split
from scenery.reporting.similar_images import similar_images_table
from scenery.reporting.tables import HtmlTable, data_set_tables, write_page

if TYPE_CHECKING:
    from snakemake.script import snakemake


PROPOSED = (
    "Images that are probably not independent, by their folders, file names or EXIF data. With "
    "dataset.groups: auto they stay in one partition."
)


def tabulate_data(catalogue: Path, split: Path, pictures: Path, out: Path) -> None:
    """Write the page."""
    images = read_catalogue(catalogue)
    tables = [
        *data_set_tables(images, read_split(split)),
        similar_images_table(images, read_pictures(pictures)),
        HtmlTable("Proposed groups", proposed_table(images), PROPOSED),
    ]
    warnings = [f"Warning: {text}." for text in loss_warnings(images)]
    write_page(out, "The data set", tables, " ".join(warnings))


if __name__ == "__main__":
    with script_log(snakemake.log[0]):
        tabulate_data(
            catalogue=Path(snakemake.input.catalogue),
            split=Path(snakemake.input.split),
            pictures=Path(snakemake.input.pictures),
            out=Path(snakemake.output.html),
        )
