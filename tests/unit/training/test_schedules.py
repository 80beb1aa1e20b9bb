"""Learning rates, by number."""

import math
from typing import Any

import pytest

from scenery.config.settings import Schedule
from scenery.registry.schedules import SCHEDULES, decay_in_epoch, learning_rate


def rates(count: int, epochs: int, losses: tuple[float, ...] = (), **options: Any) -> list[float]:
    schedule = Schedule(**options)
    return [learning_rate(schedule, 0.1, epoch, epochs, losses[:epoch]) for epoch in range(count)]


def test_constant_keeps_the_rate() -> None:
    assert rates(3, 3) == [0.1, 0.1, 0.1]


def test_step_follows_its_law() -> None:
    # start * factor ^ floor((1 + epoch) / every)
    assert rates(5, 5, name="step", every=2) == pytest.approx([0.1, 0.05, 0.05, 0.025, 0.025])
    assert rates(3, 9, name="step", every=1, factor=0.1) == pytest.approx([0.01, 0.001, 1e-4])
    assert rates(11, 11, name="step")[8:] == pytest.approx([0.1, 0.05, 0.05])


def test_exponential_decays_the_rate() -> None:
    expected = [0.1, 0.1 * math.exp(-0.1), 0.1 * math.exp(-0.2)]
    assert rates(3, 3, name="exponential") == pytest.approx(expected)
    assert rates(2, 2, name="exponential", rate=1)[1] == pytest.approx(0.1 / math.e)


def test_inverse_time_decays_the_rate() -> None:
    assert rates(3, 3, name="inverse_time", rate=1) == pytest.approx([0.1, 0.05, 0.1 / 3])
    assert rates(11, 11, name="inverse_time")[10] == pytest.approx(0.05)


def test_inverse_time_per_step_counts_the_steps_before_the_epoch() -> None:
    schedule = Schedule(name="inverse_time", rate=0.01, per="step")
    found = [learning_rate(schedule, 0.1, epoch, 3, (), steps=50) for epoch in range(3)]
    assert found == pytest.approx([0.1, 0.1 / 1.5, 0.1 / 2])


@pytest.mark.parametrize("warmup", [0, 1])
def test_inverse_time_per_step_falls_within_the_epoch(warmup: int) -> None:
    schedule = Schedule(name="inverse_time", rate=0.01, per="step", warmup_epochs=warmup)
    epoch = 2 + warmup
    rate = learning_rate(schedule, 0.1, epoch, 9, (), steps=50)
    decay = decay_in_epoch(schedule, 0.1, epoch, rate)
    found = [rate / (1 + decay * step) for step in (0, 1, 49)]
    assert found == pytest.approx([0.1 / (1 + 0.01 * (100 + step)) for step in (0, 1, 49)])


def test_rate_is_the_same_for_all_steps_unless_it_falls_per_step() -> None:
    warming = Schedule(name="inverse_time", per="step", warmup_epochs=2)
    assert decay_in_epoch(warming, 0.1, 1, 0.05) == 0
    for name in set(SCHEDULES) - {"list"}:
        assert decay_in_epoch(Schedule(name=name), 0.1, 1, 0.05) == 0


def test_cosine_follows_its_law() -> None:
    # minimum + (start - minimum) * (1 + cos(pi * epoch / epochs)) / 2
    half = math.sqrt(0.5)
    assert rates(4, 4, name="cosine") == pytest.approx(
        [0.1, 0.05 * (1 + half), 0.05, 0.05 * (1 - half)]
    )
    assert rates(4, 4, name="cosine", minimum=0.02)[::2] == pytest.approx([0.1, 0.06])
    assert rates(1, 1, name="cosine") == [0.1]


@pytest.mark.parametrize("epochs", [1, 2, 4, 50])
def test_cosine_trains_in_every_epoch(epochs: int) -> None:
    assert min(rates(epochs, epochs, name="cosine")) > 0


