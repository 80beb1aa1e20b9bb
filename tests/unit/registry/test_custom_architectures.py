"""Options of the networks that Scenery builds itself, and of heads that answer at positions."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from scenery.config.settings import Settings
from scenery.config.validation import read_study
from scenery.errors import UserError
from scenery.registry import architectures
from scenery.registry.backbone_facts import facts
from scenery.registry.custom_architectures import (
    ARCHITECTURES,
    NATIVE_SIZES,
    NETWORK_OPTIONS,
    Network,
    architecture,
    with_defaults,
)
from scenery.registry.options import users_of
from scenery.study.checks import check_study
from scenery.study.experiments import expand
from scenery.study.features import plain_features

MODULES = Path(architectures.__file__).parent
DEFAULTS = {name: made().model_dump() for name, made in ARCHITECTURES.items()}


def test_architectures_are_those_of_the_modules() -> None:
    assert set(ARCHITECTURES) == {
        "MLP", "PatchMLP", "LeNet5", "AlexNet", "ConvNet", "InceptionNet", "DenseBlockNet",
        "DenseSIFT", "HOG", "LBP", "Cooccurrence", "ColorHistogram", "Granulometry",
    }  # fmt: skip
    assert len(ARCHITECTURES) == len([*MODULES.glob("*.py")]) - 2


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_defaults_of_an_architecture_are_allowed_and_complete(name: str) -> None:
    made = ARCHITECTURES[name]
    assert made.model_validate(made().model_dump()) == made()
    assert with_defaults(name, Network()) == Network(**DEFAULTS[name])
    assert architecture(name, Network()) == architecture(name, Network(**DEFAULTS[name])) == made()
    assert facts(name).size == NATIVE_SIZES[name]


@pytest.mark.parametrize("option", users_of(ARCHITECTURES))
def test_options_of_one_name_have_the_same_bounds(option: str) -> None:
    fields = [ARCHITECTURES[name].model_fields[option] for name in NETWORK_OPTIONS[option]]
    assert all((f.annotation, f.metadata) == (fields[0].annotation, fields[0].metadata)
               for f in fields)  # fmt: skip


@pytest.mark.parametrize("option", users_of(ARCHITECTURES))
def test_network_with_an_option_of_another_architecture_is_refused(option: str) -> None:
    values = {name: known[option] for name, known in DEFAULTS.items() if option in known}
    value = next(iter(values.values()))
    for name in (*DEFAULTS, "MobileNet"):
        if name in values:
            assert getattr(Settings(backbone=name, network={option: value}).network, option) == (
                tuple(value) if isinstance(value, tuple) else value
            )
        else:
            with pytest.raises(ValidationError, match=f"network.{option} is not used by {name}"):
                Settings(backbone=name, network={option: value})


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"kernel_size": 4}, "odd number is needed; found 4"),
        ({"widths": []}, "at least 1 item"),
        ({"depth": 1}, "greater than or equal to 2"),
        ({"kernel_initializer": "ones"}, "Input should be"),
    ],
)
def test_network_with_a_value_out_of_range_is_refused(values: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Network(**values)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"residual": True, "activation": "maxout"}, "which residual must keep"),
        ({"dilation": 2, "downsampling": "strides"}, "either a stride or a dilation"),
    ],
)
def test_architecture_with_options_that_exclude_each_other_is_refused(
    values: dict[str, Any], message: str
) -> None:
    with pytest.raises(UserError, match=message):
        check_study(study(backbone="ConvNet", weights="none", network=values), "study.yaml")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"supervise": "positions"}, "needs an aggregation"),
        ({"aggregation": "vote"}, "needs supervise: positions"),
        (
            {"aggregation": "mean", "pooling": "max"},
            "pooling: max is not used with aggregation: mean",
        ),
    ],
)
def test_head_with_wrong_aggregation_is_refused(values: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Settings(head=values)
    kept = plain_features(Settings(head={"aggregation": "mean"}))
    assert kept.pooling == "map"
    assert kept.id == plain_features(Settings(head={"pooling": "flatten"})).id


def test_digest_with_other_network_options_differs() -> None:
    first, second = (
        Settings(backbone="MLP", weights="none", network={"widths": [width]}) for width in (8, 9)
    )
    assert first.digest() != second.digest() != Settings(backbone="MLP").digest()
    assert plain_features(first).id != plain_features(second).id
    assert plain_features(first).network.widths == (8,)


def study(**base: Any) -> Any:
    return read_study({"base": base, "experiments": {"a": {}}}, "study.yaml")


def test_architecture_with_pretrained_weights_is_refused() -> None:
    for weights in ("imagenet", "some.h5"):
        with pytest.raises(UserError, match=r"LeNet5 is built .* give none, trainable: scratch"):
            check_study(study(backbone="LeNet5", weights=weights), "study.yaml")
    check_study(study(backbone="LeNet5", trainable="scratch"), "study.yaml")


def test_architecture_too_large_for_the_image_is_refused() -> None:
    message = r"experiments.a: image_size: PatchMLP .* at least 40 pixels; found 32"
    patches = {"backbone": "PatchMLP", "trainable": "scratch", "network": {"patch_size": 40}}
    with pytest.raises(UserError, match=message):
        check_study(study(**patches, image_size=32), "study.yaml")
    check_study(study(**patches, image_size=40), "study.yaml")


def test_cut_of_an_architecture_follows_options_and_size() -> None:
    base = {"backbone": "ConvNet", "weights": "none", "network": {"stages": 3, "depth": 13}}
    whole = read_study(
        {"base": base, "experiments": {"a": {"grid": {"remove_stages": [0, 1, 2]}}}}, "s"
    )
    layers = [plain_features(trial.settings).layer for trial in expand(whole, "a", None, "s")]
    assert layers == [f"stage{number}_conv4_activation" for number in (3, 2, 1)]
    with pytest.raises(UserError, match="has 3 stages, so at most 2 can be removed; found 3"):
        check_study(study(**base, remove_stages=3), "s")
    with pytest.raises(UserError, match="no layer 'stage4_conv1'"):
        check_study(study(**base, cut="stage4_conv1"), "s")
