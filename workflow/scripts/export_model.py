"""Write the folder of a final model, which `scenery predict` and other programs use.

In: model.keras or model.skops; of a classical model the weights of its backbone and its codebook.
Out: model.json (how to use the model), labels.txt (its classes in order), and beside them
model.keras, or model.skops with features.keras and codebook.skops as far as it needs them; and the
model in further formats.
"""

import json
import logging
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from scenery.data.tables import class_names, partition_table, read_split
from scenery.files import atomic_path, file_digest, write_text
from scenery.pipeline.execution import script_log
from scenery.pipeline.jobs.export import ExportJob
from scenery.pipeline.jobs.features import VectorsSpec
from scenery.pipeline.model_folder import (
    CLASSIFIER,
    CODEBOOK,
    FEATURE_NETWORK,
    FORMAT_FILES,
    NETWORK,
    REFERENCES,
    CalibrationFacts,
    FormatCheck,
    HandcraftedFacts,
    ModelFacts,
    format_problem,
    remove,
    write_facts,
)
from scenery.versions import versions

if TYPE_CHECKING:
    from snakemake.script import snakemake

log = logging.getLogger("scenery")

NETWORK_INPUT = "float32, shape (images, height, width, 3), RGB values from 0 to 255"
OWN_FILES = (NETWORK, CLASSIFIER, FEATURE_NETWORK, CODEBOOK, REFERENCES)


def export_model(
    model: Path, record: Path, split: Path, job: ExportJob, facts_out: Path, labels_out: Path
) -> None:
    """Write the folder.

    Args:
        model: model.keras or model.skops.
        record: record.json beside it.
        split: The split.
        job: Where the model comes from and how images become its input.
        facts_out: model.json.
        labels_out: labels.txt.
    """
    folder = facts_out.parent
    for name in OWN_FILES:
        (folder / name).unlink(missing_ok=True)
    name = NETWORK if job.vectors is None else CLASSIFIER
    _copy(model, folder / name)
    parts: dict[str, Any] = {} if job.vectors is None else _write_parts(job.vectors, model, folder)
    table = read_split(split)
    classes = class_names(table)
    if job.novelty:
        _write_references(job, folder, partition_table(table, "train"))
    write_text("".join(f"{name}\n" for name in classes), labels_out)
    made = json.loads(record.read_text(encoding="utf-8"))
    files = [*(name for name in OWN_FILES if (folder / name).exists()), labels_out.name]
    facts = ModelFacts(
        kind="network" if job.vectors is None else "classifier",
        classes=tuple(classes),
        image_size=job.image_size,
        resize=job.resize,
        input=NETWORK_INPUT,
        max_pixels=job.max_pixels,
        white_level=job.white_level,
        calibration=CalibrationFacts.model_validate(job.calibration),
        interpolation=job.interpolation,
        color_mode=job.color_mode,
        source=job.source,
        trial=made["trial"],
        training_images=made["training_images"],
        data_digest=file_digest(split),
        files={name: file_digest(folder / name) for name in files},
        versions=versions(),
        **parts,
    )
    write_facts(facts, facts_out)
    formats = _write_formats(job, folder)
    if formats:
        write_facts(facts.model_copy(update={"formats": formats}), facts_out)
    log.info("%s: %s in %s", job.source.experiment, ", ".join(files), folder)


def _copy(source: Path, target: Path) -> None:
    with atomic_path(target) as partial:
        shutil.copyfile(source, partial)


def _write_parts(vectors: VectorsSpec, model: Path, folder: Path) -> dict[str, Any]:
    """Write what turns images into the input of a classical model; gives facts about it."""
    # A network needs none of this, and TensorFlow takes seconds to import.
    import keras

    from scenery.classical import classifiers
    from scenery.classical.kernel_svm import KernelSVM
    from scenery.models.feature_extraction import load_feature_extractor

    features = vectors.features
    found: dict[str, Any] = {"encoding": features.encoding}
    extractor = load_feature_extractor(features, vectors.weights)
    if isinstance(extractor, keras.Model):
        extractor.save(folder / FEATURE_NETWORK)
    else:
        found["handcrafted"] = HandcraftedFacts(name=features.backbone, network=features.network)
    if vectors.codebook is not None:
        _copy(vectors.codebook, folder / CODEBOOK)
    classifier = classifiers.load(model)["model"]
    if isinstance(classifier, KernelSVM):
        found["temperature"] = classifier.temperature_
    return found


def _write_references(job: ExportJob, folder: Path, rows: pd.DataFrame) -> None:
    """Keep training images to compare photographs with."""
    from scenery.data.packed_images import open_packed
    from scenery.evaluation.held_out import group_numbers
    from scenery.inference.exported import network_features
    from scenery.inference.final_model import load_final
    from scenery.inference.novelty import learn_references, reference_places, save_references
    from scenery.inference.vectors import extract_vectors

    assert job.images is not None
    kept = rows.iloc[reference_places(len(rows))].reset_index(drop=True)
    images = open_packed(job.images, kept)
    if job.vectors is None:
        values = network_features(load_final(folder / NETWORK), images)
    else:
        values = extract_vectors(images, **dict(job.vectors))
    references = learn_references(values, group_numbers(kept))
    save_references(references, folder / REFERENCES)
    log.info("%d training images are kept to compare photographs with", len(values))


def _write_formats(job: ExportJob, folder: Path) -> dict[str, FormatCheck]:
    """Write the model in the formats of other programs, and compare each with it."""
    for name in FORMAT_FILES.values():
        remove(folder / name)
    if not job.formats:
        return {}
    problem = format_problem(job.vectors)
    if problem:
        for name in job.formats:
            log.warning("%s: no %s: %s", job.source.experiment, name, problem)
        return {name: FormatCheck(problem=problem) for name in job.formats}
    # Few studies ask for these, and TensorFlow takes seconds to import.
    import numpy as np

    from scenery.inference.exported import ExportedModel
    from scenery.inference.formats import CHECKED_IMAGES, write_format

    assert job.images is not None
    packed = np.load(job.images, mmap_mode="r", allow_pickle=False)
    places = np.linspace(0, len(packed) - 1, min(len(packed), CHECKED_IMAGES)).astype(int)
    images = packed[places]
    model = ExportedModel(folder)
    expected, network = model.probabilities(images), model.as_network()
    images = images.astype(np.float32)
    return {name: write_format(name, network, folder, images, expected) for name in job.formats}


if __name__ == "__main__":
    with script_log(snakemake.log[0]):
        export_model(
            model=Path(snakemake.input.model[0]),
            record=Path(snakemake.input.model[1]),
            split=Path(snakemake.input.split),
            job=ExportJob.model_validate(snakemake.params.job),
            facts_out=Path(snakemake.output.facts),
            labels_out=Path(snakemake.output.labels),
        )
