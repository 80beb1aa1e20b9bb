"""The weights of a preset, read by KerasHub and given to the network that Scenery builds."""

from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np

from scenery.errors import UserError
from scenery.image_size import ImageSize, sides
from scenery.installation import missing_packages
from scenery.models.swin_transformer import PATCH_NORM
from scenery.models.transformer_layers import PATCHES
from scenery.models.vision_transformer import POSITIONS, build_transformer, resized_table
from scenery.registry.preset_configs import PresetNetwork, Transformer
from scenery.registry.presets import PRESET_BACKBONES, Preset
from scenery.registry.swin_config import SwinTransformer
from scenery.registry.transformer_facts import END, block_name

Arrays = list[np.ndarray]
Named = Iterator[tuple[str, Arrays]]


def load_preset(preset: Preset, image_size: ImageSize) -> keras.Model:
    """The whole transformer of a preset with its weights.

    Args:
        preset: A preset whose classes are checked.
        image_size: Size of the input in pixels. The table of positions is made for it by
            interpolation where it is not the preset's own.

    Raises:
        UserError: KerasHub is missing, or the weights do not fit the config.
    """
    if missing := missing_packages("hub"):
        raise UserError(f"weights: a preset {missing}")
    network = build_transformer(preset, image_size, None)
    kind = PRESET_BACKBONES[preset.network.backbone]
    source = _from_hub(kind.keras_class, preset)
    if kind.encoder is not None:
        source = getattr(source, kind.encoder)
    for name, arrays in _named_weights(source, kind.name, preset.network, image_size):
        network.get_layer(name).set_weights(arrays)
    return network


def _named_weights(source: Any, kind: str, spec: PresetNetwork, image_size: ImageSize) -> Named:
    """The weights of KerasHub's network, with the names of the layers that take them."""
    if isinstance(spec, SwinTransformer):
        return _of_swin(source)
    assert isinstance(spec, Transformer)
    readers: dict[str, Callable[[Any, Transformer, ImageSize], Named]] = {
        "ViT": _of_vit,
        "DeiT": _of_deit,
        "DINOv2": _of_dinov2,
        "CLIP": _of_clip,
        "SigLIP": _of_siglip,
    }
    return readers[kind](source, spec, image_size)


def _from_hub(keras_class: str, preset: Preset) -> Any:
    import keras_hub

    try:
        return getattr(keras_hub.models, keras_class).from_preset(str(preset.folder))
    # What KerasHub, Keras and h5py raise for files that do not fit each other.
    except (ValueError, TypeError, LookupError, AttributeError, OSError, RuntimeError) as error:
        reason = " ".join(str(error).split())[:200]
        raise UserError(
            f"weights: KerasHub cannot load the preset {preset.folder}: its files are damaged or "
            f"do not fit each other ({reason})"
        ) from error


