"""What the page of `scenery serve` shows, with exported models and hostile files."""

import base64
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from exported_models import export
from PIL import Image

from scenery.inference.exported import ExportedModel
from scenery.inference.nearest_images import find_training_images
from scenery.inference.served_model import ServedModel
from scenery.pipeline.layout import Layout


def png(pixels: np.ndarray) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    return stream.getvalue()


def picture(address: str) -> Image.Image:
    """What a page shows for an address of a picture."""
    kind, data = address.split(",")
    assert kind == "data:image/jpeg;base64"
    return Image.open(io.BytesIO(base64.b64decode(data)))


@pytest.fixture(scope="module")
def folders(study: Any, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder of a model of a kind, each made once."""
    made: dict[str, Path] = {}

    def folder(kind: str) -> Path:
        if kind not in made:
            made[kind] = tmp_path_factory.mktemp(kind)
            export(study, made[kind], kind, novelty=kind == "svm")
        return made[kind] / "model"

    return folder


@pytest.mark.parametrize("kind", ["head", "svm"])
def test_page_shows_the_answer_of_predict_and_the_nearest_images(
    study: Any, folders: Callable[[str], Path], kind: str
) -> None:
    folder = folders(kind)
    served = ServedModel(study.folder, folder, "the model", io.StringIO())
    about = json.loads(served.about(1000))
    assert about["max_bytes"] == 1000
    assert about["no_neighbors"] == ""
    assert ("classical model" in about["no_heat"]) is (kind == "svm")
    layout = Layout(str(study.folder))
    training = np.load(layout.packed("train", 32).array)
    answer = json.loads(served.answer(png(training[5])))
    assert answer["problem"] == ""
    model = ExportedModel(folder)
    expected = model.probabilities(training[5:6])[0]
    names = dict(zip(answer["classes"], answer["probabilities"], strict=True))
    assert [names[name] for name in model.facts.classes] == pytest.approx(list(expected))
    assert answer["probabilities"] == sorted(answer["probabilities"], reverse=True)
    # The photograph is itself a training image.
    assert answer["neighbors"][0]["file"] == "train/forest/1.png"
    assert answer["neighbors"][0]["class"] == "forest"
    assert len(answer["neighbors"]) == 6
    shown = [answer["picture"], *(one["picture"] for one in answer["neighbors"])]
    assert {picture(one).size for one in shown} == {(32, 32)}
    assert (answer["heat"] == "") is (kind == "svm")
    if kind == "head":
        assert picture(answer["heat"]).size == (32, 32)


@pytest.fixture(scope="module")
def served(folders: Callable[[str], Path]) -> ServedModel:
    """A head, without its study."""
    folder = folders("head")
    return ServedModel(folder, folder, "the model", io.StringIO())


def test_folder_of_a_model_has_no_training_images(served: ServedModel) -> None:
    assert "Serve a results folder" in json.loads(served.about(1))["no_neighbors"]
    answer = json.loads(served.answer(png(np.zeros((9, 9, 3), np.uint8))))
    assert (answer["problem"], answer["neighbors"]) == ("", [])


def test_model_of_other_data_shows_no_training_images(
    study: Any, folders: Callable[[str], Path], tmp_path: Path
) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "train").symlink_to(study.data / "train")
    folder, model = folders("head"), ExportedModel(folders("head"))
    found = find_training_images(tmp_path, folder, model, io.StringIO())
    assert "split.csv is not in the results" in str(found)
    text = study.split.read_text()
    (tmp_path / "data" / "split.csv").write_text(text.replace("coast", "beach"))
    found = find_training_images(tmp_path, folder, model, io.StringIO())
    assert "another data set" in str(found)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "empty file"),
        (b"no picture at all", "not an image"),
        (b"<svg onload='alert(1)'></svg>", "it looks like a web page"),
        (png(np.zeros((64, 64, 3), np.uint8))[:60], "truncated or damaged"),
        (png(np.zeros((1001, 1000, 3), np.uint8)), "too large: 1000 x 1001"),
    ],
    ids=["empty", "text", "svg", "damaged", "many pixels"],
)
def test_file_that_is_no_photograph_has_its_problem(
    served: ServedModel, content: bytes, problem: str
) -> None:
    answer = json.loads(served.answer(content))
    assert list(answer) == ["problem"]
    assert problem in answer["problem"]
