"""The layers that are looked into, and the parts of images that excite their channels most."""

import logging
from collections.abc import Sequence

import keras
import numpy as np

from scenery.errors import UserError
from scenery.inference.explanation import activations
from scenery.messages import suggestions
from scenery.models.backbones import ends_block, may_end_at
from scenery.models.layer_table import receptive_fields
from scenery.models.truncation import LayerGraph

log = logging.getLogger("scenery")

# Images that are searched, and those of them by which channels are picked.
SEARCHED, PROBED = 512, 32
BATCH = 32
CHANNELS, PATCHES = 4, 6


def known_layers(backbone: keras.Model, wanted: Sequence[str]) -> list[str]:
    """Those of the wanted layers that a backbone has; others are named in the log.

    Raises:
        UserError: It has none of them.
    """
    names = [one.name for one in backbone.operations if may_end_at(one) or ends_block(one)]
    found = [name for name in wanted if name in names]
    for name in wanted:
        if name in found:
            continue
        text = f"{backbone.name} has no layer {name!r} with a feature map"
        if not found:
            raise UserError(f"explain.layers: {text}; {suggestions(name, names)}")
        log.warning("explain.layers: %s", text)
    return found


def strongest_patches(
    backbone: keras.Model, layers: Sequence[str], pixels: np.ndarray
) -> dict[str, np.ndarray]:
    """The patches of images that excite channels most (Zeiler and Fergus 2014).

    The channels of each layer that vary most; for each channel, the images with its largest
    activations, and in each image the receptive field of the cell with the largest one.

    Args:
        backbone: The network.
        layers: Names of its layers.
        pixels: uint8, shape (images, height, width, 3).

    Returns:
        `layers`; for each layer number n: `channels_n`, shape (channels,), their numbers;
        `values_n`, float32, shape (channels, patches), largest first; `images_n`, of the same
        shape, positions of the images; `patches_n`, uint8, shape (channels, patches, side, side,
        3).
    """
    outputs = [backbone.get_layer(name).output for name in layers]
    probe = keras.Model(backbone.input, outputs)
    fields = dict(
        zip(
            (operation.name for operation in LayerGraph(backbone).operations),
            receptive_fields(backbone),
            strict=True,
        )
    )
    first = activations(probe, pixels[:PROBED])
    picked, grids = [_most_varying(maps) for maps in first], [maps.shape[1:3] for maps in first]
    best: list[list[np.ndarray]] = [[] for _ in layers]
    cells: list[list[np.ndarray]] = [[] for _ in layers]
    for start in range(0, len(pixels), BATCH):
        for number, maps in enumerate(activations(probe, pixels[start : start + BATCH])):
            flat = maps[..., picked[number]].reshape(len(maps), -1, len(picked[number]))
            best[number].append(flat.max(axis=1))
            cells[number].append(flat.argmax(axis=1))
    found: dict[str, np.ndarray] = {"layers": np.array(list(layers))}
    for number, name in enumerate(layers):
        values, places = np.concatenate(best[number]).T, np.concatenate(cells[number]).T
        order = np.argsort(-values, axis=1, kind="stable")[:, :PATCHES]
        places = np.take_along_axis(places, order, axis=1)
        found |= {
            f"channels_{number}": picked[number],
            f"values_{number}": np.take_along_axis(values, order, axis=1).astype(np.float32),
            f"images_{number}": order,
            f"patches_{number}": _cut(pixels, order, places, grids[number], fields[name][0]),
        }
    return found


def _most_varying(maps: np.ndarray) -> np.ndarray:
    spread = maps.reshape(-1, maps.shape[-1]).std(axis=0)
    return np.argsort(-spread, kind="stable")[:CHANNELS]


def _cut(
    pixels: np.ndarray,
    images: np.ndarray,
    places: np.ndarray,
    cells: tuple[int, int],
    field: float,
) -> np.ndarray:
    """Squares around cells, as large as their receptive field and within the image."""
    size = np.array(pixels.shape[1:3])
    side = int(min(field, *size)) if np.isfinite(field) else int(min(size))
    patches = np.empty((*images.shape, side, side, 3), np.uint8)
    for index in np.ndindex(*images.shape):
        middle = (np.array(divmod(int(places[index]), cells[1])) + 0.5) * size / cells
        top, left = np.clip(np.round(middle - side / 2), 0, size - side).astype(int)
        patches[index] = pixels[images[index], top : top + side, left : left + side]
    return patches