def _positions(
    table: Any, prefix: list[Any], spec: Transformer, image_size: ImageSize
) -> tuple[str, Arrays]:
    """The table of positions.

    Args:
        table: Positions: first those of the tokens in `prefix`, if they have any, then patches.
        prefix: Class and register tokens.
        spec: The network.
        image_size: Size of the images in pixels.
    """
    values = np.asarray(table).reshape(-1, spec.width)
    tokens = [np.asarray(one).reshape(-1, spec.width) for one in prefix]
    rows = np.concatenate([values[:0], *tokens])
    named = len(values) - spec.positions**2
    # Registers have no position; the class token has the first.
    rows[:named] += values[:named]
    whole = np.concatenate([rows, values[named:]])
    height, width = sides(image_size)
    grid = (height // spec.patch, width // spec.patch)
    return POSITIONS, [resized_table(whole, spec.prefix, grid, spec.antialias)]


def _of_vit(source: Any, spec: Transformer, image_size: ImageSize) -> Named:
    embedding = source.get_layer("vit_patching_and_embedding")
    encoder = source.get_layer("vit_encoder")
    yield PATCHES, embedding.patch_embedding.get_weights()
    prefix = [embedding.class_token] if spec.class_token else []
    yield _positions(embedding.position_embedding.embeddings, prefix, spec, image_size)
    for number, block in enumerate(encoder.encoder_layers, start=1):
        dense = block.mlp.dense_1, block.mlp.dense_2
        yield from _block(number, block.layer_norm_1, block.mha, block.layer_norm_2, *dense)
    yield END, encoder.layer_norm.get_weights()


def _of_deit(source: Any, spec: Transformer, image_size: ImageSize) -> Named:
    embedding = source.get_layer("deit_patching_and_embedding")
    encoder = source.get_layer("deit_encoder")
    yield PATCHES, embedding.patch_embedding.get_weights()
    prefix = [embedding.class_token, embedding.distillation_token]
    yield _positions(embedding.position_embedding, prefix, spec, image_size)
    for number, block in enumerate(encoder.encoder_layers, start=1):
        dense = block.mlp.dense, block.output_layer.dense
        yield from _block(number, block.layer_norm_1, block.mha, block.layer_norm_2, *dense)
    yield END, encoder.layer_norm.get_weights()


def _of_dinov2(source: Any, spec: Transformer, image_size: ImageSize) -> Named:
    embedding = source.embeddings
    yield PATCHES, embedding.patch_embeddings.projection.get_weights()
    registers = [embedding.register_tokens] if spec.prefix > 1 else []
    prefix = [embedding.cls_token, *registers]
    yield _positions(embedding.position_embeddings, prefix, spec, image_size)
    for number, block in enumerate(source.encoder.layers, start=1):
        yield from _dinov2_block(number, block, spec)
    yield END, source.layernorm.get_weights()


def _dinov2_block(number: int, block: Any, spec: Transformer) -> Named:
    name = block_name(number)
    yield f"{name}_norm_1", block.norm1.get_weights()
    scale = np.asarray(block.layer_scale1.lambda1)
    yield f"{name}_attention", _scaled(block.attention.attention.get_weights(), scale)
    yield f"{name}_norm_2", block.norm2.get_weights()
    scale = np.asarray(block.layer_scale2.lambda1)
    if spec.gated:
        kernel, bias = block.mlp.weights_in.get_weights()
        yield f"{name}_dense_1", [kernel[:, : spec.units], bias[: spec.units]]
        yield f"{name}_gate", [kernel[:, spec.units :], bias[spec.units :]]
        yield f"{name}_dense_2", _scaled(block.mlp.weights_out.get_weights(), scale)
    else:
        yield f"{name}_dense_1", block.mlp.fc1.get_weights()
        yield f"{name}_dense_2", _scaled(block.mlp.fc2.get_weights(), scale)


def _scaled(arrays: Arrays, scale: np.ndarray) -> Arrays:
    """The weights of a layer whose output is multiplied: its last kernel and bias are."""
    return [*arrays[:-2], arrays[-2] * scale, arrays[-1] * scale]


def _of_clip(source: Any, spec: Transformer, image_size: ImageSize) -> Named:
    yield PATCHES, source.embedding.patch_embedding.get_weights()
    yield _positions(
        _looked_up(source.embedding), [source.embedding.class_embedding], spec, image_size
    )
    yield "first_norm", source.pre_layer_norm.get_weights()
    for number, block in enumerate(source.encoder_layers, start=1):
        dense = block.dense_1, block.dense_2
        yield from _block(number, block.layer_norm_1, block.attention, block.layer_norm_2, *dense)
    yield END, source.layer_norm.get_weights()


def _of_siglip(source: Any, spec: Transformer, image_size: ImageSize) -> Named:
    yield PATCHES, source.embedding.patch_embedding.get_weights()
    yield _positions(_looked_up(source.embedding), [], spec, image_size)
    for number, block in enumerate(source.encoder_layers, start=1):
        dense = block.mlp.fc1, block.mlp.fc2
        yield from _block(number, block.layer_norm1, block.self_attn, block.layer_norm2, *dense)
    yield END, source.post_layer_norm.get_weights()


def _looked_up(embedding: Any) -> np.ndarray:
    """The positions in the order of the tokens, which these classes keep beside their table."""
    table = np.asarray(embedding.position_embedding.embeddings)
    return table[np.asarray(embedding.position_ids).ravel()]


def _block(
    number: int, norm_1: Any, attention: Any, norm_2: Any, dense_1: Any, dense_2: Any
) -> Named:
    name = block_name(number)
    yield f"{name}_norm_1", norm_1.get_weights()
    yield f"{name}_attention", attention.get_weights()
    yield f"{name}_norm_2", norm_2.get_weights()
    yield f"{name}_dense_1", dense_1.get_weights()
    yield f"{name}_dense_2", dense_2.get_weights()


def _of_swin(source: Any) -> Named:
    yield PATCHES, source.patch_embedding.proj.get_weights()
    if source.patch_embedding.norm is not None:
        yield PATCH_NORM, source.patch_embedding.norm.get_weights()
    number, merging = 0, None
    for stage in source.stages:
        for place, block in enumerate(stage.blocks):
            number += 1
            if merging is not None and place == 0:
                # KerasHub merges after the last block of a resolution.
                yield f"{block_name(number)}_merging_norm", merging.norm.get_weights()
                yield f"{block_name(number)}_merging", merging.reduction.get_weights()
            yield from _swin_block(block_name(number), block)
        merging = stage.downsample
    yield END, source.norm.get_weights()


def _swin_block(name: str, block: Any) -> Named:
    attention = block.attn
    yield f"{name}_norm_1", block.norm1.get_weights()
    table = np.asarray(attention.relative_position_bias_table)
    yield f"{name}_attention_positions", [table]
    yield f"{name}_attention_qkv", attention.qkv.get_weights()
    yield f"{name}_attention_output", attention.proj.get_weights()
    yield f"{name}_norm_2", block.norm2.get_weights()
    yield f"{name}_dense_1", block.mlp.fc1.get_weights()
    yield f"{name}_dense_2", block.mlp.fc2.get_weights()
