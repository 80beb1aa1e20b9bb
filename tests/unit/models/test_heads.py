"""Heads for feature maps and for vectors."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from scenery.config.head import Head
from scenery.errors import UserError
from scenery.models.heads import STANDARDIZATION, build_head, fit_standardization


def kinds(model: keras.Model) -> list[str]:
    return [type(layer).__name__ for layer in model.layers]


def test_plain_head() -> None:
    head = build_head((7, 7, 5), 8, Head(standardize=False))
    assert kinds(head) == ["InputLayer", "GlobalAveragePooling2D", "Dense", "Activation"]
    assert head.count_params() == 5 * 8 + 8
    values = np.asarray(head(np.random.default_rng(0).normal(size=(3, 7, 7, 5))))
    assert values.shape == (3, 8)
    np.testing.assert_allclose(values.sum(axis=1), 1, rtol=1e-5)


def test_fit_standardization_of_tiny_features_stays_finite() -> None:
    values = np.random.default_rng(0).normal(size=(20, 3)).astype("float32")
    values[:, 1] *= 1e-25
    head = build_head((3,), 2, Head())
    fit_standardization(head, values)
    layer = keras.Model(head.input, head.get_layer(STANDARDIZATION).output)
    assert np.isfinite(layer(values)).all()


def test_linear_head_starts_with_equal_probabilities() -> None:
    vectors = np.random.default_rng(0).normal(size=(3, 5)).astype("float32")
    assert np.allclose(build_head((5,), 4, Head())(vectors), 0.25)
    assert not np.allclose(build_head((5,), 4, Head(dense=(6,)))(vectors), 0.25)
    # In a network that learns whole, zeros would keep the first gradients from the backbone.
    assert not np.allclose(build_head((5,), 4, Head(standardize=False))(vectors), 0.25)


def test_every_part_in_order() -> None:
    head = build_head((4,), 3, Head(dense=(6, 5), batch_norm=True, dropout=0.5, activation="elu"))
    dense = ["Dropout", "Dense", "BatchNormalization", "Activation"]
    layers = ["InputLayer", "BatchNormalization", *dense, *dense, "Dropout", "Dense", "Activation"]
    assert kinds(head) == layers
    assert [layer.units for layer in head.layers if isinstance(layer, keras.layers.Dense)] == [
        6,
        5,
        3,
    ]
    assert head.get_layer("activation_1").activation is keras.activations.elu
    assert head.get_layer("dropout").rate == 0.5


def test_list_gives_each_layer_its_value() -> None:
    head = build_head(
        (4,),
        3,
        Head(
            dense=(6, 5),
            activation=("softplus", "leaky_relu"),
            negative_slope=0.01,
            kernel_initializer=("normal", "he_uniform", "zero"),
            dropout=(0, 0.3, 0.5),
        ),
    )
    assert head.get_layer("activation_1").activation is keras.activations.softplus
    assert head.get_layer("activation_2").negative_slope == pytest.approx(0.01)
    made = [head.get_layer(name).kernel_initializer for name in ("dense_1", "dense_2", "classes")]
    assert [type(one).__name__ for one in made] == ["RandomNormal", "HeUniform", "Zeros"]
    rates = {layer.name: layer.rate for layer in head.layers if "dropout" in layer.name}
    assert rates == {"dropout_2": 0.3, "dropout": 0.5}


def test_batch_norm_without_dense_layers() -> None:
    head = build_head((4,), 3, Head(batch_norm=True, standardize=False))
    assert kinds(head) == ["InputLayer", "BatchNormalization", "Dense", "Activation"]


@pytest.mark.parametrize("pooling", ["average", "max", "flatten"])
def test_a_head_trained_on_features_fits_on_the_map(pooling: str) -> None:
    settings = Head(pooling=pooling, dense=(6,), batch_norm=True)
    maps = np.random.default_rng(0).normal(size=(5, 2, 2, 3)).astype("float32")
    vectors = {
        "average": maps.mean(axis=(1, 2)),
        "max": maps.max(axis=(1, 2)),
        "flatten": maps.reshape(5, -1),
    }[pooling]
    on_features = build_head(vectors.shape[1:], 4, settings)
    fit_standardization(on_features, vectors)
    on_map = build_head((2, 2, 3), 4, settings)
    on_map.set_weights(on_features.get_weights())
    np.testing.assert_allclose(
        np.asarray(on_map(maps)), np.asarray(on_features(vectors)), rtol=1e-5
    )


@pytest.mark.parametrize(
    ("shape", "options", "axes"),
    [
        ((20, 6), {}, 0),
        ((4, 20, 6), {}, (0, 1)),
        ((20, 3, 2, 6), {"pooling": "flatten"}, 0),
        ((20, 3, 2, 6), {"aggregation": "mean"}, (0, 1, 2)),
    ],
    ids=["vectors", "views", "flattened maps", "positions"],
)
def test_fit_standardization_gives_mean_0_and_variance_1(
    shape: tuple[int, ...], options: dict[str, Any], axes: Any, tmp_path: Path
) -> None:
    values = np.random.default_rng(0).normal(5, 3, shape).astype("float32")
    values[..., 0] = 7
    of_one = shape[2:] if len(shape) == 3 else shape[1:]
    head = build_head(of_one, 3, Head(**options))
    weights = head.trainable_weights
    fit_standardization(head, values)
    head.save(tmp_path / "head.keras")
    loaded = keras.models.load_model(tmp_path / "head.keras")
    layer = loaded.get_layer(STANDARDIZATION)
    # Training does not change it: what was fitted on training images holds for all images.
    found = keras.Model(loaded.input, layer.output)(values.reshape(-1, *of_one), training=True)
    found = np.asarray(found).reshape(*shape[:2], -1) if axes == (0, 1) else np.asarray(found)
    mean, deviation = found.mean(axes), found.std(axes)
    assert np.allclose(mean, 0, atol=1e-5)
    changing = values.reshape(found.shape).std(axes) > 0
    assert np.allclose(deviation[changing], 1, atol=1e-4)
    assert (deviation[~changing] == 0).all()
    assert all(a is b for a, b in zip(head.trainable_weights, weights, strict=True))


@pytest.mark.parametrize(
    ("options", "penalty"),
    [({"l1": 0.1}, 0.1 * 4), ({"l2": 0.1}, 0.1 * 8), ({"l1": 0.1, "l2": 0.1}, 0.1 * 4 + 0.1 * 8)],
)
def test_penalties(options: dict[str, Any], penalty: float) -> None:
    head = build_head((1,), 2, Head(**options))
    head.get_layer("classes").set_weights([np.array([[2.0, -2.0]]), np.array([9.0, 9.0])])
    assert float(sum(head.losses)) == pytest.approx(penalty)
    assert not build_head((1,), 2, Head()).losses


def test_dropout_acts_in_training_only() -> None:
    head = build_head((50,), 4, Head(dropout=0.5, standardize=False))
    vectors = np.ones((2, 50), "float32")
    resting = head(vectors, training=False).numpy()
    assert np.array_equal(head(vectors, training=False).numpy(), resting)
    assert not np.allclose(head(vectors, training=True).numpy(), resting)


def test_probabilities_have_32_bits_under_mixed_precision() -> None:
    keras.config.set_dtype_policy("mixed_float16")
    try:
        head = build_head((4,), 3, Head(dense=(5,)))
        assert head.get_layer("dense_1").compute_dtype == "float16"
        assert head.output.dtype == "float32"
    finally:
        keras.config.set_dtype_policy("float32")


def test_other_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match="feature maps or vectors"):
        build_head((4, 4), 3, Head())


def test_binary_head_is_one_sigmoid() -> None:
    head = build_head((5,), 2, Head(class_mode="binary", standardize=False))
    assert head.count_params() == 5 + 1
    vectors = np.random.default_rng(0).normal(size=(6, 5)).astype("float32")
    kernel, bias = head.get_layer("classes").get_weights()
    second = 1 / (1 + np.exp(-(vectors @ kernel + bias)))
    np.testing.assert_allclose(head(vectors), np.hstack([1 - second, second]), atol=1e-6)
    labels = np.array([0, 1, 1, 0, 1, 0])
    categorical = keras.losses.CategoricalCrossentropy()(np.eye(2)[labels], head(vectors))
    binary = keras.losses.BinaryCrossentropy()(labels[:, None], second.astype("float32"))
    assert float(categorical) == pytest.approx(float(binary), rel=1e-5)


def test_binary_head_of_more_classes_is_refused() -> None:
    with pytest.raises(UserError, match="binary is for 2 classes; the data set has 8"):
        build_head((5,), 8, Head(class_mode="binary"))