def test_list_gives_each_epoch_its_rate() -> None:
    found = rates(4, 4, name="list", rates=[0.3, 0.2, 0.05])
    assert found == [0.3, 0.2, 0.05, 0.05]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"name": "list", "rates": []}, "at least 1 item"),
        ({"name": "list", "rates": [0.1], "warmup_epochs": 2}, "list has no warmup_epochs"),
        ({"name": "step", "rates": [0.1]}, "rates is not used by step"),
        ({"name": "cosine", "per": "step"}, "per is not used by cosine"),
    ],
)
def test_options_that_do_not_fit_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Schedule(**options)


@pytest.mark.parametrize(
    ("options", "keras_name", "arguments", "offset"),
    [
        ({"name": "cosine", "minimum": 0.02}, "CosineDecay", {"decay_steps": 8, "alpha": 0.2}, 0),
        (
            {"name": "exponential", "rate": 0.3},
            "ExponentialDecay",
            {"decay_steps": 1, "decay_rate": math.exp(-0.3)},
            0,
        ),
        (
            {"name": "step", "every": 3, "factor": 0.5},
            "ExponentialDecay",
            {"decay_steps": 3, "decay_rate": 0.5, "staircase": True},
            1,
        ),
        (
            {"name": "inverse_time", "rate": 0.3},
            "InverseTimeDecay",
            {"decay_steps": 1, "decay_rate": 0.3},
            0,
        ),
    ],
)
def test_schedule_agrees_with_that_of_keras(
    options: dict[str, Any], keras_name: str, arguments: dict[str, Any], offset: int
) -> None:
    import keras

    schedule = getattr(keras.optimizers.schedules, keras_name)(0.1, **arguments)
    expected = [float(schedule(epoch + offset)) for epoch in range(8)]
    assert rates(8, 8, **options) == pytest.approx(expected, rel=1e-5)


def test_warmup_rises_linearly_before_the_schedule() -> None:
    assert rates(4, 9, warmup_epochs=3) == pytest.approx([0.025, 0.05, 0.075, 0.1])
    found = rates(5, 5, name="cosine", warmup_epochs=2)
    assert found == pytest.approx([0.1 / 3, 0.2 / 3, 0.1, 0.075, 0.025])


def test_plateau_drops_after_epochs_without_a_lower_loss() -> None:
    losses = (1.0, 0.9, 0.9, 0.95, 0.8, 0.8, 0.8, 0.8)
    found = rates(9, 9, losses, name="plateau", patience=2)
    expected = [0.1, 0.1, 0.1, 0.1, 0.05, 0.05, 0.05, 0.025, 0.025]
    assert found == pytest.approx(expected)
    floor = rates(9, 9, losses, name="plateau", patience=1, factor=0.1, minimum=0.005)
    assert floor[-1] == 0.005


def test_plateau_with_nan_loss_counts_no_improvement() -> None:
    found = rates(4, 4, (1.0, math.nan, math.nan), name="plateau", patience=2)
    assert found == pytest.approx([0.1, 0.1, 0.1, 0.05])


def test_plateau_with_later_losses_ignores_them() -> None:
    schedule, losses = Schedule(name="plateau", patience=1), (1.0, 2.0, 3.0, 4.0, 5.0)
    for epoch in range(5):
        early = learning_rate(schedule, 0.1, epoch, 5, losses[:epoch])
        assert learning_rate(schedule, 0.1, epoch, 5, losses) == early


def test_plateau_after_warmup_ignores_its_losses() -> None:
    # The loss rises while the rate climbs, which says nothing on the rate after it.
    found = rates(5, 5, (0.1, 0.2, 0.5, 0.4), name="plateau", patience=1, warmup_epochs=2)
    assert found == pytest.approx([0.1 / 3, 0.2 / 3, 0.1, 0.1, 0.1])


def test_minimum_above_the_start_does_not_raise_the_rate() -> None:
    assert rates(3, 3, name="cosine", minimum=0.5) == pytest.approx([0.1, 0.1, 0.1])
