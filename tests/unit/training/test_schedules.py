"""Learning rates, by number."""

import math
from typing import Any

import pytest

from scenery.config.settings import Schedule
from scenery.registry.schedules import learning_rate


def rates(count: int, epochs: int, losses: tuple[float, ...] = (), **options: Any) -> list[float]:
    schedule = Schedule(**options)
    return [learning_rate(schedule, 0.1, epoch, epochs, losses[:epoch]) for epoch in range(count)]


def test_constant_keeps_the_rate() -> None:
    assert rates(3, 3) == [0.1, 0.1, 0.1]


def test_step_drops_the_rate_at_intervals() -> None:
    assert rates(5, 5, name="step", every=2) == pytest.approx([0.1, 0.1, 0.05, 0.05, 0.025])
    assert rates(3, 9, name="step", every=1, factor=0.1) == pytest.approx([0.1, 0.01, 0.001])
    assert rates(11, 11, name="step")[9:] == pytest.approx([0.1, 0.05])


def test_exponential_decays_the_rate() -> None:
    expected = [0.1, 0.1 * math.exp(-0.1), 0.1 * math.exp(-0.2)]
    assert rates(3, 3, name="exponential") == pytest.approx(expected)
    assert rates(2, 2, name="exponential", rate=1)[1] == pytest.approx(0.1 / math.e)


def test_inverse_time_decays_the_rate() -> None:
    assert rates(3, 3, name="inverse_time", rate=1) == pytest.approx([0.1, 0.05, 0.1 / 3])
    assert rates(11, 11, name="inverse_time")[10] == pytest.approx(0.05)


def test_cosine_ends_at_its_minimum_in_the_last_epoch() -> None:
    assert rates(5, 5, name="cosine") == pytest.approx(
        [0.1, 0.05 * (1 + math.sqrt(0.5)), 0.05, 0.05 * (1 - math.sqrt(0.5)), 0]
    )
    assert rates(5, 5, name="cosine", minimum=0.02)[::2] == pytest.approx([0.1, 0.06, 0.02])
    assert rates(1, 1, name="cosine") == [0.1]


def test_warmup_rises_linearly_before_the_schedule() -> None:
    assert rates(4, 9, warmup_epochs=3) == pytest.approx([0.025, 0.05, 0.075, 0.1])
    found = rates(5, 5, name="cosine", warmup_epochs=2)
    assert found == pytest.approx([0.1 / 3, 0.2 / 3, 0.1, 0.05, 0])


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
