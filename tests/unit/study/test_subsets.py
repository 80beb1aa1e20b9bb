"""Which images a trial learns from."""

import pytest

from scenery.config.settings import Settings
from scenery.config.study import Study
from scenery.config.validation import read_study
from scenery.errors import UserError
from scenery.study.checks import check_study
from scenery.study.experiments import expand
from scenery.study.features import plain_features, training_features
from scenery.study.subsets import drawn, images_per_class, training_subset


def study(**experiment: object) -> Study:
    subsets = {"small": {"per_class": 7, "seed": 4}}
    return read_study({"subsets": subsets, "experiments": {"a": experiment}}, "study.yaml")


def test_so_many_of_each_class_need_no_definition() -> None:
    whole = study(grid={"subset": ["per_class_5", "per_class_10", "small", "full"]}, repeats=2)
    check_study(whole, "study.yaml")
    trials = expand(whole, "a", None, "study.yaml")
    # Each repeat draws images of its own, and is a repeat of the same setting all the same.
    assert [training_subset(trial.settings) for trial in trials] == [
        "per_class_5_seed_1", "per_class_5_seed_2", "per_class_10_seed_1", "per_class_10_seed_2",
        "small", "small", "full", "full",
    ]  # fmt: skip
    assert len({trial.setting for trial in trials}) == 4
    found = drawn(whole, "per_class_10_seed_2")
    assert (found.per_class, found.seed) == (10, 2)
    found = drawn(whole, "small")
    assert (found.per_class, found.seed) == (7, 4)
    names = ("per_class_5", "small", "full")
    assert [images_per_class(whole, name) for name in names] == [5, 7, None]


def test_views_are_those_of_the_images_drawn() -> None:
    flipped = {"subset": "per_class_5", "augment": {"horizontal_flip": True}}
    assert training_features(Settings(**flipped, seed=3)).subset == "per_class_5_seed_3"
    # The plain features of all images serve every subset.
    assert plain_features(Settings(**flipped)).subset == "full"


@pytest.mark.parametrize("name", ["per_class_0", "per_class_", "per_class_5_seed_2", "per_clas_5"])
def test_other_names_are_refused(name: str) -> None:
    with pytest.raises(UserError, match="there is no subset"):
        check_study(study(overrides={"subset": name}), "study.yaml")


def test_a_subset_of_ones_own_has_another_name() -> None:
    with pytest.raises(UserError, match="per_class_N needs no definition"):
        read_study({"subsets": {"per_class_5": {"per_class": 5}}, "experiments": {"a": {}}}, "s")


@pytest.mark.parametrize(
    ("subset", "message"),
    [
        ({}, "one of per_class, total and files; found none of them"),
        ({"per_class": 3, "total": 9}, "found per_class and total"),
        ({"total": 1}, "greater than or equal to 2"),
    ],
)
def test_subset_is_drawn_in_one_way(subset: dict[str, int], message: str) -> None:
    with pytest.raises(UserError, match=message):
        read_study({"subsets": {"small": subset}, "experiments": {"a": {}}}, "study.yaml")


def test_own_network_of_grayscale_images_reads_one_channel() -> None:
    values = {
        "dataset": {"color_mode": "grayscale"},
        "base": {"backbone": "LeNet5", "trainable": "scratch"},
        "experiments": {
            "a": {"grid": {"backbone": ["LeNet5", "ConvNet"]}},
            "b": {"overrides": {"backbone": "VGG16", "trainable": "head"}},
        },
    }
    whole = read_study(values, "study.yaml")
    for trial in expand(whole, "a", None, "study.yaml"):
        assert trial.settings.network.color_mode == "grayscale"
    (trial,) = expand(whole, "b", None, "study.yaml")
    assert trial.settings.network.color_mode is None
