"""Swin Transformers of presets give what KerasHub gives, and can be cut, trained and saved."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import keras_hub
import numpy as np
import preset_files
import pytest
import tensorflow as tf

from scenery.config.settings import Settings
from scenery.errors import UserError
from scenery.inference.final_model import load_final
from scenery.inference.formats import write_format
from scenery.models.backbones import build_backbone
from scenery.models.feature_extraction import load_backbone
from scenery.models.heads import build_head
from scenery.models.inference_engine import compile_for_openvino
from scenery.models.layer_table import receptive_fields
from scenery.models.network_costs import depth, measure, multiply_adds
from scenery.models.preset_weights import load_preset
from scenery.models.swin_transformer import _regions
from scenery.models.truncation import boundary, cut_points, freeze_below, split_at, stages
from scenery.models.vision_transformer import as_map, build_transformer, with_tokens
from scenery.registry.backbone_facts import facts, resolve_cut, stage_count
from scenery.registry.custom_architectures import Network
from scenery.registry.presets import published_presets, read_preset
from scenery.training.fine_tuning import assemble
from scenery.training.lora import Adapters

Build = Callable[[int], keras.Model]
# Maps of 8 x 8 and 4 x 4 cells: the first has shifted windows, the second one window.
SMALL = {"image_shape": (32, 32, 3), "patch_size": 4, "embed_dim": 8, "depths": (2, 2),
         "num_heads": (2, 4), "window_size": 4, "mlp_ratio": 2.0}  # fmt: skip
SCALING = {"scale": [0.017, 0.018, 0.019], "offset": [-2.1, -2.0, -1.8]}


def _write(folder: Path, **changes: Any) -> Path:
    """A preset of KerasHub whose values are all random."""
    network = keras_hub.models.SwinTransformerBackbone(**SMALL | changes)
    rng = np.random.default_rng(1)
    for weight in network.weights:
        if "seed" not in weight.path:
            middle = 1.0 if weight.path.endswith("gamma") else 0.0
            weight.assign(rng.normal(middle, 0.3, weight.shape))
    network.save_to_preset(str(folder))
    keras_hub.layers.SwinTransformerImageConverter(image_size=(32, 32), **SCALING).save_to_preset(
        str(folder)
    )
    return folder


@pytest.fixture(scope="module")
def preset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a small preset."""
    return _write(tmp_path_factory.mktemp("presets") / "swin")


@pytest.fixture(scope="module")
def built(preset: Path) -> Build:
    """The network of the preset for a size, with its weights, which KerasHub reads once."""
    weights = load_preset(read_preset(str(preset)), 32).get_weights()

    def build(size: int) -> keras.Model:
        network = build_transformer(read_preset(str(preset)), size, None)
        network.set_weights(weights)
        return network

    return build


def _pixels(height: int, width: int) -> np.ndarray:
    rng = np.random.default_rng(0)
    return rng.uniform(0, 255, (2, height, width, 3)).astype(np.float32)


