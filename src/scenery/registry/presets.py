"""Presets of KerasHub: the vision transformers that are read from them, without TensorFlow.

A preset is a folder that KerasHub writes or downloads: `config.json` (the class and its arguments),
`image_converter.json` (the scaling of images), `metadata.json` and the weights. Scenery reads the
first two itself. The classes that they may name are listed here, so that no other class is ever
built from a file.
"""

import functools
import json
import math
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from scenery.errors import UserError
from scenery.messages import short_repr, suggestions
from scenery.registry import preset_configs
from scenery.registry.preset_configs import PresetConfig, PresetNetwork
from scenery.registry.swin_config import Swin

# Start of a value of `weights` that names a preset.
PRESET = "preset:"
CONFIG, METADATA = "config.json", "metadata.json"
CONVERTER, PREPROCESSOR = "image_converter.json", "preprocessor.json"
# Weights in one file, or the list of the files that they are spread over.
WEIGHTS_FILES = ("model.weights.h5", "model.weights.json")
MAX_BYTES = 1 << 20
TOKEN_POOLINGS = ("class_token", "both")


@dataclass(frozen=True)
class PresetBackbone:
    """A kind of vision transformer that is built from presets.

    Attributes:
        name: As written in a config.
        keras_class: Of KerasHub, as `config.json` names it.
        config: What is read of its arguments.
        source: The publication.
        license: Of the weights that are published through KerasHub.
        encoder: The part of the class that sees images; None: it is the whole.
        others: Further classes that `config.json` may name inside.
    """

    name: str
    keras_class: str
    config: type[PresetConfig]
    source: str
    license: str
    encoder: str | None = None
    others: tuple[str, ...] = ()


APACHE = "Apache 2.0"
_RECORDS = (
    PresetBackbone("ViT", "ViTBackbone", preset_configs.ViT, "Dosovitskiy et al. 2021", APACHE),
    PresetBackbone("DeiT", "DeiTBackbone", preset_configs.DeiT, "Touvron et al. 2021", APACHE),
    PresetBackbone("DINOv2", "DINOV2Backbone", preset_configs.DINOv2, "Oquab et al. 2024", APACHE),
    PresetBackbone(
        "CLIP", "CLIPBackbone", preset_configs.CLIP, "Radford et al. 2021", "MIT",
        "vision_encoder", ("CLIPVisionEncoder", "CLIPTextEncoder"),
    ),
    PresetBackbone(
        "SigLIP", "SigLIPBackbone", preset_configs.SigLIP,
        "Zhai et al. 2023; Tschannen et al. 2025", APACHE,
        "vision_encoder", ("SigLIPVisionEncoder", "SigLIPTextEncoder"),
    ),
    PresetBackbone("Swin", "SwinTransformerBackbone", Swin, "Liu et al. 2021", "MIT"),
)  # fmt: skip
PRESET_BACKBONES = {record.name: record for record in _RECORDS}


@dataclass(frozen=True)
class Preset:
    """A preset that can be used.

    Attributes:
        folder: Where its files are.
        network: What its `config.json` says.
        scale: By which the three colors, from 0 to 255, are multiplied.
        offset: Which is added to them then.
    """

    folder: Path
    network: PresetNetwork
    scale: tuple[float, float, float]
    offset: tuple[float, float, float]

    @property
    def files(self) -> list[Path]:
        """The files on which the network and its weights depend."""
        found = (path for ending in ("*.json", "*.h5") for path in self.folder.glob(ending))
        return sorted(path for path in found if path.is_file())


@functools.cache
def published_presets() -> dict[str, dict[str, Any]]:
    """The presets that KerasHub downloads, by name: backbone, handle at Kaggle and parameters."""
    file = resources.files("scenery.registry") / "published_presets.json"
    return dict(json.loads(file.read_text(encoding="utf-8")))


def download_folder(name: str) -> Path:
    """Where kagglehub, by which KerasHub downloads, stores a published preset."""
    *parts, version = published_presets()[name]["handle"].split("/")
    root = os.environ.get("KAGGLEHUB_CACHE") or Path.home() / ".cache" / "kagglehub"
    return Path(root, "models", *parts, version)


def find_preset(value: str) -> Path:
    """The folder of a preset, given as a folder or by its published name.

    Raises:
        UserError: There is no such folder or name, or it is not downloaded yet.
    """
    if value in published_presets():
        folder = download_folder(value)
        if not (folder / CONFIG).is_file():
            raise UserError(
                f"weights: the preset {value} is not on this machine; scenery preset {value} "
                f"downloads it into {folder}"
            )
        return folder
    try:
        there = Path(value).is_dir()
    except (OSError, ValueError):
        there = False
    if there:
        return Path(value)
    if "dinov3" in value.lower():
        raise UserError(
            f"weights: {short_repr(value)}: DINOv3 is not read, since its weights are gated: each "
            "user accepts their license at Kaggle; DINOv2 presets need no account"
        )
    raise UserError(
        f"weights: there is no preset {short_repr(value)}: no folder (seen from {Path.cwd()}) and "
        f"no published name; {suggestions(value, published_presets())}"
    )


