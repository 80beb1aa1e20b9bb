"""Which features a trial needs: what shares a file and what must not."""

import json
import re
from typing import Any

import pytest

from scenery.config.settings import Settings
from scenery.pipeline.jobs.features import ExtractFeaturesJob
from scenery.study.features import WeightsSpec, plain_features, training_features


def ids(**values: Any) -> tuple[str, str]:
    settings = Settings(**values)
    return plain_features(settings).id, training_features(settings).id


ENCODED = {
    "backbone": "DenseSIFT", "weights": "none", "image_size": 64,
    "classifier": {}, "encoding": {"size": 6},
}  # fmt: skip


@pytest.mark.parametrize(
    "same",
    [
        {"head": {"dense": [64], "dropout": 0.5}},
        {"optimizer": {"name": "SGD"}, "epochs": 3, "batch_size": 8},
        {"seed": 7},
        {"subset": "small"},
        {"trainable": "head+1"},
        {"views": 3},
        {"image_size": 224},
        {"cut": "conv_pw_13_relu"},
        {"label_smoothing": 0.1, "class_weights": "balanced"},
    ],
)
def test_what_comes_after_the_backbone_shares_its_features(same: dict[str, Any]) -> None:
    assert ids(**same) == ids()


@pytest.mark.parametrize(
    "other",
    [
        {"backbone": "MobileNetV2"},
        {"weights": "none"},
        {"weights": "a.h5"},
        {"image_size": 96},
        {"remove_stages": 1},
        {"cut": "conv_pw_12_relu"},
        {"head": {"pooling": "max"}},
        {"head": {"pooling": "flatten"}},
    ],
)
def test_what_changes_the_activations_has_features_of_its_own(other: dict[str, Any]) -> None:
    assert not set(ids(**other)) & set(ids())


def test_random_weights_follow_the_seed() -> None:
    assert ids(weights="none", seed=0) != ids(weights="none", seed=1)
    assert ids(weights="none", seed=1) == ids(weights="none", seed=1)


VIEWS = {"augment": {"zoom": 0.1}, "views": 4}


def test_views_are_for_training_alone() -> None:
    plain, training = ids(**VIEWS)
    assert plain == ids()[0]
    assert training != plain
    assert "views" in training


@pytest.mark.parametrize(
    "other",
    [
        {"views": 5},
        {"augment": {"zoom": 0.2}},
        {"seed": 2},
        {"subset": "small"},
        {"image_size": 96},
    ],
)
def test_other_views_are_other_features(other: dict[str, Any]) -> None:
    assert ids(**{**VIEWS, **other})[1] != ids(**VIEWS)[1]


@pytest.mark.parametrize("settings", [{}, {**VIEWS, "subset": "small", "seed": 5}, ENCODED])
def test_extract_features_job_params_round_trip_keeps_the_features(
    settings: dict[str, Any],
) -> None:
    features = training_features(Settings(**settings))
    job = ExtractFeaturesJob(partition="train", features=features, weights=None)
    again = ExtractFeaturesJob.model_validate(json.loads(json.dumps(job.as_params())))
    assert again == job
    assert again.features.id == features.id


def test_ids_are_those_of_the_last_version() -> None:
    assert plain_features(Settings()).id == "MobileNet-conv_pw_13_relu-224px-average-05e274f3"
    assert training_features(Settings(**VIEWS)).id == (
        "MobileNet-conv_pw_13_relu-224px-views-0243e91f"
    )


@pytest.mark.parametrize(("cut", "top"), [("fc1", True), ("fc2", True), ("flatten", False)])
def test_weights_of_dense_layers_are_a_file_of_their_own(cut: str, top: bool) -> None:
    features = plain_features(Settings(backbone="VGG16", cut=cut))
    assert features.weights_spec == WeightsSpec("VGG16", "imagenet", top)
    # A file of the user is the same for every cut.
    own = plain_features(Settings(backbone="VGG16", cut=cut, weights="w.h5"))
    assert own.weights_spec == WeightsSpec("VGG16", "w.h5")


def test_names_of_weights() -> None:
    assert WeightsSpec("MobileNet", "imagenet").id == "MobileNet-imagenet"
    assert WeightsSpec("VGG16", "imagenet", top=True).id == "VGG16-imagenet-dense_layers"
    found = {
        WeightsSpec("MobileNet", path).id for path in ("a/w.h5", "b/w.h5", "b/w 1.5.h5", "..", "é")
    }
    assert len(found) == 5
    # They are a wildcard of the workflow.
    assert all(re.fullmatch(r"[A-Za-z0-9_-]+", name) for name in found)
