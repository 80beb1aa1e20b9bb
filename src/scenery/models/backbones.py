"""Building backbones from their records.

A built backbone is one flat functional model that takes float RGB images of 0 to 255. Its
preprocessing is its first layers (names beginning with `preprocess`), which are Keras' own, so that
a saved model does not need this package.

- Weights are loaded by layer name (`scenery.models.weights`).
- To train it with fixed batch norm statistics, put it inside
  `scenery.models.inference_mode.InferenceMode`: Keras 3 ignores `backbone(images, training=False)`
  during training.
- `backbone.get_layer(name).output` gives inner layers (Grad-CAM). `scenery.models.truncation`
  makes stages trainable and splits the network at a layer.
"""

import re
from typing import Any

import keras

from scenery.errors import UserError
from scenery.image_size import ImageSize, image_size_of, sides, size_name
from scenery.messages import suggestions

# Named by records. Imported here so that the digests of code include them.
from scenery.models import efficientnet_lite, squeezenet  # noqa: F401
from scenery.models.flattening import flattened
from scenery.models.vision_transformer import build_transformer
from scenery.registry.architecture_outlines import architecture_outline
from scenery.registry.backbone_facts import (
    check_dense_size,
    facts,
    resolve_cut,
    unknown_backbone_message,
)
from scenery.registry.backbones import BACKBONES, Backbone, Preprocessing
from scenery.registry.custom_architectures import ARCHITECTURES, Network, architecture
from scenery.registry.presets import PRESET_BACKBONES, read_preset
from scenery.registry.transformer_facts import is_block

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_DEVIATION = (0.229, 0.224, 0.225)
IMAGENET_MEAN_BGR = (103.939, 116.779, 123.68)
LUMA = (0.299, 0.587, 0.114)
PREPROCESS = "preprocess"
# The layer that holds a mean and a variance of the training images.
INPUT_STATISTICS = f"{PREPROCESS}_statistics"
FLATTEN = "flatten"


def backbone(name: str) -> Backbone:
    """The record of a backbone; UserError with the nearest names for an unknown one."""
    if name not in BACKBONES:
        raise UserError(unknown_backbone_message(name))
    return BACKBONES[name]


def build_backbone(
    name: str, image_size: ImageSize, cut: str | None = None, options: Network | None = None
) -> keras.Model:
    """Build a backbone without its top, with random weights, ended at the layer `cut`.

    Args:
        name: a name of the backbone table.
        image_size: size of the input in pixels.
        cut: name of the layer whose output becomes the model's, which may be a dense layer of the
            top (`fc2` of VGG16); None for the whole network without its top.
        options: those of one of Scenery's own networks, or the width of a published one; None:
            the defaults.

    Returns:
        A functional model named like the backbone: float (batch, height, width, 3) RGB images of
        0 to 255 in, a feature map out. Its weights depend on Keras' random state alone
        (`keras.utils.set_random_seed`), and its layer names on nothing.

    Raises:
        UserError: unknown name or layer, options that do not fit each other, or a size that
            the network cannot be built for.
    """
    if name in ARCHITECTURES:
        return end_at(_custom_network(name, image_size, options or Network()), cut)
    if name in PRESET_BACKBONES:
        return _transformer(name, image_size, cut, options or Network())
    record = backbone(name)
    shape = (*sides(image_size), 3)
    if min(shape[:2]) < record.smallest_size:
        raise UserError(
            f"image_size: {size_name(image_size)} is too small for {name}, "
            f"which needs at least {record.smallest_size} pixels"
        )
    images = keras.Input(shape, name="images")
    network = record.constructor(
        include_top=False,
        weights=None,
        input_tensor=preprocess(images, record.preprocessing),
        input_shape=shape,
        **width(record, options),
    )
    network = flattened(keras.Model(images, network.output, name=name))
    if record.dense_layers and cut in (FLATTEN, *dict(record.dense_layers)):
        network = _with_dense_layers(network, record, cut)
    give_stable_names(network)
    return end_at(network, cut)


def width(record: Backbone, options: Network | None) -> dict[str, float]:
    """The argument `alpha` of a constructor that has one."""
    return {"alpha": 1.0 if options is None else options.width} if record.alphas else {}


def _with_dense_layers(network: keras.Model, record: Backbone, cut: str) -> keras.Model:
    """A network with the dense layers of its top up to `cut`, which keep their names in Keras.

    The layers give maps of one cell. Their weights have the shapes of Keras' own, and what works on
    a map (stages, pooling, Grad-CAM) works on them.

    Raises:
        UserError: The image size is not the one that the dense layers were made for.
    """
    check_dense_size(record.name, cut, image_size_of(*network.input.shape[1:3]))
    x = keras.layers.Reshape((1, 1, -1), name=FLATTEN)(network.output)
    names = [FLATTEN, *dict(record.dense_layers)]
    for name, units in record.dense_layers[: names.index(cut)]:
        x = keras.layers.Dense(units, activation="relu", name=name)(x)
    return keras.Model(network.input, x, name=network.name)


def _custom_network(name: str, image_size: ImageSize, options: Network) -> keras.Model:
    # Options and a size that do not fit are refused by the outline.
    architecture_outline(name, options, image_size)
    images = keras.Input((*sides(image_size), 3), name="images")
    record = architecture(name, options)
    channels = luminance(images) if record.input_channels == 1 else images
    output = record.build(preprocess(channels, record.preprocessing))
    network = keras.Model(images, output, name=name)
    give_stable_names(network)
    return network


