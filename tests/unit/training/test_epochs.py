"""The loop over epochs, with a learner whose numbers are known beforehand."""

import logging
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from scenery.config.settings import Schedule, Settings
from scenery.config.training import EarlyStopping
from scenery.evaluation.training_result import TrainingResult, Weights
from scenery.evaluation.trial_tables import metrics_row
from scenery.training.epochs import EpochPlan, fit_at_recorded_rates, run_epochs
from scenery.training.first_step import joined

NAN = math.nan


class Scripted:
    """A learner that gives the figures it was told; its weights are the number of the epoch."""

    def __init__(
        self,
        accuracies: Sequence[float],
        losses: Sequence[float] | None = None,
        training: Sequence[float] | None = None,
    ) -> None:
        self.accuracies = accuracies
        self.losses = losses or [1.0] * len(accuracies)
        self.training = training or [0.5] * len(accuracies)
        self.epoch = -1
        self.rates: list[float] = []

    def train_epoch(self, epoch: int, rate: float) -> tuple[float, float]:
        self.epoch = epoch
        self.rates.append(rate)
        return self.training[epoch], 0.75

    def validate(self) -> tuple[float, float]:
        return self.losses[self.epoch], self.accuracies[self.epoch]

    def get_weights(self) -> Weights:
        return [np.array([self.epoch])]

    def set_weights(self, weights: Weights) -> None:
        if weights:
            self.epoch = int(weights[0][0])


def plan(epochs: int, **more: Any) -> EpochPlan:
    return EpochPlan("head", epochs, 0.1, Schedule(**more.pop("schedule", {})), **more)


def run(learner: Scripted, **more: Any) -> TrainingResult:
    return run_epochs(learner, plan(len(learner.accuracies), **more), "a trial", quiet=True)


@pytest.mark.parametrize(
    ("accuracies", "losses", "best"),
    [
        ([0.1, 0.9, 0.5], [1, 1, 1], 2),
        ([0.9, 0.1, 0.9], [1, 1, 1], 1),
        ([0.9, 0.1, 0.9], [1, 1, 0.5], 3),
        ([0.9, 0.9, 0.9], [0.5, 0.4, 0.6], 2),
        ([0.8, 0.9], [0.1, 5], 2),
        ([0.0], [9], 1),
    ],
)
def test_the_best_epoch_and_its_weights(
    accuracies: list[float], losses: list[float], best: int
) -> None:
    learner = Scripted(accuracies, losses)
    result = run(learner)
    assert (result.status, result.best_epoch, len(result.history)) == (
        "completed", best, len(accuracies)
    )  # fmt: skip
    assert result.best_row.epoch == best
    assert learner.epoch == best - 1, "the learner is left with the weights of its best epoch"
    assert [row.epoch for row in result.history] == list(range(1, len(accuracies) + 1))


@pytest.mark.parametrize(
    ("monitor", "smoothing", "best"),
    [
        ("validation_accuracy", 1, 3),
        ("validation_loss", 1, 7),
        # Means of two: 0.55, 0.7, 0.7, 0.6, 0.75, 0.8, 0.79.
        ("validation_accuracy", 2, 7),
        ("validation_loss", 2, 8),
        # There are not so many epochs.
        ("validation_accuracy", 9, 8),
    ],
)
def test_best_epoch_follows_the_monitored_measure(monitor: str, smoothing: int, best: int) -> None:
    learner = Scripted(
        accuracies=[0.6, 0.5, 0.9, 0.5, 0.7, 0.8, 0.8, 0.78],
        losses=[1.0, 0.9, 0.9, 0.95, 0.8, 0.75, 0.6, 0.7],
    )
    result = run(learner, monitor=monitor, smoothing=smoothing)
    assert result.best_epoch == best
    assert learner.epoch == best - 1


def test_early_stopping_without_monitor_follows_that_of_the_best_epoch() -> None:
    accuracies, losses = [0.9, 0.8, 0.8, 0.8, 0.8], [1.0, 0.9, 0.8, 0.7, 0.6]
    stopping = EarlyStopping(patience=2)
    for monitor, epochs, best in (("validation_accuracy", 3, 1), ("validation_loss", 5, 5)):
        result = run(Scripted(accuracies, losses), early_stopping=stopping, monitor=monitor)
        assert (len(result.history), result.best_epoch) == (epochs, best)


