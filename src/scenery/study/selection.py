"""Choosing one setting among an experiment's trials, by validation results alone."""

import math
import statistics
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from scenery.config.experiment import Choose
from scenery.errors import UserError
from scenery.study.pareto import knee, pareto_front
from scenery.study.trials import spell

BALANCED, MACRO_F1, COST = "balanced_accuracy", "macro_f1", "cost"
MILLISECONDS = "milliseconds"


@dataclass(frozen=True)
class Result:
    """What one trial gave on the validation images.

    Attributes:
        trial: The trial's id.
        setting: What repeats of one setting share.
        completed: False for a trial that diverged; the figures are then meaningless.
        accuracy: Validation accuracy, 0 to 1.
        loss: Validation loss.
        parameters: Parameters of the whole network.
        allowed: Whether the experiment's `choose.only` leaves it among the candidates.
        balanced_accuracy: Mean recall of the classes on validation images, 0 to 1.
        macro_f1: Mean F1 of the classes on validation images, 0 to 1.
        cost: Mean cost of the predictions of validation images.
        milliseconds: Time of a prediction, per image.
    """

    trial: str
    setting: str
    completed: bool
    accuracy: float
    loss: float
    parameters: int
    allowed: bool = True
    balanced_accuracy: float = math.nan
    macro_f1: float = math.nan
    cost: float = math.nan
    milliseconds: float = math.nan


@dataclass(frozen=True)
class Candidate:
    """A setting with its figures averaged over repeats; `error` is the mean's standard error."""

    trials: tuple[str, ...]
    setting: str
    accuracy: float
    loss: float
    parameters: int
    error: float
    balanced_accuracy: float = math.nan
    macro_f1: float = math.nan
    cost: float = math.nan
    milliseconds: float = math.nan


def choose(results: Sequence[Result], how: Choose, experiment: str) -> Candidate:
    """The chosen setting.

    With several aims it is the knee of their Pareto front, unless a margin leaves the choice to the
    smallest network.

    Ties go to the lower validation loss, then to the smaller network, then to the setting that
    stands first in the config, so that the choice never depends on the order of the jobs.

    Args:
        results: One per trial, in the order of the config.
        how: The experiment's rule.
        experiment: Its name, for messages.

    Raises:
        UserError: When no allowed setting completed all its repeats.
    """
    candidates = average([result for result in results if result.allowed])
    if not candidates:
        raise UserError(
            f"experiment {experiment}: none of its {len(results)} trials can be chosen, since each "
            "setting has a trial that did not complete; failed_trials.csv in its folder says why; "
            "try a lower learning rate"
        )
    if how.by_knee:
        return candidates[knee([_point(candidate, how) for candidate in candidates])]
    best = min(candidates, key=_goodness(how))
    if how.smallest_within is not None:
        margin = how.smallest_within
    elif how.one_standard_error:
        margin = best.error
    else:
        return best
    # The best one is always within its margin; the tolerance forgives binary fractions.
    close = [c for c in candidates if _shortfall(c, best, how) <= margin + 1e-12]
    return min(close, key=lambda c: (c.parameters, *_goodness(how)(c)))


def best_settings(results: Sequence[Result], how: Choose, count: int) -> list[Candidate]:
    """So many settings that may be chosen, or all there are, the best by the first measure first.

    Ties go as in `choose`.
    """
    candidates = average([result for result in results if result.allowed])
    return sorted(candidates, key=_goodness(how))[:count]


def on_front(results: Sequence[Result], how: Choose) -> set[str]:
    """The settings on the Pareto front of the aims, among those that may be chosen."""
    candidates = average([result for result in results if result.allowed])
    front = pareto_front([_point(candidate, how) for candidate in candidates])
    return {candidates[place].setting for place in front}


