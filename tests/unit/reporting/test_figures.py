"""Figures: what stands in them, for studies of any size and any names."""

import re
from dataclasses import replace
from pathlib import Path, PurePath
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from figure_texts import outside, texts
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import FillBetweenPolyCollection
from matplotlib.figure import Figure
from PIL import Image
from tables_factory import (
    HOSTILE,
    Experiment,
    class_names,
    grid,
    write_experiment,
    write_test,
)

from scenery.evaluation.confusion import confused_pairs
from scenery.evaluation.mistakes import write_mistakes
from scenery.reporting.best_figure import best_figure
from scenery.reporting.evaluation_figures import class_scores, confusion_matrix, reliability
from scenery.reporting.learning_curves import (
    LABELED,
    MAX_CURVES,
    learning_curves,
    with_position,
)
from scenery.reporting.many_classes import class_page
from scenery.reporting.mistakes import confident_mistakes
from scenery.reporting.reading import (
    read_classes,
    read_confusion,
    read_metrics,
    read_pictures,
    read_predictions,
    read_scores,
    read_trials,
)
from scenery.reporting.roc_pr import roc_pr_curves
from scenery.reporting.search_figure import random_search
from scenery.reporting.settings_figures import settings_figure
from scenery.reporting.study_figures import accuracy_against, comparison
from scenery.reporting.style import save


@pytest.mark.parametrize("name", ["one", "cuts", "flips", "search", "names"])
def test_experiment_figures_any_kind_fit_the_page(
    experiments: dict[str, Experiment], name: str
) -> None:
    one = experiments[name]
    trials, choice = one.trials(), one.choice()
    figure = settings_figure(trials, choice, choice.title)
    said = texts(figure)
    assert f"{len(trials)} " in said
    assert "accuracy" in said
    assert outside(figure) == []
    curves = learning_curves(trials, one.history(), choice, choice.title)
    assert "validation" in texts(curves)
    best = best_figure(
        trials, one.history(), choice, read_scores(one.folder / "test/scores.csv"), choice.title
    )
    said = texts(best)
    assert "test accuracy" in said
    assert "Adam" in said or "optimizer" in said
    assert outside(best) == []


@pytest.mark.parametrize("settings", [1, 3, 5, 8])
def test_search_figure_rows_fill_the_width(
    experiments: dict[str, Experiment], settings: int
) -> None:
    one = experiments["search"]
    trials, choice = one.trials(), one.choice()
    names = [f"augment.{name}" for name in "abcdefgh"[:settings]]
    trials = trials.assign(**dict.fromkeys(names, np.arange(len(trials)) % 7 / 10))
    figure = random_search(trials, replace(choice, varied=tuple(names)), "Search")
    FigureCanvasAgg(figure).draw()
    boxes = [axes.get_window_extent() for axes in figure.axes]
    width = figure.get_figwidth() * figure.dpi
    for row in {round(box.y0) for box in boxes}:
        ends = [box.x1 for box in boxes if round(box.y0) == row]
        assert max(ends) > 0.95 * width


def test_heat_map_diverged_pair_is_marked(experiments: dict[str, Experiment]) -> None:
    one = experiments["cuts"]
    said = texts(settings_figure(one.trials(), one.choice(), "Cuts"))
    assert "\u00d7 failed" in said
    assert "2 failed" in said
    assert "0.000" not in said
    assert "stages removed" in said


def test_main_effects_two_values_state_paired_effect(experiments: dict[str, Experiment]) -> None:
    one = experiments["flips"]
    trials = one.trials()
    trials["validation_accuracy"] = 0.8 + 0.05 * (trials["augment.rotation"] == 20)
    said = texts(settings_figure(trials, one.choice(), "Flips"))
    assert "\n+0.050\n" in said
    assert "one run of each" in said
    assert "horizontal flip" in said


def test_dot_plot_numbers_are_sorted(tmp_path: Path) -> None:
    one = write_experiment(
        tmp_path / "a", "a", grid(head__dropout=[0.5, 0.0, 0.1]), "grid", "Dropout", repeats=3
    )
    figure = settings_figure(one.trials(), one.choice(), "Dropout")
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert labels == ["0", "0.1", "0.5"]
    assert "single repeats" in texts(figure)


