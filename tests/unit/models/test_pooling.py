"""Pooling of a feature map."""

from pathlib import Path

import keras
import numpy as np
import pytest
from scipy import stats

from scenery.models.pooling import pool


@pytest.fixture(scope="module")
def maps() -> np.ndarray:
    return np.random.default_rng(0).gamma(2, size=(3, 5, 6, 4)).astype("float32")


def values(how: str, maps: np.ndarray) -> np.ndarray:
    return np.asarray(pool(keras.ops.convert_to_tensor(maps), how))


def test_moments_are_those_of_scipy(maps: np.ndarray) -> None:
    flat = maps.reshape(3, 30, 4)
    expected = np.concatenate(
        [flat.mean(1), flat.std(1), stats.skew(flat, axis=1), stats.kurtosis(flat, axis=1)], axis=1
    )
    np.testing.assert_allclose(values("moments", maps), expected, rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(values("std", maps), flat.std(1), rtol=1e-4)


def test_moments_of_a_constant_channel_are_finite() -> None:
    assert np.isfinite(values("moments", np.full((1, 4, 4, 2), 3.0, "float32"))).all()


@pytest.mark.parametrize("how", ["std", "moments"])
def test_pooling_is_saved_without_code(how: str, maps: np.ndarray, tmp_path: Path) -> None:
    inputs = keras.Input((5, 6, 4))
    model = keras.Model(inputs, pool(inputs, how))
    assert model.layers[-1].name == "pooling"
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras", safe_mode=True)
    np.testing.assert_allclose(loaded(maps), model(maps), rtol=1e-6)
