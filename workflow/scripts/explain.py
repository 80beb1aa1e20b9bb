"""Look inside a final model, on validation images.

In: model.keras, packed validation images. Out:
answers.csv           one row per validation image: class, predicted, correct, confidence, and its
                      place by PCA and t-SNE of the last features
grad_cam.npz          pictures of right and wrong answers, and where they speak for a class
feature_maps.npz      activations of one image per row, of layers or at the ends of stages, channels
                      reduced
patches.npz           the parts of validation images that excite channels of these layers most
filters.npz           the kernels of the first convolution
layers.csv            every layer: output shape, parameters, receptive field
architecture.dot, layers.dot   diagrams by stage and by layer, for Graphviz
facts.json            what was explained, and whether the model has learned from these images
"""

import json
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from scenery.data.images import model_input, read_image
from scenery.data.packed_images import PackedImages, open_packed
from scenery.data.tables import class_names, partition_table, read_split
from scenery.evaluation.trial_tables import prediction_table
from scenery.image_size import ImageSize
from scenery.inference.explanation import (
    GradCam,
    Parts,
    ask,
    embed,
    feature_maps,
    first_filters,
    grad_cam_layer,
    pick,
    split_model,
)
from scenery.inference.final_model import load_final, predict
from scenery.inference.patches import SEARCHED, known_layers, strongest_patches
from scenery.models.layer_table import layer_table, layers_diagram, stages_diagram
from scenery.models.prediction_views import averages_views
from scenery.pipeline.execution import script_log
from scenery.pipeline.jobs.explanation import ExplainJob
from scenery.training.hardware import set_up

if TYPE_CHECKING:
    from snakemake.script import snakemake

log = logging.getLogger("scenery")

SEED = 0
MAPPED = 8


def explain(
    model: Path,
    record: Path,
    split: Path,
    array: Path,
    job: ExplainJob,
    files: list[Path],
    out: dict[str, Path],
) -> None:
    """Write all files of the folder.

    Args:
        model: model.keras; loaded in Keras' safe mode.
        record: record.json beside it.
        split: The split.
        array: Packed validation images.
        job: What is looked into.
        files: Images of the user's own, whose feature maps are kept; none: validation images.
        out: Paths by name: answers, grad_cam, feature_maps, patches, filters, layers,
            architecture, layers_dot, facts.

    Raises:
        UserError: The network has none of the layers, or a file cannot be read.
    """
    table = read_split(split)
    classes = class_names(table)
    validation = open_packed(array, partition_table(table, "validation"))
    final = load_final(model)
    parts = split_model(final)
    probabilities, values = ask(parts, validation)
    if averages_views(final):
        # Grad-CAM and features are those of the image itself, answers those of the model.
        probabilities = predict(final, validation)
    answers = prediction_table(
        list(validation.files), validation.labels, probabilities, classes
    ).drop(columns=[f"probability:{name}" for name in classes])
    places = embed(values, SEED).set_index("position")
    pd.concat([answers, places], axis=1).to_csv(out["answers"], index=False)

    right, wrong = pick(probabilities, validation.labels, job.images)
    layer = grad_cam_layer(parts.backbone)
    heat = _grad_cam(parts, layer.layer, validation, probabilities, right + wrong)
    np.savez_compressed(out["grad_cam"], **heat, right=len(right))
    shown = validation.read(np.array((right + wrong)[:MAPPED], dtype=np.int64))
    if files:
        shown = np.stack([_read(file, validation.size, job) for file in files])
    layers = known_layers(parts.backbone, job.layers)
    maps: dict[str, Any] = {"pixels": shown, **feature_maps(parts.backbone, shown, layers)}
    np.savez_compressed(out["feature_maps"], **maps)
    searched = np.linspace(0, len(validation) - 1, min(len(validation), SEARCHED)).astype(np.int64)
    names = [str(name) for name in maps["layers"]]
    patches: dict[str, Any] = strongest_patches(parts.backbone, names, validation.read(searched))
    np.savez_compressed(out["patches"], **patches)
    np.savez_compressed(out["filters"], filters=first_filters(parts.backbone))
    layer_table(parts.backbone, parts.head).to_csv(out["layers"], index=False)
    out["architecture"].write_text(stages_diagram(parts.backbone, parts.head), encoding="utf-8")
    out["layers_dot"].write_text(layers_diagram(final), encoding="utf-8")
    facts = json.loads(record.read_text(encoding="utf-8"))
    about = {
        "trial": facts["trial"],
        "backbone": parts.backbone.name,
        "learned": job.learned,
        "images": len(validation),
        "right": int(answers["correct"].sum()),
        "grad_cam_layer": layer.layer,
    }
    out["facts"].write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")
    log.info(
        "%d of %d validation images right; Grad-CAM at %s (%d cells along the smaller side)",
        about["right"],
        about["images"],
        layer.layer,
        layer.size,
    )


def _read(file: Path, size: ImageSize, job: ExplainJob) -> np.ndarray:
    """An image of the user's own, as the model takes it: uint8, shape (height, width, 3)."""
    pixels = read_image(file, job.max_pixels, job.white_level)
    gray = job.color_mode == "grayscale"
    return model_input(pixels, size, job.resize, job.interpolation, gray)


def _grad_cam(
    parts: Parts,
    layer: str,
    images: PackedImages,
    probabilities: np.ndarray,
    positions: list[int],
) -> dict[str, Any]:
    """Pictures, and heat maps for the predicted and for the true class, of some images."""
    places = np.array(positions, dtype=np.int64)
    pixels = images.read(places)
    predicted, true = probabilities.argmax(axis=1)[places], images.labels[places]
    explainer = GradCam(parts, layer)
    return {
        "positions": places,
        "pixels": pixels,
        "for_predicted": explainer.maps(pixels, [int(one) for one in predicted]),
        "for_true": explainer.maps(pixels, [int(one) for one in true]),
    }


if __name__ == "__main__":
    with script_log(snakemake.log[0]):
        set_up(snakemake.threads)
        explain(
            model=Path(snakemake.input.model[0]),
            record=Path(snakemake.input.model[1]),
            split=Path(snakemake.input.split),
            array=Path(snakemake.input.images[0]),
            job=ExplainJob.model_validate(snakemake.params.job),
            files=[Path(path) for path in snakemake.input.files],
            out={name: Path(path) for name, path in snakemake.output.items()},
        )