@pytest.mark.parametrize(
    ("values", "monitor"),
    [
        ({}, "validation_accuracy"),
        ({"early_stopping": {}}, "validation_accuracy"),
        ({"early_stopping": {"monitor": "validation_loss"}}, "validation_loss"),
        ({"checkpoint": {"monitor": "validation_loss", "mode": "min"}}, "validation_loss"),
        (
            {
                "early_stopping": {"monitor": "validation_loss"},
                "checkpoint": {"monitor": "validation_accuracy"},
            },
            "validation_accuracy",
        ),
    ],
)
def test_plan_keeps_the_epoch_that_the_settings_monitor(
    values: dict[str, Any], monitor: str
) -> None:
    assert EpochPlan.of(Settings(**values), "head", 100).monitor == monitor


@pytest.mark.parametrize(
    ("monitor", "patience", "epochs"),
    [
        ("validation_loss", 1, 3),
        ("validation_loss", 2, 4),
        ("validation_loss", 3, 8),
        ("validation_accuracy", 1, 2),
        ("validation_accuracy", 3, 4),
        ("validation_accuracy", 4, 5),
        ("validation_accuracy", 9, 8),
    ],
)
def test_early_stopping(monitor: str, patience: int, epochs: int) -> None:
    # An equal value is no improvement.
    learner = Scripted(
        accuracies=[0.5, 0.4, 0.4, 0.5, 0.4, 0.4, 0.4, 0.4],
        losses=[1.0, 0.9, 0.9, 0.95, 0.8, 0.85, 0.85, 0.8],
    )
    stopping = EarlyStopping(monitor=monitor, patience=patience)
    assert len(run(learner, early_stopping=stopping).history) == epochs


def test_no_early_stopping_while_it_improves() -> None:
    learner = Scripted([0.1, 0.2, 0.3, 0.4])
    stopping = EarlyStopping(monitor="validation_accuracy", patience=1)
    assert len(run(learner, early_stopping=stopping).history) == 4


@pytest.mark.parametrize("value", [NAN, math.inf, -math.inf])
def test_a_training_loss_that_is_no_number_ends_the_run(value: float) -> None:
    learner = Scripted([0.5] * 4, training=[1.0, 1.0, value, 1.0])
    result = run(learner)
    assert result.status == "diverged"
    assert result.reason == f"training loss became {value} in epoch 3 (learning rate 0.1)"
    assert len(result.history) == len(learner.rates) - 1 == 2
    row = metrics_row("t", result, 10, 5, 1.0, 2.0, 6)
    assert (row["status"], row["epochs_run"]) == ("diverged", 2)
    assert row["validation_accuracy"] is None


def test_a_validation_loss_that_is_no_number_ends_the_run() -> None:
    result = run(Scripted([0.5, 0.5], losses=[NAN, 1.0]))
    assert (result.status, result.history) == ("diverged", [])
    assert "validation loss became nan in epoch 1" in result.reason


def test_rates_follow_the_schedule_and_stand_in_the_history() -> None:
    learner = Scripted([0.5] * 5, losses=[1.0, 1.1, 1.2, 1.0, 1.0])
    schedule = {"name": "plateau", "patience": 2, "factor": 0.1}
    result = run(learner, schedule=schedule)
    assert learner.rates == pytest.approx([0.1, 0.1, 0.1, 0.01, 0.01])
    assert [row.learning_rate for row in result.history] == learner.rates
    assert result.rates == learner.rates[: result.best_epoch]


class Killed(Exception):
    pass


@pytest.mark.parametrize("killed_after", [1, 2, 4, 5])
@pytest.mark.parametrize(
    "schedule", [{}, {"name": "plateau", "patience": 1}, {"name": "cosine", "warmup_epochs": 2}]
)
def test_a_run_gone_on_with_is_as_one_undisturbed(
    killed_after: int, schedule: dict[str, Any]
) -> None:
    accuracies, losses = [0.3, 0.6, 0.5, 0.6, 0.4, 0.2], [1.0, 0.9, 0.95, 0.8, 0.9, 0.9]
    stopping = EarlyStopping(patience=2, monitor="validation_loss")
    whole = Scripted(accuracies, losses)
    expected = run(whole, schedule=schedule, early_stopping=stopping)

    kept: list[TrainingResult] = []

    def after_epoch(so_far: TrainingResult, improved: bool) -> None:
        assert improved == (so_far.best_epoch == len(so_far.history))
        copy = TrainingResult(
            history=list(so_far.history), best=so_far.best, best_epoch=so_far.best_epoch
        )
        kept.append(copy)
        if len(kept) == killed_after:
            raise Killed

    planned = plan(6, schedule=schedule, early_stopping=stopping)
    with pytest.raises(Killed):
        run_epochs(Scripted(accuracies, losses), planned, "t", None, after_epoch, quiet=True)
    second = Scripted(accuracies, losses)
    found = run_epochs(second, planned, "t", kept[-1], quiet=True)
    assert second.rates == whole.rates[killed_after:]
    assert second.epoch == whole.epoch
    assert found.best_epoch == expected.best_epoch
    assert [(r.epoch, r.learning_rate, r.validation_loss) for r in found.history] == [
        (r.epoch, r.learning_rate, r.validation_loss) for r in expected.history
    ]


