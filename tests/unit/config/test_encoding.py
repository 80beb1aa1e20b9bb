"""Encodings in a config: identity of codebooks and features, and what does not fit."""

import re
from typing import Any

import pytest

from scenery.config.settings import Settings
from scenery.config.validation import read_study
from scenery.errors import UserError
from scenery.registry.architecture_outlines import architecture_outline
from scenery.registry.custom_architectures import Network
from scenery.study.checks import check_study
from scenery.study.features import plain_features, training_features
from scenery.study.plan import Expanded
from scenery.study.trials import ResolvedTrial, change

SIFT: dict[str, Any] = {
    "backbone": "DenseSIFT",
    "weights": "none",
    "classifier": {},
    "encoding": {"size": 50},
}
DEEP: dict[str, Any] = {
    "weights": "a.h5",
    "cut": "conv_pw_11_relu",
    "classifier": {"kernel": "linear"},
    "encoding": {"name": "fisher_vectors", "size": 8, "components": 32},
}


def settings(*changes: dict[str, Any]) -> Settings:
    made = Settings(**SIFT)
    for values in changes:
        made = change(made, values, "test")
    return made


def ids(made: Settings) -> tuple[str, str]:
    features = plain_features(made)
    assert features.codebook is not None
    return features.codebook.id, features.id


@pytest.mark.parametrize(
    "same", [{"classifier.C": 3.0}, {"head.pooling": "max"}, {"views": 3}, {"image_size": 256}]
)
def test_codebook_and_vectors_with_other_later_settings_are_shared(same: dict[str, Any]) -> None:
    assert ids(settings(same)) == ids(settings())


@pytest.mark.parametrize(
    "other",
    [
        {"encoding.pyramid": [1, 2]},
        {"encoding.power": True},
        {"encoding.normalize": "l1"},
    ],
)
def test_codebook_with_other_vectors_is_shared(other: dict[str, Any]) -> None:
    codebook, vectors = ids(settings(other))
    assert codebook == ids(settings())[0]
    assert vectors != ids(settings())[1]


@pytest.mark.parametrize(
    "other",
    [
        {"encoding.size": 60},
        {"encoding.components": 16},
        {"encoding.samples": 5000},
        {"encoding.name": "fisher_vectors"},
        {"network.step": 16},
        {"network.scales": [16]},
        {"image_size": 128},
        {"subset": "per_class_5"},
        {"seed": 2},
    ],
)
def test_vectors_of_another_codebook_differ(other: dict[str, Any]) -> None:
    assert not set(ids(settings(other))) & set(ids(settings()))


def test_size_unset_is_that_of_the_encoding() -> None:
    words = settings({"encoding": None}, {"encoding.samples": 100_000})
    assert words == settings({"encoding": None}, {"encoding.size": 400})
    gaussians = change(words, {"encoding.name": "fisher_vectors"}, "test")
    assert gaussians.encoding is not None and gaussians.encoding.size == 32


def test_maps_with_other_encodings_and_seeds_are_shared() -> None:
    maps = plain_features(settings()).raw
    assert maps.id.startswith("DenseSIFT-descriptors-256px-map-")
    others = ({"encoding.size": 60}, {"encoding.name": "fisher_vectors"}, {"seed": 2})
    assert {plain_features(settings(other)).raw for other in others} == {maps}


def test_feature_id_tells_vectors_from_maps() -> None:
    views = {"augment.horizontal_flip": True, "views": 2}
    for made in (settings(), settings(views), Settings(**DEEP)):
        vectors = training_features(made)
        assert re.search(r"-(bag_of_words|fisher_vectors)-[0-9a-f]{8}$", vectors.id)
        assert re.search(r"-(map|views)-[0-9a-f]{8}$", vectors.raw.id)
    # Views are encoded with the codebook of the plain images.
    plain, training = plain_features(settings(views)), training_features(settings(views))
    assert plain.codebook == training.codebook
    assert (plain.raw.views, training.raw.views) == (0, 2)
    assert plain.codebook is not None and plain.codebook.maps == plain.raw


