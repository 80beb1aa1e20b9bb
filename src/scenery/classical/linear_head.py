"""An exact linear head: multinomial logistic regression with an L2 penalty.

The penalized cross-entropy is convex, so L-BFGS (Liu and Nocedal 1989) finds its minimum. There are
no epochs and no learning rate. The strength of the penalty is chosen by the cross-entropy on images
that were held out in folds. It is less a matter of chance than the accuracy, if images are few. Of
strengths that are hardly worse than the best, the strongest penalty is taken: the rule of one
standard error (Breiman et al. 1984, Classification and Regression Trees), here of the difference on
the same images.
"""

from dataclasses import dataclass

import numpy as np
from scipy.linalg import svd
from scipy.special import softmax
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from scenery.data.feature_files import LabeledFeatures
from scenery.data.standardization import deviations
from scenery.evaluation.scores import cross_entropies

# Inverse strengths of the penalty (`C` of scikit-learn) that are tried, rising. In MobileNet, upper
# layers and few images need the lower ones, lower layers and many images the higher ones.
STRENGTHS = tuple(10.0 ** (half / 2) for half in range(-6, 3))
# How much worse a stronger penalty may be, in standard errors of its difference from the lowest
# mean loss. On training photographs, 5 to 150 of each class, one standard error lost up to 0.006 of
# accuracy against the best strength, none lost up to 0.007 and two up to 0.013.
TOLERATED_ERRORS = 1.0
# Where no class has two groups, nothing can be held out.
DEFAULT_STRENGTH = 1e-2
MAX_STEPS = 1_000
# Largest gradient of the mean loss at which a search ends: of a final head, and of those by which a
# strength is chosen, whose accuracies differ by less than 0.005 from those of exact ones.
TOLERANCE = 1e-4
TOLERANCE_OF_CHOICE = 1e-3
# Intercept of a class without training images: its probability is 0 in 32 bits.
ABSENT = -120.0


@dataclass(frozen=True)
class LinearHead:
    """Standardized features times coefficients, plus intercepts: the logits of the classes.

    Attributes:
        mean: Shape (values,), subtracted from the features; None: they are not standardized.
        deviation: Shape (values,), by which they are divided then.
        coefficients: Shape (values, classes).
        intercepts: Shape (classes,).
        strength: The inverse strength of the penalty.
    """

    mean: np.ndarray | None
    deviation: np.ndarray | None
    coefficients: np.ndarray
    intercepts: np.ndarray
    strength: float

    def probabilities(self, vectors: np.ndarray) -> np.ndarray:
        """Class probabilities, float64, shape (images, classes).

        Args:
            vectors: Shape (images, ...).
        """
        rows = np.asarray(vectors, np.float64).reshape(len(vectors), -1)
        if self.mean is not None:
            rows = (rows - self.mean) / self.deviation
        return np.asarray(softmax(rows @ self.coefficients + self.intercepts, axis=1))

    @property
    def weights(self) -> list[np.ndarray]:
        """The weights of a Keras head without dense layers, in its order."""
        standardization = []
        if self.mean is not None and self.deviation is not None:
            standardization = [self.mean, self.deviation**2]
        return [*standardization, self.coefficients, self.intercepts]

    @property
    def parameters(self) -> int:
        """Number of coefficients and intercepts."""
        return self.coefficients.size + self.intercepts.size