def test_dot_plot_many_settings_counts_the_rest(experiments: dict[str, Experiment]) -> None:
    one = experiments["search"]
    trials = one.trials()
    choice = one.choice()
    as_list = type(choice)(**{**vars(choice), "strategy": "list"})
    said = texts(settings_figure(trials, as_list, "Many"))
    assert "180 further settings not shown" in said


@pytest.mark.parametrize("constant", [True, False])
def test_experiment_figures_one_completed_trial_are_drawn(tmp_path: Path, constant: bool) -> None:
    for number, settings in enumerate(
        [
            grid(remove_stages=[0, 1, 2, 3]),
            grid(remove_stages=[0, 1], head__dropout=[0.0, 0.5]),
            grid(remove_stages=[0, 1], head__dropout=[0.0, 0.5], subset=["full", "small"]),
        ]
    ):
        one = write_experiment(
            tmp_path / f"e{number}", f"e{number}", settings, "grid", "Hard",
            diverged=tuple(range(1, len(settings))), constant=constant,
        )  # fmt: skip
        figure = settings_figure(one.trials(), one.choice(), "Hard")
        assert f"{len(settings) - 1} failed" in texts(figure).replace("trials ", "")
        assert "diverged" in texts(learning_curves(one.trials(), one.history(), one.choice(), "H"))


def test_learning_curves_stopped_trial_has_no_cross(experiments: dict[str, Experiment]) -> None:
    one = experiments["search"]
    trials = one.trials()
    trials.loc[(trials["status"] == "completed") & ~trials["chosen"], "status"] = "stopped"
    assert "diverged (2)" in texts(learning_curves(trials, one.history(), one.choice(), "H"))


def test_learning_curves_of_many_trials_are_summarized(
    experiments: dict[str, Experiment],
) -> None:
    one = experiments["search"]
    trials, history = one.trials(), one.history()
    some = trials[~trials["chosen"] & trials["trial"].isin(history["trial"])].iloc[:1]
    rows = history[history["trial"] == some["trial"].iloc[0]]
    for number in range(MAX_CURVES + LABELED):
        name = {"trial": f"copy{number}", "setting": f"copy{number}"}
        trials = pd.concat([trials, some.assign(**name)], ignore_index=True)
        history = pd.concat([history, rows.assign(trial=name["trial"])], ignore_index=True)
    figure = learning_curves(trials, history, one.choice(), "H")
    said = texts(figure)
    assert "further settings: median, and the middle 50 % and 90 %" in said
    right = figure.axes[1]
    assert len(right.lines) < MAX_CURVES
    # Both ranges.
    assert sum(isinstance(one, FillBetweenPolyCollection) for one in right.collections) == 2


def test_with_position_two_steps_are_joined() -> None:
    history = pd.DataFrame(
        {"trial": ["a"] * 4 + ["b"] * 3, "step": ["head", "head", "network", "network"]
         + ["network"] * 3, "epoch": [1, 2, 1, 2, 1, 2, 3]}
    )  # fmt: skip
    placed = with_position(history)
    assert placed["position"].tolist() == [1, 2, 3, 4, 1, 2, 3]
    going_on = history.assign(epoch=[1, 2, 3, 4, 1, 2, 3])
    assert with_position(going_on)["position"].tolist() == [1, 2, 3, 4, 1, 2, 3]


