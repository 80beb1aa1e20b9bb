"""What is said of a study follows from its numbers, in both directions."""

from typing import Any

import pandas as pd
from tables_factory import Experiment

from scenery.evaluation.statistics import wilson
from scenery.reporting.conclusions import ExperimentResult, compare_with_first, conclusions

IMAGES = 200


def outcome(one: Experiment, right: int, paired: bool = True, **changes: Any) -> ExperimentResult:
    """An experiment of whose 200 test images the first `right` were classified rightly."""
    choice = one.choice()
    low, high = wilson(right / IMAGES, IMAGES)
    table = pd.DataFrame(
        {"file": [str(n) for n in range(IMAGES)], "correct": [n < right for n in range(IMAGES)]}
    )
    return ExperimentResult(
        choice=type(choice)(**{**vars(choice), **changes}),
        trials=one.trials(),
        metrics={"accuracy": right / IMAGES, "low": low, "high": high, "images": IMAGES},
        predictions=table if paired else None,
    )


def test_compare_with_first_paired_predictions_uses_mcnemar(
    experiments: dict[str, Experiment],
) -> None:
    first = outcome(experiments["one"], 180, title="first")
    second = outcome(experiments["flips"], 190, title="second")
    (paired,) = compare_with_first([first, second])
    assert paired.significant
    assert paired.how == "p = 0.002"
    assert round(paired.difference, 3) == 0.05
    alone = outcome(experiments["flips"], 190, paired=False, title="second")
    (unpaired,) = compare_with_first([first, alone])
    assert not unpaired.significant
    assert unpaired.how == "intervals overlap"
    apart = outcome(experiments["flips"], 120, paired=False, title="second")
    (unpaired,) = compare_with_first([first, apart])
    assert unpaired.significant


def test_conclusions_equal_results_state_no_significant_difference(
    experiments: dict[str, Experiment],
) -> None:
    same = [outcome(experiments["one"], 180, title="A"), outcome(experiments["flips"], 181)]
    said = "\n".join(conclusions(same))
    assert "no significant difference for" in said
    assert ": significant difference" not in said


def test_compare_with_first_several_experiments_adjusts_p_values(
    experiments: dict[str, Experiment],
) -> None:
    # Six images apart: p = 0.031 alone, 0.094 as one of three.
    first, other = outcome(experiments["one"], 180), outcome(experiments["flips"], 186)
    assert compare_with_first([first, other])[0].significant
    assert not any(one.significant for one in compare_with_first([first, other, other, other]))


def test_conclusions_best_result_names_number_of_trials(experiments: dict[str, Experiment]) -> None:
    said = conclusions([outcome(experiments["search"], 150, title="Search")])
    assert '"Search", 200 settings in 200 trials, 2 failed' in said[0]
    assert "0.750 (" in said[0]
    assert any("above the whole test interval" in text for text in said)
    assert any(text.startswith("2 of 200 trials failed") for text in said)


def test_conclusions_overfitting_named_if_flagged(experiments: dict[str, Experiment]) -> None:
    one = outcome(experiments["one"], 185)
    assert not any("overfitting" in text for text in conclusions([one]))
    trials = one.trials.assign(overfitting=True, gap=0.06)
    said = conclusions([ExperimentResult(one.choice, trials)])
    assert any("overfitting" in text and "(+0.060)" in text for text in said)


def test_conclusions_undertraining_named_if_flagged(experiments: dict[str, Experiment]) -> None:
    one = outcome(experiments["one"], 185)
    assert not any("More epochs" in text for text in conclusions([one]))
    trials = one.trials.assign(undertrained=True)
    said = conclusions([ExperimentResult(one.choice, trials)])
    assert any(text.startswith("More epochs would probably have helped") for text in said)


def test_compare_with_first_without_test_is_left_out(experiments: dict[str, Experiment]) -> None:
    untested = ExperimentResult(experiments["one"].choice(), experiments["one"].trials())
    assert compare_with_first([untested, outcome(experiments["flips"], 180)]) == []
    assert untested.tested == "not tested"
    assert conclusions([untested])


def test_compare_with_first_shared_model_is_not_tested(experiments: dict[str, Experiment]) -> None:
    first, other = outcome(experiments["one"], 180), outcome(experiments["flips"], 186)
    shared = outcome(experiments["cuts"], 180)
    assert shared.metrics is not None
    shared.metrics["scored_in"] = "one"
    same, apart = compare_with_first([first, shared, other])
    assert (same.how, same.significant) == ("the same final model", False)
    # It is no second comparison for which the other would have to be adjusted.
    assert apart.significant
    assert "(+0.000, the same final model)" in "\n".join(conclusions([first, shared]))
