"""Formats of other programs give what the model gives, also of a vision transformer."""

from pathlib import Path

import keras
import numpy as np
import preset_files

from scenery.inference.formats import write_format
from scenery.models.vision_transformer import build_transformer, with_tokens
from scenery.registry.presets import read_preset


def test_transformer_is_written_as_onnx_and_tflite(tmp_path: Path) -> None:
    # ONNX has no operation for the exact GELU.
    preset_files.write_preset(tmp_path / "preset", preset_files.backbone(num_layers=1))
    keras.utils.set_random_seed(1)
    network = build_transformer(read_preset(str(tmp_path / "preset")), 32, None)
    ended = with_tokens(network, "both")
    pooled = keras.layers.GlobalAveragePooling2D()(ended.output)
    model = keras.Model(ended.input, keras.layers.Dense(3, activation="softmax")(pooled))
    images = np.random.default_rng(0).uniform(0, 255, (4, 32, 32, 3)).astype(np.float32)
    expected = np.asarray(model(images), dtype=np.float64)
    assert np.ptp(expected, axis=0).max() > 1e-4
    for name in ("onnx", "tflite"):
        check = write_format(name, model, tmp_path, images, expected)
        assert (check.problem, check.class_changes) == ("", 0)
        assert (tmp_path / check.file).stat().st_size > 10_000
