"""Files of small presets, as KerasHub writes them, but without weights."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scenery.registry.presets import download_folder

SHARED = {
    "image_shape": [32, 32, 3], "patch_size": [8, 8], "num_layers": 3, "num_heads": 2,
    "hidden_dim": 8,
}  # fmt: skip
SWIN = "swin_transformer.swin_transformer_backbone.SwinTransformerBackbone"
OWN: dict[str, dict[str, Any]] = {
    "vit.vit_backbone.ViTBackbone": {"mlp_dim": 16},
    "deit.deit_backbone.DeiTBackbone": {"intermediate_dim": 16},
    "dinov2.dinov2_backbone.DINOV2Backbone": {
        "patch_size": 8, "intermediate_dim": 16, "num_register_tokens": 2,
        "position_embedding_shape": [48, 48, 3],
    },
    SWIN: {
        "image_shape": [32, 32, 3], "patch_size": 4, "embed_dim": 8, "depths": [2, 2],
        "num_heads": [2, 4], "window_size": 4, "mlp_ratio": 2.0,
    },
}  # fmt: skip


def described(path: str, **values: Any) -> dict[str, Any]:
    """An object of KerasHub in a config."""
    module, _, name = path.rpartition(".")
    return {
        "module": f"keras_hub.src.models.{module}",
        "class_name": name,
        "config": values,
        "registered_name": f"keras_hub>{name}",
    }


def backbone(path: str = "vit.vit_backbone.ViTBackbone", **changes: Any) -> dict[str, Any]:
    """What `config.json` of a preset holds."""
    if path == "siglip":
        encoder = SHARED | {"patch_size": 8, "intermediate_dim": 16} | changes
        return described(
            "siglip.siglip_backbone.SigLIPBackbone",
            vision_encoder=described("siglip.siglip_vision_encoder.SigLIPVisionEncoder", **encoder),
        )
    return described(path, **(SHARED | OWN[path] | changes))


def write_preset(
    folder: Path, config: Mapping[str, Any] | None = None, converter: Any = None
) -> str:
    """Write the files of a preset; the value of `weights` for it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config or backbone()))
    (folder / "metadata.json").write_text("{}")
    (folder / "model.weights.h5").write_bytes(b"")
    scaling = {"scale": 1 / 127.5, "offset": [-1, -1, -1]} if converter is None else converter
    text = json.dumps({"class_name": "ViTImageConverter", "config": scaling})
    (folder / "image_converter.json").write_text(text)
    return f"preset:{folder}"


def write_named(text: str) -> None:
    """Write the published presets that an example names where they would be downloaded.

    They have their true sizes, on which it depends whether the example is valid.
    """
    sizes = {
        "image_shape": [518, 518, 3], "patch_size": 14, "num_layers": 12, "hidden_dim": 384,
        "num_heads": 6, "intermediate_dim": 1536,
    }  # fmt: skip
    for name in re.findall(r"preset:(dinov2_small)", text):
        config = backbone("dinov2.dinov2_backbone.DINOV2Backbone", **sizes)
        write_preset(download_folder(name), config)
