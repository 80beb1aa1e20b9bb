"""Vision transformers of presets give what KerasHub gives, and can be cut, trained and saved."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import keras_hub
import numpy as np
import pytest
from check_weights import check_weights
from provide_weights import provide_weights

from scenery.config.settings import Settings
from scenery.errors import UserError
from scenery.inference.final_model import load_final
from scenery.models.backbones import build_backbone
from scenery.models.feature_extraction import load_backbone, load_feature_extractor
from scenery.models.heads import build_head
from scenery.models.network_costs import depth, multiply_adds
from scenery.models.preset_weights import load_preset
from scenery.models.truncation import boundary, cut_points, freeze_below, split_at, stages
from scenery.models.vision_transformer import TOKENS, as_map, with_tokens
from scenery.pipeline.jobs.weights import CheckWeightsJob
from scenery.registry.backbone_facts import facts, resolve_cut, stage_count
from scenery.registry.custom_architectures import Network
from scenery.registry.presets import PRESET_BACKBONES, published_presets, read_preset
from scenery.study.features import plain_features
from scenery.training.fine_tuning import assemble

SHARED = {"image_shape": (32, 32, 3), "patch_size": 8, "num_layers": 3, "num_heads": 2,
          "hidden_dim": 8}  # fmt: skip
TEXTS = {"vocabulary_size": 9, "embedding_dim": 8, "hidden_dim": 8, "num_layers": 1, "num_heads": 2,
         "intermediate_dim": 8, "max_sequence_length": 4, "name": "text_encoder"}  # fmt: skip
SYMMETRIC = {"scale": 1 / 127.5, "offset": -1}
NAMES = ("ViT", "DeiT", "DINOv2", "DINOv2 giant", "CLIP", "SigLIP")
PIXELS = np.random.default_rng(0).uniform(0, 255, (2, 32, 32, 3)).astype(np.float32)


def _made(name: str) -> Any:
    """A small network of KerasHub."""
    models = keras_hub.models
    if name == "ViT":
        return models.ViTBackbone(mlp_dim=16, **SHARED)
    if name == "DeiT":
        return models.DeiTBackbone(intermediate_dim=16, **SHARED)
    if name.startswith("DINOv2"):
        giant = name.endswith("giant")
        return models.DINOV2Backbone(
            intermediate_dim=16, num_register_tokens=0 if giant else 2, use_swiglu_ffn=giant,
            position_embedding_shape=(32, 32, 3) if giant else (48, 48, 3), **SHARED,
        )  # fmt: skip
    vision = {"intermediate_dim": 16, "name": "vision_encoder", **SHARED}
    if name == "CLIP":
        texts = models.CLIPTextEncoder(**TEXTS)
        return models.CLIPBackbone(models.CLIPVisionEncoder(**vision), texts, projection_dim=8)
    texts = models.SigLIPTextEncoder(**TEXTS)
    return models.SigLIPBackbone(models.SigLIPVisionEncoder(**vision), texts)


def _converter(name: str) -> Any:
    kind = getattr(keras_hub.layers, f"{name.split()[0].replace('DINOv2', 'DINOV2')}ImageConverter")
    colors = {"scale": [0.017, 0.018, 0.019], "offset": [-2.1, -2.0, -1.8]}
    return kind(image_size=(32, 32), **(SYMMETRIC if name == "ViT" else colors))


@pytest.fixture(scope="module")
def presets(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder of a preset whose values are all random."""
    root, made = tmp_path_factory.mktemp("presets"), set[str]()

    def folder(name: str) -> Path:
        path = root / name.replace(" ", "_")
        if name not in made:
            made.add(name)
            network, rng = _made(name), np.random.default_rng(len(name))
            for weight in network.weights:
                if weight.path.endswith("position_ids"):
                    weight.assign(np.arange(weight.shape[1])[None])
                else:
                    middle = 1.0 if weight.path.endswith(("gamma", "lambda1")) else 0.0
                    weight.assign(rng.normal(middle, 0.3, weight.shape))
            network.save_to_preset(str(path))
            _converter(name).save_to_preset(str(path))
        return path

    return folder