def _map_of_hub(folder: Path, pixels: np.ndarray) -> np.ndarray:
    """The tokens that KerasHub gives, as a map."""
    shape = pixels.shape[1:]
    network = keras_hub.models.Backbone.from_preset(str(folder), image_shape=shape)
    scaled = keras_hub.layers.ImageConverter.from_preset(str(folder), image_size=shape[:2])(pixels)
    tokens = np.asarray(network(scaled))
    stride = network.patch_size * 2 ** (len(network.depths) - 1)
    return tokens.reshape(2, shape[0] // stride, shape[1] // stride, -1)


# At 40 pixels, both maps are shifted and padded. At 32 x 72, the second one has 4 x 9 cells, so
# that it is padded and not shifted.
@pytest.mark.parametrize("size", [(40, 40), (32, 72)])
def test_swin_of_another_size_gives_the_map_of_keras_hub(
    size: tuple[int, int], preset: Path
) -> None:
    pixels = _pixels(*size)
    network = load_preset(read_preset(str(preset)), size)
    expected = _map_of_hub(preset, pixels)
    assert np.abs(expected).max() > 1
    np.testing.assert_allclose(network(pixels), expected, atol=1e-5)


@pytest.mark.parametrize(
    "changes",
    [
        {
            "window_size": 3, "depths": (1, 3), "image_shape": (24, 24, 3), "qkv_bias": False,
            "patch_norm": False, "drop_path": 0.3, "dropout_rate": 0.2,
        },
        {"depths": (1, 1, 2), "num_heads": (1, 2, 4), "window_size": 2},
    ],
)  # fmt: skip
def test_swin_of_its_own_size_gives_the_map_of_keras_hub_and_the_facts(
    changes: dict[str, Any], tmp_path: Path
) -> None:
    folder, size = _write(tmp_path, **changes), (SMALL | changes)["image_shape"][0]
    network = load_preset(read_preset(str(folder)), size)
    pixels = _pixels(size, size)
    np.testing.assert_allclose(network(pixels), _map_of_hub(folder, pixels), atol=1e-5)
    known = facts("Swin", Network(preset=str(folder)))
    assert network.count_params() == known.parameters
    assert multiply_adds(network) == known.multiply_adds
    assert depth(network) == known.depth


def test_facts_of_swin_are_those_of_the_network(preset: Path, built: Build) -> None:
    known = facts("Swin", Network(preset=str(preset)))
    network = built(32)
    points = cut_points(network)
    assert [(p.layer, p.size, p.channels, p.parameters) for p in points] == [
        (p.layer, p.size, p.channels, p.parameters) for p in known.cut_points
    ]
    assert [(p.layer, p.size, p.channels) for p in points] == [
        ("block_1", 8, 8), ("block_2", 8, 8), ("block_3", 4, 16), ("norm", 4, 16)
    ]  # fmt: skip
    assert network.count_params() == known.parameters
    assert multiply_adds(network) == known.multiply_adds
    assert depth(network) == known.depth == 1 + 4 * 4 + 1
    assert (known.size, known.smallest_size) == (32, 32)
    assert np.isnan(receptive_fields(network)[-1]).all()
    costs = measure(network)
    assert (costs.depth, costs.parameters) == (known.depth, known.parameters)
    assert costs.both_ms > 0


SIZES = {"tiny": (96, (2, 2, 6, 2)), "small": (96, (2, 2, 18, 2)), "base": (128, (2, 2, 18, 2)),
         "large": (192, (2, 2, 18, 2))}  # fmt: skip
# Billions of multiply-adds by Liu et al. 2021.
FLOPS = {"tiny 224": 4.5, "small 224": 8.7, "base 224": 15.4, "base 384": 47.0, "large 224": 34.5,
         "large 384": 103.9}  # fmt: skip


def test_parameters_of_published_presets_follow_from_their_configs(tmp_path: Path) -> None:
    names = [name for name, one in published_presets().items() if one["backbone"] == "Swin"]
    assert len(names) == 6
    for name in names:
        _, kind, _, window, side = name.split("_")
        width, depths = SIZES[kind]
        config = preset_files.backbone(
            preset_files.SWIN, image_shape=[int(side), int(side), 3], embed_dim=width,
            depths=list(depths), num_heads=[width // 32 * 2**n for n in range(4)],
            window_size=int(window.removeprefix("window")), mlp_ratio=4.0,
        )  # fmt: skip
        preset_files.write_preset(tmp_path / name, config)
        known = facts("Swin", Network(preset=str(tmp_path / name)))
        assert known.parameters == published_presets()[name]["parameters"]
        assert known.multiply_adds is not None
        assert known.multiply_adds / 1e9 == pytest.approx(FLOPS[f"{kind} {side}"], rel=0.015)
        assert known.smallest_size == int(side)


def test_parts_of_a_shifted_map_have_numbers_of_their_own() -> None:
    # Four windows of a 4 x 4 map, shifted by one; only cells with the same number see each other.
    expected = [[0, 0, 0, 0], [1, 2, 1, 2], [3, 3, 6, 6], [4, 5, 7, 8]]
    np.testing.assert_array_equal(_regions((4, 4), 2, 1), expected)
    # A row and a column of padding have the number of the first part.
    padded = _regions((3, 3), 2, 1).reshape(2, 2, 2, 2).transpose(0, 2, 1, 3).reshape(4, 4)
    assert not padded[3].any()
    assert not padded[:, 3].any()


def test_table_of_relative_positions_stays_one_for_all_windows(built: Build) -> None:
    network = built(64)
    for number, heads in enumerate((2, 2, 4, 4), start=1):
        table = network.get_layer(f"block_{number}_attention_positions")
        assert [tuple(weight.shape) for weight in table.weights] == [(7 * 7, heads)]


def test_saved_swin_is_loaded_by_keras_alone(built: Build, tmp_path: Path) -> None:
    # With shifted and padded windows.
    network, pixels = built(40), _pixels(40, 40)
    modules = {type(layer).__module__.partition(".")[0] for layer in network.operations}
    assert modules == {"keras"}
    network.save(tmp_path / "model.keras")
    loaded = load_final(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded(pixels), network(pixels))
    assert loaded(pixels[:0]).shape == (0, *network.output.shape[1:])


def test_swin_computes_in_half_precision(preset: Path, built: Build) -> None:
    single = built(40)
    keras.config.set_dtype_policy("mixed_float16")
    try:
        half = build_backbone("Swin", 40, None, Network(preset=str(preset)))
    finally:
        keras.config.set_dtype_policy("float32")
    half.set_weights(single.get_weights())
    pixels = _pixels(40, 40)[:1]
    assert half.output.dtype == "float16"
    np.testing.assert_allclose(half(pixels), single(pixels), atol=0.1)


def test_swin_ends_at_each_block(preset: Path) -> None:
    options = Network(preset=str(preset))
    known = facts("Swin", options)
    assert known.layers == ("block_1", "block_2", "block_3", "block_4", "norm")
    assert [resolve_cut(known, None, removed) for removed in range(4)] == [
        "norm", "block_3", "block_2", "block_1"
    ]  # fmt: skip
    shapes = ((8, 8, 8), (8, 8, 8), (4, 4, 16), (4, 4, 16), (4, 4, 16))
    for layer, count, shape in zip(known.layers, (1, 2, 3, 4, 4), shapes, strict=True):
        ended = build_backbone("Swin", 32, layer, options)
        assert len(cut_points(ended)) == len(stages(ended)) == stage_count(known, layer) == count
        assert ended.output.shape == (None, *shape)


def test_swin_is_split_and_frozen_at_blocks(built: Build) -> None:
    network, pixels = built(40), _pixels(40, 40)
    assert boundary(network, 2) == "block_2"
    below, above = split_at(network, "block_2")
    maps = below(pixels)
    assert as_map(network, maps) is maps
    np.testing.assert_allclose(above(maps), network(pixels), atol=1e-6)
    freeze_below(network, 2)
    trained = {weight.path.partition("/")[0] for weight in network.trainable_weights}
    parts = ("norm_1", "attention_positions", "attention_qkv", "attention_output", "norm_2",
             "dense_1", "dense_2")  # fmt: skip
    blocks = {f"block_{number}_{part}" for number in (3, 4) for part in parts}
    assert trained == {*blocks, "block_3_merging_norm", "block_3_merging", "norm"}


def test_one_block_of_swin_is_trained_and_the_others_stay(preset: Path, built: Build) -> None:
    backbone, pixels = built(40), _pixels(40, 40)
    freeze_below(backbone, 1)
    settings = Settings(backbone="Swin", weights=f"preset:{preset}", trainable="head+1")
    model = assemble(backbone, build_head(backbone.output.shape[1:], 2, settings.head))
    before = {w.path: np.array(w) for w in backbone.weights}
    model.compile("sgd", "categorical_crossentropy")
    # The head starts at 0, so that the first step changes nothing below it.
    model.fit(pixels, np.eye(2), epochs=2, verbose=0)
    changed = {w.path for w in backbone.weights if (np.array(w) != before[w.path]).any()}
    assert all(path.startswith(("block_4_", "norm/")) for path in changed)
    assert "block_4_attention_positions/embeddings" in changed


def test_matrices_of_lora_are_added_to_the_kernels_of_swin(built: Build) -> None:
    backbone, pixels = built(32), _pixels(32, 32)
    adapters = Adapters(backbone, 2)
    # Four dense layers of each of four blocks, and that of the merging.
    assert len(backbone.trainable_variables) == 2 * (4 * 4 + 1)
    for variable in backbone.trainable_variables:
        variable.assign(keras.ops.ones_like(variable) * 0.01)
    np.testing.assert_allclose(adapters.merged()(pixels), backbone(pixels), atol=1e-4)


def test_swin_is_written_in_other_formats(built: Build, tmp_path: Path) -> None:
    network, images = built(40), _pixels(40, 40)
    pooled = keras.layers.GlobalAveragePooling2D()(network.output)
    keras.utils.set_random_seed(1)
    model = keras.Model(network.input, keras.layers.Dense(3, activation="softmax")(pooled))
    expected = np.asarray(model(images), dtype=np.float64)
    assert np.ptp(expected, axis=0).max() > 1e-4
    for name in ("onnx", "tflite"):
        check = write_format(name, model, tmp_path, images, expected)
        assert (check.problem, check.class_changes) == ("", 0)
    found = compile_for_openvino(network)(images)
    np.testing.assert_allclose(found, network(images), atol=1e-4)


def test_swin_without_a_class_token_has_no_pooling_of_it(preset: Path) -> None:
    options = Network(preset=str(preset))
    vectors = load_backbone("Swin", 32, None, None, 0, options, "average")
    assert vectors.output.shape == (None, 4, 4, 16)
    with pytest.raises(UserError, match="Swin has no class token; found both"):
        with_tokens(vectors, "both")


@pytest.mark.parametrize("size", [24, 36, (32, 44), 16])
def test_sizes_that_windows_do_not_fit_are_refused(size: Any, preset: Path) -> None:
    with pytest.raises(UserError, match=r"multiples of 8, from 32 on; found"):
        load_preset(read_preset(str(preset)), size)


def test_keras_hub_computes_no_maps_smaller_than_a_window() -> None:
    """Why these sizes are refused: its table has a row for each pair of cells of a whole window."""
    network = keras_hub.models.SwinTransformerBackbone(**SMALL | {"image_shape": (24, 24, 3)})
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"\[2,4,9,9\] vs. \[4,16,16\]"):
        network(_pixels(24, 24))


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"depths": [200, 200]}, "depths: at most 256 blocks are allowed; found 400"),
        ({"depths": [1] * 9, "num_heads": [1] * 9}, "depths: List should have at most 8 items"),
        ({"num_heads": [2]}, "num_heads: 1 numbers; depths has 2"),
        ({"num_heads": [2, 3]}, "embed_dim: 16 channels are no multiple of num_heads, 3"),
        ({"window_size": 1000}, "window_size: Input should be less than or equal to 64"),
        ({"window_size": 5}, "image_shape: allowed are multiples of 8 from 40 on"),
        ({"image_shape": [36, 36, 3]}, "image_shape: allowed are multiples of 8 from 32 on"),
        ({"embed_dim": 65_536}, "mlp_ratio: allowed are 1 to 65536 units"),
        ({"mlp_ratio": 1e9}, "mlp_ratio: Input should be less than or equal to 64"),
        ({"mlp_ratio": float("nan")}, "mlp_ratio"),
        ({"data_format": "channels_first"}, "data_format: Input should be 'channels_last'"),
        ({"depths": "2222"}, "depths: Input should be a valid list"),
    ],
)
def test_configs_that_no_swin_has_are_refused(
    changes: dict[str, Any], says: str, tmp_path: Path
) -> None:
    preset_files.write_preset(tmp_path, preset_files.backbone(preset_files.SWIN, **changes))
    with pytest.raises(UserError, match=r"config\.json: config") as error:
        read_preset(str(tmp_path))
    assert says in str(error.value)


def test_config_that_keras_hub_writes_is_read(preset: Path) -> None:
    values = json.loads((preset / "config.json").read_text())["config"]
    assert values["data_format"] == "channels_last"
    network = read_preset(str(preset)).network
    assert (network.backbone, network.class_token) == ("Swin", False)