def test_a_run_that_is_over_is_not_gone_on_with() -> None:
    first = run(Scripted([0.5, 0.9, 0.5]))
    learner = Scripted([0.5, 0.9, 0.5])
    again = run_epochs(learner, plan(3), "t", first, quiet=True)
    assert learner.rates == []
    assert learner.epoch == 1
    assert again.best_epoch == 2


def test_replay_repeats_the_rates_and_keeps_the_last_weights() -> None:
    learner = Scripted([0.0] * 3)
    result = fit_at_recorded_rates(learner, [0.3, 0.2, 0.1], "network", "t")
    assert learner.rates == [0.3, 0.2, 0.1]
    assert int(result.best[0][0]) == 2
    assert all(math.isnan(row.validation_loss) for row in result.history)
    assert [row.accuracy for row in result.history] == [0.75] * 3


def test_replay_goes_on() -> None:
    first = fit_at_recorded_rates(Scripted([0.0] * 4), [0.4, 0.3], "network", "t")
    learner = Scripted([0.0] * 4)
    seen: list[int] = []
    whole = fit_at_recorded_rates(
        learner, [0.4, 0.3, 0.2, 0.1], "network", "t", first, lambda r: seen.append(r.best_epoch)
    )
    assert learner.rates == [0.2, 0.1]
    assert seen == [3, 4]
    assert [row.learning_rate for row in whole.history] == [0.4, 0.3, 0.2, 0.1]


def test_replay_can_diverge() -> None:
    result = fit_at_recorded_rates(
        Scripted([0.0] * 2, training=[1.0, NAN]), [0.1, 0.2], "head", "t"
    )
    assert result.status == "diverged"
    assert "epoch 2 (learning rate 0.2)" in result.reason


def test_two_steps_are_judged_by_the_second() -> None:
    first = run(Scripted([0.9, 0.8]))
    second = run_epochs(
        Scripted([0.3, 0.4, 0.2]), EpochPlan("network", 3, 0.01, Schedule()), "t", quiet=True
    )
    both = joined(first, second)
    assert [row.step for row in both.history] == ["head"] * 2 + ["network"] * 3
    assert both.best_row.validation_accuracy == 0.4
    assert both.rates == [0.01, 0.01]
    assert joined(None, second) is second
    assert both.rows("t")[0] == {"trial": "t", **vars(first.history[0])}


def test_a_first_step_that_diverged_is_the_result() -> None:
    first = run(Scripted([0.5], training=[NAN]))
    assert joined(first, run(Scripted([0.9]))).status == "diverged"


def test_each_epoch_has_a_line_with_its_measures_and_the_time_left(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger("scenery"), "propagate", True)
    with caplog.at_level(logging.INFO, "scenery"):
        run_epochs(Scripted([0.25, 0.5], [2.0, 1.5]), plan(2), "a trial")
    # Other tests may have left handlers that repeat a line or add their own.
    lines = (line for line in caplog.messages if line.startswith("a trial: epoch"))
    first, second = dict.fromkeys(lines)
    assert first.startswith("a trial: epoch 1/2  accuracy 0.750  validation accuracy 0.250  loss 2")
    assert second.startswith("a trial: epoch 2/2  accuracy 0.750  validation accuracy 0.500")
    assert second.endswith("0 s left)")


def test_quick_epochs_are_shown_now_and_then(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger("scenery"), "propagate", True)
    with caplog.at_level(logging.INFO, "scenery"):
        run_epochs(Scripted([0.5] * 25), plan(25), "quick")
    records = [record for record in caplog.records if record.message.startswith("quick: epoch")]
    shown = [one.message.split()[2] for one in records if not getattr(one, "file_only", False)]
    assert list(dict.fromkeys(shown)) == ["10/25", "20/25", "25/25"]
    assert len({record.message for record in records}) == 25