def _tokens_of_hub(name: str, folder: Path) -> np.ndarray:
    """The tokens that KerasHub gives for the pixels."""
    images = keras_hub.layers.ImageConverter.from_preset(str(folder))(PIXELS)
    network = keras_hub.models.Backbone.from_preset(str(folder))
    if name in ("CLIP", "SigLIP"):
        encoder = network.vision_encoder
        last = encoder.layer_norm if name == "CLIP" else encoder.post_layer_norm
        network = keras.Model(encoder.inputs, last.output)
    return np.asarray(network({"images": images} if name not in ("ViT", "DeiT") else images))


def _tokens(network: keras.Model) -> np.ndarray:
    return np.asarray(keras.Model(network.input, network.get_layer(TOKENS).input)(PIXELS))


def _facts_are_those_of(network: keras.Model, preset: Path) -> None:
    known = facts(network.name, Network(preset=str(preset)))
    points = cut_points(network)
    assert [p.parameters for p in points] == [p.parameters for p in known.cut_points]
    assert [p.size for p in points] == [p.size for p in known.cut_points] == [4] * 3
    assert [p.layer for p in points[:-1]] == ["block_1", "block_2"]
    assert network.count_params() == known.parameters
    assert multiply_adds(network) == known.multiply_adds
    assert depth(network) == known.depth


@pytest.mark.parametrize("name", NAMES)
def test_transformer_gives_the_tokens_of_keras_hub_and_the_facts(
    name: str, presets: Callable[[str], Path], tmp_path: Path
) -> None:
    preset = read_preset(str(presets(name)))
    network = load_preset(preset, 32)
    expected = _tokens_of_hub(name, presets(name))
    np.testing.assert_allclose(_tokens(network), expected, atol=1e-5)
    spec = preset.network
    patches = expected[:, spec.prefix :]
    np.testing.assert_allclose(network(PIXELS), patches.reshape(2, 4, 4, 8), atol=1e-5)
    assert network.name == spec.backbone == name.split()[0]
    _facts_are_those_of(network, presets(name))
    if spec.class_token:
        both = np.concatenate([patches.mean(axis=1), expected[:, 0]], axis=1)
        ended = with_tokens(network, "both")
        assert ended.output.shape == (None, 1, 1, 16)
        np.testing.assert_allclose(np.asarray(ended(PIXELS))[:, 0, 0], both, atol=1e-5)
    # Loaded in safe mode, by Keras alone: no layer is of KerasHub or of Scenery.
    modules = {type(layer).__module__.partition(".")[0] for layer in network.layers}
    assert modules == {"keras"}
    network.save(tmp_path / "model.keras")
    np.testing.assert_array_equal(load_final(tmp_path / "model.keras")(PIXELS), network(PIXELS))


def test_positions_for_another_size_are_those_of_keras_hub(presets: Callable[[str], Path]) -> None:
    folder = presets("DINOv2")
    larger = np.asarray(keras.ops.image.resize(PIXELS, (40, 40)))
    network = load_preset(read_preset(str(folder)), 40)
    source = keras_hub.models.Backbone.from_preset(str(folder), image_shape=(40, 40, 3))
    scaled = keras_hub.layers.ImageConverter.from_preset(str(folder), image_size=(40, 40))(larger)
    tokens = keras.Model(network.input, network.get_layer(TOKENS).input)(larger)
    np.testing.assert_allclose(tokens, source({"images": scaled}), atol=1e-5)


def test_transformer_takes_images_that_are_no_squares(presets: Callable[[str], Path]) -> None:
    network = load_preset(read_preset(str(presets("ViT"))), (32, 48))
    assert network.output.shape == (None, 4, 6, 8)
    with pytest.raises(UserError, match="sides are multiples of 8, such as 40 and 48; found 44"):
        load_preset(read_preset(str(presets("ViT"))), 44)


def test_network_ends_at_each_layer_of_its_facts(presets: Callable[[str], Path]) -> None:
    options = Network(preset=str(presets("ViT")))
    known = facts("ViT", options)
    assert known.layers == ("block_1", "block_2", "block_3", "norm")
    assert [resolve_cut(known, None, removed) for removed in range(3)] == [
        "norm", "block_2", "block_1"
    ]  # fmt: skip
    for layer, count in zip(known.layers, (1, 2, 3, 3), strict=True):
        ended = build_backbone("ViT", 32, layer, options)
        assert len(cut_points(ended)) == len(stages(ended)) == stage_count(known, layer) == count
        assert ended.output.shape == (None, 4, 4, 8)


