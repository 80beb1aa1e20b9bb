"""Bayesian optimization with a Gaussian process and expected improvement (Snoek et al. 2012).

Optuna's Gaussian process needs PyTorch, which is a gigabyte. This one is that of scikit-learn.
"""

import functools
import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm, qmc
from sklearn.exceptions import ConvergenceWarning
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel

from scenery.config.search import Search
from scenery.study.search_space import Space, hashed_share, share_of, values_at

if TYPE_CHECKING:
    from scenery.study.proposing import Told

# Trials of the Sobol sequence before the first model.
N_STARTUP = 8
# Candidates of which the one with the highest expected improvement is proposed: from the whole
# space, and beside the best trials.
N_UNIFORM, N_LOCAL, N_BEST = 1000, 100, 5
DISTANCES = (0.02, 0.1)


class GaussianProcess:
    """Proposes where the expected improvement is highest.

    Each trial of a round is proposed as if those before it had given what the model
    expects of them (Ginsbourger et al. 2010), so that they are not all the same.

    Args:
        search: Seed and space.
        maximize: Whether a higher score is better.
    """

    def __init__(self, search: Search, maximize: bool) -> None:
        self.search = search
        self.sign = 1.0 if maximize else -1.0
        self.names = sorted(search.space)
        self.points: list[NDArray[np.float64]] = []
        self.scores: list[float] = []
        self.pending: list[NDArray[np.float64]] = []
        self.model: GaussianProcessRegressor | None = None
        self.shares: list[NDArray[np.float64]] = []

    def ask(self, number: int, attempt: int) -> dict[str, Any]:
        """Values for a trial. Arguments as of `Sampler.ask`."""
        seed = int(hashed_share(f"{self.search.seed}/{number}/{attempt}/gp") * 2**32)
        random = np.random.default_rng(seed)
        if len(self.scores) < N_STARTUP:
            if attempt:
                return self._values(random.random(len(self.names)))
            return self._values(np.array(sobol_point(len(self.names), self.search.seed, number)))
        points, scores = np.array(self.points), np.array(self.scores)
        if self.model is None:
            self.model = fit(points, scores, self.search.seed)
        model = self.model
        if self.pending:
            pending = np.array(self.pending)
            points = np.concatenate([points, pending])
            scores = np.concatenate([scores, model.predict(pending)])
            model = GaussianProcessRegressor(model.kernel_, optimizer=None, normalize_y=True)
            model.fit(points, scores)
        candidates = [self._values(shares) for shares in self._candidates(scores, random)]
        encoded = np.array([encode(self.search.space, values) for values in candidates])
        improvement = expected_improvement(model, encoded, float(scores.max()))
        return candidates[int(np.argmax(improvement))]

    def _candidates(
        self, scores: NDArray[np.float64], random: np.random.Generator
    ) -> NDArray[np.float64]:
        """Shares of the settings, shape (candidates, settings)."""
        size = len(self.names)
        uniform = random.random((N_UNIFORM, size))
        best = np.argsort(-scores[: len(self.shares)], kind="stable")[:N_BEST]
        beside = [
            np.clip(self.shares[one] + random.normal(0, distance, (N_LOCAL, size)), 0, 1)
            for one in best
            for distance in DISTANCES
        ]
        return np.concatenate([uniform, *beside])

    def _values(self, shares: NDArray[np.float64]) -> dict[str, Any]:
        return values_at(self.search.space, dict(zip(self.names, map(float, shares), strict=True)))

    def accept(self, values: Mapping[str, Any]) -> None:
        """Take note of a proposal of this round."""
        self.pending.append(encode(self.search.space, values))

    def tell(self, results: "Sequence[Told]") -> None:
        """End a round. Nothing is learned from failed trials."""
        self.pending, self.model = [], None
        for one in results:
            if one.scores is not None:
                self.points.append(encode(self.search.space, one.values))
                self.scores.append(self.sign * one.scores[0])
                self.shares.append(np.array(self._shares(one.values)))

    def _shares(self, values: Mapping[str, Any]) -> list[float]:
        # A setting that was not sampled lies in the middle.
        space = self.search.space
        return [share_of(space[n], values[n]) if n in values else 0.5 for n in self.names]


def sobol_point(dimensions: int, seed: int, number: int) -> list[float]:
    """Point of a number, from 0, of a scrambled Sobol sequence (Owen 1998), between 0 and 1."""
    return [float(share) for share in _sobol(dimensions, seed, number.bit_length())[number]]


@functools.lru_cache(maxsize=4)
def _sobol(dimensions: int, seed: int, exponent: int) -> NDArray[np.float64]:
    sequence = qmc.Sobol(dimensions, seed=np.random.default_rng(seed))
    return np.asarray(sequence.random_base2(exponent))


def fit(
    points: NDArray[np.float64], scores: NDArray[np.float64], seed: int
) -> GaussianProcessRegressor:
    """A Gaussian process with a Matérn kernel, one length scale for each dimension, and noise.

    Args:
        points: Shape (trials, dimensions), from 0 to 1.
        scores: Shape (trials,).
        seed: Seed of the starting points of the length scales.
    """
    lengths = np.full(points.shape[1], 0.5)
    kernel = ConstantKernel(1.0, (0.05, 20.0)) * Matern(lengths, (0.05, 20.0), nu=2.5)
    noise = WhiteKernel(0.05, (1e-4, 1.0))
    model = GaussianProcessRegressor(
        kernel + noise, normalize_y=True, n_restarts_optimizer=1, random_state=seed
    )
    with warnings.catch_warnings():
        # A length scale at its bound is that of a setting without influence.
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(points, scores)


def expected_improvement(
    model: GaussianProcessRegressor, points: NDArray[np.float64], best: float
) -> NDArray[np.float64]:
    """Expected improvement over the best score so far, shape (points,)."""
    mean, deviation = model.predict(points, return_std=True)
    deviation = np.maximum(deviation, 1e-12)
    scaled = (mean - best) / deviation
    return np.asarray(deviation * (scaled * norm.cdf(scaled) + norm.pdf(scaled)))


def encode(space: Space, values: Mapping[str, Any]) -> NDArray[np.float64]:
    """Values as numbers from 0 to 1; a choice has one dimension for each of its values.

    A setting that is not sampled lies in the middle, or is none of the choice.
    """
    parts: list[float] = []
    for name in sorted(space):
        one = space[name]
        if one.choice is not None:
            chosen = one.choice.index(values[name]) if name in values else -1
            parts += [float(number == chosen) for number in range(len(one.choice))]
        else:
            parts.append(share_of(one, values[name]) if name in values else 0.5)
    return np.array(parts)
