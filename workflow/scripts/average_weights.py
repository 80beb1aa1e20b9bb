"""Average the weights of the final models of several settings: one network, called a soup.

In: model.keras and record.json of each of them. Out: model.keras, record.json.
"""

import json
import logging
from pathlib import Path
from typing import TYPE_CHECKING

from scenery.evaluation.records import write_record
from scenery.inference.soup import average_weights
from scenery.pipeline.execution import script_log
from scenery.pipeline.jobs.final_models import AverageWeightsJob
from scenery.study.scored import SOUP
from scenery.training.hardware import set_up

if TYPE_CHECKING:
    from snakemake.script import snakemake

log = logging.getLogger("scenery")


def make_soup(job: AverageWeightsJob, code: str, out_model: Path, out_record: Path) -> None:
    """Average and save."""
    average_weights([one.model for one in job.members]).save(out_model)
    records = [json.loads(one.record.read_text(encoding="utf-8")) for one in job.members]
    write_record(
        out_record,
        {},
        code,
        [],
        trial=SOUP,
        # They share the training set and the rule by which they were made.
        refit=records[0]["refit"],
        training_images=records[0]["training_images"],
        members={one.trial: found for one, found in zip(job.members, records, strict=True)},
    )
    log.info("%s: the weights of %d networks averaged", job.experiment, len(job.members))


if __name__ == "__main__":
    with script_log(snakemake.log[0]):
        set_up(snakemake.threads)
        make_soup(
            job=AverageWeightsJob.model_validate(snakemake.params.job),
            code=snakemake.params.code,
            out_model=Path(snakemake.output.model),
            out_record=Path(snakemake.output.record),
        )
