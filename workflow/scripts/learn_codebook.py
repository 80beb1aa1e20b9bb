"""Learn visual words, or a mixture of Gaussians, from local descriptors of training images.

In: maps of the training images, the table of those that it may learn from; for the codebook of a
fold the validation images, too, and the split. Out: codebook.skops and facts with the digest of its
content.
"""

import logging
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from scenery.classical import codebooks
from scenery.data.array_writer import write_facts
from scenery.data.tables import partition_table, read_split
from scenery.evaluation.held_out import division_of, rows_of
from scenery.pipeline.execution import script_log
from scenery.pipeline.jobs.features import LearnCodebookJob
from scenery.study.resampling import FoldSpec

if TYPE_CHECKING:
    from snakemake.script import snakemake

log = logging.getLogger("scenery")


def learn_codebook(
    table: Path,
    split: Path,
    maps: Sequence[Path],
    job: LearnCodebookJob,
    out_codebook: Path,
    out_facts: Path,
) -> None:
    """Sample descriptors, learn and keep.

    Args:
        table: A split or subset.
        split: The split, which is read for a codebook of a fold.
        maps: .npy of all training images' maps; for a fold those of the validation images, too.
        job: How it is learned.
        out_codebook: codebook.skops.
        out_facts: codebook.json.

    Raises:
        UserError: When there are fewer descriptors than words, or fewer values than components.
    """
    started = time.monotonic()
    wanted, seed = job.encoding, job.seed
    values = [np.load(path, mmap_mode="r", allow_pickle=False) for path in maps]
    rows = rows_to_learn(table, split, job.fold)
    sample = codebooks.sample_descriptors(values, rows, wanted.samples, seed)
    codebook = codebooks.learn_codebook(sample, wanted, seed)
    codebooks.save_codebook(codebook, out_codebook)
    log.info(
        "codebook of %d from %d descriptors of %d images in %.0f s",
        wanted.size,
        len(sample),
        sum(map(len, rows)),
        time.monotonic() - started,
    )
    facts = {"parameters": codebook.parameters, "digest": codebooks.digest(codebook)}
    write_facts(facts | {"descriptors": len(sample)}, out_facts)


def rows_to_learn(table: Path, split: Path, fold: FoldSpec | None) -> list[np.ndarray]:
    """The rows of the images that a codebook learns from, for each array of maps."""
    if fold is None:
        return [partition_table(read_split(table), "train")["row"].to_numpy()]
    tables = rows_of(table, read_split(split))
    learned = division_of(fold, pd.concat(tables, ignore_index=True)) != fold.number
    training = learned[: len(tables[0])], learned[len(tables[0]) :]
    return [rows["row"].to_numpy()[some] for rows, some in zip(tables, training, strict=True)]


if __name__ == "__main__":
    with script_log(snakemake.log[0]), threadpool_limits(snakemake.threads):
        learn_codebook(
            table=Path(snakemake.input.table),
            split=Path(snakemake.input.split),
            maps=[Path(path) for path in snakemake.input.maps[::2]],
            job=LearnCodebookJob.model_validate(snakemake.params.job),
            out_codebook=Path(snakemake.output.codebook),
            out_facts=Path(snakemake.output.facts),
        )
