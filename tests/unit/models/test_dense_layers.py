"""VGG16 and VGG19 with the dense layers of their top: built, cut, trained and loaded."""

from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest
import small_vgg

from scenery.errors import UserError
from scenery.models.backbones import BACKBONES, build_backbone, end_at
from scenery.models.truncation import cut_points, freeze_before, freeze_below
from scenery.models.weights import load_weights, save_weights
from scenery.registry.backbone_facts import facts

# Up to each layer: those of Keras' own networks, less the layers above.
PARAMETERS = {"VGG16": (117_479_232, 134_260_544), "VGG19": (122_788_928, 139_570_240)}


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A small VGG16 in place of the one of Keras."""
    record = replace(
        BACKBONES["VGG16"],
        native_size=small_vgg.SIZE,
        smallest_size=16,
        module=small_vgg.__name__,
        dense_layers=small_vgg.DENSE_LAYERS,
    )
    monkeypatch.setitem(BACKBONES, "VGG16", record)


@pytest.mark.parametrize("name", ["VGG16", "VGG19"])
def test_dense_layers_are_those_of_keras(name: str) -> None:
    # Shapes alone: the weights would take half a gigabyte.
    with keras.StatelessScope(initialize_variables=False):
        network = build_backbone(name, 224, "fc2")
        whole = BACKBONES[name].constructor(weights=None)
        expected = {w.path: w.shape for w in whole.weights if "predictions" not in w.path}
        assert {weight.path: weight.shape for weight in network.weights} == expected
        assert network.output.shape == (None, 1, 1, 4096)
        fc1 = end_at(network, "fc1").count_params()
        assert (fc1, network.count_params()) == PARAMETERS[name]
        found = [(p.layer, p.size, p.channels, p.parameters) for p in cut_points(network)]
        assert found[-1] == ("fc2", 1, 4096, PARAMETERS[name][1])
    known = facts(name)
    assert tuple(point.parameters for point in known.dense_layers) == PARAMETERS[name]
    # They are one stage above those of the network without its top.
    assert [point[0] for point in found[:-1]] == [point.layer for point in known.cut_points]
    assert known.layers[-3:] == ("flatten", "fc1", "fc2")


@pytest.mark.usefixtures("small")
def test_dense_layers_need_the_native_size() -> None:
    words = r"image_size: VGG16 up to fc1 needs 32 pixels, .*; found 48"
    with pytest.raises(UserError, match=words):
        build_backbone("VGG16", 48, "fc1")
    # What is only flattened has as many values as there are.
    assert build_backbone("VGG16", 48, "flatten").output.shape == (None, 1, 1, 54)


@pytest.mark.usefixtures("small")
def test_dense_layers_are_trained_as_a_stage_or_from_a_layer() -> None:
    network = build_backbone("VGG16", 32, "fc2")
    freeze_below(network, 1)
    assert [layer.name for layer in network.layers if layer.trainable_weights] == ["fc1", "fc2"]
    freeze_before(network, "fc2")
    assert [layer.name for layer in network.layers if layer.trainable_weights] == ["fc2"]


@pytest.mark.usefixtures("small")
def test_file_with_the_top_gives_dense_layers_their_weights(tmp_path: Path) -> None:
    source = small_vgg.VGG16()
    save_weights(source, tmp_path / "top.h5")
    network = build_backbone("VGG16", 32, "fc2")
    load_weights(network, tmp_path / "top.h5")
    images = np.random.default_rng(0).uniform(0, 255, (2, 32, 32, 3)).astype("float32")
    expected = keras.Model(source.input, source.get_layer("fc2").output)(
        keras.applications.vgg16.preprocess_input(images.copy())
    )
    assert np.asarray(expected).std() > 0
    np.testing.assert_allclose(np.asarray(network(images))[:, 0, 0], expected, rtol=1e-4, atol=1e-4)


@pytest.mark.usefixtures("small")
def test_file_without_the_top_lacks_the_dense_layers(tmp_path: Path) -> None:
    save_weights(small_vgg.VGG16(include_top=False), tmp_path / "no_top.h5")
    load_weights(build_backbone("VGG16", 32), tmp_path / "no_top.h5")
    words = r"no_top.h5 lacks 2 of the 4 layers of VGG16 .*\(fc1, fc2\); it reaches block2_pool: "
    with pytest.raises(UserError, match=words):
        load_weights(build_backbone("VGG16", 32, "fc2"), tmp_path / "no_top.h5")
