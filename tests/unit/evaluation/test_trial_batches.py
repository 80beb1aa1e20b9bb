"""Trials of a shard that run at once."""

import threading
from dataclasses import dataclass
from pathlib import Path

import pytest

from scenery.config.settings import Settings
from scenery.evaluation.trial_batches import TrialResult, run_trials
from scenery.pipeline.resources import trial_threads


@dataclass(frozen=True)
class Trial:
    """A trial that depends on nothing."""

    id: str
    settings: Settings
    dependencies: tuple[Path, ...] = ()


TRIALS = [Trial(f"t{seed}", Settings(seed=seed)) for seed in range(4)]


def result(trial: Trial) -> TrialResult:
    return TrialResult(
        {"trial": trial.id, "status": "completed", "validation_accuracy": 0.5}, [], []
    )


@pytest.fixture
def split(tmp_path: Path) -> Path:
    path = tmp_path / "split.csv"
    path.write_text("file\n")
    return path


@pytest.mark.parametrize("threads", [1, 2, 9])
def test_run_trials_keeps_their_order(threads: int, split: Path) -> None:
    results = run_trials(
        TRIALS, lambda trial, name: result(trial), split, split.parent / "done", "code", threads
    )
    assert [one.metrics["trial"] for one in results] == ["t0", "t1", "t2", "t3"]


def test_run_trials_runs_as_many_at_once_as_there_are_threads(split: Path) -> None:
    # Each waits for another one.
    both = threading.Barrier(2, timeout=30)

    def run(trial: Trial, name: str) -> TrialResult:
        both.wait()
        return result(trial)

    assert len(run_trials(TRIALS, run, split, split.parent / "done", "code", 2)) == 4


@pytest.mark.parametrize("threads", [1, 2])
def test_run_trials_ends_with_the_error_of_a_trial_and_keeps_what_is_done(
    threads: int, split: Path
) -> None:
    started = []

    def run(trial: Trial, name: str) -> TrialResult:
        started.append(trial.id)
        if trial.id == "t1":
            raise ZeroDivisionError
        return result(trial)

    done = split.parent / "done"
    with pytest.raises(ZeroDivisionError):
        run_trials(TRIALS, run, split, done, "code", threads)
    assert "t0" in {path.name[:2] for path in done.iterdir()}
    started.clear()
    with pytest.raises(ZeroDivisionError):
        run_trials(TRIALS, run, split, done, "code", threads)
    assert "t0" not in started


@pytest.mark.parametrize(
    ("trials", "threads"), [(1, 1), (9, 1), (19, 1), (20, 2), (30, 3), (50, 4), (500, 4)]
)
def test_trial_threads_grow_with_the_trials(trials: int, threads: int) -> None:
    assert trial_threads(trials) == threads
