"""explain.py: what is inside a final model."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from explain import explain
from PIL import Image

from scenery.config.head import Head
from scenery.errors import UserError
from scenery.models.backbones import build_backbone
from scenery.models.heads import build_head
from scenery.pipeline.jobs.explanation import ExplainJob
from scenery.reporting.explain_figures import channels_figure, feature_maps_figure
from scenery.reporting.patches_figure import patches_figure
from scenery.training.fine_tuning import assemble

NAMES = {
    "answers": "answers.csv", "grad_cam": "grad_cam.npz", "feature_maps": "feature_maps.npz",
    "patches": "patches.npz", "filters": "filters.npz", "layers": "layers.csv",
    "architecture": "architecture.dot", "layers_dot": "layers.dot", "facts": "facts.json",
}  # fmt: skip
LAYERS = ("fire2_concat", "conv1")
READING: dict[str, Any] = {"resize": "stretch", "max_pixels": 50_000_000, "white_level": 65535}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    backbone = build_backbone("SqueezeNet", 32, "fire3_concat")
    head = build_head(backbone.output.shape[1:], 3, Head(standardize=False))
    assemble(backbone, head).save(folder / "model.keras")
    (folder / "record.json").write_text(json.dumps({"trial": "t"}))
    return folder


def look(study: Any, model: Path, out: Path, job: ExplainJob, files: list[Path]) -> dict[str, Path]:
    paths = {name: out / file for name, file in NAMES.items()}
    array = study.data / "validation" / "32.npy"
    explain(model / "model.keras", model / "record.json", study.split, array, job, files, paths)
    return paths


def test_explain_shows_layers_and_files_of_the_config(
    study: Any, model: Path, tmp_path: Path
) -> None:
    photograph = tmp_path / "own.png"
    Image.new("RGB", (50, 40), (200, 10, 10)).save(photograph)
    job = ExplainJob(**READING, images=2, layers=LAYERS)
    paths = look(study, model, tmp_path, job, [photograph])
    maps, patches = np.load(paths["feature_maps"]), np.load(paths["patches"])
    assert maps["layers"].tolist() == patches["layers"].tolist() == list(LAYERS)
    assert maps["pixels"].shape == (1, 32, 32, 3)
    assert (maps["pixels"] == (200, 10, 10)).all()
    assert maps["mean_0"].shape[0] == 1
    for draw, arrays in ((feature_maps_figure, maps), (channels_figure, maps),
                         (patches_figure, patches)):  # fmt: skip
        figure = draw(arrays, "A title")
        assert figure.get_axes()


def test_explain_without_layers_shows_the_ends_of_stages(
    study: Any, model: Path, tmp_path: Path
) -> None:
    paths = look(study, model, tmp_path, ExplainJob(**READING, images=2), [])
    assert np.load(paths["feature_maps"])["layers"].tolist()[-1] == "fire3_concat"
    assert len(np.load(paths["feature_maps"])["pixels"]) > 1


def test_explain_a_layer_that_is_not_there_is_one_error(
    study: Any, model: Path, tmp_path: Path
) -> None:
    job = ExplainJob(**READING, images=2, layers=("fire9_concat",))
    with pytest.raises(UserError, match=r"explain.layers: SqueezeNet has no layer 'fire9_concat'"):
        look(study, model, tmp_path, job, [])
