"""What is said of a study follows from its numbers, in both directions."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from tables_factory import Experiment

from scenery.evaluation.final_scores import ScoredModels, comparison_table, score_table
from scenery.reporting.conclusions import (
    SAME_SETTING,
    ExperimentResult,
    compare_experiments,
    conclusions,
    sureness,
)

IMAGES = 200


def models(
    experiment: str, setting: str, right: int, *roles: str, training_set: str = "full"
) -> ScoredModels:
    """One final model that classified the first `right` of 200 test images correctly."""
    correct = (np.arange(IMAGES) < right).astype(float)[None]
    return ScoredModels(experiment, setting, roles, training_set, (setting,), correct, 1505)


def outcome(
    one: Experiment,
    right: int,
    control: int | None = None,
    before: list[ScoredModels] | None = None,
    training_set: str = "full",
    **changes: Any,
) -> ExperimentResult:
    """An experiment with its test results, and those of its control."""
    choice = one.choice()
    choice = type(choice)(**{**vars(choice), **changes})
    name = choice.experiment
    scored = [models(name, choice.setting, right, "chosen", training_set=training_set)]
    if control is not None:
        scored.append(models(name, "other", control, "control", training_set=training_set))
    return ExperimentResult(
        choice=choice,
        trials=one.trials(),
        scores=score_table(scored, None),
        comparisons=comparison_table(scored, before or [], None),
    )


def test_compare_experiments_control_and_start(experiments: dict[str, Experiment]) -> None:
    first = outcome(experiments["one"], 180, title="first")
    before = [models("one", "one-000", 180, "chosen")]
    second = outcome(experiments["flips"], 190, control=188, before=before)
    control, start = compare_experiments([first, second])
    assert (control.against, start.against) == ('its control "other"', '"first"')
    assert not control.significant
    assert control.verdict == "+0.010, no difference shown (0.030 would have been)"
    # p = 0.002, times two.
    assert start.significant and start.verdict == "+0.050, p = 0.004"


def test_compare_experiments_other_training_sets_are_not_compared(
    experiments: dict[str, Experiment],
) -> None:
    before = [models("one", "one-000", 180, "chosen")]
    small = outcome(experiments["flips"], 100, before=before, training_set="small")
    assert compare_experiments([outcome(experiments["one"], 180), small]) == []


def test_conclusions_equal_results_state_no_difference(experiments: dict[str, Experiment]) -> None:
    said = conclusions([outcome(experiments["flips"], 181, control=180)])
    text = next(one for one in said if "against its control" in one)
    assert "both trained on 1,505 images" in text
    assert "+0.005, no difference shown (0.030 would have been)" in text


def test_compare_experiments_several_comparisons_adjust_p_values(
    experiments: dict[str, Experiment],
) -> None:
    # Six images apart: p = 0.031 alone, 0.094 as one of three.
    other = outcome(experiments["flips"], 186, control=180)
    assert compare_experiments([other])[0].significant
    assert not any(one.significant for one in compare_experiments([other, other, other]))


def test_compare_experiments_same_setting_is_not_tested(
    experiments: dict[str, Experiment],
) -> None:
    kept = outcome(experiments["cuts"], 180)
    name = kept.choice.setting
    scored = [models("cuts", name, 180, "chosen", "control")]
    same = ExperimentResult(
        kept.choice, kept.trials, scores=score_table(scored, None),
        comparisons=comparison_table(scored, [], None),
    )  # fmt: skip
    other = outcome(experiments["flips"], 186, control=180)
    first, second = compare_experiments([same, other])
    assert (first.verdict, first.significant) == (SAME_SETTING, False)
    # It is no second comparison for which the other would have to be adjusted.
    assert second.significant


def test_conclusions_best_result_names_number_of_trials(experiments: dict[str, Experiment]) -> None:
    said = conclusions([outcome(experiments["search"], 150, title="Search")])
    assert '"Search", 200 settings in 200 trials, 2 failed' in said[0]
    assert "0.750 (" in said[0]
    assert any(text.startswith("2 of 200 trials failed") for text in said)


def test_conclusions_one_line_says_how_sure_a_choice_is(
    experiments: dict[str, Experiment],
) -> None:
    one = outcome(experiments["search"], 150, title="Search")
    assert one.selection is None and one.corrected == ""
    sure = {
        "corrected_accuracy": 0.7, "corrected_low": 0.65, "corrected_high": 0.75,
        "chosen_share": 0.48, "expected_loss": 0.0131,
    }  # fmt: skip
    p_values = np.where(one.trials["chosen"], np.nan, 0.01)
    p_values[np.flatnonzero(~one.trials["chosen"])[:7]] = 0.5
    trials = one.trials.assign(**sure, p_to_chosen=p_values)
    result = ExperimentResult(one.choice, trials)
    said = sureness(result)
    assert said == (
        '"Search": with other images the same setting would be chosen in 48 % of cases; expected '
        "loss of accuracy 0.013; no difference shown to 7 of 199 other settings."
    )
    # It stands on the slide of the experiment, and not once more in the conclusions.
    assert said not in conclusions([result])
    assert ExperimentResult(one.choice, trials).corrected == "0.700 (0.650-0.750)"


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


def test_conclusions_jumping_score_named_if_flagged(experiments: dict[str, Experiment]) -> None:
    one = outcome(experiments["one"], 185)
    assert not any("jumps from epoch to epoch" in text for text in conclusions([one]))
    trials = one.trials.assign(unsteady=one.trials["chosen"])
    said = conclusions([ExperimentResult(one.choice, trials)])
    assert any("jumps from epoch to epoch" in text for text in said)
    others = one.trials.assign(unsteady=~one.trials["chosen"])
    said = conclusions([ExperimentResult(one.choice, others)])
    assert not any("jumps from epoch to epoch" in text for text in said)


def test_conclusions_without_test_are_about_validation(experiments: dict[str, Experiment]) -> None:
    untested = ExperimentResult(experiments["one"].choice(), experiments["one"].trials())
    assert compare_experiments([untested]) == []
    assert untested.tested == "not tested"
    assert conclusions([untested])


def test_experiment_result_score_is_the_row_of_the_choice(
    experiments: dict[str, Experiment],
) -> None:
    one = outcome(experiments["one"], 185, control=180)
    assert one.score is not None
    assert one.score["test_accuracy"] == 0.925
    assert isinstance(one.scores, pd.DataFrame)


def test_conclusions_name_the_soup_and_say_if_there_is_none(
    experiments: dict[str, Experiment],
) -> None:
    one = outcome(experiments["flips"], 190, title="Flips")
    scored = [models("flips", "a", 190, "chosen"), models("flips", "soup", 150, "soup")]
    with_soup = replace(one, comparisons=comparison_table(scored, [], None))
    text = next(said for said in conclusions([with_soup]) if "soup" in said)
    assert '"Flips" against the soup of its best settings, the mean of their weights, ' in text
    assert "+0.200, p < 0.001" in text
    assert not any("soup" in said for said in conclusions([one]))
    without = outcome(experiments["flips"], 190, title="Flips", too_few_members=["a soup is not"])
    assert '"Flips": a soup is not.' in conclusions([without])
