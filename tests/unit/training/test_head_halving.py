"""Heads compared half-way: who goes on is trained as if it had been alone."""

import numpy as np
import pytest
from feature_sets import CLASSES, features

from scenery.config.experiment import Choose
from scenery.config.search import Halving
from scenery.config.settings import Settings
from scenery.study.successive_halving import survivors
from scenery.training.epochs import EpochPlan, run_epochs
from scenery.training.head_training import HeadTrainer
from scenery.training.stacked_training import StackedHeadTrainer
from scenery.training.successive_halving import run_in_rungs

RATES = {"slow": 1e-5, "wild": 100.0, "good": 0.05, "fair": 0.005}


KINDS = (HeadTrainer, StackedHeadTrainer)
Kind = type[HeadTrainer] | type[StackedHeadTrainer]


def with_rate(rate: float, kind: Kind) -> HeadTrainer | StackedHeadTrainer:
    settings = Settings(
        epochs=9, batch_size=16, optimizer={"name": "Adam", "learning_rate": rate},
        schedule={"name": "cosine"}, head={"dense": [8], "dropout": 0.3},
    )  # fmt: skip
    return kind(settings, CLASSES, features(90), features(60, seed=1))


@pytest.mark.parametrize("kind", KINDS)
def test_the_hopeless_end_early_and_the_best_is_as_if_alone(kind: Kind) -> None:
    learners = {name: with_rate(rate, kind) for name, rate in RATES.items()}
    halving = Halving(factor=2, first_epochs=2)
    runs, reached = run_in_rungs(learners, (2, 4), lambda _, s: survivors(s, halving, Choose()))
    lengths = {name: len(run.history) for name, run in runs.items()}
    assert sorted(lengths.values()) == [2, 2, 4, 9]
    assert lengths["slow"] == 2
    assert {name: len(steps) for name, steps in reached.items()} == {
        name: 1 + (length > 2) for name, length in lengths.items()
    }
    last = max(lengths, key=lambda name: lengths[name])
    assert runs[last].status == "completed"
    ended = [name for name in runs if lengths[name] < 9]
    assert {runs[name].status for name in ended} == {"stopped"}
    assert "ended after 2 of 9 epochs" in runs["slow"].reason
    alone = with_rate(RATES[last], kind)
    expected = run_epochs(
        alone, EpochPlan.of(alone.settings, "head", alone.images), "t", quiet=True
    )
    assert [row.validation_loss for row in runs[last].history] == [
        row.validation_loss for row in expected.history
    ]
    for ours, theirs in zip(learners[last].get_weights(), alone.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("kind", KINDS)
def test_one_that_ended_early_has_its_best_weights(kind: Kind) -> None:
    learners = {name: with_rate(rate, kind) for name, rate in RATES.items()}
    runs, _ = run_in_rungs(learners, (3,), lambda _, s: survivors(s, Halving(factor=4), Choose()))
    ended = next(name for name, run in runs.items() if run.status == "stopped")
    loss, accuracy = learners[ended].validate()
    assert loss == pytest.approx(runs[ended].best_row.validation_loss)
    assert accuracy == runs[ended].best_row.validation_accuracy