class LinearHeadFitter:
    """Fits linear heads to some of the training images.

    Args:
        training: Features; each view of an image is a row with the weight of the image divided by
            the number of views.
        weights: Shape (images,), the weight of each image.
        classes: Number of classes.
        standardize: Whether each feature gets mean 0 and variance 1 on the images fitted.
    """

    def __init__(
        self, training: LabeledFeatures, weights: np.ndarray, classes: int, standardize: bool
    ) -> None:
        self.labels = training.labels
        self.classes = classes
        self._values = training.values if training.views else training.values[None]
        self._weights = np.asarray(weights, np.float64) / len(self._values)
        self._standardize = standardize

    @property
    def first_view(self) -> np.ndarray:
        """The features of the first view, or the plain ones, shape (images, ...)."""
        return np.asarray(self._values[0])

    def fit(self, strength: float, images: np.ndarray | None = None) -> LinearHead:
        """The head at one strength.

        Args:
            strength: Inverse strength of the penalty.
            images: Numbers of the images that are fitted; None: all.
        """
        return self.path((strength,), images)[0]

    def path(
        self,
        strengths: tuple[float, ...],
        images: np.ndarray | None,
        tolerance: float = TOLERANCE,
    ) -> list[LinearHead]:
        """The heads at rising strengths, each search started from the head before."""
        images = np.arange(len(self.labels)) if images is None else images
        views = len(self._values)
        rows = np.asarray(self._values)[:, images].reshape(views * len(images), -1)
        mean = deviation = None
        if self._standardize:
            scaler = StandardScaler().fit(rows.astype(np.float64))
            mean, deviation = scaler.mean_, deviations(scaler)
            rows = (rows - mean) / deviation
        # The search takes half as long in 32 bits and ends in the same place.
        rows, basis = _reduced(rows.astype(np.float32))
        labels = np.tile(self.labels[images], views)
        weights = np.tile(self._weights[images], views)
        if len(np.unique(labels)) < 2:
            raise ValueError("a linear head needs images of at least two classes")
        model = LogisticRegression(max_iter=MAX_STEPS, tol=tolerance, warm_start=True)
        heads = []
        for strength in strengths:
            model.set_params(C=strength).fit(rows, labels, sample_weight=weights)
            coefficients, intercepts = self._of_all_classes(model)
            if basis is not None:
                coefficients = basis.T @ coefficients
            heads.append(LinearHead(mean, deviation, coefficients, intercepts, strength))
        return heads

    def _of_all_classes(self, model: LogisticRegression) -> tuple[np.ndarray, np.ndarray]:
        found, intercept = model.coef_.T, model.intercept_
        if found.shape[1] == 1:
            # Two classes have one logit, which is the difference of the two of a softmax.
            found, intercept = np.hstack([-found, found]) / 2, np.array([-1, 1]) * intercept / 2
        coefficients = np.zeros((len(found), self.classes))
        intercepts = np.full(self.classes, ABSENT)
        coefficients[:, model.classes_], intercepts[model.classes_] = found, intercept
        return coefficients, intercepts

    def chosen(self, plain: np.ndarray, divisions: np.ndarray) -> float:
        """The strength of lowest cross-entropy on held-out images.

        Args:
            plain: Shape (images, ...), features of the images without augmentation.
            divisions: Shape (repeats, images), fold numbers.
        """
        usable = [folds for folds in divisions if len(np.unique(folds)) > 1]
        if not usable:
            return DEFAULT_STRENGTH
        paths = np.stack([self.held_out_path(plain, folds) for folds in usable])
        return STRENGTHS[best_strength(paths, self.labels)]

    def held_out_path(self, plain: np.ndarray, folds: np.ndarray) -> np.ndarray:
        """What heads say of images that they were not fitted to.

        Args:
            plain: Shape (images, ...), features of the images without augmentation.
            folds: Shape (images,), the fold in which each image is held out.

        Returns:
            Class probabilities, shape (strengths, images, classes).
        """
        found = np.zeros((len(STRENGTHS), len(folds), self.classes))
        for fold in np.unique(folds):
            held_out = np.flatnonzero(folds == fold)
            images = np.flatnonzero(folds != fold)
            found[:, held_out] = self.predicted_path(images, plain[held_out])
        return found

    def predicted_path(self, images: np.ndarray, vectors: np.ndarray) -> np.ndarray:
        """What heads at all strengths say of other images.

        Args:
            images: Numbers of the images that are fitted.
            vectors: Shape (other images, ...), their features.

        Returns:
            Class probabilities, shape (strengths, other images, classes).
        """
        heads = self.path(STRENGTHS, images, TOLERANCE_OF_CHOICE)
        return np.stack([head.probabilities(vectors) for head in heads])


def _reduced(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
    """Rows in fewer dimensions if there are fewer rows than values.

    The penalty does not depend on the axes, and coefficients have no part outside of the space
    that the rows span, so the minimum is the same.

    Returns:
        Shape (rows, dimensions), and the axes, shape (dimensions, values); None: unchanged.
    """
    if len(rows) >= rows.shape[1]:
        return rows, None
    left, sizes, axes = svd(rows, full_matrices=False)
    return left * sizes, axes


def best_strength(
    paths: np.ndarray, labels: np.ndarray, tolerated: float = TOLERATED_ERRORS
) -> int:
    """The place of the strongest penalty whose cross-entropy is hardly above the lowest.

    Args:
        paths: Class probabilities at strengths that rise, shape (repeats, strengths, images,
            classes).
        labels: Shape (images,), class numbers.
        tolerated: How much higher the cross-entropy may be, in standard errors of the difference.
    """
    repeats = [[cross_entropies(one, labels) for one in path] for path in paths]
    # Of an image, the repeats are not independent.
    losses = np.mean(repeats, axis=0)
    excess = losses - losses[int(losses.mean(axis=1).argmin())]
    errors = excess.std(axis=1) / np.sqrt(len(labels))
    # Where losses are no numbers, nothing is hardly worse, and the first place is taken.
    return int((excess.mean(axis=1) <= tolerated * errors).argmax())


def held_out_predictions(
    path: np.ndarray,
    labels: np.ndarray,
    folds: np.ndarray,
    tolerated: float = TOLERATED_ERRORS,
) -> np.ndarray:
    """Predictions for each fold, at the strength that is best in all other folds.

    The images of a fold play no part in the choice of the strength by which they are predicted.

    Args:
        path: As from `LinearHeadFitter.held_out_path`.
        labels: Shape (images,), class numbers.
        folds: Shape (images,), fold numbers.
        tolerated: As of `best_strength`.

    Returns:
        Class probabilities, shape (images, classes).
    """
    found = np.zeros(path.shape[1:])
    for fold in np.unique(folds):
        here = folds == fold
        place = best_strength(path[None, :, ~here], labels[~here], tolerated)
        found[here] = path[place, here]
    return found