def _point(candidate: Candidate, how: Choose) -> list[float]:
    """The aims of a candidate, where lower is better. Sizes and times differ by factors."""
    values = {
        "validation_loss": candidate.loss,
        "parameters": math.log(max(candidate.parameters, 1)),
        # Where nothing was timed, time does not decide.
        MILLISECONDS: 0.0
        if math.isnan(candidate.milliseconds)
        else math.log(max(candidate.milliseconds, 1e-9)),
        "validation_accuracy": -candidate.accuracy,
        BALANCED: -candidate.balanced_accuracy,
        MACRO_F1: -candidate.macro_f1,
        COST: candidate.cost,
    }
    return [values[aim] for aim in how.aims]


def average(results: Sequence[Result]) -> list[Candidate]:
    """Settings whose repeats all completed, in the order of their first trial."""
    groups: dict[str, list[Result]] = {}
    for result in results:
        groups.setdefault(result.setting, []).append(result)
    candidates = []
    for setting, group in groups.items():
        if not all(result.completed for result in group):
            continue
        accuracies = [result.accuracy for result in group]
        error = statistics.stdev(accuracies) / len(group) ** 0.5 if len(group) > 1 else 0.0
        candidates.append(
            Candidate(
                trials=tuple(result.trial for result in group),
                setting=setting,
                accuracy=statistics.fmean(accuracies),
                loss=statistics.fmean(result.loss for result in group),
                parameters=group[0].parameters,
                milliseconds=group[0].milliseconds,
                error=error,
                balanced_accuracy=statistics.fmean(result.balanced_accuracy for result in group),
                macro_f1=statistics.fmean(result.macro_f1 for result in group),
                cost=statistics.fmean(result.cost for result in group),
            )
        )
    return candidates


def refuse_unknown_classes(
    costs: Mapping[str, Mapping[str, float]], classes: Collection[str], experiment: str
) -> None:
    """Refuse costs of classes that the data set does not have.

    Raises:
        UserError: Naming them and the classes that there are.
    """
    named = {name for row in costs.values() for name in row} | set(costs)
    unknown = sorted(named - set(classes))
    if unknown:
        raise UserError(
            f"experiments.{experiment}.choose.costs: there is no class {', '.join(unknown)}; there "
            f"are {', '.join(sorted(classes)[:40])}"
        )


def describe_rule(how: Choose) -> str:
    """The rule of choice as a report says it."""
    measure = _words(how.measure)
    best = f"{'lowest' if how.measure in ('validation_loss', COST) else 'best'} {measure}"
    if how.by_knee:
        text = f"knee of the Pareto front of {' and '.join(map(_words, how.aims))}"
    elif how.smallest_within is not None:
        unit = measure.removeprefix("validation ")
        text = f"smallest network within {how.smallest_within:g} of {unit} of the {best}"
    elif how.one_standard_error:
        text = f"smallest network within one standard error of the {best}"
    else:
        text = best
    if how.only:
        fixed = ", ".join(f"{name}={spell(value)}" for name, value in how.only.items())
        text += f" among trials with {fixed}"
    return text


def _words(aim: str) -> str:
    named = {
        BALANCED: "validation balanced accuracy",
        MACRO_F1: "validation macro F1",
        COST: "validation cost",
    }
    return named.get(aim, aim.replace("_", " "))


def _goodness(how: Choose) -> Callable[[Candidate], tuple[float, float, int]]:
    if how.measure == "validation_loss":
        return lambda c: (c.loss, -c.accuracy, c.parameters)
    return lambda c: (-_score(c, how), c.loss, c.parameters)


def _score(candidate: Candidate, how: Choose) -> float:
    """The measure that is compared, where higher is better."""
    if how.measure == BALANCED:
        return candidate.balanced_accuracy
    if how.measure == COST:
        return -candidate.cost
    return candidate.macro_f1 if how.measure == MACRO_F1 else candidate.accuracy


def _shortfall(candidate: Candidate, best: Candidate, how: Choose) -> float:
    if how.measure == "validation_loss":
        return candidate.loss - best.loss
    return _score(best, how) - _score(candidate, how)
