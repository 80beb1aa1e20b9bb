"""The light table of facts against the networks, and what the study asks of it."""

import json
import subprocess
import sys
from collections.abc import Callable

import keras
import pytest
from forms import form
from large_networks import NOT_BUILT

from scenery.errors import UserError
from scenery.models.backbones import BACKBONES, build_backbone
from scenery.models.network_costs import multiply_adds
from scenery.models.truncation import cut_points
from scenery.models.write_backbone_facts import TABLE, as_text, facts_of
from scenery.registry.backbone_facts import (
    facts,
    names,
    own_names,
    published_names,
    resolve_cut,
    stage_count,
)
from scenery.registry.backbones import WITH_ALPHA
from scenery.registry.custom_architectures import HANDCRAFTED, Network


def test_the_table_is_what_the_networks_say(whole: Callable[[str], keras.Model]) -> None:
    text = TABLE.read_text(encoding="utf-8")
    table = json.loads(text)
    assert text == as_text(table)
    assert list(table) == list(BACKBONES)
    # Of the large networks the one that is quickest to build.
    for name in {*BACKBONES} - {*NOT_BUILT} | form(set(), {"VGG19"}):
        table[name].pop("alphas", None)
        assert table[name] == json.loads(json.dumps(facts_of(whole(name)))), name


WIDTHS = [(name, alpha) for name in WITH_ALPHA for alpha in BACKBONES[name].alphas]


# Of MobileNetV2 the only one that is wider than 1 and quick to build.
@pytest.mark.parametrize(
    ("name", "alpha"), form([("MobileNetV2", 1.3), ("MobileNetV3Small", 0.75)], WIDTHS)
)
def test_facts_of_a_width_are_those_of_the_network(name: str, alpha: float) -> None:
    known = facts(name, Network(alpha=alpha))
    network = build_backbone(name, known.size, None, Network(alpha=alpha))
    ends = [(point.layer, point.size, point.channels) for point in known.cut_points]
    assert ends == [(point.layer, point.size, point.channels) for point in cut_points(network)]
    assert known.cut_points[-1].parameters == network.count_params()
    assert known.multiply_adds == multiply_adds(network)
    # The layers have the same names in all widths.
    assert known.below == facts(name).below
    assert {*known.below} <= {layer.name for layer in network.layers}


def test_widths_have_the_published_numbers_of_parameters() -> None:
    # Millions, from the tables of Howard et al. (2017, 2019) and of the models of Sandler et al.
    for name, alpha, millions in (
        ("MobileNet", 1.0, 4.2), ("MobileNet", 0.75, 2.6), ("MobileNet", 0.5, 1.3),
        ("MobileNet", 0.25, 0.5), ("MobileNetV2", 1.4, 6.1), ("MobileNetV2", 0.5, 1.95),
        ("MobileNetV3Large", 0.75, 4.0), ("MobileNetV3Small", 0.75, 2.0),
    ):  # fmt: skip
        parameters = facts(name, Network(alpha=alpha)).parameters
        assert parameters is not None
        assert parameters / 1e6 == pytest.approx(millions, abs=0.06)


def test_facts_of_one_backbone() -> None:
    known = facts("DenseNet121")
    assert (known.size, known.smallest_size, known.parameters) == (224, 32, 8_062_504)
    assert known.imagenet
    assert not facts("SqueezeNet").imagenet
    assert [point.layer for point in known.cut_points][-2:] == ["pool4_conv", "relu"]
    assert known.layers[-1] == "relu"
    assert published_names() == tuple(BACKBONES)
    assert names() == (*published_names(), *own_names(), *HANDCRAFTED)
    assert facts("Xception").smallest_size == 71


@pytest.mark.parametrize(
    ("name", "cut", "stages", "layer"),
    [
        ("MobileNet", None, 0, "conv_pw_13_relu"),
        ("MobileNet", None, 1, "conv_pw_11_relu"),
        ("MobileNet", "conv_pw_12_relu", 0, "conv_pw_12_relu"),
        ("MobileNet", "conv_pw_12_relu", 1, "conv_pw_11_relu"),
        ("MobileNet", "conv_pw_12_relu", 4, "conv_pw_1_relu"),
        ("MobileNet", "conv_pw_11_relu", 1, "conv_pw_5_relu"),
        ("MobileNet", "conv_pw_11", 1, "conv_pw_5_relu"),
        ("DenseNet121", None, 1, "pool4_conv"),
        ("DenseNet121", None, 2, "pool3_conv"),
        ("DenseNet121", None, 3, "pool2_conv"),
        ("VGG16", None, 1, "block4_conv3"),
        ("ResNet50", "conv4_block2_1_conv", 1, "conv3_block4_out"),
        ("VGG16", None, 0, "block5_pool"),
        ("VGG16", "fc2", 1, "block5_pool"),
        ("VGG19", "fc1", 2, "block4_conv4"),
    ],
)
def test_where_a_network_ends(name: str, cut: str | None, stages: int, layer: str) -> None:
    assert resolve_cut(facts(name), cut, stages) == layer


def test_number_of_stages() -> None:
    assert stage_count(facts("MobileNet"), "conv_pw_13_relu") == 5
    assert stage_count(facts("MobileNet"), "conv_pw_12_relu") == 5
    assert stage_count(facts("MobileNet"), "conv_pw_11_relu") == 4
    assert stage_count(facts("MobileNet"), "conv1") == 1
    # Both dense layers are one stage.
    assert stage_count(facts("VGG16"), "fc2") == stage_count(facts("VGG16"), "block5_pool") + 1


@pytest.mark.parametrize(
    ("name", "cut", "stages", "words"),
    [
        ("MobilNet", None, 0, r"backbone: 'MobilNet' is not known; did you mean MobileNet"),
        ("MobileNet", "conv_pw12_relu", 0, r"cut: .*'conv_pw12_relu'.*mean conv_pw_12_relu"),
        ("MobileNet", "nowhere", 0, r"cut: .*'nowhere'.*end at conv_pw_1_relu, .*conv_pw_13_relu"),
        ("MobileNet", "images", 0, r"cut: .*'images'"),
        ("MobileNet", None, 5, r"remove_stages: .*has 5 stages, so at most 4 .*found 5"),
        ("MobileNet", "conv1", 1, r"remove_stages: .*has 1 stage, so at most 0 .*found 1"),
    ],
)
def test_mistakes(name: str, cut: str | None, stages: int, words: str) -> None:
    with pytest.raises(UserError, match=words):
        resolve_cut(facts(name), cut, stages)


def test_the_facts_are_light() -> None:
    code = (
        "import sys; import scenery.registry.backbone_facts as f; f.facts('MobileNet');"
        "heavy = {'numpy', 'pandas', 'keras', 'tensorflow'} & set(sys.modules); assert not heavy"
    )
    source = str(TABLE.parents[2])
    subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {source!r}); {code}"], check=True
    )
