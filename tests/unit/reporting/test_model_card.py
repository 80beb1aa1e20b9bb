"""The card of a final model."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from scenery.cli import main
from scenery.reporting.card_pages import END, START, card_page, markdown
from scenery.reporting.model_card import CardFiles, card_sections

CLASSES = ["a_b", "<i>sea|side</i>", "town"]


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """A results folder with what a card is made of."""
    experiment = tmp_path / "results" / "experiments" / "heads"
    for folder in (experiment / "test", experiment / "model", tmp_path / "results" / "data"):
        folder.mkdir(parents=True)
    facts = {
        "kind": "network", "classes": CLASSES, "image_size": 64, "resize": "crop", "input": "",
        "max_pixels": 10, "white_level": 255, "trial": "t", "training_images": 48, "files": {},
        "calibration": {"temperature": 1.25}, "data_digest": "0" * 64,
        "versions": {"keras": "3.15"},
        "source": {
            "experiment": "heads", "backbone": "MobileNet", "layer": "conv_pw_12_relu",
            "weights": "imagenet", "license": "Apache 2.0", "preprocessing": "scales to [-1, 1]",
        },
    }  # fmt: skip
    (experiment / "model" / "model.json").write_text(json.dumps(facts))
    metrics = {
        f"{name}{end}": value
        for name in ("balanced_accuracy", "macro_f1")
        for end, value in (("", 0.5), ("_low", 0.4), ("_high", 0.6))
    }
    metrics |= {"accuracy": 0.75, "low": 0.41, "high": 0.93, "images": 8}
    (experiment / "test" / "metrics.json").write_text(json.dumps(metrics))
    true = [0, 0, 0, 1, 1, 1, 2, 2]
    predicted = [0, 0, 0, 2, 2, 1, 2, 0]
    table = pd.DataFrame(
        {
            "file": [f"{n}.jpg" for n in range(8)],
            "class": [CLASSES[n] for n in true],
            "predicted": [CLASSES[n] for n in predicted],
            "correct": [one == other for one, other in zip(true, predicted, strict=True)],
            "confidence": [0.9, 0.9, 0.9, 0.6, 0.8, 0.7, 0.9, 0.5],
        }
    )
    table.to_csv(experiment / "test" / "predictions.csv", index=False)
    counts = np.zeros((3, 3), int)
    np.add.at(counts, (true, predicted), 1)
    confusion = pd.DataFrame(counts, columns=CLASSES)
    confusion.insert(0, "true class", CLASSES)
    confusion.to_csv(experiment / "test" / "confusion.csv", index=False)
    scores = {"class": CLASSES, "precision": 0.5, "recall": [1, 0.33, 0.5], "f1": 0.5,
              "recall_low": 0.0, "recall_high": 1.0}  # fmt: skip
    pd.DataFrame({**scores, "images": [30, 3, 2]}).to_csv(
        experiment / "test" / "classes.csv", index=False
    )
    chosen = dict.fromkeys(("title", "trial", "setting", "strategy"), "grid") | {
        "experiment": "heads", "repeats": 2, "rule": "best validation accuracy", "candidates": 12,
        "validation_accuracy": 0.8125, "validation_images": 16, "parameters": 5, "best_epoch": 1,
        "varied": [], "settings": {}, "warnings": [], "calibration": {},
    }  # fmt: skip
    (experiment / "chosen.yaml").write_text(yaml.safe_dump(chosen))
    split = {
        "file": ["x", "y", "z"], "class": CLASSES, "label": [0, 1, 2], "partition": "train",
        "row": [0, 1, 2],
    }  # fmt: skip
    pd.DataFrame(split).to_csv(tmp_path / "results" / "data" / "split.csv", index=False)
    return tmp_path / "results"


def read_card(results: Path) -> str:
    return (results / "experiments/heads/model/README.md").read_text(encoding="utf-8")


def test_card_says_what_people_ask(results: Path) -> None:
    assert main(["card", str(results)]) == 0
    text = read_card(results)
    front, rest = text.removeprefix("---\n").split("---\n", 1)
    assert yaml.safe_load(front)["pipeline_tag"] == "image-classification"
    for words in (
        "learned from 48 images",
        "accuracy 0.750 (0.410-0.930)",
        "Apache 2.0",
        "chosen among 12 settings by best validation accuracy",
        "2 repeats of each setting",
        "fewer than half of the test images of these classes: \\<i\\>sea\\|side\\</i\\>.",
        "Fewer than 20 test images, so little is known, of: \\<i\\>sea\\|side\\</i\\>, town.",
        "from held-out images: 1.25;",
        "scenery predict . PHOTOS",
    ):
        assert words in rest
    # Of two images that are confused the surest mistake is the example.
    assert "| \\<i\\>sea\\|side\\</i\\> | town | 2 of 3 | 4.jpg |" in rest


def test_card_again_keeps_the_words_of_a_user(results: Path) -> None:
    assert main(["card", str(results)]) == 0
    text = read_card(results)
    own = text.replace("license: unknown", "license: mit").replace("Write your own", "My words")
    path = results / "experiments/heads/model/README.md"
    path.write_text(own.replace("learned from 48", "learned from 1"), encoding="utf-8")
    assert main(["card", str(results), "--experiment", "heads"]) == 0
    assert read_card(results) == own
    path.write_text("All of this is mine.\n", encoding="utf-8")
    assert main(["card", str(results)]) == 0
    assert read_card(results).endswith(f"{END}\n\nAll of this is mine.\n")
    assert read_card(results).count(START) == 1


def test_card_page_escapes_names(results: Path) -> None:
    from scenery.pipeline.layout import Layout

    layout = Layout(str(results))
    sections = card_sections(CardFiles.of(layout, layout.experiment("heads")))
    page = card_page(sections)
    assert "<i>" not in page
    assert "&lt;i&gt;sea|side&lt;/i&gt;" in page
    assert all(section.title in markdown(sections) for section in sections)


def test_unfinished_study_has_no_card(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (results / "experiments/heads/test/classes.csv").unlink()
    assert main(["card", str(results)]) == 1
    assert "classes.csv: does not exist; a card is written from" in capsys.readouterr().err