def test_plan_contains_maps_codebooks_and_vectors() -> None:
    views = {"augment.horizontal_flip": True, "views": 2}
    trials = [ResolvedTrial("e", settings()), ResolvedTrial("e", settings(views, {"seed": 2}))]
    expanded = Expanded(trials, 50, None)
    assert len(expanded.codebooks) == 2
    # Plain maps, maps of views; vectors of plain images by each codebook, vectors of views.
    assert len(expanded.feature_sets) == 5
    for features in expanded.feature_sets.values():
        assert features.raw.id in expanded.feature_sets


def test_digest_with_an_encoding_ignores_pooling() -> None:
    assert settings({"head.pooling": "max"}).digest() == settings().digest()
    assert Settings().digest() == Settings(encoding=None).digest()


def test_encoding_with_a_wrong_kernel_is_refused() -> None:
    assert settings().classifier.scaling == "none"
    fisher = {"encoding.name": "fisher_vectors"}
    with pytest.raises(UserError, match=r"histogram_intersection .* fisher_vectors have values"):
        settings(fisher, {"classifier.kernel": "histogram_intersection"})


def test_dense_sift_outline_has_the_positions_of_the_grid() -> None:
    (step,) = architecture_outline("DenseSIFT", Network(step=8, scales=[16, 32]), 64)
    assert (step.layer, step.size, step.channels) == ("descriptors", 5, 128)


def check(**base: Any) -> None:
    config = {
        "title": "t",
        "dataset": {"path": "generated"},
        "base": base,
        "experiments": {"e": {"title": "e"}},
    }
    study = read_study(config, "study.yaml")
    check_study(study, "study.yaml")
    # The config that is kept beside the results is the same study.
    again = read_study(study.spelled_out(), "study.yaml")
    check_study(again, "study.yaml")
    assert again == study


def test_encoding_that_fits_is_accepted() -> None:
    check(**SIFT)
    check(**DEEP)
    check(**{**DEEP, "backbone": "PatchMLP", "weights": "none", "cut": None})


@pytest.mark.parametrize(
    ("base", "message"),
    [
        ({**SIFT, "classifier": None}, "vectors of bag_of_words are for a classifier"),
        ({**SIFT, "encoding": None}, "DenseSIFT gives local descriptors, which need an encoding"),
        ({**SIFT, "backbone": "HOG", "network": {}}, "HOG gives one vector for an image"),
        (
            {"backbone": "LBP", "weights": "none"},
            "LBP gives a vector for a classifier, and there is none",
        ),
        (
            {
                "backbone": "Granulometry",
                "weights": "none",
                "classifier": {},
                "network": {"radii": [3, 2]},
            },
            "radii must increase; found",
        ),
        (
            {
                "backbone": "HOG",
                "weights": "none",
                "classifier": {},
                "image_size": 100,
                "network": {"cell_sizes": [64]},
            },
            "needs at least 128 pixels; found 100",
        ),
        (
            {**SIFT, "weights": "imagenet"},
            "DenseSIFT is made by hand .* give none; found",
        ),
        ({**SIFT, "image_size": 40}, "needs at least 48 pixels; found 40"),
        ({**SIFT, "network": {"step": 300}}, "needs at least 300 pixels; found 256"),
        ({**SIFT, "network": {"scales": [16, 16]}}, "a scale twice"),
        ({**SIFT, "network": {"widths": [3]}}, "widths is not used by DenseSIFT"),
        ({**SIFT, "encoding": {"pyramid": [1, 32]}}, "32 x 32 .* at 27 x 27 positions"),
        ({**SIFT, "encoding": {"components": 129}}, "found 129, .* have 128 values"),
        ({**DEEP, "encoding": {"pyramid": [15]}}, "15 x 15 .* at 14 x 14 positions"),
        ({**DEEP, "encoding": {"components": 513}}, "found 513, .* have 512 values"),
        (
            {"backbone": "MLP", "weights": "none", "classifier": {}, "encoding": {"pyramid": [2]}},
            "2 x 2 .* at 1 x 1 positions",
        ),
    ],
)
def test_encoding_that_does_not_fit_is_refused(base: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        check(**{key: value for key, value in base.items() if value is not None})
