"""Sentences that the numbers of a study allow, each by a stated rule."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from scenery.evaluation.result_tables import completed, count_failed, ended_early
from scenery.evaluation.statistics import mcnemar
from scenery.reporting.labels import accuracy, interval, plural, shorten
from scenery.reporting.reading import Choice

LEVEL = 0.05
SAME_MODEL = "the same final model"


@dataclass(frozen=True)
class ExperimentResult:
    """An experiment's result: its trials, what was chosen, what the test partition says.

    `metrics` and `predictions` are None where the experiment was not tested; `history` (one row per
    trial and epoch) is for the learning curve; `reference_results` holds published results.
    """

    choice: Choice
    trials: pd.DataFrame
    metrics: dict[str, Any] | None = None
    predictions: pd.DataFrame | None = None
    history: pd.DataFrame | None = None
    reference_results: pd.DataFrame | None = None

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
    """Two tested experiments: difference in test accuracy, and whether it is significant."""

    result: ExperimentResult
    difference: float
    significant: bool
    how: str


def holm(p_values: Sequence[float]) -> list[float]:
    """P values of several tests, adjusted by Holm's method (1979)."""
    adjusted = [0.0] * len(p_values)
    largest = 0.0
    for rank, index in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = largest
    return adjusted


def compare_with_first(results: Sequence[ExperimentResult]) -> list[Comparison]:
    """Each tested experiment against the first one.

    On the same test images by McNemar's exact test, adjusted for the number of comparisons
    (Holm), of which one of a final model with itself is none; otherwise a difference counts as
    significant only where the 95 % intervals do not overlap.
    """
    tested = [result for result in results if result.metrics is not None]
    if len(tested) < 2:
        return []
    first, others = tested[0], tested[1:]
    tests = [None if _same_model(first, other) else _paired(first, other) for other in others]
    adjusted = iter(holm([test for test in tests if test is not None]))
    comparisons = []
    for other, test in zip(others, tests, strict=True):
        if _same_model(first, other):
            significant, how = False, SAME_MODEL
        elif test is None:
            significant, how = _apart(first, other)
        else:
            p_value = next(adjusted)
            significant, how = p_value < LEVEL, f"p {_format_p_value(p_value)}"
        comparisons.append(Comparison(other, _accuracy(other) - _accuracy(first), significant, how))
    return comparisons


def _same_model(first: ExperimentResult, other: ExperimentResult) -> bool:
    """Whether both chose the same settings and so share one final model."""
    return first.final_model == other.final_model


def _accuracy(result: ExperimentResult) -> float:
    return float((result.metrics or {})["accuracy"])


def _paired(first: ExperimentResult, other: ExperimentResult) -> float | None:
    if first.predictions is None or other.predictions is None:
        return None
    test = mcnemar(first.predictions, other.predictions)
    return None if test is None else test[2]


def _apart(first: ExperimentResult, other: ExperimentResult) -> tuple[bool, str]:
    a, b = first.metrics or {}, other.metrics or {}
    apart = a["low"] > b["high"] or b["low"] > a["high"]
    return bool(apart), "intervals apart" if apart else "intervals overlap"


def _format_p_value(p_value: float) -> str:
    return "< 0.001" if p_value < 0.001 else f"= {p_value:.3f}"


def conclusions(results: Sequence[ExperimentResult]) -> list[str]:
    """Sentences about the study, each derived from its numbers by a rule."""
    sentences = [_best(results)]
    comparisons = compare_with_first(results)
    if comparisons:
        sentences.extend(_compared(results, comparisons))
    sentences.extend(_optimistic(results))
    sentences.extend(_overfitted(results))
    sentences.extend(_undertrained(results))
    failed = sum(count_failed(result.trials) for result in results)
    total = sum(len(result.trials) for result in results)
    if failed:
        sentences.append(
            f"{failed} of {plural(total, 'trial')} failed; none of them could be chosen."
        )
    return sentences


def _best(results: Sequence[ExperimentResult]) -> str:
    best = max(results, key=lambda result: result.choice.validation_accuracy)
    text = (
        f"Highest validation accuracy: {accuracy(best.choice.validation_accuracy)} in "
        f'"{shorten(best.title, 60)}", {best.tried}.'
    )
    if best.metrics is None:
        return text
    images = plural(int(best.metrics["images"]), "test image")
    return f"{text} Its final model on {images}: {best.tested}."


def _compared(results: Sequence[ExperimentResult], comparisons: list[Comparison]) -> list[str]:
    first = next(result for result in results if result.metrics is not None)
    sentences = []
    for significant, words in (
        (True, "significant difference for"),
        (False, "no significant difference for"),
    ):
        parts = [
            f'"{shorten(one.result.title, 36)}" ({one.difference:+.3f}, {one.how})'
            for one in comparisons
            if one.significant == significant
        ]
        if parts:
            sentences.append(
                f'Test accuracy against "{shorten(first.title, 36)}" ({first.tested}): {words} '
                + "; ".join(parts) + "."
            )  # fmt: skip
    return sentences


def _optimistic(results: Sequence[ExperimentResult]) -> list[str]:
    """Experiments whose validation accuracy lies above their whole test interval."""
    names = [
        f'"{shorten(result.title, 40)}"'
        for result in results
        if result.metrics and result.choice.validation_accuracy > result.metrics["high"]
    ]
    if not names:
        return []
    return [
        f"Validation accuracy is above the whole test interval in {', '.join(names)}: "
        + "the best of many trials looks better on validation than it is."
    ]


def _undertrained(results: Sequence[ExperimentResult]) -> list[str]:
    """Chosen settings that more epochs would probably have improved."""
    titles = []
    for result in results:
        chosen = result.trials[result.trials["chosen"] & completed(result.trials)]
        if "undertrained" in chosen and chosen["undertrained"].any():
            titles.append(f'"{shorten(result.title, 40)}"')
    if not titles:
        return []
    return [f"More epochs would probably have helped the chosen setting of {', '.join(titles)}."]


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
