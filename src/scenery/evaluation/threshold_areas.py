"""Areas under ROC and precision-recall curves of all classes, with bootstrap intervals."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

DRAWS = 200
# Weights of draws that are held at once.
MAX_HELD = 20_000_000
# Classes of fewer images are compared with all images by matrix products, larger ones are sorted.
MANY_IMAGES = 32
# Images that one matrix product compares with all others.
ROWS = 256


@dataclass(frozen=True)
class Areas:
    """Areas of one kind.

    Attributes:
        values: Shape (classes,).
        mean: Their mean.
        low: Lower end of the 95 % interval of the mean.
        high: Upper end.
    """

    values: NDArray[np.float64]
    mean: float
    low: float
    high: float


def bootstrap_areas(
    truth: NDArray[np.bool_], scores: NDArray[np.float64], draws: int = DRAWS
) -> tuple[Areas, Areas]:
    """Areas under the ROC curve, and average precisions, of each class against all others.

    The intervals are bootstrap percentile intervals over images (Efron 1979, seed 0). A draw is a
    weight of each image, so the images of a class are sorted once for all draws.

    Args:
        truth: Shape (images, classes): whether an image is of the class.
        scores: Shape (images, classes): higher for images that are more likely of the class.
        draws: Number of draws. A class that a draw lacks does not count in its mean.

    Returns:
        ROC areas and average precisions.
    """
    images, classes = truth.shape
    random = np.random.default_rng(0)
    means: list[NDArray[np.float64]] = []
    single = np.empty((2, classes))
    # The first column is no draw: every image counts once.
    todo = draws + 1
    while todo:
        number = min(todo, max(MAX_HELD // max(images, 1), 2))
        weights = np.ones((images, number), np.float32)
        first = 1 if todo == draws + 1 else 0
        for column in range(first, number):
            rows = random.integers(0, images, images)
            weights[:, column] = np.bincount(rows, minlength=images)
        areas = _areas_of_classes(truth, scores, weights)
        if first:
            single = areas[:, :, 0].T
        means.append(_mean_of_present(areas[:, :, first:]))
        todo -= number
    ends = np.nanpercentile(np.concatenate(means, axis=1), [2.5, 97.5], axis=1)
    roc, precision = (
        Areas(single[kind], float(single[kind].mean()), float(ends[0, kind]), float(ends[1, kind]))
        for kind in range(2)
    )
    return roc, precision


def _mean_of_present(areas: NDArray[np.float64]) -> NDArray[np.float64]:
    """Means over classes, shape (2, draws), of areas of shape (classes, 2, draws) with NaN."""
    there = np.isfinite(areas)
    number = there.sum(axis=0)
    total = np.where(there, areas, 0.0).sum(axis=0)
    return np.divide(total, number, out=np.full(total.shape, np.nan), where=number > 0)


def _areas_of_classes(
    truth: NDArray[np.bool_], scores: NDArray[np.float64], weights: NDArray[np.float32]
) -> NDArray[np.float64]:
    """Areas of all classes, shape (classes, 2, draws), by the faster way for each class."""
    counts = truth.sum(axis=0)
    areas = np.empty((truth.shape[1], 2, weights.shape[1]))
    for place in np.flatnonzero(counts >= MANY_IMAGES):
        areas[place] = weighted_areas(truth[:, place], scores[:, place], weights)
    few = np.flatnonzero(counts < MANY_IMAGES)
    # Whole classes, in batches of about ROWS images.
    batches = np.cumsum(counts[few]) // ROWS
    for batch in np.unique(batches):
        places = few[batches == batch]
        areas[places] = np.stack(
            areas_of_small_classes(truth[:, places], scores[:, places], weights), axis=1
        )
    return areas


def areas_of_small_classes(
    truth: NDArray[np.bool_], scores: NDArray[np.float64], weights: NDArray[np.float32]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The same as `weighted_areas`, for several classes of few images at once.

    Each image of a class is compared with all images. The time grows with the number of images of
    the classes, and not with the number of classes.

    Args:
        truth: Shape (images, classes): whether an image is of the class; some are.
        scores: Shape (images, classes).
        weights: Shape (images, draws): whole numbers.

    Returns:
        Two arrays of shape (classes, draws).
    """
    place, hit = np.nonzero(truth.T)
    own, columns = scores[hit, place], scores.T[place]
    # Sums of whole numbers are exact in 32 bits up to 16 million images.
    before = ((columns > own[:, None]).astype(np.float32) @ weights).astype(np.float64)
    equal = columns == own[:, None]
    same = (equal.astype(np.float32) @ weights).astype(np.float64)
    hits = weights[hit].astype(np.float64)
    of_class = place[:, None] == place
    better = (of_class & (own > own[:, None])).astype(np.float64) @ hits
    as_good = (of_class & (own == own[:, None])).astype(np.float64) @ hits
    starts = np.searchsorted(place, np.arange(truth.shape[1]))
    inside = np.add.reduceat(hits, starts, axis=0)
    outside = weights.sum(axis=0, dtype=np.float64) - inside
    # Others of a higher score, and half of those of the same score, are in the wrong order.
    wrong = before - better + (same - as_good) / 2
    ordered = hits * (outside[place] - wrong)
    precise = hits * (better + as_good) / np.maximum(before + same, 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        roc = np.add.reduceat(ordered, starts, axis=0) / (inside * outside)
        precision = np.add.reduceat(precise, starts, axis=0) / inside
    precision[outside == 0] = np.nan
    return roc, precision


def weighted_areas(
    truth: NDArray[np.bool_], scores: NDArray[np.float64], weights: NDArray[np.float32]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """ROC areas and average precisions of one class for many weights of the images.

    They equal scikit-learn's `roc_auc_score` and `average_precision_score` with `sample_weight`.

    Args:
        truth: Shape (images,): whether an image is of the class; some are.
        scores: Shape (images,).
        weights: Shape (images, draws): whole numbers.

    Returns:
        Two arrays of shape (draws,); NaN where the images of the class, or all others, weigh 0.
    """
    order = np.argsort(-scores, kind="stable")
    falling, hits = scores[order], truth[order]
    # Images of one score are one threshold. Only thresholds with images of the class matter.
    starts = np.flatnonzero(np.append(True, falling[1:] != falling[:-1]))
    ends = np.append(starts[1:], len(order))
    threshold_of_hit = np.searchsorted(starts, np.flatnonzero(hits), side="right") - 1
    thresholds, first_hit = np.unique(threshold_of_hit, return_index=True)
    edges = np.unique(np.concatenate([[0], starts[thresholds], ends[thresholds]]))
    edges = edges[edges < len(order)]
    # Sums of whole numbers are exact in 32 bits up to 16 million images.
    between = np.add.reduceat(weights[order], edges, axis=0).astype(np.float64)
    up_to = np.concatenate([np.zeros((1, weights.shape[1])), np.cumsum(between, axis=0)])
    before = up_to[np.searchsorted(edges, starts[thresholds])]
    after = up_to[np.searchsorted(edges, ends[thresholds])]
    found = np.add.reduceat(weights[order[hits]], first_hit, axis=0).astype(np.float64)
    found_so_far = np.cumsum(found, axis=0)
    inside = found_so_far[-1]
    outside = up_to[-1] - inside
    # Others of a higher score, and half of those of the same score, are in the wrong order.
    wrong = before - (found_so_far - found) + (after - before - found) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        roc = (found * (outside - wrong)).sum(axis=0) / (inside * outside)
        precision = (found * found_so_far / np.maximum(after, 1)).sum(axis=0) / inside
    precision[outside == 0] = np.nan
    return roc, precision
