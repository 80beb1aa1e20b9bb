"""Classical models have no epochs: what figures, slides and tables say of them."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from matplotlib.figure import Figure
from matplotlib.text import Text
from tables_factory import Experiment, grid, write_experiment

from scenery.config.settings import Settings
from scenery.evaluation.columns import column_label
from scenery.reporting.best_figure import best_figure
from scenery.reporting.configuration import configuration
from scenery.reporting.learning_curves import learning_curves
from scenery.reporting.settings_figures import settings_figure

KERNELS = grid(classifier__kernel=["linear", "rbf"], classifier__C=[1, 10])
SCORES = {
    "test_accuracy": 0.9, "test_low": 0.8, "test_high": 0.95, "test_images": 100, "models": 1,
    "training_images": 200,
}  # fmt: skip
SAID = "was fitted at once"


def texts(figure: Figure) -> str:
    return "\n".join(item.get_text() for item in figure.findobj(Text))


def without_epochs(folder: Path, settings: list[dict[str, Any]], networks: int = 0) -> Experiment:
    """Trials of which only some have a history; the best one, which has none, is chosen."""
    one = write_experiment(folder, "kernels", settings, "grid", "Kernels")
    chosen = one.choice().trial
    trials = [trial for trial in one.trials()["trial"] if trial != chosen]
    history = pd.read_csv(folder / "history.csv")
    history[history["trial"].isin(trials[:networks])].to_csv(folder / "history.csv", index=False)
    return one


@pytest.mark.parametrize("networks", [0, 1, 2])
def test_experiment_figures_without_epochs_are_drawn(tmp_path: Path, networks: int) -> None:
    one = without_epochs(tmp_path, KERNELS, networks)
    curves = learning_curves(one.trials(), one.history(), one.choice(), "Kernels")
    said = texts(curves)
    assert len(curves.axes) == (2 if networks else 1)
    if networks:
        assert "Networks among the 4 trials" in said
        assert "Chosen trial" not in said
        legend = [t.get_text() for t in curves.legends[0].get_texts()]
        assert len(legend) == networks
    else:
        assert SAID in said
    scores = pd.DataFrame([SCORES])
    best = texts(best_figure(one.trials(), one.history(), one.choice(), scores, "Kernels"))
    assert SAID in best
    assert "epoch\n" not in best
    assert "kernel" in texts(settings_figure(one.trials(), one.choice(), "Kernels"))


def test_learning_curves_mixed_kinds_draw_networks(tmp_path: Path) -> None:
    one = write_experiment(tmp_path, "kernels", KERNELS, "grid", "Kernels")
    history = pd.read_csv(tmp_path / "history.csv")
    history[history["trial"] == one.choice().trial].to_csv(tmp_path / "history.csv", index=False)
    said = texts(learning_curves(one.trials(), one.history(), one.choice(), "Kernels"))
    assert "Chosen trial (best epoch: 11)" in said
    assert "Networks among the 4 trials" in said


def test_configuration_classical_model_leaves_training_out() -> None:
    settings = Settings(classifier={"name": "svm", "C": 10}, class_weights="balanced")
    rows = configuration(json.loads(settings.model_dump_json()), ["classifier.C"])
    found = {label: (value, tried) for label, value, tried in rows}
    assert found["classifier"] == ("svm, scaling standard, kernel rbf, gamma scale", False)
    assert found["C"] == ("10", True)
    assert found["pooling"] == ("average pooling", False)
    assert found["class weights"] == ("balanced", False)
    assert not {"optimizer", "schedule", "epochs", "head", "trained layers"} & set(found)


def test_configuration_network_leaves_classifier_out() -> None:
    rows = configuration(json.loads(Settings(trainable="all").model_dump_json()), [])
    assert "classifier" not in {label for label, _, _ in rows}
    assert "optimizer" in {label for label, _, _ in rows}


def test_configuration_head_fitted_at_once_leaves_epochs_out() -> None:
    settings = Settings(trainable="head")
    assert settings.head.solver == "lbfgs"
    varied = ["optimizer.learning_rate", "head.solver"]
    found = {r[0]: r[1] for r in configuration(json.loads(settings.model_dump_json()), varied)}
    of_epochs = {"optimizer", "learning rate", "schedule", "epochs", "minimum updates"}
    assert not of_epochs & set(found)
    assert "L-BFGS" in found["head"]
    assert found["trained layers"] == "head"


@pytest.mark.parametrize(
    ("settings", "shown", "hidden"),
    [
        (Settings(trainable="all"), {"loss"}, {"lora rank", "views"}),
        (Settings(trainable="head"), set(), {"lora rank", "loss", "views"}),
        (
            Settings(trainable="head", augment={"zoom": 0.1}),
            {"loss", "views"},
            {"lora rank", "batch norm statistics"},
        ),
        (
            Settings(trainable="lora", backbone="ViT", weights="preset:vit"),
            {"lora rank", "batch norm statistics"},
            {"views"},
        ),
    ],
    ids=["fine-tuned", "exact head", "views", "lora"],
)
def test_configuration_leaves_out_what_has_no_effect(
    settings: Settings, shown: set[str], hidden: set[str]
) -> None:
    rows = {label for label, _, _ in configuration(json.loads(settings.model_dump_json()), [])}
    assert shown <= rows
    assert not hidden & rows


def test_column_label_of_classifier_is_short() -> None:
    assert column_label("classifier.name") == column_label("classifier") == "classifier"
    assert [column_label(f"classifier.{name}") for name in ("C", "gamma")] == ["C", "gamma"]


def test_study_slides_classical_model_names_no_epoch(tmp_path: Path) -> None:
    from scenery.reporting.conclusions import ExperimentResult
    from scenery.reporting.deck import _training_note

    one = without_epochs(tmp_path, KERNELS)
    assert "best epoch 11" in _training_note(ExperimentResult(one.choice(), one.trials()))
    record = yaml.safe_load((tmp_path / "chosen.yaml").read_text())
    (tmp_path / "chosen.yaml").write_text(yaml.safe_dump(record | {"best_epoch": 0}))
    assert "epoch" not in _training_note(ExperimentResult(one.choice(), one.trials()))