def _transformer(
    name: str, image_size: ImageSize, cut: str | None, options: Network
) -> keras.Model:
    # Checks the preset and the layer, too.
    known = facts(name, options)
    assert options.preset is not None
    end = resolve_cut(known, cut, 0)
    network = build_transformer(read_preset(options.preset), image_size, end)
    give_stable_names(network)
    return network


def luminance(images: Any) -> Any:
    """One channel of a Keras tensor of RGB images: the luma of ITU-R BT.601, as of Pillow.

    It has no weights.
    """
    weighted = keras.layers.Rescaling(LUMA, dtype="float32", name=f"{PREPROCESS}_luma")(images)
    total = keras.ops.sum(weighted, axis=-1, keepdims=True)
    return keras.layers.Rescaling(1.0, dtype="float32", name=f"{PREPROCESS}_gray")(total)


def end_at(network: keras.Model, cut: str | None) -> keras.Model:
    """The part of a network up to the layer `cut`; UserError if it has no such layer."""
    if cut is None or cut == network.layers[-1].name:
        return network
    names = [one.name for one in network.layers if may_end_at(one) or ends_block(one)]
    if cut not in names:
        raise UserError(f"cut: {network.name} has no layer {cut!r}; {suggestions(cut, names)}")
    return keras.Model(network.input, network.get_layer(cut).output, name=network.name)


def preprocess(images: Any, how: Preprocessing) -> Any:
    """Put the preprocessing layers on `images`, a Keras tensor of RGB values from 0 to 255.

    Gives the values of keras.applications.imagenet_utils.preprocess_input; `efficientnet` gives
    255 times those of `torch`, since Keras' network divides by 255 itself; `lite` gives
    (x - 127) / 128. Always in 32 bits, since 16 have too few digits for values up to 255.
    """

    def rescale(scale: Any, offset: Any) -> Any:
        return keras.layers.Rescaling(scale, offset, dtype="float32", name=f"{PREPROCESS}_scale")(
            images
        )

    if how == "tf":
        return rescale(1 / 127.5, -1.0)
    if how == "unit":
        return rescale(1 / 255, 0.0)
    if how == "samplewise":
        # The variance of an image of one color is 0, and its quotient, too.
        return keras.layers.LayerNormalization(
            axis=(1, 2, 3), epsilon=1e-3, center=False, scale=False, dtype="float32",
            name=f"{PREPROCESS}_scale",
        )(images)  # fmt: skip
    if how in ("featurewise", "featurewise_center"):
        # A batch norm that never learns, as in heads: Keras' Normalization keeps its statistics as
        # constants once it is built.
        name = INPUT_STATISTICS if how == "featurewise" else f"{INPUT_STATISTICS}_center"
        return keras.layers.BatchNormalization(
            center=False, scale=False, epsilon=0.0, trainable=False, dtype="float32", name=name
        )(images)
    if how == "lite":
        return rescale(1 / 128, -127 / 128)
    if how in ("torch", "efficientnet"):
        # Keras' EfficientNets divide by the deviation only if built with ImageNet weights, by a
        # layer that is missing otherwise; done here, the network is the same in both cases.
        unit = 255.0 if how == "torch" else 1.0
        shift = 255.0 / unit
        return rescale(
            [1 / (unit * deviation) for deviation in IMAGENET_DEVIATION],
            [
                -shift * mean / deviation
                for mean, deviation in zip(IMAGENET_MEAN, IMAGENET_DEVIATION, strict=True)
            ],
        )
    if how == "caffe":
        images = keras.ops.flip(images, axis=-1)
        return rescale(1.0, [-mean for mean in IMAGENET_MEAN_BGR])
    return images


def is_preprocessing(operation: Any) -> bool:
    """Whether a layer or operation belongs to the input and its scaling, not to the network."""
    # Keras' own scaling layers (inside EfficientNet, MobileNetV3 and others) count too.
    kinds = (keras.layers.InputLayer, keras.layers.Rescaling, keras.layers.Normalization)
    return (
        isinstance(operation, kinds)
        or operation.name.startswith(PREPROCESS)
        or type(operation).__name__ == "Flip"
    )


def may_end_at(operation: Any) -> bool:
    """Whether a network may be ended here: at a layer of its own that gives one feature map."""
    if not isinstance(operation, keras.layers.Layer) or is_preprocessing(operation):
        return False
    return isinstance(operation.output, keras.KerasTensor) and len(operation.output.shape) == 4


def ends_block(operation: Any) -> bool:
    """Whether a layer is the end of a block of a transformer: its output is all tokens."""
    return isinstance(operation, keras.layers.Add) and is_block(operation.name)


def give_stable_names(network: keras.Model) -> None:
    """Number the layers that Keras named itself from the start, in order of their creation.

    Keras counts such names on through the whole process (`conv2d_94`, ...), so they would depend
    on what was built before, and neither a cut nor a weights file could go by them.
    """
    groups: dict[str, list[Any]] = {}
    for operation in network.operations:
        if (base := own_name(operation)) is not None:
            groups.setdefault(base, []).append(operation)
    for base, members in groups.items():
        members.sort(key=lambda operation: int(operation.name[len(base) + 1 :] or 0))
        for index, operation in enumerate(members):
            operation.name = f"{base}_{index}" if index else base


def own_name(operation: Any) -> str | None:
    """The name, without its number, that Keras itself gave; None where the network gave one."""
    base = re.sub(r"_\d+$", "", operation.name)
    return base if base.replace("_", "") == type(operation).__name__.lower() else None
