"""Tables of tested settings: means over repeats, and comparisons on the same training set."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from scenery.evaluation.final_scores import (
    START,
    ScoredModels,
    comparison_table,
    correct_answers,
    score_table,
)
from scenery.evaluation.intervals import wilson
from scenery.study.scored import CHOSEN, CONTROL, REGIME

IMAGES = 100


def models(setting: str, *right: int, roles: tuple[str, ...] = (CHOSEN,), **more: Any) -> Any:
    """Final models of a setting, of which each is right for its first images."""
    values: dict[str, Any] = {
        "experiment": "e", "training_set": "full", "training_images": 70,
        "trials": tuple(f"{setting}{n}" for n in range(len(right))),
        "correct": np.array([np.arange(IMAGES) < count for count in right], dtype=float),
    }  # fmt: skip
    return ScoredModels(setting=setting, roles=roles, **values | more)


def test_score_table_is_the_mean_over_final_models() -> None:
    small = models("b", 60, roles=(REGIME,), training_set="small", training_images=10)
    table = score_table([models("a", 80, 90), small], None)
    assert table["test_accuracy"].tolist() == pytest.approx([0.85, 0.6])
    assert table["models"].tolist() == [2, 1]
    assert table["training_images"].tolist() == [70, 10]
    assert table["trial"].tolist() == ["a0", "b0"]
    assert tuple(table.loc[1, ["test_low", "test_high"]]) == wilson(0.6, IMAGES)
    # Two models that differ leave more doubt than one would.
    low, high = wilson(0.85, IMAGES)
    assert table.loc[0, "test_low"] < low and table.loc[0, "test_high"] > high


def test_score_table_counts_independent_images() -> None:
    table = score_table([models("a", 80)], np.arange(IMAGES) // 2)
    assert (table["test_images"][0], table["independent_images"][0]) == (100, 50)


def test_comparison_table_other_training_sets_are_not_compared() -> None:
    chosen = models("a", 80, training_set="small")
    before = [models("x", 95, experiment="before")]
    assert len(comparison_table([chosen], before, None)) == 0
    before.append(models("y", 70, experiment="before", roles=(REGIME,), training_set="small"))
    table = comparison_table([chosen], before, None)
    assert table["against_setting"].tolist() == ["y"]
    assert table["difference"].tolist() == pytest.approx([0.1])


def test_comparison_table_control_and_start_are_compared_once() -> None:
    chosen, control = models("a", 80), models("b", 76, roles=(CONTROL,))
    before = [models("b", 76, experiment="before")]
    table = comparison_table([chosen, control], before, None)
    assert table["against"].tolist() == [CONTROL]
    assert table["p_value"][0] == pytest.approx(0.125)
    assert table["smallest_difference"][0] == pytest.approx(0.06)
    other = comparison_table([chosen, control], [models("c", 80, experiment="before")], None)
    assert other["against"].tolist() == [CONTROL, START]


def test_comparison_table_same_setting_is_no_test() -> None:
    chosen = models("a", 80, 82, roles=(CHOSEN, CONTROL))
    row = comparison_table([chosen], [], None).iloc[0]
    assert (row["same"], row["difference"], row["p_value"]) == (True, 0.0, 1.0)


def test_comparison_table_pairs_repeats_by_their_number() -> None:
    chosen = models("a", 80, 90, 60)
    before = [models("x", 78, 88, experiment="before")]
    row = comparison_table([chosen], before, None).iloc[0]
    assert row["models"] == 2
    assert row["difference"] == pytest.approx(0.02)


def test_correct_answers_other_images_are_a_defect() -> None:
    first = pd.DataFrame({"file": ["a", "b"], "correct": [True, False]})
    files, correct = correct_answers([first, first])
    assert files == ["a", "b"]
    assert correct.tolist() == [[1, 0], [1, 0]]
    with pytest.raises(ValueError, match="different images"):
        correct_answers([first, first.iloc[::-1]])
