"""A support vector machine that gives probabilities, with kernels computed once.

scikit-learn's own SVM computes its kernel row by row, and again for each fold of a calibration; one
matrix product for all of them takes a third of the time on the vectors that networks give. A kernel
of our own, the histogram intersection, it would compute six times.
"""

from typing import Any

import numpy as np
from scipy.spatial.distance import cdist
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.frozen import FrozenEstimator
from sklearn.metrics.pairwise import linear_kernel
from sklearn.model_selection import StratifiedKFold
from sklearn.svm import SVC

from scenery.errors import UserError

FOLDS = 5
# The matrix of kernels takes 8 bytes for each pair of rows: 3 GiB for so many.
MAX_ROWS = 20_000


def histogram_intersection(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """What two histograms have in common: the sum of the smaller values (Barla et al. 2003).

    Args:
        left: Shape (rows, values), from 0.
        right: Shape (other rows, values), from 0.

    Returns:
        float64, shape (rows, other rows).
    """
    # min(x, y) = (x + y - |x - y|) / 2, and SciPy has the distance in C.
    sums = left.sum(axis=1, dtype=np.float64)[:, None] + right.sum(axis=1, dtype=np.float64)
    return np.asarray((sums - cdist(left, right, "cityblock")) / 2)


def gaussian(left: np.ndarray, right: np.ndarray, gamma: float) -> np.ndarray:
    """The RBF kernel, exp(-gamma · squared distance).

    The product is computed with the precision of the vectors, which scikit-learn would double: of
    32 bits in half the time. Around their mean, vectors are short, so that little is lost.

    Args:
        left: Shape (rows, values).
        right: Shape (other rows, values).
        gamma: Above 0.

    Returns:
        float64, shape (rows, other rows).
    """
    center = right.mean(axis=0)
    same = left is right
    right = right - center
    left = right if same else left - center
    lengths = [np.einsum("ij,ij->i", one, one, dtype=np.float64) for one in (left, right)]
    found = (left @ right.T).astype(np.float64)
    found *= -2
    found += lengths[0][:, None]
    found += lengths[1]
    np.maximum(found, 0, out=found)
    if same:
        # The rounding errors of the product would leave some distance.
        np.fill_diagonal(found, 0)
    found *= -gamma
    return np.exp(found, out=found)


class KernelSVM(ClassifierMixin, BaseEstimator):
    """One SVM for each pair of classes; probabilities by temperature scaling (Guo et al. 2017).

    The predicted class is the one with most votes; of equally many votes the one whose decisions
    have the largest sum, as with `break_ties` of scikit-learn's SVC. Its default takes the first of
    these classes, which would not be the one of the highest probability.

    The temperature is learned from the decisions on images that an SVM has not seen, in five folds;
    it leaves the order of the classes alone.

    Args:
        kernel: linear, rbf or histogram_intersection.
        C: Weight of the errors.
        gamma: Of the RBF kernel alone; scale: 1 / (values · their variance).
        class_weight: balanced, or None.
        seed: Seed of the folds.

    Attributes:
        classes_: The classes, sorted.
        vectors_: The support vectors, shape (some rows, values).
        rows_: Which of how many training rows they were.
    """

    def __init__(
        self,
        kernel: str = "rbf",
        C: float = 1.0,
        gamma: float | str | None = "scale",
        class_weight: str | None = None,
        seed: int = 0,
    ) -> None:
        self.kernel = kernel
        self.C = C
        self.gamma = gamma
        self.class_weight = class_weight
        self.seed = seed

    def fit(
        self,
        X: np.ndarray,
        y: np.ndarray,
        images: np.ndarray | None = None,
        sample_weight: np.ndarray | None = None,
    ) -> "KernelSVM":
        """Fit and calibrate.

        Args:
            X: Shape (rows, values).
            y: Shape (rows,), class numbers.
            images: Shape (rows,), from 0: of which image a row is a view; None: each of its own.
            sample_weight: Shape (rows,), weights of the errors; None: all 1.

        Raises:
            UserError: More rows than a matrix of kernels can be held for.
        """
        self._fit_kernels(X, y, images, sample_weight)
        return self

    def fit_predict_proba(
        self,
        X: np.ndarray,
        y: np.ndarray,
        images: np.ndarray | None = None,
        sample_weight: np.ndarray | None = None,
    ) -> np.ndarray:
        """Fit, and give the probabilities of the same rows, whose kernels are there already.

        Arguments and errors as of `fit`. Shape (rows, classes).
        """
        kernels = self._fit_kernels(X, y, images, sample_weight)
        return np.asarray(self.calibrated_.predict_proba(kernels))

    def _fit_kernels(
        self,
        X: np.ndarray,
        y: np.ndarray,
        images: np.ndarray | None,
        sample_weight: np.ndarray | None,
    ) -> np.ndarray:
        """Fit and calibrate; the kernels, shape (rows, rows)."""
        if len(X) > MAX_ROWS:
            raise UserError(
                f"classifier: an svm learns from {MAX_ROWS} vectors at most, and here are "
                f"{len(X)} (images times views); use fewer views or another classifier"
            )
        self.gamma_ = self._gamma(X) if self.kernel == "rbf" else None
        svm = SVC(kernel="precomputed", C=self.C, class_weight=self.class_weight)
        kernels = self._kernel(X, X)
        self.calibrated_ = _calibrated(svm, kernels, y, images, sample_weight, self.seed)
        self.classes_ = self.calibrated_.classes_
        self.rows_ = np.array([*self.svm_.support_, len(X)])
        self.vectors_ = X[self.svm_.support_]
        return kernels

    @property
    def svm_(self) -> SVC:
        """The fitted SVM."""
        fitted = self.calibrated_.calibrated_classifiers_[0].estimator
        return fitted.estimator if isinstance(fitted, FrozenEstimator) else fitted

    @property
    def temperature_(self) -> float:
        """The number by which scores are divided before they become probabilities."""
        return 1 / float(self.calibrated_.calibrated_classifiers_[0].calibrators[0].beta_)

    def predict_proba(self, X: np.ndarray) -> np.ndarray:
        """Shape (rows, classes)."""
        # Of rows that are no support vectors libsvm reads nothing.
        kernels = np.zeros((len(X), self.rows_[-1]))
        kernels[:, self.rows_[:-1]] = self._kernel(X, self.vectors_)
        return np.asarray(self.calibrated_.predict_proba(kernels))

    def predict(self, X: np.ndarray) -> np.ndarray:
        """Shape (rows,), classes."""
        return np.asarray(self.classes_[self.predict_proba(X).argmax(axis=1)])

    def _gamma(self, X: np.ndarray) -> float:
        if isinstance(self.gamma, int | float):
            return float(self.gamma)
        variance = float(X.var(dtype=np.float64))
        return 1 / (X.shape[1] * variance) if variance else 1.0

    def _kernel(self, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        if self.kernel == "linear":
            return np.asarray(linear_kernel(left, right))
        if self.gamma_ is not None:
            return gaussian(left, right, self.gamma_)
        return histogram_intersection(left, right)


def _calibrated(
    svm: SVC,
    kernels: np.ndarray,
    y: np.ndarray,
    images: np.ndarray | None,
    weights: np.ndarray | None,
    seed: int,
) -> Any:
    """The SVM with its temperature, from kernels of shape (rows, rows)."""
    images = np.arange(len(y)) if images is None else images
    _, first = np.unique(images, return_index=True)
    folds = min(FOLDS, int(np.unique(y[first], return_counts=True)[1].min()))
    if folds < 2:
        # Of a class with one image none is left to calibrate by but itself.
        everything = np.arange(len(y))
        svm = FrozenEstimator(svm.fit(kernels, y, sample_weight=weights))
        splits = [(everything, everything)]
    else:
        splitter = StratifiedKFold(folds, shuffle=True, random_state=seed)
        # Views of one image are so alike that they must not be on both sides.
        splits = [
            (np.flatnonzero(~np.isin(images, held)), np.flatnonzero(np.isin(images, held)))
            for _, held in splitter.split(first, y[first])
        ]
    calibrated = CalibratedClassifierCV(svm, method="temperature", cv=splits, ensemble=False)
    return calibrated.fit(kernels, y, sample_weight=weights)
