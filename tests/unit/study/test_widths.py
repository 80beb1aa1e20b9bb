"""Widths of published networks: settings, names of features and weights, and what is refused."""

from typing import Any

import pytest
from pydantic import ValidationError

from scenery.config.settings import Settings
from scenery.config.validation import read_study
from scenery.errors import UserError
from scenery.registry.backbone_facts import facts
from scenery.study.features import FeatureSet, plain_features
from scenery.study.plan import Plan
from scenery.study.trials import change


def features(alpha: float | None, **values: Any) -> FeatureSet:
    network = {} if alpha is None else {"network": {"alpha": alpha}}
    return plain_features(Settings(backbone="MobileNetV2", **network, **values))


def test_width_of_1_is_an_unset_width() -> None:
    unset = Settings(backbone="MobileNet")
    written = Settings(backbone="MobileNet", network={"alpha": 1})
    assert unset.network.alpha == 1
    assert written.digest() == unset.digest()
    assert written.minimal() == unset.minimal()
    assert features(1).id == features(None).id
    # The names of features and weights are those of networks without widths.
    assert features(1).weights_spec.id == "MobileNetV2-imagenet"
    assert Settings(backbone="ResNet50").network.alpha is None


def test_width_has_features_and_weights_of_its_own() -> None:
    assert len({features(alpha).id for alpha in (0.5, 1, 1.4)}) == 3
    assert features(0.5).weights_spec.id == "MobileNetV2-alpha_0.5-imagenet"
    file = features(0.5, weights="w.h5").weights_spec
    assert file.id != features(1, weights="w.h5").weights_spec.id
    half = features(0.5)
    assert facts("MobileNetV2", half.network).multiply_adds < facts("MobileNetV2").multiply_adds / 2


def test_weights_of_each_width_are_checked() -> None:
    grid = {"network.alpha": [0.5, 1], "remove_stages": [0, 1]}
    base = {"backbone": "MobileNet", "weights": "imagenet"}
    study = read_study({"base": base, "experiments": {"a": {"grid": grid}}}, "study.yaml")
    plan = Plan(study, "study.yaml", chosen=lambda _: None, known=lambda _: None)
    for identity, alpha in (("MobileNet-imagenet", 1), ("MobileNet-alpha_0.5-imagenet", 0.5)):
        assert plan.layers_needed(identity) == ["conv_pw_11_relu", "conv_pw_13_relu"]
        assert plan.weights(identity).alpha == alpha


def test_change_of_the_backbone_leaves_the_width() -> None:
    half = Settings(backbone="MobileNet", network={"alpha": 0.5})
    assert change(half, {"backbone": "MobileNetV2"}, "here").network.alpha == 1
    assert change(half, {"network.alpha": 0.25}, "here").network.alpha == 0.25


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"backbone": "MobileNet", "network": {"alpha": 0.3}},
         r"network.alpha: MobileNet is published with 0.25, 0.5, 0.75, 1; found 0.3"),
        ({"backbone": "MobileNetV3Small", "network": {"alpha": 1.4}}, "with 0.75, 1; found 1.4"),
        ({"backbone": "ResNet50", "network": {"alpha": 0.5}},
         "network.alpha is not used by ResNet50, only by MobileNetV2, MobileNet"),
    ],
)  # fmt: skip
def test_width_that_is_not_published_is_refused(values: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Settings(**values)
    with pytest.raises(UserError, match=message):
        change(Settings(), values, "here")
