"""Sentences that the numbers of a study allow, each by a stated rule."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from scenery.evaluation.statistics import mcnemar
from scenery.reporting.ranking import completed, count_failed, ended_early
from scenery.reporting.reading import Choice
from scenery.reporting.words import accuracy, interval, plural, shorten

LEVEL = 0.05
SAME_MODEL = "the same final model"


@dataclass(frozen=True)
class ExperimentResult:
    """An experiment's result: its trials, what was chosen, what the test partition says.

    `metrics` and `predictions` are None where the experiment was not tested; `history` (one row per
    trial and epoch) is for the learning curve; `published` holds what others published for it.
    """

    choice: Choice
    trials: pd.DataFrame
    metrics: dict[str, Any] | None = None
    predictions: pd.DataFrame | None = None
    history: pd.DataFrame | None = None
    published: pd.DataFrame | None = None

    @property
    def title(self) -> str:
        return self.choice.title or self.choice.experiment

    @property
    def tested(self) -> str:
        """Test accuracy with its interval, or "not tested"."""
        if self.metrics is None:
            return "not tested"
        return interval(self.metrics["accuracy"], self.metrics["low"], self.metrics["high"])

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


@dataclass(frozen=True)
class Comparison:
    """Two tested experiments: difference in test accuracy, and whether one is shown."""

    outcome: ExperimentResult
    difference: float
    shown: bool
    how: str


def holm(chances: Sequence[float]) -> list[float]:
    """P values of several tests, adjusted by Holm's method (1979)."""
    adjusted = [0.0] * len(chances)
    largest = 0.0
    for rank, index in enumerate(sorted(range(len(chances)), key=lambda i: chances[i])):
        largest = max(largest, min(1.0, (len(chances) - rank) * chances[index]))
        adjusted[index] = largest
    return adjusted


def compare_with_first(outcomes: Sequence[ExperimentResult]) -> list[Comparison]:
    """Each tested experiment against the first one.

    On the same test images by McNemar's exact test, adjusted for the number of comparisons
    (Holm), of which one of a final model with itself is none; otherwise a difference counts as
    shown only where the 95 % intervals do not overlap.
    """
    tested = [outcome for outcome in outcomes if outcome.metrics is not None]
    if len(tested) < 2:
        return []
    first, others = tested[0], tested[1:]
    tests = [None if _same_model(first, other) else _paired(first, other) for other in others]
    adjusted = iter(holm([test for test in tests if test is not None]))
    comparisons = []
    for other, test in zip(others, tests, strict=True):
        if _same_model(first, other):
            shown, how = False, SAME_MODEL
        elif test is None:
            shown, how = _apart(first, other)
        else:
            chance = next(adjusted)
            shown, how = chance < LEVEL, f"p {_chance(chance)}"
        comparisons.append(Comparison(other, _accuracy(other) - _accuracy(first), shown, how))
    return comparisons


def _same_model(first: ExperimentResult, other: ExperimentResult) -> bool:
    """Whether both chose the same settings and so share one final model."""
    return first.final_model == other.final_model


def _accuracy(outcome: ExperimentResult) -> float:
    return float((outcome.metrics or {})["accuracy"])


def _paired(first: ExperimentResult, other: ExperimentResult) -> float | None:
    if first.predictions is None or other.predictions is None:
        return None
    result = mcnemar(first.predictions, other.predictions)
    return None if result is None else result[2]


def _apart(first: ExperimentResult, other: ExperimentResult) -> tuple[bool, str]:
    a, b = first.metrics or {}, other.metrics or {}
    apart = a["low"] > b["high"] or b["low"] > a["high"]
    return bool(apart), "intervals apart" if apart else "intervals overlap"


def _chance(chance: float) -> str:
    return "< 0.001" if chance < 0.001 else f"= {chance:.3f}"


def conclusions(outcomes: Sequence[ExperimentResult]) -> list[str]:
    """What can be said of the study. Every sentence follows from its numbers by a rule."""
    said = [_best(outcomes)]
    comparisons = compare_with_first(outcomes)
    if comparisons:
        said.extend(_compared(outcomes, comparisons))
    said.extend(_optimiztic(outcomes))
    said.extend(_overfitted(outcomes))
    failed = sum(count_failed(outcome.trials) for outcome in outcomes)
    total = sum(len(outcome.trials) for outcome in outcomes)
    if failed:
        said.append(f"{failed} of {plural(total, 'trial')} failed; none of them could be chosen.")
    return said


def _best(outcomes: Sequence[ExperimentResult]) -> str:
    best = max(outcomes, key=lambda outcome: outcome.choice.validation_accuracy)
    text = (
        f"Highest validation accuracy: {accuracy(best.choice.validation_accuracy)} in "
        f'"{shorten(best.title, 60)}", {best.tried}.'
    )
    if best.metrics is None:
        return text
    images = plural(int(best.metrics["images"]), "test image")
    return f"{text} Its final model on {images}: {best.tested}."


def _compared(outcomes: Sequence[ExperimentResult], comparisons: list[Comparison]) -> list[str]:
    first = next(outcome for outcome in outcomes if outcome.metrics is not None)
    said = []
    for shown, words in (
        (True, "a difference is shown for"),
        (False, "no difference shown for"),
    ):
        parts = [
            f'"{shorten(one.outcome.title, 36)}" ({one.difference:+.3f}, {one.how})'
            for one in comparisons
            if one.shown == shown
        ]
        if parts:
            said.append(
                f'Test accuracy against "{shorten(first.title, 36)}" ({first.tested}): {words} '
                + "; ".join(parts) + "."
            )  # fmt: skip
    return said


def _optimiztic(outcomes: Sequence[ExperimentResult]) -> list[str]:
    """Experiments whose validation accuracy lies above their whole test interval."""
    names = [
        f'"{shorten(outcome.title, 40)}"'
        for outcome in outcomes
        if outcome.metrics and outcome.choice.validation_accuracy > outcome.metrics["high"]
    ]
    if not names:
        return []
    return [
        f"Validation accuracy is above the whole test interval in {', '.join(names)}: "
        + "the best of many trials looks better on validation than it is."
    ]


def _overfitted(outcomes: Sequence[ExperimentResult]) -> list[str]:
    """Chosen settings with a train accuracy above the interval of their validation accuracy."""
    parts = []
    for outcome in outcomes:
        chosen = outcome.trials[outcome.trials["chosen"] & completed(outcome.trials)]
        if "overfitting" in chosen and len(chosen) and chosen["overfitting"].all():
            parts.append(f'"{shorten(outcome.title, 40)}" ({chosen["gap"].mean():+.3f})')
    if not parts:
        return []
    return ["Train accuracy lies above the 95 % interval of validation accuracy (overfitting) in "
            + ", ".join(parts) + "."]  # fmt: skip