@pytest.mark.parametrize("number", [2, 8, 40])
def test_test_figures_any_number_of_classes_fit(
    tmp_path: Path, experiments: dict[str, Experiment], number: int
) -> None:
    classes = class_names(number, hostile=True)
    write_test(tmp_path, "a", "t", classes)
    test = tmp_path / "test"
    metrics = read_metrics(test / "metrics.json")
    matrix = confusion_matrix(read_confusion(test / "confusion.csv"), metrics, HOSTILE[3])
    said = texts(matrix)
    assert f"({metrics['low']:.3f}-{metrics['high']:.3f})" in said
    assert "<script>" in said
    assert outside(matrix) == []
    scores = class_scores(read_classes(test / "classes.csv"), metrics, HOSTILE[3])
    assert len(scores.axes[0].get_yticklabels()) == number
    assert outside(scores) == []
    predictions = read_predictions(test / "predictions.csv")
    assert f"{40 * number:,} test images" in texts(
        reliability(predictions, experiments["cuts"].choice(), "Cut")
    )
    said = texts(reliability(predictions, experiments["cuts"].choice(), "Cut"))
    assert "with temperature 1.50" in said
    assert "sets for 95%: " in said
    curves = roc_pr_curves(predictions, HOSTILE[3])
    said = texts(curves)
    assert f"mean of {number} classes" in said
    assert ("<script>" in said) == (number <= 10)
    assert outside(curves) == []


@pytest.mark.parametrize("number", [41, 250])
def test_test_figures_of_many_classes_are_one_page_that_names_the_worst(
    tmp_path: Path, number: int
) -> None:
    classes = [*class_names(number - 1), "<script>"]
    write_test(tmp_path, "a", "t", classes, per_class=4)
    test = tmp_path / "test"
    metrics = read_metrics(test / "metrics.json")
    confusion, scores = (
        read_confusion(test / "confusion.csv"),
        read_classes(test / "classes.csv"),
    )
    scores.loc[number - 1, ["recall", "f1"]] = 0
    confusion.iloc[number - 1] = 0
    confusion.iloc[number - 1, 3] = 400
    curves = roc_pr_curves(read_predictions(test / "predictions.csv"), "Many")
    assert "middle 80 % of the classes" in texts(curves)
    assert len(curves.axes[0].get_lines()) == 7, "chance, the five worst classes, the mean"
    matrix = confusion_matrix(confusion, metrics, "Many")
    assert f"<script> → {classes[3]}\n" in texts(matrix)
    assert "400 (100%)" in texts(matrix)
    worst = class_scores(scores, metrics, "Many")
    assert "<script> (4)" in texts(worst)
    assert f"{number} classes, " in texts(worst)
    for figure in (curves, matrix, worst):
        assert figure.get_figheight() < 9
        assert outside(figure) == []
    found = class_page(scores, confusion, "Many")
    assert found.count("<tr>") >= number + 2
    assert "&lt;script&gt;</td><td" in found
    assert "<script></td>" not in found


def test_confused_pairs_are_counted_without_the_diagonal() -> None:
    counts = pd.DataFrame([[5, 2, 0], [2, 0, 0], [1, 0, 9]], index=[*"abc"], columns=[*"abc"])
    pairs = confused_pairs(counts)
    assert pairs[["class", "predicted", "images"]].to_numpy().tolist() == [
        ["b", "a", 2], ["a", "b", 2], ["c", "a", 1],
    ]  # fmt: skip
    assert pairs["share"].tolist() == pytest.approx([1, 2 / 7, 0.1])
    assert len(confused_pairs(counts * np.eye(3, dtype=int))) == 0


def test_confident_mistakes_are_sorted_by_confidence(tmp_path: Path) -> None:
    write_test(tmp_path, "a", "t", class_names(8))
    predictions = read_predictions(tmp_path / "test/predictions.csv")

    def read(rows: np.ndarray) -> np.ndarray:
        # Each image is as red as its number.
        return np.stack([np.full((48, 48, 3), (row % 256, 10, 10), np.uint8) for row in rows])

    write_mistakes(tmp_path / "mistakes.npz", predictions, read)
    pictures = read_pictures(tmp_path / "mistakes.npz")
    wrong = predictions[~predictions["correct"]].sort_values("confidence", ascending=False)
    assert list(pictures) == list(wrong["file"])[:12]
    figure = confident_mistakes(predictions, pictures, "Cuts")
    assert f"12 of {len(wrong)} wrong among 320 test images" in texts(figure)
    for axes, row in zip(figure.axes, wrong.index, strict=False):
        shown = axes.get_images()[0].get_array()
        assert shown is not None
        assert (np.asarray(shown)[..., 0] == row % 256).all()
        # The name of the file alone: a path says too much beside the title.
        name = axes.get_xlabel().removeprefix("\u2026")
        assert PurePath(wrong["file"][row]).name.endswith(name)
        assert name


