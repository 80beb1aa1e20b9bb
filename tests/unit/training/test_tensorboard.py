"""Learning curves for TensorBoard while a network trains."""

from pathlib import Path

import tensorflow as tf

from scenery.evaluation.training_result import Epoch
from scenery.training.tensorboard import CURVES, LiveCurves


def epoch(number: int) -> Epoch:
    return Epoch("network", number, 0.1, 1 / number, 0.5, 2 / number, 0.25, 1.0)


def read(folder: Path) -> dict[tuple[str, int], float]:
    """Values by name and step, of all event files of a run."""
    return {
        (value.tag, event.step): float(tf.make_ndarray(value.tensor))
        for file in sorted(folder.glob("events.out.*"))
        for event in tf.compat.v1.train.summary_iterator(str(file))
        for value in event.summary.value
    }


def test_live_curves_can_be_read_after_every_epoch(tmp_path: Path) -> None:
    curves = LiveCurves(tmp_path / "run")
    for number in (1, 2):
        curves.add(epoch(number))
        found = read(tmp_path / "run")
        assert set(found) == {(name, one) for name in CURVES for one in range(1, number + 1)}
        assert found["validation_loss", number] == 2 / number
    curves.close()


def test_live_curves_of_a_run_that_goes_on_are_added(tmp_path: Path) -> None:
    for number in (1, 2):
        curves = LiveCurves(tmp_path)
        curves.add(epoch(number))
        curves.close()
    assert {step for _, step in read(tmp_path)} == {1, 2}


def test_live_curves_without_an_epoch_are_no_folder(tmp_path: Path) -> None:
    LiveCurves(tmp_path / "run").close()
    assert not (tmp_path / "run").exists()
