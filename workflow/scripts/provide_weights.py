"""Put a backbone's weights where all jobs find them: fetched by Keras, or the user's own file.

In: nothing, or a weights file. Out: the same weights as HDF5, named by layer.
"""

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from scenery.jobs import job

if TYPE_CHECKING:
    from snakemake.script import snakemake


def provide_weights(backbone: str, weights: str, out: Path) -> None:
    """Fetch ImageNet weights, or copy a file; `out` appears only when it is complete.

    Raises:
        UserError: When the weights cannot be fetched.
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    if weights == "imagenet":
        # TensorFlow is needed for fetching only; copying a file takes no five seconds.
        from scenery.learning.weights import fetch_imagenet

        fetch_imagenet(backbone, out)
        return
    partial = out.with_name(out.name + ".partial")
    shutil.copyfile(weights, partial)
    partial.replace(out)


if __name__ == "__main__":
    with job(snakemake.log[0]):
        provide_weights(
            backbone=snakemake.params.backbone,
            weights=snakemake.params.weights,
            out=Path(snakemake.output.weights),
        )
