"""Presets of KerasHub of every kind of fault, and settings that do not fit them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import preset_files

from bad_input.cases import Case, good

FOLDER = Path("mine")
CHANGES: dict[str, Any] = {}


def study() -> dict[str, Any]:
    """A study of the preset, with what the case changes."""
    base = {"backbone": "ViT", "weights": f"preset:{FOLDER}"} | CHANGES
    return {"dataset": {"path": "images"}, "base": base, "experiments": {"first": {}}}


def preset(without: str = "", converter: Any = None, path: str = "", **values: Any) -> None:
    good()
    config = preset_files.backbone(**({"path": path} if path else {}), **values)
    preset_files.write_preset(FOLDER, config, converter)
    if without:
        (FOLDER / without).unlink()


def settings(path: str = "", **changes: Any) -> Callable[[], None]:
    """A good preset, and other settings of the study."""

    def make() -> None:
        preset(path=path)
        CHANGES.update(changes)

    return make


def of_another_class() -> None:
    preset()
    preset_files.write_preset(FOLDER, preset_files.described("mine.evil.Evil", code="..."))


def with_code_inside() -> None:
    lambda_ = {"module": "builtins", "class_name": "__lambda__", "config": {"value": "..."}}
    preset(use_mha_bias=lambda_)


def half_a_file() -> None:
    preset()
    path = FOLDER / "config.json"
    path.write_text(path.read_text()[:40])


PRESETS = [
    Case(
        "no folder and no published name",
        lambda: good(),
        "weights: there is no preset 'mine': no folder",
    ),
    Case(
        "no config.json",
        lambda: preset(without="config.json"),
        "is no preset of KerasHub: it has no config.json",
    ),
    Case(
        "no weights",
        lambda: preset(without="model.weights.h5"),
        "is no preset of KerasHub: it has no model.weights.h5",
    ),
    Case(
        "no scaling of images",
        lambda: preset(without="image_converter.json"),
        "is no preset for images: it has no image_converter.json",
    ),
    Case("a truncated config.json", half_a_file, "config.json cannot be read as JSON"),
    Case(
        "a class that Scenery does not build",
        of_another_class,
        "config.json: the class 'Evil' of 'keras_hub.src.models.mine.evil' is not allowed; allowed "
        "are ViTBackbone, DeiTBackbone, DINOV2Backbone, CLIPBackbone, SigLIPBackbone, "
        "SwinTransformerBackbone of keras_hub",
    ),
    Case(
        "code inside the config",
        with_code_inside,
        "config.json: the class '__lambda__' of 'builtins' is not allowed; allowed are ViTBackbone",
    ),
    Case(
        "a million blocks",
        lambda: preset(num_layers=1_000_000),
        "config.json: config.num_layers: Input should be less than or equal to 256; found 1000000",
    ),
    Case(
        "a width that heads do not share",
        lambda: preset(num_heads=3),
        "config.json: config.hidden_dim: 8 is no multiple of num_heads, 3",
    ),
    Case(
        "a scaling that is no number",
        lambda: preset(converter={"scale": "much"}),
        "image_converter.json: config.scale: allowed are a number and a list of three; found "
        "'much'",
    ),
    Case(
        "an image size that is no multiple of the patch",
        settings(image_size=44),
        "image_size: ViT has patches of 8 x 8 pixels, so that sides are multiples of 8, such as 40 "
        "and 48; found 44",
    ),
    Case(
        "windows larger than the smallest map",
        lambda: preset(path=preset_files.SWIN, window_size=5),
        "config.json: config.image_shape: allowed are multiples of 8 from 40 on, so that the "
        "smallest map has a window; found 32",
    ),
    Case(
        "an image size that windows do not fit",
        settings(preset_files.SWIN, backbone="Swin", image_size=36),
        "image_size: Swin with windows of 4 x 4 cells needs sides that are multiples of 8, from 32 "
        "on; found 36",
    ),
    Case(
        "a preset of another backbone",
        settings(backbone="DeiT"),
        "backbone: the preset mine is of ViT; found backbone: DeiT",
    ),
    Case(
        "more stages than blocks",
        settings(remove_stages=3),
        "remove_stages: ViT up to norm has 3 stages, so at most 2 can be removed; found 3",
    ),
    Case(
        "the class token of a network without one",
        settings("siglip", backbone="SigLIP", head={"pooling": "class_token"}),
        "head.pooling: SigLIP has no class token; found class_token",
    ),
    Case(
        "a transformer without a preset",
        settings(weights="none"),
        "weights: ViT is built from a preset of KerasHub: give preset:NAME_OR_FOLDER",
    ),
    Case(
        "a preset that is not downloaded",
        settings(backbone="DINOv2", weights="preset:dinov2_small"),
        "weights: the preset dinov2_small is not on this machine; scenery preset dinov2_small "
        "downloads it into",
    ),
    Case("a correct preset", lambda: preset(), "used: as it is"),
]
