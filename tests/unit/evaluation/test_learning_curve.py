"""What more training images would bring."""

import numpy as np
import pytest

from scenery.evaluation.learning_curve import forecast


def runs(
    sizes: list[float], images: int, seed: int, repeats: int = 3
) -> tuple[np.ndarray, np.ndarray]:
    """Runs whose error is 0.5 / sqrt(size), measured on images."""
    of_runs = np.repeat(np.array(sizes), repeats)
    right = np.random.default_rng(seed).binomial(images, 1 - 0.5 / np.sqrt(of_runs))
    return of_runs, right / images


def test_forecast_of_an_exact_power_law_carries_it_on() -> None:
    sizes = np.array([10.0, 20.0, 40.0])
    found = forecast(sizes, 1 - 0.5 / np.sqrt(sizes), 10_000, np.array([80.0, 160.0]))
    assert [one.size for one in found] == [80, 160]
    expected = [1 - 0.5 / np.sqrt(size) for size in (80, 160)]
    assert [one.accuracy for one in found] == pytest.approx(expected)
    assert all(one.low < one.accuracy < one.high for one in found)


def test_forecast_intervals_hold_the_truth_about_as_often_as_they_say() -> None:
    truth = 1 - 0.5 / np.sqrt(80)
    hits = []
    for seed in range(100):
        sizes, accuracies = runs([10, 20, 40], 600, seed)
        one = forecast(sizes, accuracies, 600, np.array([80.0]), draws=200)[0]
        hits.append(one.low <= truth <= one.high)
    assert np.mean(hits) > 0.88


def test_forecast_with_more_images_is_never_worse_nor_above_1() -> None:
    sizes = np.array([5.0, 10.0, 20.0, 20.0])
    falling = forecast(sizes, np.array([0.9, 0.8, 0.7, 0.7]), 100, np.array([40.0]))[0]
    assert falling.accuracy == pytest.approx(1 - (0.1 * 0.2 * 0.3) ** (1 / 3))
    perfect = forecast(sizes, np.ones(4), 100, np.array([40.0]))[0]
    assert 0.99 < perfect.low <= perfect.accuracy <= perfect.high <= 1


def test_forecast_of_two_sizes_is_none() -> None:
    sizes = np.array([5.0, 5.0, 10.0])
    assert forecast(sizes, np.array([0.5, 0.6, 0.7]), 100, np.array([20.0])) == []