def test_confident_mistakes_without_mistakes_says_so(tmp_path: Path) -> None:
    write_test(tmp_path, "a", "t", class_names(8))
    predictions = read_predictions(tmp_path / "test/predictions.csv")
    right = predictions[predictions["correct"]]
    write_mistakes(tmp_path / "none.npz", right, lambda rows: np.zeros((0, 8, 8, 3), np.uint8))
    pictures = read_pictures(tmp_path / "none.npz")
    assert pictures == {}
    assert "No test image" in texts(confident_mistakes(right, pictures, "Cuts"))


def test_write_mistakes_large_images_are_resized(tmp_path: Path) -> None:
    write_test(tmp_path, "a", "t", class_names(8))
    predictions = read_predictions(tmp_path / "test/predictions.csv")
    out = tmp_path / "large.npz"
    write_mistakes(out, predictions, lambda rows: np.zeros((len(rows), 640, 640, 3), np.uint8))
    assert {picture.shape for picture in read_pictures(out).values()} == {(320, 320, 3)}


def test_study_figures_count_trials_and_failures(study: Path) -> None:
    summary = read_trials(study / "summary.csv")
    figure = comparison(summary)
    said = texts(figure)
    assert "200 trials" in said
    assert "<script>" in said
    assert len(re.findall(r"0\.\d{3} \(0\.\d{3}-[01]\.\d{3}\)", said)) == 5
    for cost in ("parameters", "seconds"):
        figure = accuracy_against(summary, cost)  # type: ignore[arg-type]
        said = texts(figure)
        assert "4 failed (not drawn)" in said
        assert "On the Pareto front" in said


def test_accuracy_against_numbers_of_near_points_share_a_text(study: Path) -> None:
    summary = read_trials(study / "summary.csv")
    rows = summary[summary["status"] == "completed"].head(4).copy()
    rows["setting"] = list("abcd")
    rows["varied"] = '["head.dropout"]'
    rows["head.dropout"] = [0.1, 0.2, 0.3, 0.4]
    # The second and the third are nearly in one place; the last is not on the front.
    rows["seconds"] = [10.0, 12.0, 12.1, 19.0]
    rows["validation_accuracy"] = [0.5, 0.898, 0.9, 0.4]
    figure = accuracy_against(rows, "seconds")
    assert [text.get_text() for text in figure.axes[0].texts] == ["1", "2, 3"]
    said = texts(figure)
    assert all(f"dropout {value}\n" in said for value in (0.1, 0.2, 0.3))
    assert "head.dropout" not in said


def test_save_photographs_changes_no_color_that_one_sees(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (100, 100, 3), dtype=np.uint8)
    figure = Figure((1, 1), facecolor="white")
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    axes.imshow(pixels, interpolation="nearest")
    save(figure, None, tmp_path / "a.png")
    figure.savefig(tmp_path / "exact.png", dpi=Image.open(tmp_path / "a.png").width)
    found, exact = (
        np.asarray(Image.open(tmp_path / name).convert("RGB")).astype(int)
        for name in ("a.png", "exact.png")
    )
    assert np.abs(found - exact).max() == 4
    assert (tmp_path / "a.png").stat().st_size < 0.7 * (tmp_path / "exact.png").stat().st_size


def test_save_twice_writes_same_bytes_with_text(
    tmp_path: Path, experiments: dict[str, Experiment]
) -> None:
    one = experiments["flips"]
    for number in (1, 2):
        figure = settings_figure(one.trials(), one.choice(), one.choice().title)
        save(figure, tmp_path / f"{number}.svg", tmp_path / f"{number}.png")
    for form in ("svg", "png"):
        assert (tmp_path / f"1.{form}").read_bytes() == (tmp_path / f"2.{form}").read_bytes()
    root = ElementTree.parse(tmp_path / "1.svg").getroot()
    words = "".join(root.itertext())
    assert "<script>alert('x')</script>" in words
    assert not list(root.iter("{http://www.w3.org/2000/svg}script"))
    assert Image.open(tmp_path / "1.png").width > 1000
