"""Pictures of what is inside a final model, from arrays of any size and names of any kind."""

import shutil
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from figure_texts import outside, texts
from PIL import Image
from tables_factory import HOSTILE, class_names, write_data

from scenery.reporting.diagrams import Diagram
from scenery.reporting.examples_figure import examples_figure
from scenery.reporting.explain_figures import (
    augmentations_figure,
    channels_figure,
    embedding_figure,
    feature_maps_figure,
    filters_figure,
    grad_cam_figure,
)
from scenery.reporting.reading import read_answers, read_layers, read_split
from scenery.reporting.tables import layer_tables, page

IMAGES = 30
FACTS: dict[str, Any] = {
    "trial": "t", "backbone": "SqueezeNet", "learned": True, "images": IMAGES, "right": 24,
    "grad_cam_layer": "fire9_concat",
}  # fmt: skip


def answers(classes: int, folder: Path, placed: bool = True) -> pd.DataFrame:
    random = np.random.default_rng(0)
    names = class_names(classes, hostile=True)
    true = np.arange(IMAGES) % classes
    said = np.where(np.arange(IMAGES) < 24, true, (true + 1) % classes)
    table = pd.DataFrame(
        {
            "file": [f"f{number}.png" for number in range(IMAGES)],
            "class": [names[number] for number in true],
            "predicted": [names[number] for number in said],
            "correct": true == said,
            "confidence": 0.9,
            "pca_1": random.normal(size=IMAGES), "share_1": 0.4,
            "pca_2": random.normal(size=IMAGES), "share_2": 0.2,
            "tsne_1": random.normal(size=IMAGES) if placed else np.nan,
            "tsne_2": random.normal(size=IMAGES) if placed else np.nan,
        }
    )  # fmt: skip
    table.to_csv(folder / "answers.csv", index=False)
    return read_answers(folder / "answers.csv")


def heat(right: int, wrong: int) -> dict[str, np.ndarray]:
    random = np.random.default_rng(0)
    number = right + wrong
    maps = random.random((number, 6, 6)).astype(np.float32)
    maps[-1:] = 0
    return {
        "positions": np.array([*range(right), *range(24, 24 + wrong)], dtype=np.int64),
        "pixels": random.integers(0, 256, (number, 32, 32, 3)).astype(np.uint8),
        "for_predicted": maps, "for_true": maps[::-1], "right": np.array(right),
    }  # fmt: skip


@pytest.mark.parametrize(("right", "wrong"), [(8, 6), (1, 0), (0, 1)])
def test_grad_cam_figure_right_and_wrong_answers_have_tiles(
    tmp_path: Path, right: int, wrong: int
) -> None:
    figure = grad_cam_figure(heat(right, wrong), answers(7, tmp_path), FACTS, HOSTILE[3])
    said = texts(figure)
    assert "24 of 30 validation images right (learned from in the refit)" in said
    assert "fire9_concat (6 \u00d7 6 cells)" in said
    assert said.count("true: ") == wrong
    assert ("No validation image was answered wrongly." in said) == (wrong == 0)
    assert "nothing\nspeaks for it" in said
    assert outside(figure) == []


@pytest.mark.parametrize("classes", [2, 7, 30])
@pytest.mark.parametrize("placed", [True, False])
def test_embedding_figure_any_classes_names_each(
    tmp_path: Path, classes: int, placed: bool
) -> None:
    table = answers(classes, tmp_path, placed)
    figure = embedding_figure(table, FACTS | {"learned": False}, HOSTILE[0])
    said = texts(figure)
    assert "last features of 30 validation images; 24 of 30 right" in said
    assert "component 1: 40% of variance" in said
    assert ("too few images" in said) != placed
    legend = figure.legends[0].get_texts()
    assert len(legend) == classes + 1
    assert outside(figure) == []