def read_preset(value: str) -> Preset:
    """What a preset says of its network.

    Args:
        value: Its folder, or its published name.

    Raises:
        UserError: It is not there, lacks a file, names a class that is not allowed, or has
            arguments that no network can have.
    """
    return _read(find_preset(value).resolve(), value)


@functools.lru_cache(maxsize=64)
def _read(folder: Path, value: str) -> Preset:
    config = _json(folder, CONFIG)
    for name in (METADATA, *(() if _has_weights(folder) else WEIGHTS_FILES[:1])):
        if not (folder / name).is_file():
            raise UserError(f"weights: {folder} is no preset of KerasHub: it has no {name}")
    record = _record(config, folder)
    return Preset(folder, _network(config, record, folder), *_scaling(folder))


def _has_weights(folder: Path) -> bool:
    return any((folder / name).is_file() for name in WEIGHTS_FILES)


def _json(folder: Path, name: str) -> dict[str, Any]:
    path = folder / name
    if not path.is_file():
        raise UserError(f"weights: {folder} is no preset of KerasHub: it has no {name}")
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ValueError(f"more than {MAX_BYTES} bytes")
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise UserError(f"weights: {path} cannot be read as JSON ({error})") from None
    if not isinstance(found, dict) or not isinstance(found.get("config"), dict):
        raise UserError(f"weights: {path} does not hold a class and its config")
    return found


def _record(config: Mapping[str, Any], folder: Path) -> PresetBackbone:
    """The backbone that `config.json` is of; every class that it names is checked."""
    by_class = {record.keras_class: record for record in _RECORDS}
    record = by_class.get(str(config.get("class_name")))
    allowed = [*by_class] if record is None else [record.keras_class, *record.others]
    for found in _classes(config):
        policy = (found.get("module"), found.get("class_name")) == ("keras", "DTypePolicy")
        name, module = found.get("class_name"), str(found.get("module"))
        registered = found.get("registered_name")
        known = name in allowed and module.startswith("keras_hub.src.models.")
        if not policy and not (known and registered in (None, f"keras_hub>{name}")):
            raise UserError(
                f"weights: {folder / CONFIG}: the class {short_repr(name)} of {short_repr(module)} "
                f"is not allowed; allowed are {', '.join(allowed)} of keras_hub"
            )
    assert record is not None
    return record


def _classes(value: Any) -> Iterator[Mapping[str, Any]]:
    """Every object of a config that names a class, the outermost first."""
    if isinstance(value, dict):
        if "class_name" in value or "module" in value:
            yield value
        for part in value.values():
            yield from _classes(part)
    elif isinstance(value, list):
        for part in value:
            yield from _classes(part)


def _network(config: Mapping[str, Any], record: PresetBackbone, folder: Path) -> PresetNetwork:
    values, key = config["config"], "config"
    if record.encoder is not None:
        values = values.get(record.encoder)
        values, key = (values or {}).get("config"), f"config.{record.encoder}.config"
    try:
        return record.config.model_validate(values).network()
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join([key, *map(str, first["loc"])])
        text = first["msg"].removeprefix("Value error, ")
        raise UserError(
            f"weights: {folder / CONFIG}: {place}: {text}; found {short_repr(first['input'])}"
            if first["loc"]
            else f"weights: {folder / CONFIG}: {key}.{text}"
        ) from None


def _scaling(folder: Path) -> tuple[tuple[float, float, float], tuple[float, float, float]]:
    """Factor and summand of each color, as the preset's image converter has them."""
    name = CONVERTER if (folder / CONVERTER).is_file() else PREPROCESSOR
    if not (folder / name).is_file():
        raise UserError(f"weights: {folder} is no preset for images: it has no {CONVERTER}")
    values = _json(folder, name)["config"]
    if name == PREPROCESSOR:
        values = (values.get("image_converter") or {}).get("config") or {}
    scale, offset = values.get("scale"), values.get("offset")
    if "mean" in values and "variance" in values:
        # The form of older presets, as KerasHub itself reads it.
        try:
            deviations = [math.sqrt(one) for one in values["variance"]]
            scale = [(1.0 if scale is None else scale) / one for one in deviations]
            offset = [-m / one for m, one in zip(values["mean"], deviations, strict=True)]
        except (TypeError, ValueError, ZeroDivisionError):
            scale = "mean and variance"
    return _colors(scale, 1.0, folder / name, "scale"), _colors(
        offset, 0.0, folder / name, "offset"
    )


def _colors(value: Any, unset: float, path: Path, key: str) -> tuple[float, float, float]:
    values = [unset] * 3 if value is None else value if isinstance(value, list) else [value] * 3
    numbers = all(type(one) in (int, float) and math.isfinite(one) for one in values)
    if len(values) != 3 or not numbers:
        raise UserError(
            f"weights: {path}: config.{key}: allowed are a number and a list of three; found "
            f"{short_repr(value)}"
        )
    return float(values[0]), float(values[1]), float(values[2])
