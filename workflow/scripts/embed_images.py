"""Compute a feature vector of every image of the data set, by which like images are found.

In: the data set. Out: float32 .npy of shape (images, 1280), in the order of the catalogue's rows,
zeros for a file that cannot be read; and its facts as JSON.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scenery.data.array_writer import ArrayWriter, write_facts
from scenery.data.sources import list_images
from scenery.models.embedding import build_embedder, embedding_batches
from scenery.pipeline.execution import script_log
from scenery.training.hardware import set_up

if TYPE_CHECKING:
    from snakemake.script import snakemake


def embed_images(
    source: Path,
    root: Path,
    reading: Mapping[str, Any],
    max_pixels: int,
    white_level: int,
    threads: int,
    out: Path,
    facts_out: Path,
) -> None:
    """Write the vectors and their facts. Arguments as of the rule `catalogue`.

    Raises:
        UserError: The weights of the network are not installed.
    """
    files = [root / image.file for image in list_images(source, root, **reading)]
    embedder = build_embedder()
    shape = tuple(embedder.output.shape[1:])
    with ArrayWriter(out, len(files), shape, what="vectors") as writer:
        for vectors in embedding_batches(embedder, files, max_pixels, white_level, threads):
            writer.add(vectors)
    write_facts(writer.facts, facts_out)


if __name__ == "__main__":
    with script_log(snakemake.log[0]):
        set_up(snakemake.threads)
        embed_images(
            **snakemake.params.how,
            source=snakemake.params.source,
            root=snakemake.params.root,
            threads=snakemake.threads,
            out=Path(snakemake.output.array),
            facts_out=Path(snakemake.output.facts),
        )
