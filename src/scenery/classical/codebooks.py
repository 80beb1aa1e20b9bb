"""Codebooks, which encode the local descriptors of an image as one vector.

Bag of visual words: Csurka et al., "Visual categorization with bags of keypoints", 2004, with the
spatial pyramid of Lazebnik, Schmid and Ponce, CVPR 2006. Fisher vectors: Perronnin, Sanchez and
Mensink, "Improving the Fisher kernel for large-scale image classification", ECCV 2010.

Local descriptors come as maps, of shape (images, rows, columns, ..., values); axes between columns
and values (the scales of dense SIFT) are further descriptors at the same position.
"""

import hashlib
import itertools
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
import skops.io
from skimage.feature import fisher_vector
from sklearn import preprocessing
from sklearn.cluster import MiniBatchKMeans
from sklearn.decomposition import PCA
from sklearn.mixture import GaussianMixture
from skops.io.exceptions import UntrustedTypesFoundException
from threadpoolctl import threadpool_limits

from scenery.config.encoding import Encoding
from scenery.errors import UserError

log = logging.getLogger("scenery")

# Smallest variance of a Gaussian, in mean variances of the descriptors: a narrower one stands on
# a few equal descriptors (flat sky), and its gradients drown all others.
MIN_VARIANCE = 1e-3


@dataclass(frozen=True)
class Codebook:
    """Visual words or a mixture of Gaussians.

    Attributes:
        projection: Applied to descriptors first; None: no projection.
        words: k-means for a bag of words, a diagonal mixture for Fisher vectors.
    """

    projection: PCA | None
    words: MiniBatchKMeans | GaussianMixture

    @property
    def length(self) -> int:
        """Values for each cell of the pyramid."""
        if isinstance(self.words, MiniBatchKMeans):
            return int(self.words.n_clusters)
        components, values = self.words.means_.shape
        return int(components * (2 * values + 1))

    @property
    def parameters(self) -> int:
        """Numbers that were learned."""
        return int(sum(values.size for values in self.arrays))

    @property
    def arrays(self) -> list[np.ndarray]:
        """What was learned."""
        if isinstance(self.words, MiniBatchKMeans):
            learned = [self.words.cluster_centers_]
        else:
            learned = [self.words.weights_, self.words.means_, self.words.covariances_]
        if self.projection is not None:
            learned += [self.projection.mean_, self.projection.components_]
        return learned

    def project(self, descriptors: np.ndarray) -> np.ndarray:
        """Projected descriptors: float32, shape (descriptors, components)."""
        values = np.asarray(descriptors, np.float32)
        return values if self.projection is None else self.projection.transform(values)


def sample_descriptors(
    maps: Sequence[np.ndarray], rows: Sequence[np.ndarray], count: int, seed: int
) -> np.ndarray:
    """Local descriptors for a codebook: about equally many of each image, drawn at random.

    Args:
        maps: Arrays of descriptors, memory-mapped; one image at a time is read.
        rows: Of each array the positions of the images to draw from.
        count: Number of descriptors; all of them if there are fewer.
        seed: Seed of the draw.

    Returns:
        float32, shape (descriptors, values).
    """
    generator = np.random.default_rng(seed)
    each = int(np.prod(maps[0].shape[1:-1]))
    images = [(array, row) for array, some in zip(maps, rows, strict=True) for row in some]
    # Whole numbers that sum to `count`: the first images give one more.
    shares = np.diff(np.linspace(0, min(count, each * len(images)), len(images) + 1).astype(int))
    parts = [
        np.asarray(array[row]).reshape(each, -1)[np.sort(generator.permutation(each)[:share])]
        for (array, row), share in zip(images, shares, strict=True)
    ]
    return np.concatenate(parts).astype(np.float32)


def learn_codebook(descriptors: np.ndarray, encoding: Encoding, seed: int) -> Codebook:
    """Learn a codebook from sampled descriptors.

    Args:
        descriptors: float32, shape (descriptors, values).
        encoding: name, size and components count.
        seed: Seed of where k-means starts.

    Raises:
        UserError: When there are fewer descriptors than words, or fewer values than components.
    """
    check_codebook(encoding, *descriptors.shape)
    projection = None
    # The order in which threads add up would show in the last digits.
    with threadpool_limits(1, user_api="openmp"):
        if encoding.components is not None:
            projection = PCA(encoding.components, random_state=seed).fit(descriptors)
            descriptors = projection.transform(descriptors)
        if encoding.name == "bag_of_words":
            words = MiniBatchKMeans(encoding.size, n_init=1, random_state=seed).fit(descriptors)
        else:
            words = _mixture(descriptors, encoding.size, seed)
    return Codebook(projection, words)


def _mixture(descriptors: np.ndarray, size: int, seed: int) -> GaussianMixture:
    floor = MIN_VARIANCE * float(descriptors.var(axis=0).mean())
    mixture = GaussianMixture(
        size, covariance_type="diag", reg_covar=max(floor, 1e-12), max_iter=100, random_state=seed
    ).fit(descriptors)
    if not mixture.converged_:
        log.info("the mixture of %d Gaussians was still moving after 100 steps", size)
    return mixture


