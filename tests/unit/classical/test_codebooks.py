"""Codebooks: sampling, learning, bags of words, Fisher vectors, storing."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import skops.io
from skimage.feature import fisher_vector
from sklearn.cluster import MiniBatchKMeans
from sklearn.linear_model import LinearRegression
from sklearn.mixture import GaussianMixture

from scenery.classical.codebooks import (
    Codebook,
    encode,
    learn_codebook,
    load_codebook,
    normalize,
    pyramid_cells,
    sample_descriptors,
    save_codebook,
)
from scenery.config.encoding import Encoding
from scenery.errors import UserError


def maps(images: int = 6, seed: int = 0) -> np.ndarray:
    """Descriptors around five corners of a cube, at 4 x 6 positions and 2 scales."""
    generator = np.random.default_rng(seed)
    corners = np.eye(5) * 100 + 50
    words = generator.integers(0, 5, (images, 4, 6, 2))
    return (corners[words] + generator.normal(0, 5, (*words.shape, 5))).astype(np.uint8)


def learned(**values: Any) -> tuple[Codebook, Encoding]:
    encoding = Encoding(**{"samples": 10_000, "power": False, **values})
    return learn_codebook(maps().reshape(-1, 5).astype(np.float32), encoding, seed=1), encoding


def test_a_sample_takes_equally_many_of_each_image() -> None:
    numbered = np.broadcast_to(np.arange(6)[:, None, None, None], (6, 4, 5, 3)).astype(np.uint8)
    rows = np.array([0, 2, 3, 5])
    sample = sample_descriptors([numbered], [rows], count=30, seed=0)
    assert (sample.shape, sample.dtype) == ((30, 3), np.float32)
    images, counts = np.unique(sample[:, 0], return_counts=True)
    assert images.tolist() == [0, 2, 3, 5]
    assert set(counts) == {7, 8}
    assert len(sample_descriptors([numbered], [rows], count=1000, seed=0)) == 4 * 20


def test_a_sample_follows_its_seed_and_takes_no_descriptor_twice() -> None:
    each = np.arange(2 * 40, dtype=np.float32).reshape(2, 8, 5, 1)
    one = sample_descriptors([each], [np.arange(2)], 60, seed=0)
    assert len(np.unique(one)) == 60
    assert (one == sample_descriptors([each], [np.arange(2)], 60, seed=0)).all()
    assert (one != sample_descriptors([each], [np.arange(2)], 60, seed=1)).any()


def test_words_are_counted_in_each_cell() -> None:
    codebook, encoding = learned(size=5, pyramid=[1, 2], normalize="none")
    vectors = encode(maps(), codebook, encoding)
    assert vectors.shape == (6, 5 * (1 + 4))
    whole, cells = vectors[:, :5], vectors[:, 5:].reshape(6, 4, 5)
    assert whole.sum(axis=1) == pytest.approx(np.ones(6))
    assert cells.sum(axis=1) == pytest.approx(whole)
    # Which corner of the cube is nearest says the word, whatever the words' order.
    nearest = maps()[0].astype(float).argmax(axis=-1)
    shares = np.bincount(nearest.ravel(), minlength=5) / nearest.size
    assert sorted(whole[0]) == pytest.approx(sorted(shares))
    left_top = np.bincount(nearest[:2, :3].ravel(), minlength=5) / nearest.size
    assert sorted(cells[0, 0]) == pytest.approx(sorted(left_top))


@pytest.mark.parametrize("components", [None, 3])
def test_fisher_vectors_are_those_of_scikit_image(components: int | None) -> None:
    codebook, encoding = learned(
        name="fisher_vectors", size=4, components=components, pyramid=[1, 2], normalize="none"
    )
    vectors = encode(maps(), codebook, encoding)
    values = components or 5
    assert vectors.shape == (6, (1 + 4) * 4 * (2 * values + 1)) == (6, 5 * codebook.length)
    second = codebook.project(maps()[1].reshape(-1, 5))
    wanted = fisher_vector(second, codebook.words)
    assert vectors[1, : codebook.length] == pytest.approx(wanted, rel=1e-4, abs=1e-5)
    corner = codebook.project(maps()[1, 2:, 3:].reshape(-1, 5))
    wanted = fisher_vector(corner, codebook.words)
    assert vectors[1, -codebook.length :] == pytest.approx(wanted, rel=1e-4, abs=1e-5)


def test_a_fisher_vector_is_the_gradient_of_the_likelihood() -> None:
    codebook, encoding = learned(name="fisher_vectors", size=2, normalize="none")
    mixture = codebook.words
    assert isinstance(mixture, GaussianMixture)
    image = maps(1)
    local = image.reshape(-1, 5).astype(np.float64)
    vector = encode(image, codebook, encoding)[0]
    # scikit-image's order: 2 weights, 2 x 5 means, 2 x 5 variances
    small = 1e-2
    for word, value in ((0, 0), (1, 3)):
        before = mixture.means_[word, value]
        scores = []
        for change in (small, -small):
            mixture.means_[word, value] = before + change
            scores.append(mixture.score(local))
        mixture.means_[word, value] = before
        slope = (scores[0] - scores[1]) / (2 * small)
        deviation = np.sqrt(mixture.covariances_[word, value])
        wanted = slope * deviation / np.sqrt(mixture.weights_[word])
        assert vector[2 + 5 * word + value] == pytest.approx(wanted, rel=2e-2, abs=1e-3)


def test_batches_change_nothing() -> None:
    for name in ("bag_of_words", "fisher_vectors"):
        codebook, encoding = learned(name=name, size=4, power=True)
        whole = encode(maps(), codebook, encoding)
        parts = [encode(maps()[start : start + 4], codebook, encoding) for start in (0, 4)]
        assert np.concatenate(parts) == pytest.approx(whole, abs=1e-6)


@pytest.mark.parametrize("name", ["bag_of_words", "fisher_vectors"])
def test_a_codebook_follows_its_seed_and_survives_storing(name: str, tmp_path: Path) -> None:
    codebook, encoding = learned(name=name, size=4, components=2)
    again, _ = learned(name=name, size=4, components=2)
    vectors = encode(maps(), codebook, encoding)
    assert (encode(maps(), again, encoding) == vectors).all()
    save_codebook(codebook, tmp_path / "codebook.skops")
    stored = load_codebook(tmp_path / "codebook.skops")
    assert (encode(maps(), stored, encoding) == vectors).all()
    assert stored.parameters == codebook.parameters
    words = 4 * 2 if name == "bag_of_words" else 4 * (1 + 2 + 2)
    assert codebook.parameters == words + 5 + 2 * 5


def test_a_file_with_anything_else_is_not_read(tmp_path: Path) -> None:
    for content in ({"projection": None, "words": LinearRegression()}, {"words": 3}, [1, 2]):
        skops.io.dump(content, tmp_path / "codebook.skops")
        with pytest.raises(UserError, match=r"codebook\.skops"):
            load_codebook(tmp_path / "codebook.skops")
    (tmp_path / "codebook.skops").write_bytes(b"no archive")
    with pytest.raises(UserError, match=r"codebook\.skops"):
        load_codebook(tmp_path / "codebook.skops")


def test_normalization() -> None:
    vectors = np.array([[4.0, -9.0, 0.0], [0.0, 0.0, 0.0]], np.float32)
    roots = [[2, -3, 0], [0, 0, 0]]
    for how, length in (("none", 1.0), ("l1", 5.0), ("l2", np.sqrt(13))):
        found = normalize(vectors, Encoding(power=True, normalize=how))
        assert found == pytest.approx(np.array(roots) / length)
    assert normalize(vectors, Encoding(normalize="l1", power=False)) == pytest.approx(vectors / 13)


def test_cells_cover_every_position_once_at_each_level() -> None:
    seen = np.zeros((5, 7), int)
    cells = pyramid_cells(5, 7, (1, 3))
    for rows, columns in cells:
        seen[rows, columns] += 1
    assert (seen == 2).all()
    assert len(cells) == 10


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"size": 300}, "codebook of 300 is larger than the 288"),
        ({"name": "fisher_vectors", "size": 300}, "codebook of 300 is larger than the 288"),
        ({"size": 4, "components": 6}, "6 principal components of descriptors of 5 values"),
    ],
)
def test_what_cannot_be_learned(values: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        learned(**values)


def test_a_pyramid_finer_than_the_map() -> None:
    codebook, encoding = learned(size=4, pyramid=[1, 8])
    assert isinstance(codebook.words, MiniBatchKMeans)
    with pytest.raises(UserError, match=r"8 x 8 cells .* 4 x 6 positions"):
        encode(maps(), codebook, encoding)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"size": 500, "samples": 400}, "500 words cannot be learned from 400"),
        ({"pyramid": [2, 2]}, "twice"),
        ({"pyramid": []}, "at least 1"),
        ({"name": "vlad"}, "bag_of_words"),
    ],
)
def test_settings_that_are_wrong(values: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Encoding(**values)
