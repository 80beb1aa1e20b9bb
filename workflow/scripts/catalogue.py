"""List every image of the data set, with what is wrong with it and whether the study uses it.

In: the data set's path (a folder of class folders, a folder with partitions, or a manifest).
Out: a CSV file with one row per image file, sorted by file:

=================  ==============================================================================
column             meaning
=================  ==============================================================================
file               path relative to the data set's root, with ``/``
class              the label
given_partition    train, validation or test as the data set gives it; empty if it gives none
given_group        name of the group (patient, scene) as a manifest gives it, or as proposed if the
                   config says so; empty without
proposed_group     name of the group that folders, file names, EXIF data or, where the config asks
                   for it, feature vectors suggest; empty without
width, height      pixels, after EXIF rotation
mode, format       Pillow's words for the kind of pixels and of file
bytes              size of the file
digest             SHA-256 of the file
problem            why the file cannot be used; empty if it can
duplicate_group    number shared by the images of one picture; 0 for a picture without duplicates
duplicate_kind     exact (same file or pixels), near (other size or JPEG quality), or empty
group              number shared by images that are not independent of each other (duplicates,
                   images that look alike, given groups); 0 for all others
similar_to         file of the image that is most like it without being a certain duplicate; empty
                   without
similar_distance   how far that image is, from 0 (the same) to 1; empty without
kept               True if the study uses the image
reason             why not: the problem, a leak between partitions, a conflict between classes
=================  ==============================================================================
and an .npz archive with small pictures of the images that look alike (`files`, `pictures`).
"""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from scenery.data.catalogue import (
    GroupSource,
    OnDuplicates,
    OnProblem,
    apply_policy,
    describe_catalogue,
    make_catalogue,
)
from scenery.data.group_proposals import describe_proposed
from scenery.data.image_listing import named
from scenery.data.images import WHITE_LEVEL
from scenery.data.manifest import Columns
from scenery.data.pair_pictures import picture_pairs, write_pictures
from scenery.data.review import loss_warnings, pair_warnings, used_pairs
from scenery.data.sources import list_images, stray_files, unused_columns
from scenery.data.tables import write_table
from scenery.pipeline.execution import script_log

if TYPE_CHECKING:
    from snakemake.script import snakemake

log = logging.getLogger("scenery")


def main(
    source: Path,
    root: Path,
    on_problem: OnProblem,
    max_pixels: int,
    near: bool,
    leaks: OnDuplicates,
    conflicts: OnDuplicates,
    threads: int,
    out: str,
    pictures: Path,
    white_level: int = WHITE_LEVEL,
    reading: Mapping[str, Any] | None = None,
    groups: GroupSource = "given",
    embeddings: Path | None = None,
) -> None:
    """Write the judged catalogue and log a summary of it.

    `reading` holds arguments of `list_images`, `embeddings` the vectors of `embed_images`.
    """
    reading = reading or {}
    found = list_images(source, root, **reading)
    strays = stray_files(source)
    if strays:
        log.info("%d other files are left out: %s", len(strays), named(strays))
    unused = unused_columns(source, **{name: reading.get(name) for name in Columns._fields})
    if unused:
        log.info("%d columns of the manifest are not used: %s", len(unused), named(unused))
    log.info("reading %d images", len(found))
    catalogue = make_catalogue(
        found,
        root,
        max_pixels,
        near,
        threads,
        scratch=Path(out).parent,
        white_level=white_level,
        groups=groups,
        vectors=None if embeddings is None else _vectors(embeddings),
    )
    proposed = describe_proposed(catalogue)
    if proposed and groups == "given":
        log.warning("WARNING: %s", proposed)
    judged = apply_policy(catalogue, on_problem, leaks, conflicts)
    for line in describe_catalogue(judged):
        log.info("%s", line)
    for line in [*pair_warnings(judged), *loss_warnings(judged)]:
        log.warning("WARNING: %s", line)
    write_pictures(picture_pairs(used_pairs(judged), root, max_pixels, white_level), pictures)
    write_table(judged, Path(out))


def _vectors(path: Path) -> NDArray[np.floating]:
    vectors: NDArray[np.floating] = np.load(path, mmap_mode="r", allow_pickle=False)
    return vectors


if __name__ == "__main__":
    with script_log(snakemake.log[0]):
        main(
            **snakemake.params.how,
            source=snakemake.params.source,
            root=snakemake.params.root,
            threads=snakemake.threads,
            out=snakemake.output.catalogue,
            pictures=Path(snakemake.output.pictures),
            embeddings=next(map(Path, snakemake.input.embeddings), None),
        )
