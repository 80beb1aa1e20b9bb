"""Comparisons on the same images, on data whose answer is known."""

import numpy as np
import pytest
from scipy.special import expit
from scipy.stats import binomtest, ttest_rel

from scenery.evaluation.intervals import repeats_interval, wilson, wilson_of
from scenery.evaluation.paired import (
    LEVEL,
    accuracy_interval,
    compare_models,
    corrected_resampled_test,
    crossed_mean,
    holm,
    mcnemar_test,
)


def test_holm_never_lowers_and_keeps_the_order() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([]) == []


def test_mcnemar_test_is_the_binomial_test() -> None:
    found = mcnemar_test(3, 12, 100)
    assert found.difference == pytest.approx(0.09)
    assert found.p_value == pytest.approx(binomtest(3, 15, 0.5).pvalue)
    assert mcnemar_test(0, 0, 100).p_value == 1.0


@pytest.mark.parametrize("differing", [0, 3, 6, 7, 20, 21, 100])
def test_mcnemar_smallest_difference_is_the_first_that_is_significant(differing: int) -> None:
    smallest = round(mcnemar_test(0, differing, 1000).smallest * 1000)
    # Of too few images with different answers, no difference is significant; six suffice.
    number = max(differing, 6)
    only_first = (number - smallest) // 2
    assert binomtest(only_first, number, 0.5).pvalue < LEVEL
    if number - only_first - 1 >= only_first + 1:
        assert binomtest(only_first + 1, number, 0.5).pvalue >= LEVEL


def test_compare_models_single_models_use_mcnemar() -> None:
    first, second = np.zeros((1, 60)), np.zeros((1, 60))
    first[0, :40], second[0, 5:50] = 1, 1
    found = compare_models(first, second)
    assert found == mcnemar_test(5, 10, 60)


def test_compare_models_groups_are_counted_once() -> None:
    random = np.random.default_rng(0)
    first = (random.random((1, 100)) < 0.7).astype(float)
    second = (random.random((1, 100)) < 0.85).astype(float)
    alone = compare_models(first, second, np.arange(100))
    # Each image twice is no more evidence than each image once.
    doubled = compare_models(
        np.repeat(first, 2, axis=1), np.repeat(second, 2, axis=1), np.repeat(np.arange(100), 2)
    )
    assert doubled.difference == pytest.approx(alone.difference)
    differences = (second - first)[0]
    assert doubled.p_value == pytest.approx(ttest_rel(second[0], first[0]).pvalue)
    assert doubled.smallest == pytest.approx(1.984 * differences.std(ddof=1) / 10, rel=1e-3)


def test_compare_models_settings_that_share_a_draw_are_no_independent_evidence() -> None:
    """Both settings are equal; each sample of training images moves them by chance."""
    random = np.random.default_rng(1)
    rejected = naive = 0
    for _ in range(200):
        shifts = random.normal(0, 0.6, (2, 3, 1))
        images = random.normal(0, 2, 300)
        first, second = (random.random((2, 3, 300)) < expit(1.5 + shifts + images)).astype(float)
        rejected += compare_models(first, second).p_value < LEVEL
        naive += ttest_rel(second.mean(axis=0), first.mean(axis=0)).pvalue < LEVEL
    assert rejected <= 20
    # Without the variance between draws, far too many differences are "shown".
    assert naive >= 60


def test_corrected_resampled_test_is_the_formula_of_nadeau_and_bengio() -> None:
    differences = np.array([0.02, 0.03, 0.01, 0.04, 0.02])
    found = corrected_resampled_test(differences, 1 / 4)
    error = np.sqrt((1 / 5 + 1 / 4) * differences.var(ddof=1))
    assert found.difference == pytest.approx(0.024)
    assert found.smallest == pytest.approx(2.776445 * error, rel=1e-5)
    plain = corrected_resampled_test(differences, 0.0)
    assert found.p_value > plain.p_value
    assert corrected_resampled_test(np.zeros(5), 0.25).p_value == 1.0


def test_crossed_mean_is_the_standard_error_of_one_model() -> None:
    values = np.array([[1.0, 0, 1, 1, 0, 1]])
    found = crossed_mean(values)
    assert found.error == pytest.approx(values.std(ddof=1) / 6**0.5)
    assert found.freedom == 5


def test_crossed_mean_same_models_are_as_good_as_one() -> None:
    one = np.array([[1.0, 0, 1, 1, 0, 1]])
    assert crossed_mean(np.repeat(one, 4, axis=0)).error == pytest.approx(crossed_mean(one).error)


@pytest.mark.parametrize(("models", "between"), [(3, 0.3), (5, 0.6), (3, 0.0)])
def test_accuracy_interval_holds_for_draws_and_images(models: int, between: float) -> None:
    random = np.random.default_rng(2)
    many = random.normal(0, 1, (400_000, 2))
    truth = expit(1.7 + between * many[:, 0] + 2 * many[:, 1]).mean()
    held = 0
    for _ in range(300):
        right = expit(1.7 + random.normal(0, between, (models, 1)) + random.normal(0, 2, (1, 200)))
        low, high = accuracy_interval((random.random((models, 200)) < right).astype(float))
        held += low <= truth <= high
    # 95 % of 300 are 285, give or take four standard errors.
    assert held >= 270


def test_accuracy_interval_of_one_model_is_wilsons() -> None:
    correct = (np.arange(50) < 45).astype(float)[None]
    assert accuracy_interval(correct) == wilson(0.9, 50)
    assert wilson_of(0.9, 50, 1.959963984540054) == pytest.approx(wilson(0.9, 50))


def test_accuracy_interval_duplicates_do_not_narrow_it() -> None:
    once = (np.arange(50) < 45).astype(float)[None]
    low, high = accuracy_interval(once)
    twice = accuracy_interval(np.repeat(once, 2, axis=1), np.repeat(np.arange(50), 2))
    assert twice[1] - twice[0] >= high - low
    everything = accuracy_interval(np.ones((1, 100)), np.repeat(np.arange(50), 2))
    assert everything == pytest.approx(wilson(1.0, 50))


def test_repeats_interval_allows_for_repeats_and_images() -> None:
    assert repeats_interval([0.9], 100) == wilson(0.9, 100)
    assert repeats_interval([1.0, 1.0], 100) == wilson(1.0, 100)
    same = repeats_interval([0.9, 0.9, 0.9], 100)
    assert same == pytest.approx(wilson(0.9, 100), abs=0.002)
    low, high = repeats_interval([0.8, 0.9, 1.0], 100)
    assert low < same[0] and high > same[1]
