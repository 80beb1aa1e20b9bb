"""Sentences that the numbers of a study allow, each by a stated rule."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from scenery.evaluation.divisions import MIN_DIVISIONS, DivisionSummary
from scenery.evaluation.final_scores import chosen_score
from scenery.evaluation.paired import LEVEL, holm
from scenery.evaluation.result_tables import completed, count_failed, ended_early
from scenery.reporting.labels import accuracy, interval, plural, shorten
from scenery.reporting.reading import Choice
from scenery.study.scored import CONTROL, ENSEMBLE, SOUP

SAME_SETTING = "the same setting"


@dataclass(frozen=True)
class ExperimentResult:
    """An experiment's result: its trials, what was chosen, what the test partition says.

    `metrics` and `predictions` are those of its final model, `scores` and `comparisons` the tables
    of all tested settings; they are None where the experiment was not tested. `history` (one row
    per trial and epoch) is for the learning curve; `reference_results` holds published results.
    `divisions` is None where the study has one division into training and test images.
    """

    choice: Choice
    trials: pd.DataFrame
    metrics: dict[str, Any] | None = None
    predictions: pd.DataFrame | None = None
    history: pd.DataFrame | None = None
    reference_results: pd.DataFrame | None = None
    scores: pd.DataFrame | None = None
    comparisons: pd.DataFrame | None = None
    divisions: DivisionSummary | None = None

    @property
    def title(self) -> str:
        return self.choice.title or self.choice.experiment

    @property
    def score(self) -> Mapping[str, Any] | None:
        """The row of scores.csv of the chosen setting; None where it was not tested."""
        if self.scores is None:
            return None
        return chosen_score(self.scores)

    @property
    def tested(self) -> str:
        """Test accuracy with its interval, or "not tested"."""
        if self.score is None:
            return "not tested"
        return tested_score(self.score)

    @property
    def final_model(self) -> str:
        """The experiment for which its final model was trained: itself, or one that chose alike."""
        return str((self.metrics or {}).get("scored_in", self.choice.experiment))

    @property
    def tried(self) -> str:
        """ "24 settings in 72 trials, 3 failed"; "30 settings in 30 trials, 26 ended early"."""
        failed = count_failed(self.trials)
        settings = plural(self.choice.candidates, "setting")
        text = f"{settings} in {plural(len(self.trials), 'trial')}"
        stopped = int(ended_early(self.trials).sum())
        text += f", {stopped} ended early" if stopped else ""
        return text + (f", {failed} failed" if failed else "")

    @property
    def selection(self) -> pd.Series | None:
        """What selection.csv says of the choice; None for one setting, and without the columns."""
        rows = self.trials[self.trials["chosen"]]
        if self.choice.candidates < 2 or "corrected_accuracy" not in rows:
            return None
        return rows.iloc[0]

    @property
    def corrected(self) -> str:
        """Validation accuracy corrected for the choice, with its interval, or an empty text."""
        if self.selection is None:
            return ""
        names = ("corrected_accuracy", "corrected_low", "corrected_high")
        return interval(*(self.selection[name] for name in names))

    def name_of(self, setting: str) -> str:
        """The name of a setting: what it varies."""
        names = self.trials.loc[self.trials["setting"] == setting, "name"]
        return str(names.iloc[0]) if len(names) else setting


def tested_score(row: Mapping[str, Any]) -> str:
    """The test accuracy of a row of scores.csv with its interval."""
    return interval(row["test_accuracy"], row["test_low"], row["test_high"])


@dataclass(frozen=True)
class Comparison:
    """The chosen setting of an experiment beside another one with the same training set.

    Attributes:
        result: The experiment.
        against: What it is compared with, in words.
        difference: Its test accuracy minus that of the other setting.
        p_value: Adjusted for the number of comparisons of the study.
        smallest: The smallest difference that would have been significant.
        same: Whether it is the other setting.
        training_images: Images that both learned from.
    """

    result: ExperimentResult
    against: str
    difference: float
    p_value: float
    smallest: float
    same: bool
    training_images: int

    @property
    def significant(self) -> bool:
        """Whether the difference is significant."""
        return not self.same and self.p_value < LEVEL

    @property
    def verdict(self) -> str:
        """The difference in words: "+0.012, no difference shown (0.031 would have been)"."""
        if self.same:
            return SAME_SETTING
        text = f"{self.difference:+.3f}"
        if self.significant:
            return f"{text}, p {format_p_value(self.p_value)}"
        return f"{text}, no difference shown ({self.smallest:.3f} would have been)"


def compare_experiments(results: Sequence[ExperimentResult]) -> list[Comparison]:
    """Every comparison of the study, with p values adjusted by Holm's method.

    A setting that would be compared with itself is no comparison to adjust for.
    """
    titles = {result.choice.experiment: result.title for result in results}
    rows = [
        (result, row)
        for result in results
        if result.comparisons is not None
        for _, row in result.comparisons.iterrows()
    ]
    adjusted = iter(holm([float(row["p_value"]) for _, row in rows if not row["same"]]))
    return [
        Comparison(
            result=result,
            against=_against(result, row, titles),
            difference=float(row["difference"]),
            p_value=1.0 if row["same"] else next(adjusted),
            smallest=float(row["smallest_difference"]),
            same=bool(row["same"]),
            training_images=int(row["training_images"]),
        )
        for result, row in rows
    ]


def _against(result: ExperimentResult, row: pd.Series, titles: Mapping[str, str]) -> str:
    if row["against"] == CONTROL:
        return f'its control "{shorten(result.name_of(row["against_setting"]), 44)}"'
    if row["against"] == ENSEMBLE:
        return "the ensemble of its best settings"
    if row["against"] == SOUP:
        return "the soup of its best settings, the mean of their weights"
    return f'"{shorten(titles.get(row["against_experiment"], row["against_experiment"]), 44)}"'


def format_p_value(p_value: float) -> str:
    """A p value after the letter p: "= 0.012", "< 0.001"."""
    return "< 0.001" if p_value < 0.001 else f"= {p_value:.3f}"


def conclusions(results: Sequence[ExperimentResult]) -> list[str]:
    """Sentences about the study, each derived from its numbers by a rule."""
    sentences = [_best(results), *_compared(compare_experiments(results))]
    sentences.extend(too_few_members(results))
    # How sure each choice is stands on the slide of its experiment.
    sentences.extend(divided(result) for result in results if result.divisions is not None)
    sentences.extend(_overfitted(results))
    sentences.extend(_undertrained(results))
    sentences.extend(_unsteady(results))
    failed = sum(count_failed(result.trials) for result in results)
    total = sum(len(result.trials) for result in results)
    if failed:
        sentences.append(
            f"{failed} of {plural(total, 'trial')} failed; none of them could be chosen."
        )
    return sentences


def best_result(results: Sequence[ExperimentResult]) -> ExperimentResult:
    """The experiment with the highest validation accuracy; the first one of several."""
    return max(results, key=lambda result: result.choice.validation_accuracy)


def _best(results: Sequence[ExperimentResult]) -> str:
    best = best_result(results)
    text = (
        f"Highest validation accuracy: {accuracy(best.choice.validation_accuracy)} in "
        f'"{shorten(best.title, 60)}", {best.tried}.'
    )
    if best.score is None:
        return text
    images = plural(int(best.score["test_images"]), "test image")
    return f"{text} Test accuracy on {images}: {best.tested}."


def _compared(comparisons: Sequence[Comparison]) -> list[str]:
    """One sentence for each comparison of two settings."""
    return [
        f'"{shorten(one.result.title, 44)}" against {one.against}, both trained on '
        f"{plural(one.training_images, 'image')}: {one.verdict}."
        for one in comparisons
        if not one.same
    ]


def too_few_members(results: Sequence[ExperimentResult]) -> list[str]:
    """A line for each ensemble or soup with fewer members than were asked for."""
    return [
        f'"{shorten(result.title, 44)}": {text}.'
        for result in results
        for text in result.choice.too_few_members
    ]


def sureness(result: ExperimentResult) -> str:
    """How sure the choice of an experiment is, as one line."""
    share, loss, alike, others = _sureness(result)
    return (
        f'"{shorten(result.title, 44)}": with other images the same setting would be chosen in '
        f"{share} of cases; expected loss of accuracy {loss}; no difference shown to {alike} of "
        f"{plural(others, 'other setting')}."
    )


def sureness_on_slide(result: ExperimentResult) -> str:
    """The same in fewer words, without the experiment, as the end of a sentence."""
    share, loss, alike, others = _sureness(result)
    return (
        f"with other images chosen in {share} of cases, expected loss {loss}, no difference shown "
        f"to {alike} of {plural(others, 'other')}"
    )


def _sureness(result: ExperimentResult) -> tuple[str, str, int, int]:
    """Share of cases and expected loss as texts; other settings without a difference, and all."""
    row = result.selection
    assert row is not None
    others = result.trials["p_to_chosen"].dropna()
    alike = int((others >= LEVEL).sum())
    return f"{100 * row['chosen_share']:.0f} %", f"{row['expected_loss']:.3f}", alike, len(others)


def divided(result: ExperimentResult) -> str:
    """What other divisions of the images say of an experiment, as one line."""
    one, title = result.divisions, f'"{shorten(result.title, 44)}"'
    assert one is not None
    if one.left_out:
        return f"{title} was not divided again, since {one.left_out}."
    if one.divisions < MIN_DIVISIONS:
        return f"{title}: {plural(one.failed, 'division')} of the images failed."
    _, name, times = one.chosen[0]
    most = f" ({shorten(name, 44)})" if name else ""
    text = (
        f"{title}: {one.as_study} of {plural(one.divisions, 'division')} of the images choose the "
        f"setting of the study; the most frequent choice{most} has {times}. Test accuracy "
        f"{interval(one.accuracy, one.low, one.high)} over divisions and images."
    )
    if one.given_test:
        text += " The given test images are training images in other divisions."
    return text + (f" {plural(one.failed, 'division')} failed." if one.failed else "")


def _undertrained(results: Sequence[ExperimentResult]) -> list[str]:
    """Chosen settings that more epochs would probably have improved."""
    titles = _flagged(results, "undertrained")
    if not titles:
        return []
    return [f"More epochs would probably have helped the chosen setting of {', '.join(titles)}."]


def _unsteady(results: Sequence[ExperimentResult]) -> list[str]:
    """Chosen settings whose best epoch is partly luck."""
    titles = _flagged(results, "unsteady")
    if not titles:
        return []
    return [
        "The accuracy of the chosen setting jumps from epoch to epoch, so its best epoch is partly "
        f"luck, in {', '.join(titles)}. A lower learning rate or checkpoint.smoothing helps."
    ]


def _flagged(results: Sequence[ExperimentResult], flag: str) -> list[str]:
    """Titles of the experiments of which a chosen trial has a flag."""
    titles = []
    for result in results:
        chosen = result.trials[result.trials["chosen"] & completed(result.trials)]
        if flag in chosen and chosen[flag].any():
            titles.append(f'"{shorten(result.title, 40)}"')
    return titles


def _overfitted(results: Sequence[ExperimentResult]) -> list[str]:
    """Chosen settings with a train accuracy above the interval of their validation accuracy."""
    parts = []
    for result in results:
        chosen = result.trials[result.trials["chosen"] & completed(result.trials)]
        if "overfitting" in chosen and len(chosen) and chosen["overfitting"].all():
            parts.append(f'"{shorten(result.title, 40)}" ({chosen["gap"].mean():+.3f})')
    if not parts:
        return []
    return ["Train accuracy lies above the 95 % interval of validation accuracy (overfitting) in "
            + ", ".join(parts) + "."]  # fmt: skip
