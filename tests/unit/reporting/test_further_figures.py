"""Figures of data regimes, of what learns, and of published numbers beside ours."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from figure_texts import outside, texts
from matplotlib.text import Text
from tables_factory import HOSTILE, Experiment, grid, write_experiment

from scenery.evaluation.reference_results import compare_with_reference
from scenery.evaluation.result_tables import with_reference_results
from scenery.reporting.fine_tuning_depth import fine_tuning_depth_figure, fine_tuning_depth_rows
from scenery.reporting.imagenet_accuracy import imagenet_accuracy_figure, imagenet_accuracy_rows
from scenery.reporting.parameter_curves import parameter_curve_rows, parameter_curves_figure
from scenery.reporting.pareto_figure import pareto_figure, pareto_rows
from scenery.reporting.reading import read_reference_results
from scenery.reporting.reference_results import (
    reference_results_page_table,
    reference_results_slide_table,
)
from scenery.reporting.reference_results_figure import reference_results_figure
from scenery.reporting.sample_size import sample_size_figure, sample_size_rows
from scenery.reporting.tables import page

SIZES = {"per_class_5": 5.0, "per_class_50": 50.0, "small": 50.0, "full": 188.1}


@pytest.fixture
def regimes(tmp_path: Path) -> Experiment:
    settings = grid(subset=list(SIZES), head__dense=[[], [64]])
    return write_experiment(tmp_path, "regimes", settings, "grid", "Regimes", 3, diverged=(0,))


def test_sample_size_figure_joins_subsets_of_one_size(regimes: Experiment) -> None:
    trials, choice = regimes.trials(), regimes.choice()
    rows = sample_size_rows(trials, choice, SIZES)
    # Two subsets of one size are draws of one regime.
    counts = rows.groupby(["line", "images"]).size().to_dict()
    assert counts == {
        ("dense layers 64", 5): 3, ("dense layers 64", 50): 6, ("dense layers 64", 188.1): 3,
        ("dense layers none", 50): 6, ("dense layers none", 188.1): 3,
    }  # fmt: skip
    figure = sample_size_figure(trials, choice, SIZES, HOSTILE[3])
    said = texts(figure)
    assert "all\n(188)" in said
    assert "means over repeats, 3 failed; 95 % intervals (376 images)" in said
    assert figure.axes[0].get_xscale() == "log"
    assert "2 times\n(376)" in said
    assert "carried on (power law)" in said
    line = figure.axes[0].containers[1].lines[0]
    of_none = rows[rows["line"] == "dense layers none"].groupby("images")["validation_accuracy"]
    assert line.get_ydata().tolist() == pytest.approx(of_none.mean().tolist())
    assert outside(figure) == []


def test_sample_size_figure_many_lines_counts_the_rest(tmp_path: Path) -> None:
    one = write_experiment(tmp_path / "1", "a", grid(subset=list(SIZES)), "grid", "One")
    said = texts(sample_size_figure(one.trials(), one.choice(), SIZES, "One"))
    assert "one run of each" not in said  # small and per_class_50 are two draws
    many = grid(subset=list(SIZES), head__dropout=[n / 10 for n in range(9)])
    two = write_experiment(tmp_path / "2", "b", many, "grid", "Many")
    assert "3 lines not drawn" in texts(
        sample_size_figure(two.trials(), two.choice(), SIZES, "Many")
    )


def depths() -> list[dict[str, Any]]:
    return [
        {"trainable": trainable, "head.dense": dense, "subset": subset}
        for subset in ("full", "small")
        for trainable, dense in (
            ("head", []), ("head", [64]), ("head+1", [64]), ("head+10", [64]), ("all", [64]),
            ("scratch", [64]),
        )
    ]  # fmt: skip


def test_fine_tuning_depth_rows_go_from_the_output_inwards(tmp_path: Path) -> None:
    one = write_experiment(tmp_path, "a", depths(), "list", "Depths", 2, diverged=(11,))
    trials = one.trials()
    rows = fine_tuning_depth_rows(trials)
    full = rows[rows["subset"] == "full"]
    assert full["name"].str.replace("\n", " ").tolist() == [
        "last layer", "new head", "head, 1 stage", "head, 10 stages", "all", "from scratch"
    ]  # fmt: skip
    # From scratch diverged on the small set: a gap, not a zero.
    assert len(rows[rows["subset"] == "small"]) == 5
    figure = fine_tuning_depth_figure(trials, one.choice(), HOSTILE[0])
    said = texts(figure)
    assert "24 trials (2 failed)" in said
    assert said.count("training images: ") == 2
    assert "of several settings" not in said
    assert outside(figure) == []


def test_fine_tuning_depth_rows_order_named_layers_by_what_is_trained(tmp_path: Path) -> None:
    layers = ["head", "from:block5_conv3", "from:block5_conv1", "all"]
    settings = [{"backbone": "VGG16", "trainable": layer} for layer in layers]
    one = write_experiment(tmp_path, "a", settings, "list", "Depths")
    trials = one.trials().assign(trained_parameters=[1, 2, 3, 4])
    names = fine_tuning_depth_rows(trials)["name"].str.replace("\n", " ")
    assert names.tolist() == ["last layer", "from block5_conv3", "from block5_conv1", "all"]
    figure = fine_tuning_depth_figure(trials, one.choice(), "Depths")
    assert outside(figure) == []


def test_fine_tuning_depth_rows_keep_the_best_setting(tmp_path: Path) -> None:
    settings = [{**one, "epochs": epochs} for one in depths() for epochs in (1, 2)]
    one = write_experiment(tmp_path, "a", settings, "list", "Depths")
    trials = one.trials()
    rows = fine_tuning_depth_rows(trials)
    first = trials[
        (trials["trainable"] == "head") & (trials["head.dense"] == "[]")
        & (trials["subset"] == "full")
    ]  # fmt: skip
    assert rows.iloc[0]["validation_accuracy"] == first["validation_accuracy"].max()
    assert rows["left_out"].tolist() == [1] * 12
    assert "most accurate is drawn" in texts(fine_tuning_depth_figure(trials, one.choice(), "D"))


def numbers(one: Experiment) -> pd.DataFrame:
    trials = one.trials()
    settings = list(dict.fromkeys(trials["setting"]))
    rows = [
        {"name": HOSTILE[0], "setting": settings[0], "accuracy": 0.954, "parameters": 7_000_000,
         "source": HOSTILE[3]},
        {"name": "elsewhere", "setting": "nowhere", "accuracy": 0.5, "parameters": None,
         "source": HOSTILE[3]},
        {"name": "the best", "setting": "", "accuracy": 0.6, "parameters": None,
         "source": HOSTILE[3]},
    ]  # fmt: skip
    return compare_with_reference(trials, rows, 376)


def test_compare_with_reference_joins_by_setting(
    experiments: dict[str, Experiment], tmp_path: Path
) -> None:
    one = experiments["cuts"]
    trials, choice = one.trials(), one.choice()
    table = numbers(one)
    table.to_csv(tmp_path / "reference_results.csv", index=False)
    table = read_reference_results(tmp_path / "reference_results.csv")
    first = trials[trials["setting"] == trials["setting"][0]]
    mean = first["validation_accuracy"].mean()
    assert table["validation_accuracy"].tolist()[0] == pytest.approx(mean)
    assert table["difference"][0] == pytest.approx(mean - 0.954)
    assert table["low"][0] < mean < table["high"][0]
    assert pd.isna(table["validation_accuracy"][1])
    assert table["setting"][2] == choice.setting
    figure = reference_results_figure([("Cuts", table)], HOSTILE[0])
    said = texts(figure)
    assert "0.500  not run" in said
    assert "2 of 3 numbers have a counterpart here" in said
    assert "parameters of the network" in said
    assert outside(figure) == []
    both = reference_results_figure([(HOSTILE[3], table), (HOSTILE[3], table.iloc[1:])], "Both")
    assert texts(both).count("a very long class name") >= 2
    assert outside(both) == []


def test_reference_results_tables_show_settings_not_run(experiments: dict[str, Experiment]) -> None:
    one = experiments["cuts"]
    table = numbers(one)
    slide = reference_results_slide_table(table)
    assert [row[1] for row in slide.rows] == ["0.954", "0.500", "0.600"]
    assert slide.rows[1][2:4] == ["not run", ""]
    assert slide.rows[0][4] == "7 M"
    assert len(reference_results_slide_table(table.assign(reference_parameters=None)).head) == 4
    assert "&lt;script&gt;" in page("P", [reference_results_page_table(table)])
    joined = with_reference_results(one.trials(), table)
    assert joined["trial"].tolist() == one.trials()["trial"].tolist()
    there = joined[joined["reference_accuracy"].notna()]
    assert set(there["setting"]) == {table["setting"][0], table["setting"][2]}
    # Two numbers for one setting: the higher one stands in the table of trials.
    twice = pd.concat([table, table.iloc[[0]].assign(reference_accuracy=0.97)])
    assert with_reference_results(one.trials(), twice)["reference_accuracy"].max() == 0.97


def test_parameter_curves_draw_train_and_validation(tmp_path: Path) -> None:
    settings = grid(
        network__residual=[False, True], network__batch_norm=[False, True],
        network__depth=[4, 12, 30, 60],
    )  # fmt: skip
    one = write_experiment(tmp_path, "a", settings, "grid", HOSTILE[0], diverged=(7,))
    trials, choice = one.trials(), one.choice()
    figure = parameter_curves_figure(trials, choice, ["network.depth"], HOSTILE[0])
    axes = figure.axes[0]
    said = texts(figure)
    assert "16 trials (1 failed)" in said
    assert "residual yes, batch norm no" in said
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["4", "12", "30", "60"]
    # Four colors, each with a solid and a dashed line and two caps of its intervals, and the ring
    # around the chosen point.
    assert len(axes.lines) == 17
    rows = parameter_curve_rows(trials, choice, "network.depth")
    first = rows[rows["line"] == rows["line"].iloc[0]].sort_values("at")
    validation, training = axes.lines[0], axes.lines[3]
    assert list(validation.get_ydata()) == pytest.approx(list(first["validation_accuracy"]))
    assert list(training.get_ydata()) == pytest.approx(list(first["train_accuracy"]))
    assert list(axes.lines[-1].get_ydata()) == pytest.approx([choice.validation_accuracy])
    assert outside(figure) == []


def test_parameter_curves_many_lines_counts_the_rest(tmp_path: Path) -> None:
    rates = [0.0001, 0.01, 1.0]
    settings = grid(
        head__l2=[0, 1e-6, 1e-2], optimizer__learning_rate=rates, head__dropout=[0, 0.2, 0.4]
    )
    one = write_experiment(tmp_path, "a", settings, "grid", "Numbers", 2)
    names = ["head.l2", "optimizer.learning_rate", "head.dropout"]
    figure = parameter_curves_figure(one.trials(), one.choice(), names, "Numbers")
    assert "9 further lines not drawn" in texts(figure)
    # A logarithm has no place for 0.
    assert [axes.get_xscale() for axes in figure.axes[:3]] == ["linear", "log", "linear"]
    assert [tick.get_text() for tick in figure.axes[0].get_xticklabels()] == ["0", "1e-06", "0.01"]
    assert outside(figure) == []
    alone = write_experiment(tmp_path / "b", "b", grid(epochs=[1, 2, 3]), "grid", "One")
    assert "training" not in [
        item.get_text()
        for item in parameter_curves_figure(
            alone.trials(), alone.choice(), ["epochs"], "One"
        ).findobj(Text)
    ]


def test_imagenet_accuracy_figure_draws_the_best_setting_of_each_backbone(tmp_path: Path) -> None:
    names = {"VGG16": 71.3, "ResNet50": 74.9, "Xception": 79.0}
    settings = [
        {"backbone": name, "weights": weights, "epochs": epochs}
        for name in names
        for weights in ("imagenet", "none")
        for epochs in (1, 2)
    ]
    one = write_experiment(tmp_path, "a", settings, "list", "Backbones")
    trials = one.trials()
    rows = imagenet_accuracy_rows(trials, names)
    assert rows["backbone"].tolist() == list(names)
    assert rows["top_1"].tolist() == list(names.values())
    first = trials[(trials["backbone"] == "VGG16") & (trials["weights"] == "imagenet")]
    assert rows["validation_accuracy"].iloc[0] == first["validation_accuracy"].max()
    figure = imagenet_accuracy_figure(trials, one.choice(), HOSTILE[0], names)
    said = texts(figure)
    assert "Spearman's rank correlation" in said
    assert all(name in said for name in names)
    assert outside(figure) == []


def test_pareto_figure_joins_the_front(tmp_path: Path) -> None:
    settings = grid(head__dense=[[], [64], [256]], seed=[1, 2])
    one = write_experiment(tmp_path, "aims", settings, "grid", "Aims", 2, diverged=(0,))
    trials = one.trials()
    sizes = {setting: 10**place for place, setting in enumerate(trials["setting"].unique())}
    trials["parameters"] = trials["setting"].map(sizes)
    trials["candidate"] = True
    front = list(sizes)[2:4]
    trials["pareto"] = trials["setting"].isin(front)
    rows = pareto_rows(trials, ["validation_accuracy", "parameters"])
    # A setting with a failed repeat cannot be chosen.
    assert len(rows) == len(sizes) - 1
    figure = pareto_figure(trials, one.choice(), "Aims", ["validation_accuracy", "parameters"])
    (axes,) = figure.axes
    assert axes.lines[0].get_xdata().tolist() == [sizes[setting] for setting in front]
    assert axes.get_xscale() == "log"
    assert "5 settings" in texts(figure)
    assert outside(figure) == []
    trials["validation_loss"] = 1.0
    aims = ["validation_accuracy", "parameters", "validation_loss"]
    assert len(pareto_figure(trials, one.choice(), "Aims", aims).axes) == 2
