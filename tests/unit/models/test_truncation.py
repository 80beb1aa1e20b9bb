"""Cut points, stages, freezing and splitting."""

from collections.abc import Callable

import keras
import numpy as np
import pytest
from large_networks import NOT_BUILT

from scenery.errors import UserError
from scenery.models.backbones import BACKBONES, build_backbone
from scenery.models.truncation import (
    LayerGraph,
    boundary,
    cut_points,
    freeze_before,
    freeze_below,
    split_at,
    stages,
)

Int = Callable[[str], keras.Model]


def test_densenet121_has_the_cuts_of_the_published_study(whole: Int) -> None:
    points = {point.layer: point for point in cut_points(whole("DenseNet121"))}
    assert list(points) == ["conv1_relu", "pool2_conv", "pool3_conv", "pool4_conv", "relu"]
    assert points["pool4_conv"].parameters == 4_847_168
    assert points["pool3_conv"].parameters == 1_444_928
    assert points["pool2_conv"].parameters == 381_760
    assert [point.size for point in points.values()] == [112, 56, 28, 14, 7]
    assert [point.stage for point in points.values()] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("name", "layers"),
    [
        ("MobileNet", [f"conv_pw_{number}_relu" for number in (1, 3, 5, 11, 13)]),
        ("SqueezeNet", ["conv1", "fire3_concat", "fire5_concat", "fire9_concat"]),
        # 149 to 147 is a convolution without padding, no stage of its own.
        ("InceptionV3", ["activation_2", "activation_4", "mixed2", "mixed7", "mixed10"]),
        # The last pool has no weights and goes with block 5.
        (
            "VGG16",
            ["block1_conv2", "block2_conv2", "block3_conv3", "block4_conv3", "block5_pool"],
        ),
    ],
)
def test_stages_end_where_the_picture_is_halved(name: str, layers: list[str], whole: Int) -> None:
    assert [point.layer for point in cut_points(whole(name))] == layers


@pytest.mark.parametrize("name", sorted(set(BACKBONES) - set(NOT_BUILT)))
def test_stages_are_the_same_at_the_smallest_size(name: str, whole: Int) -> None:
    small = build_backbone(name, BACKBONES[name].smallest_size)
    native = [point.layer for point in cut_points(whole(name))]
    assert [point.layer for point in cut_points(small)] == native


@pytest.mark.parametrize("name", ["ResNet50", "MobileNetV2", "SqueezeNet", "EfficientNetB2"])
def test_bottlenecks_by_taking_each_layer_away(name: str, whole: Int) -> None:
    graph = LayerGraph(whole(name))
    end = len(graph.operations) - 1

    def reaches_input(place: int, without: int) -> bool:
        seen, todo = set(), [place]
        while todo:
            here = todo.pop()
            if here == -1:
                return True
            if here != without and here not in seen:
                seen.add(here)
                todo.extend(graph.inputs[here])
        return False

    expected = [place for place in range(end + 1) if not reaches_input(end, place)]
    assert graph.bottlenecks(end) == expected
    assert 5 < len(expected) < end


@pytest.mark.parametrize("name", ["MobileNet", "DenseNet121", "Xception", "VGG16"])
def test_every_layer_with_weights_is_in_one_stage(name: str, whole: Int) -> None:
    groups = stages(whole(name))
    layers = [layer.name for group in groups for layer in group]
    assert len(layers) == len(set(layers))
    assert {layer.name for layer in whole(name).layers if layer.weights} <= set(layers)
    assert all(any(layer.weights for layer in group) for group in groups)


def trainable(network: keras.Model) -> set[str]:
    return {layer.name for layer in network.layers if layer.trainable_weights}


def test_freezing_leaves_the_top_stages_to_learn() -> None:
    network = build_backbone("MobileNet", 64)
    everything = trainable(network)
    freeze_below(network, 1)
    top = {"conv_dw_12", "conv_pw_12", "conv_dw_13", "conv_pw_13"}
    assert trainable(network) == top | {f"{name}_bn" for name in top}
    freeze_below(network, 0)
    assert trainable(network) == set()
    freeze_below(network, 5)
    assert trainable(network) == everything
    freeze_below(network, 0)
    freeze_below(network, None)
    assert trainable(network) == everything
    with pytest.raises(UserError, match=r"5 stages; found head\+6"):
        freeze_below(network, 6)


def test_freezing_before_a_layer_lets_it_and_all_after_it_learn() -> None:
    network = build_backbone("VGG16", 32)
    freeze_before(network, "block5_conv1")
    assert trainable(network) == {"block5_conv1", "block5_conv2", "block5_conv3"}
    freeze_before(network, "block4_pool")
    assert trainable(network) == {"block5_conv1", "block5_conv2", "block5_conv3"}
    freeze_before(network, "block1_conv1")
    assert len(trainable(network)) == 13
    with pytest.raises(UserError, match=r"no layer 'block6'"):
        freeze_before(network, "block6")


def test_boundary_is_the_highest_frozen_layer() -> None:
    network = build_backbone("MobileNet", 64, "conv_pw_12_relu")
    assert boundary(network, 0) == "conv_pw_12_relu"
    assert boundary(network, 1) == "conv_pw_11_relu"
    assert boundary(network, 4) == "conv_pw_1_relu"
    assert boundary(network, 5) is None
    assert boundary(network, None) is None


@pytest.mark.parametrize(
    ("name", "layer"),
    [("ResNet50", "conv3_block4_out"), ("EfficientNetB2", "block4a_expand_activation")],
)
def test_the_two_parts_of_a_network_give_what_the_whole_gives(name: str, layer: str) -> None:
    network = build_backbone(name, 64)
    below, above = split_at(network, layer)
    images = np.random.default_rng(0).uniform(0, 255, (2, 64, 64, 3)).astype("float32")
    expected = np.asarray(network(images))
    found = np.asarray(above(below(images)))
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
    assert expected.std() > 0
    assert below.count_params() + above.count_params() == network.count_params()
    # Stages of the upper part alone, and weights that are those of the whole.
    freeze_below(above, 1)
    assert trainable(above) < trainable(below) | trainable(network)
    above.set_weights([weight * 0 for weight in above.get_weights()])
    assert not np.allclose(np.asarray(network(images)), expected)


def test_a_network_cannot_be_split_inside_a_branch() -> None:
    network = build_backbone("ResNet50", 64, "conv2_block2_out")
    with pytest.raises(ValueError, match="some paths go past it"):
        split_at(network, "conv2_block2_1_conv")