def test_network_is_split_and_frozen_at_blocks(presets: Callable[[str], Path]) -> None:
    network = load_preset(read_preset(str(presets("DeiT"))), 32)
    layer = boundary(network, 1)
    assert layer == "block_2"
    below, above = split_at(network, layer)
    tokens = below(PIXELS)
    np.testing.assert_allclose(above(tokens), network(PIXELS), atol=1e-6)
    assert as_map(network, tokens).shape == (2, 4, 4, 8)
    freeze_below(network, 1)
    trained = {weight.path.partition("/")[0] for weight in network.trainable_weights}
    parts = ("norm_1", "attention", "norm_2", "dense_1", "dense_2")
    assert trained == {*(f"block_3_{part}" for part in parts), "norm"}


def test_one_block_is_trained_and_the_others_stay(presets: Callable[[str], Path]) -> None:
    weights = presets("ViT")
    backbone = with_tokens(load_preset(read_preset(str(weights)), 32), "class_token")
    freeze_below(backbone, 1)
    settings = Settings(backbone="ViT", weights=f"preset:{weights}", trainable="head+1",
                        head={"pooling": "class_token"})  # fmt: skip
    model = assemble(backbone, build_head((1, 1, 8), 2, settings.head))
    before = {w.path: np.array(w) for w in backbone.weights}
    model.compile("sgd", "categorical_crossentropy")
    model.fit(PIXELS, np.eye(2), epochs=2, verbose=0)
    changed = {w.path for w in backbone.weights if (np.array(w) != before[w.path]).any()}
    assert changed
    assert all(path.startswith(("block_3_", "norm/")) for path in changed)


def test_features_of_each_pooling_come_from_one_weights_file(
    presets: Callable[[str], Path], tmp_path: Path
) -> None:
    folder, file = presets("CLIP"), tmp_path / "weights.h5"
    provide_weights("CLIP", f"preset:{folder}", None, file, image_size=32)
    options = Network(preset=str(folder))
    job = CheckWeightsJob(
        backbone="CLIP", layers=("block_1", "norm"), image_size=32, options=options
    )
    check_weights(file, job, tmp_path / "facts.json")
    counts = json.loads((tmp_path / "facts.json").read_text())["parameters"]
    assert counts["norm"] == facts("CLIP", options).parameters
    expected = _tokens_of_hub("CLIP", folder)
    vectors = {}
    for pooling in ("average", "class_token", "both"):
        settings = Settings(backbone="CLIP", weights=f"preset:{folder}", head={"pooling": pooling})
        features = plain_features(settings)
        assert f"-{pooling}-" in features.id
        vectors[pooling] = np.asarray(load_feature_extractor(features, file)(PIXELS))
    np.testing.assert_allclose(vectors["average"], expected[:, 1:].mean(axis=1), atol=1e-5)
    np.testing.assert_allclose(vectors["class_token"], expected[:, 0], atol=1e-5)
    np.testing.assert_allclose(
        vectors["both"], np.concatenate([vectors["average"], vectors["class_token"]], 1), atol=1e-6
    )
    ended = load_backbone("CLIP", 32, "block_2", file, 1, options, "class_token")
    assert ended.output.shape == (None, 1, 1, 8)


def test_weights_that_do_not_fit_the_config_are_refused(
    presets: Callable[[str], Path], tmp_path: Path
) -> None:
    for path in presets("ViT").iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "model.weights.h5").write_bytes(b"nothing")
    with pytest.raises(UserError, match=r"KerasHub cannot load .* do not fit"):
        load_preset(read_preset(str(tmp_path)), 32)


def test_published_presets_are_those_of_keras_hub() -> None:
    for name, values in published_presets().items():
        kind = PRESET_BACKBONES[values["backbone"]].keras_class
        known = getattr(keras_hub.models, kind).presets[name]
        assert known["kaggle_handle"] == f"kaggle://{values['handle']}"
        assert known["metadata"]["params"] == values["parameters"]
