"""Whether a search that learns finds better heads: samplers beside random search.

The heads of a grid of settings are trained once. Each search then looks up what its trials give, so
that many seeds cost little. The settings are those of the search of Task 5, each with a few values.
A head is scored on the images of validation and test, which are more than a validation share.
"""

import functools
import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.conclusions import cached_features
from benchmarks.material import Material
from benchmarks.results import Row
from scenery.config.experiment import Choose
from scenery.config.search import Halving, Search
from scenery.config.settings import Settings
from scenery.pipeline.resources import cores
from scenery.study.proposing import Told, propose
from scenery.study.random_search import draw
from scenery.study.successive_halving import Ranking, rungs, survivors
from scenery.training.epochs import EpochPlan, run_epochs
from scenery.training.hardware import set_up
from scenery.training.trainers import head_trainer

SAMPLERS = ("tpe", "gp", "cmaes", "qmc")
SEEDS = 20
BATCH = 5
EPOCHS = 27
OPTIMIZERS = ("SGD", "RMSprop", "Adam", "AdamW", "Nadam")
HALVING = Halving(factor=3, first_epochs=3)
# Validation accuracy after each epoch, by setting.
Curves = dict[str, list[float]]


@dataclass(frozen=True)
class Grid:
    """The settings that are trained: numbers of values on evenly spaced scales.

    Attributes:
        rates: Learning rates from 1e-5 to 1e-1.
        batches: Batch sizes.
        dropouts: Dropout rates from 0 to 0.8.
        optimizers: Optimizers.
    """

    rates: int = 9
    batches: tuple[int, ...] = (32, 64)
    dropouts: int = 3
    optimizers: tuple[str, ...] = OPTIMIZERS

    @property
    def space(self) -> dict[str, Any]:
        """The space of a search; scales are numbers of their values."""
        return {
            "optimizer": list(self.optimizers),
            "rate": {"integer": [0, self.rates - 1]},
            "batch": list(self.batches),
            "dropout": {"integer": [0, self.dropouts - 1]},
        }

    def all(self) -> list[dict[str, Any]]:
        """The values of all settings."""
        values = (self.optimizers, range(self.rates), self.batches, range(self.dropouts))
        return [dict(zip(self.space, one, strict=True)) for one in itertools.product(*values)]

    def settings(self, values: dict[str, Any], epochs: int) -> Settings:
        """The settings of a head."""
        rate = 10.0 ** (-5 + 4 * values["rate"] / (self.rates - 1))
        return Settings(
            epochs=epochs,
            minimum_updates=1,
            batch_size=values["batch"],
            optimizer={"name": values["optimizer"], "learning_rate": rate},
            head={"solver": "epochs", "dropout": 0.8 * values["dropout"] / (self.dropouts - 1)},
        )


def run(material: Material) -> list[Row]:
    """Best accuracy after n trials for each sampler, and for as many epochs with halving."""
    grid = Grid() if material.whole else Grid(3, (32,), 2, ("SGD", "Adam"))
    epochs = EPOCHS if material.whole else 3
    set_up(cores())
    with threadpool_limits(1):
        curves = _curves(material, grid, epochs)
    seeds = SEEDS if material.whole else 2
    counts = (10, 20, 30) if material.whole else (2, 4)
    how = HALVING if material.whole else Halving(factor=2, first_epochs=1)
    searches: dict[str, Callable[[int], list[float]]] = {
        name: functools.partial(_search, grid, curves, counts, name)
        for name in ("random", *SAMPLERS)
    }
    searches["halving"] = functools.partial(_halving, grid, curves, counts, how, epochs)
    found = {
        name: np.array([search(seed) for seed in range(seeds)]) for name, search in searches.items()
    }
    best = max(max(curve) for curve in curves.values())
    work = f"search among {len(curves)} heads on features: best accuracy after n trials"
    return [_row(work, name, counts, found, best) for name in searches if name != "random"]


def _row(
    work: str, name: str, counts: tuple[int, ...], found: dict[str, np.ndarray], best: float
) -> Row:
    gains = found[name] - found["random"]
    errors = gains.std(axis=0, ddof=1) / len(gains) ** 0.5
    measured = ", ".join(
        f"n = {count}: {gain:+.4f} ± {error:.4f}"
        for count, gain, error in zip(counts, gains.mean(axis=0), errors, strict=True)
    )
    pairs = zip(found[name].mean(axis=0), found["random"].mean(axis=0), strict=True)
    means = ", ".join(f"{own:.4f} against {random:.4f}" for own, random in pairs)
    return Row(
        work=f"{work}, {name}",
        compared="random search, the same seeds",
        measured=measured,
        note=f"means of {len(gains)} seeds: {means}; best of all: {best:.4f}",
    )


def _curves(material: Material, grid: Grid, epochs: int) -> Curves:
    """The validation accuracy of every setting after each epoch; trained once."""
    store = material.folder / f"samplers_{len(grid.all())}_{epochs}.json"
    if store.exists():
        return dict(json.loads(store.read_text(encoding="utf-8")))
    training = cached_features(material, 0, ("train",))
    unseen = cached_features(material, 0, ("validation", "test"))
    classes = int(unseen.labels.max()) + 1
    curves: Curves = {}
    for values in grid.all():
        settings = grid.settings(values, epochs)
        trainer = head_trainer(settings, classes, training, unseen)
        result = run_epochs(trainer, EpochPlan.of(settings, "head", trainer.images), "", quiet=True)
        accuracies = [epoch.validation_accuracy for epoch in result.history]
        curves[_key(values)] = accuracies + [0.0] * (epochs - len(accuracies))
    store.write_text(json.dumps(curves), encoding="utf-8")
    return curves


def _key(values: dict[str, Any]) -> str:
    return json.dumps(values, sort_keys=True)


def _search(
    grid: Grid, curves: Curves, counts: tuple[int, ...], sampler: str, seed: int
) -> list[float]:
    """Best accuracy after so many trials."""
    search = Search.model_validate(
        {
            "sampler": sampler, "n_trials": counts[-1], "batch": BATCH, "seed": seed,
            "space": grid.space,
        }
    )  # fmt: skip
    rounds: list[list[Told]] = []
    for size in search.round_sizes:
        proposals = propose(search, [True], rounds, size)
        rounds.append([Told(values, (max(curves[_key(values)]),)) for values in proposals])
    scores = [one.scores[0] for told in rounds for one in told if one.scores]
    return [max(scores[:count]) for count in counts]


def _halving(
    grid: Grid, curves: Curves, counts: tuple[int, ...], how: Halving, epochs: int, seed: int
) -> list[float]:
    """Best accuracy of successive halving with the epochs of so many full trials."""
    steps = (*rungs(epochs, how), epochs)
    # Of n trials one in `factor` goes on after each comparison.
    cost = sum(
        (until - before) / how.factor**rung
        for rung, (before, until) in enumerate(zip((0, *steps), steps, strict=False))
    )
    found = []
    for count in counts:
        n_trials = min(int(count * epochs / cost), len(curves))
        search = Search.model_validate({"n_trials": n_trials, "seed": seed, "space": grid.space})
        running = [_key(values) for values in draw(search, "samplers")]
        for until in steps[:-1]:
            ranked = [Ranking(one, False, max(curves[one][:until]), 0.0) for one in running]
            running = survivors(ranked, how, Choose())
        found.append(max(max(curves[one]) for one in running))
    return found
