"""export_model.py and `scenery predict`: the exported folder answers as evaluate.py does."""

import csv
import io
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnxruntime
import pandas as pd
import pytest
from evaluate import evaluate
from exported_models import KINDS, TEMPERATURE, export
from PIL import Image

from scenery import cli
from scenery.data.tables import class_names, read_split
from scenery.errors import UserError
from scenery.evaluation.calibration import scale
from scenery.inference import formats
from scenery.inference.exported import ExportedModel
from scenery.inference.prediction import PredictOptions, predict_files
from scenery.pipeline.jobs.features import VectorsSpec
from scenery.pipeline.jobs.final_models import EvaluateJob
from scenery.pipeline.model_folder import find_model, read_facts

REPOSITORY = Path(__file__).resolve().parents[3]


def evaluated(study: Any, folder: Path, model: Path, vectors: VectorsSpec | None) -> pd.DataFrame:
    out = {"metrics": folder / "metrics.json", "predictions": folder / "predictions.csv"}
    array = study.data / "test" / "32.npy"
    job = EvaluateJob(
        experiment="e", scored_in="e", vectors=vectors, calibration={"temperature": TEMPERATURE}
    )
    evaluate(model, folder / "record.json", study.split, array, job, out)
    return pd.read_csv(out["predictions"])


def photographs(study: Any, folder: Path) -> list[str]:
    """The test images as files."""
    folder.mkdir(parents=True)
    files = []
    for number, pixels in enumerate(np.load(study.data / "test" / "32.npy")):
        Image.fromarray(pixels).save(folder / f"{number}.png")
        files.append(str(folder / f"{number}.png"))
    return files


@pytest.mark.parametrize("kind", KINDS)
def test_exported_model_answers_as_evaluate(
    study: Any, tmp_path: Path, threads: list[int], kind: str
) -> None:
    work = tmp_path / "work"
    work.mkdir()
    expected = evaluated(study, work, *export(study, work, kind))
    # Only the folder of the model is left.
    alone = tmp_path / "elsewhere"
    shutil.copytree(work / "model", alone)
    shutil.rmtree(work)
    files = photographs(study, tmp_path / "photographs")
    out = tmp_path / "answers.csv"
    predict_files(alone, files, PredictOptions(out, top=9), io.StringIO())
    found = pd.read_csv(out)
    classes = class_names(read_split(study.split))
    assert list(found["file"]) == files
    assert list(found["class"]) == list(expected["predicted"])
    assert found["problem"].isna().all()
    for _, row, one in zip(
        files, found.to_dict("records"), expected.to_dict("records"), strict=True
    ):
        ranks = ("", "_2", "_3")
        answer = {row[f"class{rank}"]: row[f"probability{rank}"] for rank in ranks}
        assert set(answer) == set(classes)
        for name, share in answer.items():
            assert share == pytest.approx(one[f"calibrated:{name}"], abs=1e-6)
    # Both are in the table, with six digits: as the model gives them, and with the temperature.
    raw, told = (
        expected[[f"{prefix}:{name}" for name in classes]].to_numpy()
        for prefix in ("probability", "calibrated")
    )
    assert told == pytest.approx(scale(raw, TEMPERATURE), abs=1e-4)
    facts = read_facts(alone)
    assert (alone / "labels.txt").read_text().splitlines() == list(facts.classes) == classes
    assert (facts.calibration.temperature, facts.calibration.set_probability) == (TEMPERATURE, None)


