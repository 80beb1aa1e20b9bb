"""The mean of the weights of several networks."""

from pathlib import Path

import keras
import numpy as np
import pytest

from scenery.errors import UserError
from scenery.inference.final_model import load_final
from scenery.inference.soup import average_weights


def network(units: int = 2, width: int = 3, second: bool = False) -> keras.Model:
    inputs = keras.Input((width,))
    x = keras.layers.BatchNormalization()(inputs)
    x = keras.layers.Dense(units)(x)
    return keras.Model(inputs, keras.layers.Dense(units)(x) if second else x)


def saved(folder: Path, name: str, values: list[float]) -> Path:
    """A network whose arrays of weights, batch norm first, have these values."""
    model = network()
    model.set_weights(
        [np.full(old.shape, value) for old, value in zip(model.get_weights(), values, strict=True)]
    )
    model.save(folder / f"{name}.keras")
    return folder / f"{name}.keras"


def test_weights_are_the_means_batch_norm_statistics_included(tmp_path: Path) -> None:
    paths = [
        saved(tmp_path, "a", [1, 0, 0, 1, 0.5, -3]),
        saved(tmp_path, "b", [2, 3, 6, 4, 0.25, 0]),
        saved(tmp_path, "c", [6, 0, 3, 1, 0.75, 6]),
    ]
    soup = average_weights(paths)
    found = {weight.name: np.unique(weight).tolist() for weight in soup.weights}
    assert found == {
        "gamma": [3], "beta": [1], "moving_mean": [3], "moving_variance": [2], "kernel": [0.5],
        "bias": [1],
    }  # fmt: skip
    assert {str(value.dtype) for value in soup.get_weights()} == {"float32"}
    assert [value.shape for value in soup.get_weights()] == [(3,)] * 4 + [(3, 2), (2,)]
    # The files stay as they were.
    assert load_final(paths[0]).get_weights()[5].tolist() == [-3, -3]


def test_means_are_computed_in_64_bits(tmp_path: Path) -> None:
    # The sum of these in 32 bits is 2 ** 24, so that the mean would be too low by a third.
    values = (2.0**24, 1.0, 1.0, 0.0)
    paths = [saved(tmp_path, str(n), [1, 0, 0, 1, 0, value]) for n, value in enumerate(values)]
    assert average_weights(paths).get_weights()[5].tolist() == [2.0**22 + 0.5] * 2


def test_the_order_of_networks_changes_nothing(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    paths = [saved(tmp_path, str(n), random.random(6).tolist()) for n in range(5)]
    forward, back = (average_weights(order).get_weights() for order in (paths, paths[::-1]))
    assert all((one == other).all() for one, other in zip(forward, back, strict=True))
    alone = average_weights([paths[2]] * 3).get_weights()
    expected = load_final(paths[2]).get_weights()
    assert all((one == other).all() for one, other in zip(alone, expected, strict=True))


@pytest.mark.parametrize(("other", "message"), [
    (network(units=4), r"weights kernel \(3, 4\) float32, where .*a.keras has kernel \(3, 2\)"),
    (network(width=5), r"weights gamma \(5,\) float32, where"),
    (network(second=True), r"this one has 8 arrays of weights, and .*a.keras has 6"),
])  # fmt: skip
def test_other_layers_are_refused(tmp_path: Path, other: keras.Model, message: str) -> None:
    first = saved(tmp_path, "a", [1] * 6)
    other.save(tmp_path / "other.keras")
    with pytest.raises(UserError, match=rf"other.keras: only networks with the same.*{message}"):
        average_weights([first, tmp_path / "other.keras"])


class Counting(keras.layers.Layer):
    """A layer with a whole number among its weights."""

    def build(self, shape: tuple[int, ...]) -> None:
        self.count = self.add_weight(name="count", shape=(), dtype="int32", trainable=False)
        super().build(shape)

    def call(self, inputs: keras.KerasTensor) -> keras.KerasTensor:
        return inputs


def test_whole_numbers_have_no_mean(tmp_path: Path) -> None:
    keras.saving.register_keras_serializable("tests")(Counting)
    paths = []
    for count in (3, 4):
        inputs = keras.Input((2,))
        model = keras.Model(inputs, Counting()(inputs))
        model.set_weights([np.array(count)])
        paths.append(tmp_path / f"{count}.keras")
        model.save(paths[-1])
    assert average_weights(paths[:1] * 2).get_weights()[0] == 3
    with pytest.raises(UserError, match=r"weights count \(\) int32 4, where .* int32 3"):
        average_weights(paths)
