"""evaluate.py: scores against scikit-learn and formulas written out."""

import json
import math
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
import pytest
from evaluate import evaluate
from sklearn.metrics import accuracy_score, balanced_accuracy_score, f1_score, log_loss

from scenery.evaluation.calibration import calibration_on_test
from scenery.evaluation.paired import accuracy_interval
from scenery.evaluation.prediction_scores import score_predictions
from scenery.evaluation.trial_tables import prediction_table
from scenery.pipeline.jobs.final_models import EvaluateJob

CLASSES = ["a", "b", "c", "never seen"]


def predictions(images: int = 60) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    labels = random.integers(0, 3, images)
    probabilities = random.dirichlet([1, 1, 1, 1], images)
    probabilities[np.arange(images), labels] += 0.7
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    files = [str(n) for n in range(images)]
    return prediction_table(files, labels, probabilities, CLASSES), probabilities, labels


def test_scores_are_those_of_scikit_learn() -> None:
    table, probabilities, labels = predictions()
    found = score_predictions(table, probabilities, labels)
    predicted = probabilities.argmax(axis=1)
    assert found["accuracy"] == accuracy_score(labels, predicted)
    assert found["correct"] == (labels == predicted).sum()
    assert found["macro_f1"] == pytest.approx(f1_score(labels, predicted, average="macro"))
    assert found["balanced_accuracy"] == pytest.approx(balanced_accuracy_score(labels, predicted))
    for name in ("balanced_accuracy", "macro_f1"):
        assert found[f"{name}_low"] < found[name] < found[f"{name}_high"]
    assert found["loss"] == pytest.approx(log_loss(labels, probabilities, labels=range(4)))


@pytest.mark.parametrize("right", [0, 1, 30, 59, 60])
def test_the_interval_is_wilsons(right: int) -> None:
    table, probabilities, labels = predictions()
    table["correct"] = np.arange(60) < right
    found = score_predictions(table, probabilities, labels)
    n, p, z = 60, right / 60, 1.959963984540054
    centre = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z * math.sqrt(p * (1 - p) / n + z**2 / (4 * n**2)) / (1 + z**2 / n)
    assert found["low"] == pytest.approx(max(centre - half, 0), abs=1e-9)
    assert found["high"] == pytest.approx(min(centre + half, 1), abs=1e-9)


def test_predictions_as_a_table() -> None:
    table, probabilities, labels = predictions(5)
    assert list(table["predicted"]) == [CLASSES[n] for n in probabilities.argmax(axis=1)]
    assert list(table["correct"]) == list(probabilities.argmax(axis=1) == labels)
    shares = table[[f"probability:{name}" for name in CLASSES]]
    assert np.allclose(shares.sum(axis=1), 1, atol=1e-5)
    broken = probabilities.copy()
    broken[0, 0] = np.nan
    with pytest.raises(ValueError, match="not finite"):
        prediction_table(list("12345"), labels, broken, CLASSES)


def test_a_model_is_scored_on_the_test_images(study: Any, tmp_path: Path) -> None:
    # The classes differ in brightness, so that this model, which knows where, takes all of
    # one class for another and makes no other mistake.
    inputs = keras.Input((32, 32, 3))
    pooled = keras.layers.GlobalAveragePooling2D()(inputs)
    outputs = keras.layers.Dense(3, activation="softmax")(pooled)
    model = keras.Model(inputs, outputs)
    slope = np.array([-1.0, 0.0, 1.0]) / 3
    model.set_weights([np.tile(slope, (3, 1)), np.array([100.0, 0.0, -110.0])])
    model.save(tmp_path / "model.keras")
    record = {"trial": "t", "refit": True, "training_images": 18}
    (tmp_path / "record.json").write_text(json.dumps(record))
    out = {name: tmp_path / f"{name}.csv" for name in ("predictions", "confusion", "classes")}
    out |= {"metrics": tmp_path / "metrics.json", "mistakes": tmp_path / "mistakes.npz"}
    array = study.data / "test" / "32.npy"
    files = (tmp_path / "model.keras", tmp_path / "record.json", study.split, array)
    calibration = {"temperature": 1.5, "set_probability": 0.2}
    evaluate(*files, EvaluateJob(experiment="e", scored_in="another", calibration=calibration), out)

    table = pd.read_csv(out["predictions"])
    means = np.load(array).mean(axis=(1, 2))
    logits = means @ np.tile(slope, (3, 1)) + [100.0, 0.0, -110.0]
    expected = np.array(["coast", "forest", "street"])[logits.argmax(axis=1)]
    assert list(table["predicted"]) == list(expected)
    assert list(table["class"]) == ["coast"] * 2 + ["forest"] * 2 + ["street"] * 2
    metrics = json.loads(out["metrics"].read_text())
    assert metrics["accuracy"] == (table["class"] == table["predicted"]).mean()
    assert (metrics["experiment"], metrics["scored_in"]) == ("e", "another")
    assert (metrics["trial"], metrics["training_images"]) == ("t", 18)
    confusion = pd.read_csv(out["confusion"]).set_index("true class")
    assert confusion.to_numpy().sum() == 6
    assert np.diag(confusion).sum() == metrics["correct"]
    shares = table[[name for name in table if name.startswith("probability:")]].to_numpy()
    expected_error = calibration_on_test(shares, np.repeat([0, 1, 2], 2), 1.5, 0.2)
    for name, value in expected_error.items():
        assert metrics[name] == pytest.approx(value, abs=1e-3), name
    classes = pd.read_csv(out["classes"])
    assert list(classes["images"]) == [2, 2, 2]
    assert list(classes["recall_high"]) == [accuracy_interval(np.array([[right, right]]))[1]
                                            for right in classes["recall"]]  # fmt: skip

    with np.load(out["mistakes"], allow_pickle=False) as kept:
        files, pictures = kept["files"].tolist(), kept["pictures"]
    wrong = table[~table["correct"]].sort_values(["confidence", "file"], ascending=[False, True])
    assert files == list(wrong["file"])
    assert len(files) == 2
    places = [list(table["file"]).index(file) for file in files]
    assert (np.load(array)[places] == pictures).all()
