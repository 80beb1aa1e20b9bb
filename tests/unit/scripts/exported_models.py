"""Final models of each kind, exported as the workflow does it."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from export_model import export_model
from refit_classifier import refit_classifier
from refit_head import refit_head
from refit_network import refit_network

from scenery.classical import classifiers, codebooks
from scenery.config.settings import Settings
from scenery.data.feature_files import LabeledFeatures
from scenery.data.packed_images import PackedImages, open_packed
from scenery.data.tables import partition_table, read_split
from scenery.inference.vectors import extract_vectors
from scenery.pipeline.jobs.export import ExportJob, ModelSource
from scenery.pipeline.jobs.features import VectorsSpec
from scenery.pipeline.jobs.final_models import RefitNetworkJob
from scenery.study.features import FeatureSet, plain_features

SIFT = {
    "backbone": "DenseSIFT", "cut": None, "network": {"step": 8, "scales": [8, 16]},
    "classifier": {"name": "svm", "kernel": "histogram_intersection"},
    "encoding": {"size": 6, "pyramid": [1, 2], "normalize": "l1"},
}  # fmt: skip
TEMPERATURE = 1.5
KINDS: dict[str, dict[str, Any]] = {
    "head": {},
    "fine_tuned": {"trainable": "all", "head": {"dropout": 0.3}},
    "svm": {"classifier": {"name": "svm", "kernel": "rbf", "C": 10}},
    "forest": {"classifier": {"name": "random_forest", "n_estimators": 5}},
    "neighbors": {"classifier": {"name": "nearest_neighbors", "n_neighbors": 3}},
    "logistic": {"classifier": {"name": "logistic_regression", "pca": 5}},
    "words_of_sift": SIFT,
    "fisher_vectors": {
        "classifier": {"name": "logistic_regression"},
        "encoding": {"name": "fisher_vectors", "size": 2, "components": 4, "power": True},
    },
}
SOURCE = ModelSource(
    experiment="e", backbone="SqueezeNet", layer="fire3_concat", weights="none", license="",
    preprocessing="the model scales its input",
)  # fmt: skip


def images_of(study: Any, partition: str) -> PackedImages:
    rows = partition_table(read_split(study.split), partition)
    return open_packed(study.data / partition / "32.npy", rows)


def encoded(study: Any, folder: Path, settings: Settings) -> VectorsSpec:
    """Learn a codebook from the training images and fit the classifier on their vectors."""
    features = plain_features(settings)
    encoding, images = features.encoding, images_of(study, "train")
    assert encoding is not None
    maps = extract_vectors(images, features.raw, None)
    descriptors = maps.reshape(-1, maps.shape[-1]).astype(np.float32)
    codebook = codebooks.learn_codebook(descriptors, encoding.of_codebook, seed=1)
    codebooks.save_codebook(codebook, folder / "codebook.skops")
    vectors = extract_vectors(images, features, None, folder / "codebook.skops")
    model = classifiers.fit(settings, LabeledFeatures(vectors, images.labels))
    classifiers.save(model, folder / "model.skops")
    write_record(folder)
    return VectorsSpec(features=features, weights=None, codebook=folder / "codebook.skops")


def write_record(folder: Path) -> None:
    record = {"trial": "t", "refit": True, "training_images": 18}
    (folder / "record.json").write_text(json.dumps(record))


def final_model(study: Any, folder: Path, kind: str) -> tuple[Path, VectorsSpec | None]:
    """A final model of a kind, as the workflow makes it."""
    changes = KINDS[kind]
    settings = study.settings(**changes)
    if "encoding" in changes:
        return folder / "model.skops", encoded(study, folder, settings)
    choice = study.choice({"head": [0.01]}, **changes)
    if kind == "fine_tuned":
        choice = study.choice({"network": [0.001]}, **changes)
        job = RefitNetworkJob(
            choice=choice, refit=True, table=study.split, training=study.network_data("train"),
            validation=study.network_data("validation"), backbone=study.backbone(**changes),
            checkpoints=folder / "checkpoints",
        )  # fmt: skip
        refit_network(job, study.split, "c", folder / "model.keras", folder / "record.json")
        return folder / "model.keras", None
    if "classifier" not in changes:
        job = study.refit_features(choice, refit=True)
        refit_head(job, study.split, "c", folder / "model.keras", folder / "record.json")
        return folder / "model.keras", None
    job = study.refit_features(choice, refit=True).model_copy(update={"backbone": None})
    refit_classifier(job, study.split, "c", folder / "model.skops", folder / "record.json")
    features: FeatureSet = plain_features(settings)
    return folder / "model.skops", VectorsSpec(features=features, weights=None, codebook=None)


def export(
    study: Any, folder: Path, kind: str, formats: tuple[str, ...] = (), novelty: bool = False
) -> tuple[Path, VectorsSpec | None]:
    """The final model, exported to `folder / "model"`, and the vectors that it reads."""
    model, vectors = final_model(study, folder, kind)
    out = folder / "model"
    out.mkdir()
    job = ExportJob(
        source=SOURCE, image_size=32, resize="stretch", max_pixels=10**6, white_level=65535,
        vectors=vectors, calibration={"temperature": TEMPERATURE, "set_probability": None},
        formats=formats,
        images=study.data / "train" / "32.npy" if formats or novelty else None, novelty=novelty,
    )  # fmt: skip
    files = (model, folder / "record.json", study.split)
    export_model(*files, job, out / "model.json", out / "labels.txt")
    return model, vectors