def check_codebook(encoding: Encoding, descriptors: int, values: int) -> None:
    """Refuse a codebook that cannot be learned from so many descriptors of so many values.

    Raises:
        UserError: With the numbers.
    """
    if encoding.size > descriptors:
        raise UserError(
            f"encoding.size: a codebook of {encoding.size} is larger than the {descriptors} "
            "descriptors that the training images have"
        )
    components = encoding.components
    if components is not None and components > min(values, descriptors):
        raise UserError(
            f"encoding.components: {components} principal components of descriptors of {values} "
            f"values ({descriptors} of them) do not exist; allowed are up to "
            f"{min(values, descriptors)}"
        )


def encode(maps: np.ndarray, codebook: Codebook, encoding: Encoding) -> np.ndarray:
    """The vectors of a batch of images.

    Args:
        maps: Descriptors, shape (images, rows, columns, ..., values).
        codebook: What was learned for this encoding.
        encoding: pyramid, power and normalize count.

    Returns:
        float32, shape (images, cells of the pyramid x length of the codebook).
    """
    grid = maps.reshape(*maps.shape[:3], -1, maps.shape[-1])
    local = codebook.project(grid.reshape(-1, grid.shape[-1]))
    cells = pyramid_cells(grid.shape[1], grid.shape[2], encoding.pyramid)
    if isinstance(codebook.words, MiniBatchKMeans):
        vectors = _count_words(local, grid.shape[:4], codebook.words, cells)
    else:
        vectors = _fisher(local, grid.shape[:4], codebook.words, cells)
    return normalize(vectors.astype(np.float32), encoding)


def pyramid_cells(rows: int, columns: int, levels: tuple[int, ...]) -> list[tuple[slice, slice]]:
    """The cells of a spatial pyramid, level after level, row after row.

    Raises:
        UserError: When a level has more cells along a side than there are positions.
    """
    if max(levels) > min(rows, columns):
        raise UserError(
            f"encoding.pyramid: a level of {max(levels)} x {max(levels)} cells has empty ones "
            f"where there are descriptors at {rows} x {columns} positions"
        )
    return [
        (slice(top, bottom), slice(left, right))
        for level in levels
        for top, bottom in _edges(rows, level)
        for left, right in _edges(columns, level)
    ]


def _edges(positions: int, parts: int) -> list[tuple[int, int]]:
    edges = [positions * part // parts for part in range(parts + 1)]
    return list(itertools.pairwise(edges))


def _count_words(
    local: np.ndarray,
    shape: tuple[int, ...],
    words: MiniBatchKMeans,
    cells: list[tuple[slice, slice]],
) -> np.ndarray:
    """Share of an image's descriptors that lie in a cell and are nearest to a word."""
    size = words.n_clusters
    nearest = words.predict(local).reshape(shape)
    each = int(np.prod(shape[1:]))
    counted = []
    for rows, columns in cells:
        here = nearest[:, rows, columns].reshape(shape[0], -1)
        numbered = here + size * np.arange(shape[0])[:, None]
        counted.append(np.bincount(numbered.ravel(), minlength=size * shape[0]).reshape(-1, size))
    return np.concatenate(counted, axis=1) / each


def _fisher(
    local: np.ndarray,
    shape: tuple[int, ...],
    mixture: GaussianMixture,
    cells: list[tuple[slice, slice]],
) -> np.ndarray:
    """Fisher vectors of each cell's descriptors, not yet normalized."""
    values = local.reshape(*shape, -1)
    return np.stack(
        [
            np.concatenate(
                [
                    fisher_vector(image[rows, columns].reshape(-1, image.shape[-1]), mixture)
                    for rows, columns in cells
                ]
            )
            for image in values
        ]
    )


def normalize(vectors: np.ndarray, encoding: Encoding) -> np.ndarray:
    """Vectors after the signed square root and the normalization of the encoding."""
    if encoding.power:
        vectors = np.sign(vectors) * np.sqrt(np.abs(vectors))
    if encoding.normalize == "none":
        return vectors
    # A vector of zeros stays as it is.
    return preprocessing.normalize(vectors, encoding.normalize)


def save_codebook(codebook: Codebook, path: Path) -> None:
    """Write a codebook with skops."""
    skops.io.dump({"projection": codebook.projection, "words": codebook.words}, path)


def digest(codebook: Codebook) -> str:
    """Sixteen hexadecimal digits that follow from what a codebook holds."""
    made = hashlib.sha256()
    for values in codebook.arrays:
        made.update(repr(values.shape).encode() + np.ascontiguousarray(values).tobytes())
    return made.hexdigest()[:16]


def load_codebook(path: Path) -> Codebook:
    """Read a codebook; only types of scikit-learn are loaded.

    Raises:
        UserError: When the file holds no codebook.
    """
    try:
        found = skops.io.load(path, trusted=[])
        projection, words = found["projection"], found["words"]
    except (ValueError, KeyError, TypeError, BadZipFile, UntrustedTypesFoundException) as error:
        raise UserError(f"{path}: this file holds no codebook ({error})") from None
    if not isinstance(words, MiniBatchKMeans | GaussianMixture):
        raise UserError(f"{path}: this file holds no codebook but a {type(words).__name__}")
    return Codebook(projection, words)