@pytest.mark.parametrize("stages", [1, 5])
def test_feature_maps_any_number_of_stages_fits(stages: int) -> None:
    random = np.random.default_rng(0)
    archive: dict[str, np.ndarray] = {
        "layers": np.array([f"block_{number}" for number in range(stages)]),
        "pixels": random.integers(0, 256, (2, 32, 32, 3)).astype(np.uint8),
    }
    for number in range(stages):
        cells, channels = 16 >> number, 12 if number else 2
        archive |= {
            f"mean_{number}": random.random((2, cells, cells)).astype(np.float16),
            f"max_{number}": random.random((2, cells, cells)).astype(np.float16),
            f"components_{number}": random.random((2, cells, cells, min(channels, 3))),
            f"variance_{number}": np.array([0.5, 0.25]),
            f"channels_{number}": random.random((2, channels, cells, cells)),
            f"strongest_{number}": np.arange(channels) + 100,
        }
    said = texts(feature_maps_figure(archive, "Cut"))
    assert "75% of variance" in said
    assert "16 \u00d7 16 cells" in said
    said = texts(channels_figure(archive, "Cut"))
    assert "101" in said


def test_filters_figure_without_filters_says_so() -> None:
    random = np.random.default_rng(0)
    said = texts(filters_figure({"filters": random.normal(size=(96, 7, 7, 3))}, "Cut"))
    assert "64 of 96, 7 \u00d7 7 pixels" in said
    assert "no convolution" in texts(filters_figure({"filters": np.zeros((0, 1, 1, 3))}, "Cut"))


def test_augmentations_figure_has_a_row_for_each_operation() -> None:
    pixels = np.zeros((2, 32, 32, 3), np.uint8)
    archive = {
        "names": np.array(["rotation 20.0", "horizontal flip"]),
        "pixels": pixels,
        "renderings": np.zeros((2, 7, 32, 32, 3), np.uint8),
    }
    figure = augmentations_figure(archive)
    assert "rotation 20.0" in texts(figure)
    assert len(figure.axes) == 16


@pytest.mark.parametrize("classes", [2, 8, 45])
def test_examples_figure_many_classes_counts_the_rest(tmp_path: Path, classes: int) -> None:
    names = class_names(classes, hostile=True)
    write_data(tmp_path / "data", names, 5)
    split = read_split(tmp_path / "data/split.csv")
    first = split[split["partition"] == "train"].drop_duplicates("class").iloc[0]["file"]
    (tmp_path / first).parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (40, 30), (200, 10, 10)).save(tmp_path / first)
    figure = examples_figure(split, tmp_path)
    said = texts(figure)
    there = split[split["partition"] == "train"]["class"].nunique()
    assert said.count("can't be") == min(there, 40) - 1
    assert ("further not drawn" in said) == (there > 40)
    assert outside(figure) == []


def test_diagram_without_graphviz_explains_installation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "a.dot"
    source.write_text("digraph { image -> classes }", encoding="utf-8")
    if shutil.which("dot"):
        Diagram(source).save(tmp_path / "a.svg", tmp_path / "a.png")
        words = "".join(ElementTree.parse(tmp_path / "a.svg").getroot().itertext())
        assert "classes" in words
        assert Image.open(tmp_path / "a.png").width > 30
        source.write_text("no diagram", encoding="utf-8")
        Diagram(source).save(tmp_path / "b.svg", None)
        words = "".join(ElementTree.parse(tmp_path / "b.svg").getroot().itertext())
        assert "could not draw" in words
    monkeypatch.setenv("PATH", str(tmp_path))
    Diagram(source).save(tmp_path / "c.svg", tmp_path / "c.png")
    words = "".join(ElementTree.parse(tmp_path / "c.svg").getroot().itertext())
    assert "apt install graphviz" in words
    assert Image.open(tmp_path / "c.png").width > 300


def test_layer_table_infinite_field_sorts_last(tmp_path: Path) -> None:
    pd.DataFrame(
        {
            "number": [1, 2], "layer": ["conv1", "pooling"], "kind": ["Conv2D", "Pooling"],
            "part": ["stage 1", "head"], "output": ["48 x 48 x 64", "64"],
            "layer_parameters": [1728, 0], "receptive_field": [7.0, np.inf],
            "stride": [2.0, np.inf],
        }
    ).to_csv(tmp_path / "layers.csv", index=False)  # fmt: skip
    text = page("Layers", layer_tables(read_layers(tmp_path / "layers.csv")))
    assert 'data-order="Infinity">infinite' in text
    assert "1,728" in text
    assert 'inf"' not in text
