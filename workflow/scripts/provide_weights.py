"""Put a backbone's weights where all jobs find them: fetched by Keras, the user's own file, a
preset of KerasHub, or what an experiment of the study has learned.

In: nothing, a weights file, the files of a preset, or a trained network. Out: the weights as HDF5,
named by layer.
"""

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from scenery.config.setting_values import WEIGHTS_FROM_EXPERIMENT
from scenery.files import atomic_path
from scenery.image_size import ImageSize, image_size_of, sides
from scenery.pipeline.execution import script_log
from scenery.registry.custom_architectures import Network
from scenery.registry.presets import PRESET, read_preset

if TYPE_CHECKING:
    from snakemake.script import snakemake


def provide_weights(
    backbone: str,
    weights: str,
    source: Path | None,
    out: Path,
    top: bool = False,
    alpha: float | None = None,
    image_size: ImageSize | None = None,
) -> None:
    """Fetch, copy or take out the weights; `out` appears only when it is complete.

    Args:
        backbone: A name of the backbone table.
        weights: The setting: imagenet, a file, experiment:NAME, or preset:NAME_OR_FOLDER.
        source: The file, or the network that the experiment trained; None for imagenet.
        out: The weights file to write.
        top: Whether imagenet is to have the dense layers of the top, too.
        alpha: Width of the network; None: its constructor has none.
        image_size: Size in pixels for which a preset is read.

    Raises:
        UserError: When the weights cannot be fetched or read.
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    if weights == "imagenet":
        # TensorFlow is needed for fetching only; copying a file takes no five seconds.
        from scenery.models.weights import fetch_imagenet

        fetch_imagenet(backbone, out, top, Network(alpha=alpha))
        return
    if weights.startswith(PRESET):
        from scenery.models.preset_weights import load_preset
        from scenery.models.weights import save_weights

        assert image_size is not None
        save_weights(load_preset(read_preset(weights.removeprefix(PRESET)), image_size), out)
        return
    assert source is not None
    if weights.startswith(WEIGHTS_FROM_EXPERIMENT):
        from scenery.inference.final_model import load_final
        from scenery.models.weights import save_weights

        save_weights(load_final(source).get_layer(backbone), out)
        return
    with atomic_path(out) as partial:
        shutil.copyfile(source, partial)


if __name__ == "__main__":
    size = snakemake.params.spec.get("image_size")
    with script_log(snakemake.log[0]):
        provide_weights(
            backbone=snakemake.params.spec["backbone"],
            weights=snakemake.params.spec["source"],
            source=Path(snakemake.input[0]) if snakemake.input else None,
            out=Path(snakemake.output.weights),
            top=snakemake.params.spec.get("top", False),
            alpha=snakemake.params.spec.get("alpha"),
            image_size=image_size_of(*sides(size)) if size else None,
        )
