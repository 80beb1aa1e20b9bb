"""How sure a choice is, and how optimistic its score: bootstrap over the held-out images."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from scenery.config.experiment import Choose
from scenery.study.pareto import knee

DRAWS = 1000
# The bootstrap samples are computed in blocks, so that 10,000 settings fit in memory.
BLOCK = 50
EPOCHS_AROUND = 5
Array = NDArray[np.float64]
# Takes mean accuracies of shape (settings,) and gives the position of the chosen setting.
Rule = Callable[[Array], int]


@dataclass(frozen=True)
class ChoiceStatistics:
    """What a bootstrap over the held-out images says of a choice.

    Attributes:
        shares: Shape (settings,): how often each setting would be chosen.
        corrected: Accuracy of the chosen setting on images that played no part in the choice.
        expected_loss: How much accuracy the choice loses on average against the best setting.
    """

    shares: Array
    corrected: float
    expected_loss: float


def held_out_matrix(predictions: pd.DataFrame, trials: Sequence[str]) -> tuple[list[str], Array]:
    """Which images each trial classifies correctly.

    Args:
        predictions: One row for each trial and held-out image, and with repeated folds for each
            repeat of them: trial, file, class, predicted.
        trials: The trials.

    Returns:
        The files, and an array of shape (trials, images): the share of a trial's predictions of an
        image that are correct.

    Raises:
        ValueError: When a trial has no prediction of an image, which only a defect can cause.
    """
    rows = predictions[predictions["trial"].isin(trials)]
    correct = (rows["class"] == rows["predicted"]).astype(float)
    table = correct.groupby([rows["trial"], rows["file"]], sort=False).mean().unstack()
    table = table.loc[list(trials)]
    if table.isna().to_numpy().any():
        raise ValueError("the trials were scored on different images")
    return [str(name) for name in table.columns], table.to_numpy(dtype=float)


def epoch_optimism(history: pd.DataFrame) -> float:
    """How much the best epoch of a trial stands out among the epochs around it.

    The best of many epochs is partly luck. Its score minus the value there of a line that is fitted
    to the validation accuracies of the epochs around it, up to five on each side; at least 0, and 0
    with fewer than five epochs.

    Args:
        history: Rows of one trial of history.csv: step, epoch, validation_accuracy.
    """
    if history.empty:
        return 0.0
    last = history[history["step"] == history["step"].iloc[-1]]
    curve = last.groupby("epoch")["validation_accuracy"].mean().dropna()
    if len(curve) < EPOCHS_AROUND:
        return 0.0
    values = curve.to_numpy(dtype=float)
    best = int(values.argmax())
    around = np.arange(max(best - EPOCHS_AROUND, 0), min(best + EPOCHS_AROUND + 1, len(values)))
    _, level = np.polyfit(around - best, values[around], 1)
    return max(float(values[best] - level), 0.0)


def rule_of(
    how: Choose,
    losses: Array,
    parameters: Array,
    errors: Array,
    milliseconds: Array | None = None,
) -> Rule:
    """The rule of choice as a function of mean accuracies.

    A choice by loss is treated as one by accuracy, since predictions hold no losses; ties go to the
    lower loss on all images, then to the smaller network, then to the first. The same holds for the
    measures among several aims.

    Args:
        how: The rule.
        losses: Shape (settings,): mean validation losses.
        parameters: Shape (settings,): numbers of parameters.
        errors: Shape (settings,): standard errors of the mean over repeats; 0 with one.
        milliseconds: Shape (settings,): times of a prediction, where they are an aim.
    """
    places = np.arange(len(losses))
    by_goodness = np.lexsort((places, parameters, losses))
    by_size = np.lexsort((places, losses, parameters))

    def best(scores: Array) -> int:
        ranked = scores[by_goodness]
        return int(by_goodness[int(np.argmax(ranked))])

    def smallest(scores: Array) -> int:
        first = best(scores)
        margin = how.smallest_within if how.smallest_within is not None else errors[first]
        close = scores >= scores[first] - margin - 1e-12
        fewest = parameters[close].min()
        left = close & (parameters == fewest)
        return int(by_size[int(np.argmax(np.where(left, scores, -np.inf)[by_size]))])

    def at_knee(scores: Array) -> int:
        given = {"parameters": np.log(np.maximum(parameters, 1))}
        if milliseconds is not None:
            given["milliseconds"] = np.log(np.maximum(milliseconds, 1e-9))
        columns = [given.get(aim, -scores) for aim in how.aims]
        return knee(np.stack(columns, axis=1).tolist())

    if how.by_knee:
        return at_knee
    return smallest if how.smallest_within is not None or how.one_standard_error else best


def bootstrap_choice(
    correct: Array, rule: Rule, groups: NDArray[np.intp] | None = None, seed: int = 0
) -> ChoiceStatistics:
    """Choose again on bootstrap samples of the images.

    On each sample a setting is chosen; no model is trained again. The corrected accuracy is the
    mean of two estimates, of which the first is a little too low and the second a little too high:

    - bootstrap bias corrected cross-validation (Tsamardinos, Greasidou and Borboudakis 2018), the
      accuracy of the chosen settings on the images that are not in their samples;
    - the score of the choice minus its bootstrap optimism (Efron 1983), which is the accuracy of
      the chosen settings on their samples minus that on all images.

    The expected loss is the mean, over the samples, of the accuracy on all images of the best
    setting minus that of the chosen one.

    Args:
        correct: Shape (settings, images): share of the predictions of an image that are correct.
        rule: The rule of choice.
        groups: Shape (images,): groups of images that are not independent, which are drawn
            together; None: all are independent.
        seed: Of the samples.
    """
    settings, images = correct.shape
    _, place = np.unique(np.arange(images) if groups is None else groups, return_inverse=True)
    random = np.random.default_rng(seed)
    full = correct.mean(axis=1)
    chosen = np.empty(DRAWS, dtype=int)
    inside, outside = np.empty(DRAWS), np.full(DRAWS, np.nan)
    for start in range(0, DRAWS, BLOCK):
        block = slice(start, start + BLOCK)
        weights = _samples(random, place, BLOCK)
        scores = _means(weights, correct)
        chosen[block] = [rule(one) for one in scores]
        each = np.arange(BLOCK), chosen[block]
        inside[block] = scores[each]
        outside[block] = _means((weights == 0).astype(float), correct)[each]
    efron = full[rule(full)] - float((inside - full[chosen]).mean())
    # With few images a sample may hold all of them.
    left_out = float(np.nanmean(outside)) if np.isfinite(outside).any() else efron
    shares = np.bincount(chosen, minlength=settings) / DRAWS
    return ChoiceStatistics(
        shares, (efron + left_out) / 2, float((full.max() - full[chosen]).mean())
    )


def _means(weights: Array, correct: Array) -> Array:
    """Weighted mean accuracies: shape (samples, settings); NaN where all weights are 0."""
    sums = weights.sum(axis=1, keepdims=True)
    return np.asarray(weights @ correct.T / np.where(sums == 0, np.nan, sums))


def _samples(random: np.random.Generator, place: NDArray[np.intp], count: int) -> Array:
    """How often each image is in each sample: shape (samples, images)."""
    groups = int(place.max()) + 1
    drawn = random.multinomial(groups, np.full(groups, 1 / groups), size=count)
    return np.asarray(drawn[:, place], dtype=float)
