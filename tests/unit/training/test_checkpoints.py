"""A training that was killed goes on as if it had not been."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from scenery.config.settings import Settings
from scenery.config.training import EarlyStopping
from scenery.data.packed_images import PackedImages
from scenery.evaluation.training_result import TrainingResult
from scenery.training.checkpoints import CheckpointStore, kept_weights
from scenery.training.epochs import EpochPlan, fit_at_recorded_rates, run_epochs
from scenery.training.fine_tuning import FineTuningTrainer

EPOCHS = 4
SETTINGS = Settings(
    trainable="all",
    batch_norm_statistics="updated",
    head={"dropout": 0.5},
    augment={"horizontal_flip": True},
    optimizer={"name": "Adam", "learning_rate": 0.003},
    schedule={"name": "plateau", "patience": 1},
    epochs=EPOCHS,
    batch_size=8,
)


class Killed(Exception):
    pass


@pytest.fixture(autouse=True, scope="module")
def as_in_a_job() -> None:
    """Jobs ask TensorFlow for repeatable sums."""
    tf.config.experimental.enable_op_determinism()


def network() -> keras.Model:
    """As small as a network with batch norm gets, so that the tests are fast."""
    keras.utils.set_random_seed(SETTINGS.seed)
    inputs = keras.Input((16, 16, 3))
    x = keras.layers.Conv2D(4, 3, strides=2)(keras.layers.Rescaling(1 / 255)(inputs))
    x = keras.layers.ReLU()(keras.layers.BatchNormalization()(x))
    return keras.Model(inputs, x, name="small")


def images(seed: int) -> PackedImages:
    random = np.random.default_rng(seed)
    labels = np.arange(20) % 2
    pixels = random.integers(0, 200, (20, 16, 16, 3)) + 30 * labels[:, None, None, None]
    files = tuple(str(n) for n in range(20))
    return PackedImages(
        (pixels.astype(np.uint8),), np.zeros(20, np.int64), np.arange(20), labels, files
    )


@pytest.fixture
def fresh() -> Callable[[], FineTuningTrainer]:
    def build() -> FineTuningTrainer:
        return FineTuningTrainer(SETTINGS, 2, network(), images(0), images(1), "t")

    return build


def train(
    learner: FineTuningTrainer, state: CheckpointStore, killed_after: int = EPOCHS + 1, **more: Any
) -> TrainingResult:
    """What a job does: go on with what there is, keep every epoch."""

    def keep(so_far: TrainingResult, improved: bool) -> None:
        state.save(learner, so_far, improved)
        if len(so_far.history) == killed_after:
            raise Killed

    plan = EpochPlan("network", EPOCHS, 0.003, SETTINGS.schedule, **more)
    return run_epochs(learner, plan, "t", state.restore(learner), keep, quiet=True)


def kill(learner: FineTuningTrainer, state: CheckpointStore, after: int) -> None:
    with pytest.raises(Killed):
        train(learner, state, killed_after=after)


def rows(run: TrainingResult) -> list[dict[str, Any]]:
    return [{k: v for k, v in vars(row).items() if k != "seconds"} for row in run.history]


def assert_same_weights(a: FineTuningTrainer, b: FineTuningTrainer) -> None:
    for ours, theirs in zip(a.get_weights(), b.get_weights(), strict=True):
        assert np.array_equal(ours, theirs)


@pytest.fixture(scope="module")
def undisturbed(
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[FineTuningTrainer, TrainingResult]:
    learner = FineTuningTrainer(SETTINGS, 2, network(), images(0), images(1), "t")
    return learner, train(learner, CheckpointStore(tmp_path_factory.mktemp("whole"), "key"))


@pytest.mark.parametrize("stops", [(2,), (EPOCHS,), (1, 3)])
def test_a_killed_run_goes_on_bit_for_bit(
    stops: tuple[int, ...],
    tmp_path: Path,
    fresh: Callable[[], FineTuningTrainer],
    undisturbed: tuple[FineTuningTrainer, TrainingResult],
) -> None:
    whole, expected = undisturbed
    for epoch in stops:
        kill(fresh(), CheckpointStore(tmp_path, "key"), epoch)
    last = fresh()
    found = train(last, CheckpointStore(tmp_path, "key"))
    assert rows(found) == rows(expected)
    assert found.best_epoch == expected.best_epoch
    assert_same_weights(last, whole)


def test_the_optimizer_remembers(tmp_path: Path, fresh: Callable[[], FineTuningTrainer]) -> None:
    first = fresh()
    kill(first, CheckpointStore(tmp_path, "key"), 2)
    second = fresh()
    assert CheckpointStore(tmp_path, "key").restore(second) is not None
    for a, b in zip(
        first.trainer.optimizer.variables, second.trainer.optimizer.variables, strict=True
    ):
        assert np.array_equal(a.numpy(), b.numpy()), a.path


def test_one_state_is_kept_at_a_time(
    tmp_path: Path, fresh: Callable[[], FineTuningTrainer]
) -> None:
    kill(fresh(), CheckpointStore(tmp_path, "key"), 3)
    assert [path.name for path in tmp_path.iterdir()] == ["epoch_00003"]


def test_another_key_starts_anew(tmp_path: Path, fresh: Callable[[], FineTuningTrainer]) -> None:
    kill(fresh(), CheckpointStore(tmp_path, "old code"), 2)
    learner, untouched = fresh(), fresh()
    assert CheckpointStore(tmp_path, "new code").restore(learner) is None
    assert_same_weights(learner, untouched)
    assert not list(tmp_path.glob("epoch_*"))


def cut_in_half(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def no_record(path: Path) -> None:
    path.write_text("[1, 2]", encoding="utf-8")


def of_another_version(path: Path) -> None:
    record = json.loads(path.read_text(encoding="utf-8"))
    record["history"][0]["new_column"] = 1
    path.write_text(json.dumps(record), encoding="utf-8")


@pytest.mark.parametrize(
    ("file", "damage"),
    [
        ("run.json", cut_in_half),
        ("run.json", no_record),
        ("run.json", of_another_version),
        ("run.json", Path.unlink),
        ("best.npz", cut_in_half),
        ("best.npz", empty),
        ("best.npz", Path.unlink),
        ("state.weights.h5", cut_in_half),
        ("state.weights.h5", empty),
        ("state.weights.h5", Path.unlink),
    ],
)
def test_a_damaged_state_starts_anew(
    file: str,
    damage: Callable[[Path], None],
    tmp_path: Path,
    fresh: Callable[[], FineTuningTrainer],
) -> None:
    kill(fresh(), CheckpointStore(tmp_path, "key"), 1)
    damage(tmp_path / "epoch_00001" / file)
    learner = fresh()
    assert CheckpointStore(tmp_path, "key").restore(learner) is None
    assert_same_weights(learner, fresh())
    assert not list(tmp_path.glob("epoch_*"))


def test_a_kill_while_saving_leaves_the_state_before(
    tmp_path: Path, fresh: Callable[[], FineTuningTrainer]
) -> None:
    kill(fresh(), CheckpointStore(tmp_path, "key"), 2)
    shutil.copytree(tmp_path / "epoch_00002", tmp_path / "epoch_00003.partial")
    (tmp_path / "epoch_00003.partial" / "run.json").unlink()
    # Between the new state and the removal of the old one, both are there.
    shutil.copytree(tmp_path / "epoch_00002", tmp_path / "epoch_00001")
    learner = fresh()
    run = CheckpointStore(tmp_path, "key").restore(learner)
    assert run is not None
    assert len(run.history) == 2
    train(learner, CheckpointStore(tmp_path, "key"))


def test_what_is_over_stays_over(tmp_path: Path, fresh: Callable[[], FineTuningTrainer]) -> None:
    stopping = EarlyStopping(patience=1, monitor="validation_accuracy")
    first = train(fresh(), CheckpointStore(tmp_path, "key"), early_stopping=stopping)
    again = train(fresh(), CheckpointStore(tmp_path, "key"), early_stopping=stopping)
    assert rows(again) == rows(first)


def test_a_replay_goes_on(tmp_path: Path, fresh: Callable[[], FineTuningTrainer]) -> None:
    rates = [0.003, 0.002, 0.001]
    whole = fresh()
    fit_at_recorded_rates(whole, rates, "network", "t")

    first = fresh()
    state = CheckpointStore(tmp_path, "key")

    def keep(so_far: TrainingResult) -> None:
        state.save(first, so_far, improved=True)
        raise Killed

    with pytest.raises(Killed):
        fit_at_recorded_rates(first, rates, "network", "t", None, keep)
    second = fresh()
    fit_at_recorded_rates(
        second, rates, "network", "t", CheckpointStore(tmp_path, "key").restore(second)
    )
    assert_same_weights(second, whole)


@pytest.mark.parametrize("keep_state", [True, False])
def test_results_of_a_run_that_is_over(
    keep_state: bool, tmp_path: Path, fresh: Callable[[], FineTuningTrainer]
) -> None:
    learner = fresh()
    state = CheckpointStore(tmp_path / "state", "key")
    kill(learner, state, 1)
    outputs = [tmp_path / "metrics.csv", tmp_path / "history.csv"]
    assert not state.finished(outputs)
    for path in outputs:
        path.write_text(path.name)
    state.finish(outputs, keep_state)
    for path in outputs:
        path.unlink()
    assert not CheckpointStore(tmp_path / "state", "another").finished(outputs)
    assert not state.finished([*outputs, tmp_path / "more.csv"])
    assert state.finished(outputs)
    assert [path.read_text() for path in outputs] == ["metrics.csv", "history.csv"]
    weights = kept_weights(tmp_path / "state")
    if keep_state:
        assert weights is not None
        for a, b in zip(weights, learner.get_weights(), strict=True):
            assert np.array_equal(a, b)
    else:
        assert weights is None
