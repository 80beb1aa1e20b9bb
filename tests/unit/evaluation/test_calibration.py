"""Temperature, calibration error and prediction sets."""

import numpy as np
import pytest

from scenery.evaluation.calibration import (
    calibrate,
    calibration_on_test,
    coverage_of,
    expected_error,
    fit_temperature,
    scale,
    set_threshold,
)


def drawn(images: int, sureness: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities whose scores are too large by a factor, and labels drawn from the true ones."""
    random = np.random.default_rng(seed)
    scores = random.normal(0, 2, (images, 5))
    true = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    labels = (random.random((images, 1)) > true.cumsum(axis=1)).sum(axis=1)
    sure = np.exp(scores * sureness)
    return sure / sure.sum(axis=1, keepdims=True), labels


@pytest.mark.parametrize("sureness", [0.5, 1.0, 2.5])
def test_fit_temperature_finds_the_factor_of_the_scores(sureness: float) -> None:
    probabilities, labels = drawn(20_000, sureness)
    temperature = fit_temperature(probabilities, labels)
    assert temperature == pytest.approx(sureness, rel=0.05)
    assert expected_error(scale(probabilities, temperature), labels) < 0.02


def test_scale_keeps_order_and_sums() -> None:
    probabilities, _ = drawn(50, 2.0)
    scaled = scale(probabilities, 3.0)
    assert (scaled.argmax(axis=1) == probabilities.argmax(axis=1)).all()
    np.testing.assert_allclose(scaled.sum(axis=1), 1)
    np.testing.assert_allclose(scale(probabilities, 1.0), probabilities, atol=1e-6)


def test_calibrate_on_other_images_brings_the_error_down() -> None:
    probabilities, labels = drawn(2000, 3.0)
    found = calibrate(np.stack([probabilities, probabilities]), labels)
    assert found is not None
    assert found.calibration_error_scaled < found.calibration_error / 3
    new, new_labels = drawn(2000, 3.0, seed=1)
    scaled = scale(new, found.temperature)
    assert expected_error(scaled, new_labels) < expected_error(new, new_labels) / 3


def test_prediction_sets_cover_new_images_as_often_as_promised() -> None:
    shares = []
    for seed in range(40):
        threshold = set_threshold(*drawn(400, 1.0, seed), coverage=0.9)
        shares.append(coverage_of(*drawn(400, 1.0, 1000 + seed), threshold)[0])
    # At least 0.9 on average, and hardly more; the standard error of the mean is 0.0033.
    assert 0.89 < np.mean(shares) < 0.92


def test_set_threshold_of_too_few_images_takes_all_classes() -> None:
    probabilities, labels = drawn(10, 1.0)
    assert set_threshold(probabilities, labels, coverage=0.95) == 0
    assert coverage_of(probabilities, labels, 0.0) == (1.0, 5.0)


def test_calibrate_of_sure_predictions_stays_finite() -> None:
    labels = np.arange(30) % 3
    found = calibrate(np.eye(3)[labels][None], labels)
    assert found is not None
    assert np.isfinite([found.temperature, found.set_probability]).all()


def test_calibrate_of_diverged_predictions_is_none() -> None:
    assert calibrate(np.full((1, 4, 2), np.nan), np.zeros(4, np.int64)) is None


def test_calibration_on_test_says_only_what_is_known() -> None:
    sure, labels = drawn(2000, 3.0)
    found = calibration_on_test(sure, labels, 3.0, set_threshold(scale(sure, 3.0), labels))
    assert found["calibration_error_scaled"] < found["calibration_error"]
    assert found["set_coverage"] == pytest.approx(0.95, abs=0.01)
    assert 1 < found["set_size"] < 5
    unknown = calibration_on_test(sure, labels, None, None)
    assert unknown["calibration_error"] == found["calibration_error"]
    names = ("calibration_error_scaled", "set_coverage", "set_size")
    assert [unknown[name] for name in names] == [None] * 3
