"""How sure a choice is, from the tables of an experiment."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest

from scenery.config.experiment import Choose
from scenery.evaluation.intervals import wilson
from scenery.evaluation.paired import corrected_resampled_test
from scenery.evaluation.selection_table import selection_table

IMAGES = 60


def trial(name: str, accuracy: float, **more: Any) -> dict[str, Any]:
    return {
        "trial": name, "setting": name, "repeat": 0, "status": "completed", "candidate": True,
        "chosen": False, "validation_accuracy": accuracy, "validation_loss": 0.5,
        "parameters": 10, **more,
    }  # fmt: skip


def answers(name: str, right: range, folds: int = 1) -> pd.DataFrame:
    """Predictions of one trial: right for some of the images, the others wrong."""
    return pd.DataFrame(
        {
            "trial": name, "file": [f"{n}.png" for n in range(IMAGES)], "class": "sea",
            "predicted": ["sea" if n in right else "wood" for n in range(IMAGES)],
            "fold": [n % folds for n in range(IMAGES)],
        }
    )  # fmt: skip


def history(**values: list[float]) -> pd.DataFrame:
    rows = [
        {"trial": name, "step": "head", "epoch": epoch, "validation_accuracy": value}
        for name, curve in values.items()
        for epoch, value in enumerate(curve, start=1)
    ]
    return pd.DataFrame(rows, columns=["trial", "step", "epoch", "validation_accuracy"])


def table(
    trials: list[dict[str, Any]],
    predictions: list[pd.DataFrame],
    epochs: pd.DataFrame | None = None,
    groups: dict[str, int] | None = None,
) -> pd.DataFrame:
    found = selection_table(
        pd.DataFrame(trials),
        history() if epochs is None else epochs,
        pd.concat(predictions),
        groups,
        Choose(),
    )
    return found.set_index("setting")


def test_selection_table_compares_with_the_choice_by_mcnemar_and_holm() -> None:
    trials = [trial("a", 0.5), trial("b", 0.75, chosen=True), trial("c", 0.7)]
    found = table(
        trials, [answers("a", range(30)), answers("b", range(45)), answers("c", range(3, 45))]
    )
    assert found["to_chosen"].tolist()[::2] == pytest.approx([-0.25, -0.05])
    p_values = [binomtest(0, count).pvalue for count in (15, 3)]
    assert found["p_to_chosen"].tolist()[::2] == pytest.approx([2 * p_values[0], p_values[1]])
    assert found["smallest_to_chosen"]["c"] == pytest.approx(6 / IMAGES)
    assert np.isnan(found["p_to_chosen"]["b"])
    assert found["chosen_share"].sum() == pytest.approx(1)
    assert found["chosen_share"].idxmax() == "b"


def test_selection_table_only_the_choice_has_a_corrected_accuracy() -> None:
    found = table(
        [trial("a", 0.5), trial("b", 0.75, chosen=True)],
        [answers("a", range(30)), answers("b", range(45))],
    )
    assert np.isnan(found["corrected_accuracy"]["a"])
    row = found.loc["b"]
    low, high = wilson(0.75, IMAGES)
    assert row["corrected_high"] - row["corrected_low"] == pytest.approx(high - low)
    assert row["corrected_accuracy"] == pytest.approx(0.75, abs=0.02)
    assert row["expected_loss"] < 0.01


def test_selection_table_lucky_epoch_is_no_part_of_the_corrected_accuracy() -> None:
    trials, predictions = [trial("a", 0.75, chosen=True)], [answers("a", range(45))]
    plain = table(trials, predictions).loc["a", "corrected_accuracy"]
    lucky = history(a=[0.65] * 6 + [0.75] + [0.65] * 6)
    found = table(trials, predictions, lucky).loc["a", "corrected_accuracy"]
    assert plain - found == pytest.approx(0.1 * 10 / 11)


def test_selection_table_folds_use_the_corrected_resampled_test() -> None:
    trials = [trial("a", 0.5, chosen=True), trial("b", 0.4)]
    own, other = answers("a", range(30), folds=5), answers("b", range(5, 29), folds=5)
    found = table(trials, [own, other])
    shares = [
        (rows["class"] == rows["predicted"]).groupby(rows["fold"]).mean() for rows in (own, other)
    ]
    expected = corrected_resampled_test((shares[0] - shares[1]).to_numpy(), 1 / 4)
    assert found["p_to_chosen"]["b"] == pytest.approx(expected.p_value)
    assert found["smallest_to_chosen"]["b"] == pytest.approx(expected.smallest)
    assert found["to_chosen"]["b"] == pytest.approx(-0.1)


def test_selection_table_repeats_are_one_setting() -> None:
    trials = [
        trial("a1", 0.5, setting="a", chosen=True),
        trial("a2", 0.6, setting="a", repeat=1, chosen=True),
        trial("b1", 0.4, setting="b"), trial("b2", 0.5, setting="b", repeat=1),
    ]  # fmt: skip
    rights = {"a1": range(30), "a2": range(36), "b1": range(24), "b2": range(30)}
    found = table(trials, [answers(name, right) for name, right in rights.items()])
    assert found["trial"].to_dict() == {"a": "a1", "b": "b1"}
    assert found["to_chosen"]["b"] == pytest.approx(-0.1)


def test_selection_table_leaves_out_what_cannot_be_chosen() -> None:
    trials = [
        trial("a", 0.5, chosen=True), trial("b", 0.9, candidate=False),
        trial("c", 0.9, status="stopped"), trial("d", np.nan, status="diverged"),
    ]  # fmt: skip
    found = table(trials, [answers(name, range(30)) for name in "abc"])
    assert list(found.index) == ["a"]
    assert found["chosen_share"]["a"] == 1


def test_selection_table_groups_widen_the_interval() -> None:
    trials, predictions = [trial("a", 0.5, chosen=True)], [answers("a", range(30))]
    pairs = {f"{n}.png": n // 2 for n in range(IMAGES)}
    widths = [
        found["corrected_high"]["a"] - found["corrected_low"]["a"]
        for found in (table(trials, predictions), table(trials, predictions, groups=pairs))
    ]
    assert widths[1] > 1.2 * widths[0]