@pytest.fixture
def threads(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The threads that were asked for: TensorFlow refuses others once it has begun."""
    asked: list[int] = []
    monkeypatch.setattr("scenery.inference.prediction.set_up", asked.append)
    return asked


@pytest.fixture(scope="module")
def exported(study: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exported")
    export(study, folder, "head")
    return folder / "model"


@pytest.fixture
def pictures(study: Any, tmp_path: Path) -> Path:
    """Six good files, one that is damaged and one that is no picture."""
    folder = tmp_path / "pictures"
    photographs(study, folder)
    (folder / "5.png").rename(folder / 'a "<b>&.png')
    (folder / "damaged.png").write_bytes((folder / "0.png").read_bytes()[:200])
    (folder / "notes.txt").write_text("no picture")
    return folder


def test_predict_writes_table_page_and_copies(
    exported: Path,
    pictures: Path,
    tmp_path: Path,
    threads: list[int],
    capsys: pytest.CaptureFixture[str],
) -> None:
    out, page, copies = tmp_path / "a.csv", tmp_path / "a.html", tmp_path / "sorted"
    options = ["--top", "2", "--jobs", "2", "--out", str(out), "--html", str(page)]
    options += ["--copy-to", str(copies)]
    assert cli.main(["predict", str(exported), str(pictures), *options]) == 0
    said = capsys.readouterr()
    assert (said.out, threads) == ("", [2])
    assert "7 photographs; 1 files that are no images are left out; the model" in said.err
    assert "6 photographs answered in" in said.err
    assert "1 cannot be read, the first is" in said.err
    with out.open(newline="") as content:
        rows = list(csv.DictReader(content))
    assert list(rows[0]) == ["file", "class", "probability", "class_2", "probability_2", "problem"]
    bad = next(row for row in rows if row["file"].endswith("damaged.png"))
    assert bad["problem"].startswith("truncated or damaged")
    assert bad["class"] == bad["probability"] == ""
    good = [row for row in rows if not row["problem"]]
    for row in good:
        copy = copies / row["class"] / Path(row["file"]).name
        assert copy.read_bytes() == Path(row["file"]).read_bytes()
    assert len([path for path in copies.rglob("*") if path.is_file()]) == 6
    text = page.read_text()
    assert text.count("<img") == 6
    assert "<b>&.png" not in text
    assert "a &quot;&lt;b&gt;&amp;.png" in text
    sure = [row["probability"] for row in sorted(good, key=lambda row: float(row["probability"]))]
    places = [text.index(f"</b> {float(value):.2f}") for value in (sure[0], sure[-1])]
    assert places == sorted(places)
    assert "1 files that cannot be read" in text
    # Copies of the same content are not made again.
    assert cli.main(["predict", str(exported), str(pictures), *options]) == 0
    assert len([path for path in copies.rglob("*") if path.is_file()]) == 6


def test_predict_reads_names_from_standard_input(
    exported: Path,
    pictures: Path,
    threads: list[int],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{pictures}/0.png\n{pictures}/nowhere.png\n"))
    assert cli.main(["predict", str(exported), "-"]) == 0
    rows = list(csv.reader(io.StringIO(capsys.readouterr().out)))
    assert [row[0] for row in rows[1:]] == [f"{pictures}/0.png", f"{pictures}/nowhere.png"]
    assert rows[2][-1] == "cannot be read: No such file or directory"


def test_formats_agree_with_keras_and_the_documented_program_uses_one(
    study: Any, pictures: Path, tmp_path: Path
) -> None:
    export(study, tmp_path, "head", ("onnx", "tflite", "saved_model"))
    folder = tmp_path / "model"
    checks = read_facts(folder).formats
    assert list(checks) == ["onnx", "tflite", "saved_model"]
    for check in checks.values():
        assert (check.problem, check.class_changes, check.images) == ("", 0, 12)
        assert check.largest_difference <= 1e-5
        assert (folder / check.file).exists()
    guide = (REPOSITORY / "docs/how_to/predict.md").read_text()
    [program] = re.findall(r"^```python\n(.*?)^```", guide, re.MULTILINE | re.DOTALL)
    # As many lines as one is ready to copy.
    assert len(program.splitlines()) <= 30
    good = [str(pictures / f"{number}.png") for number in range(5)]
    done = subprocess.run(
        [sys.executable, "-c", program, str(folder), *good],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    model = ExportedModel(folder)
    expected = model.probabilities(np.load(study.data / "test" / "32.npy")[:5])
    for line, file, probabilities in zip(done.stdout.splitlines(), good, expected, strict=True):
        name = model.facts.classes[probabilities.argmax()]
        assert line.split("\t")[:2] == [file, name]
        assert float(line.split("\t")[2]) == pytest.approx(probabilities.max(), abs=1e-4)


def test_format_that_answers_differently_is_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write(model: keras.Model, out: Path) -> formats.Ask:
        out.write_bytes(b"a file")
        return lambda images: np.asarray(model(images)) + 1e-4

    monkeypatch.setitem(formats.WRITERS, "tflite", write)
    inputs = keras.Input((4, 4, 3))
    outputs = keras.layers.Softmax()(keras.layers.GlobalAveragePooling2D()(inputs))
    images = np.zeros((2, 4, 4, 3), np.float32)
    model = keras.Model(inputs, outputs)
    expected = np.asarray(model(images))
    check = formats.write_format("tflite", model, tmp_path, images, expected)
    assert "probabilities differ from those of the model by" in check.problem
    assert check.file == ""
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", ["svm", "logistic"])
def test_classical_model_is_written_as_one_network(study: Any, tmp_path: Path, kind: str) -> None:
    export(study, tmp_path, kind, ("onnx",))
    folder = tmp_path / "model"
    check = read_facts(folder).formats["onnx"]
    assert (check.file, check.problem, check.class_changes, check.images) == (
        "model.onnx",
        "",
        0,
        12,
    )
    assert check.largest_difference <= 1e-5
    session = onnxruntime.InferenceSession(folder / "model.onnx")
    pixels = np.load(study.data / "test" / "32.npy")
    [found] = session.run(["probabilities"], {"images": pixels.astype(np.float32)})
    assert np.abs(found - ExportedModel(folder).probabilities(pixels)).max() <= 1e-5


@pytest.mark.parametrize(
    ("kind", "what"),
    [
        ("words_of_sift", "features of DenseSIFT"),
        ("fisher_vectors", "the encoding fisher_vectors"),
    ],
)
def test_model_without_a_network_says_why_it_has_no_further_format(
    study: Any, tmp_path: Path, kind: str, what: str
) -> None:
    export(study, tmp_path, kind, ("tflite",))
    check = read_facts(tmp_path / "model").formats["tflite"]
    assert check.problem == f"no network computes {what}; the model exists in its own format only"
    with pytest.raises(ValueError, match="no network computes the features"):
        ExportedModel(tmp_path / "model").as_network()


@pytest.mark.parametrize("kind", ["head", "svm"])
def test_photograph_unlike_all_training_images_is_named(
    study: Any, tmp_path: Path, threads: list[int], kind: str
) -> None:
    export(study, tmp_path, kind, novelty=True)
    model = ExportedModel(tmp_path / "model")
    pixels = np.load(study.data / "test" / "32.npy")
    probabilities, scores = model.answers(pixels)
    assert np.allclose(probabilities, model.probabilities(pixels), atol=1e-6)
    assert scores is not None and scores.shape == (len(pixels),)
    # Training images are noise; this one has two flat halves, one black and one red.
    strange = np.zeros((32, 32, 3), np.uint8)
    strange[:16, :, 0] = 255
    files = photographs(study, tmp_path / "photographs")
    Image.fromarray(strange).save(tmp_path / "strange.png")
    out, copies = tmp_path / "answers.csv", tmp_path / "copies"
    options = PredictOptions(out, top=1, copy_to=copies)
    said = predict_files(
        tmp_path / "model", [*files, str(tmp_path / "strange.png")], options, io.StringIO()
    )
    found = pd.read_csv(out, keep_default_na=False)
    assert list(found) == ["file", "class", "probability", "novelty", "note", "problem"]
    assert ((found["note"] == "unlike anything it was trained on") == (found["novelty"] > 1)).all()
    # Random weights say less about pictures where a network is fitted to noise.
    if kind == "svm":
        assert found["novelty"].iloc[-1] > max(1, found["novelty"].iloc[:-1].max())
        assert (copies / "unlike_training_images" / "strange.png").is_file()
    number = int((found["note"] != "").sum())
    assert (f"{number} are unlike anything it was trained on" in said) == (number > 0)


def test_prediction_set_has_the_classes_from_the_threshold_on(
    exported: Path, pictures: Path, tmp_path: Path, threads: list[int]
) -> None:
    folder = shutil.copytree(exported, tmp_path / "model")
    facts = json.loads((folder / "model.json").read_text())
    classes = facts["classes"]
    file = str(pictures / "0.png")
    found = {}
    for threshold in (0.9999, 1e-9):
        facts["calibration"] = {"temperature": 2.0, "set_probability": threshold}
        (folder / "model.json").write_text(json.dumps(facts))
        out = tmp_path / "answers.csv"
        predict_files(folder, [file], PredictOptions(out, top=3), io.StringIO())
        found[threshold] = pd.read_csv(out, keep_default_na=False).iloc[0]
    ranked = [found[1e-9][f"class{rank}"] for rank in ("", "_2", "_3")]
    assert sorted(ranked) == sorted(classes)
    assert found[1e-9]["prediction_set"] == "; ".join(ranked)
    assert found[0.9999]["prediction_set"] == ""
    # The probabilities have the temperature, too.
    facts["calibration"] = {}
    (folder / "model.json").write_text(json.dumps(facts))
    predict_files(folder, [file], PredictOptions(out, top=3), io.StringIO())
    without = pd.read_csv(out, keep_default_na=False).iloc[0]
    names = ["probability", "probability_2", "probability_3"]
    expected = scale(without[names].to_numpy(float)[None], 2.0)[0]
    assert found[1e-9][names].to_numpy(float) == pytest.approx(expected, abs=1e-5)
    assert found[1e-9]["probability"] < without["probability"]


def test_changed_file_of_a_model_is_refused(exported: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(exported, tmp_path / "model")
    (folder / "model.keras").write_bytes(b"something else")
    with pytest.raises(UserError, match=r"model\.keras: is not the file that model\.json"):
        ExportedModel(folder)
    (folder / "model.keras").unlink()
    with pytest.raises(UserError, match=r"model\.keras: cannot be read: No such file"):
        ExportedModel(folder)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"files": {"../../secret": "0"}}, "is not the name of a file in this folder"),
        ({"image_size": 10**9}, "image_size: Input should be less than or equal to 4096"),
        ({"image_size": [64, 10**9]}, "image_size: Input should be"),
        ({"classes": ["one"]}, "classes"),
        ({"version": 2}, "version: Input should be 1"),
    ],
)
def test_facts_out_of_bounds_are_refused(
    exported: Path, tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    facts = json.loads((exported / "model.json").read_text())
    (tmp_path / "model.json").write_text(json.dumps(facts | change))
    with pytest.raises(UserError, match=message):
        read_facts(tmp_path)


def test_model_of_another_experiment_is_refused(exported: Path) -> None:
    assert find_model(exported, "e")[0] == exported
    with pytest.raises(UserError, match="is the model of experiment e, not of f"):
        find_model(exported, "f")
