"""Time predictions of a network with random weights. Out: JSON with milliseconds per image."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

from scenery.files import write_text
from scenery.models.backbones import build_backbone
from scenery.models.network_costs import forward_milliseconds
from scenery.pipeline.execution import script_log
from scenery.pipeline.jobs.speeds import TimeNetworkJob
from scenery.training.hardware import set_up

if TYPE_CHECKING:
    from snakemake.script import snakemake


def time_network(job: TimeNetworkJob, out: Path) -> None:
    """Write the time of a prediction."""
    network = build_backbone(job.name, job.image_size, job.layer, job.options)
    text = json.dumps({"milliseconds": round(forward_milliseconds(network), 4)})
    write_text(text + "\n", out)


if __name__ == "__main__":
    with script_log(snakemake.log[0]):
        set_up(snakemake.threads)
        time_network(
            job=TimeNetworkJob.model_validate(snakemake.params.job),
            out=Path(snakemake.output.speed),
        )
