"""Learning curves as TensorBoard's event files, by TensorFlow alone."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import tensorflow as tf
from tensorflow.core.framework import summary_pb2

from scenery.evaluation.training_result import Epoch

CURVES = ("loss", "accuracy", "validation_loss", "validation_accuracy", "learning_rate")


def write_curves(folder: Path, curves: Mapping[str, Sequence[tuple[int, float]]]) -> None:
    """Write one run: for each curve its (step, value) pairs.

    Args:
        folder: Of the run; made if it is not there.
        curves: Pairs by the curve's name.
    """
    writer = tf.summary.create_file_writer(str(folder))
    with writer.as_default():
        for name, points in curves.items():
            for step, value in points:
                _write(name, value, step)
    writer.close()


def _write(name: str, value: float, step: int) -> None:
    # As TensorBoard's own package marks a number; it is needed for reading only.
    kind = summary_pb2.SummaryMetadata(
        plugin_data=summary_pb2.SummaryMetadata.PluginData(plugin_name="scalars"),
        data_class=summary_pb2.DataClass.DATA_CLASS_SCALAR,
    )
    tf.summary.write(name, tf.constant(value, tf.float32), step=step, metadata=kind)


class LiveCurves:
    """The curves of a run while it trains; a run that goes on after a kill adds a file.

    Args:
        folder: Of the run; made with the first epoch.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._writer: tf.summary.SummaryWriter | None = None

    def add(self, epoch: Epoch) -> None:
        """Write the values of an epoch, so that a reader sees them at once."""
        if self._writer is None:
            self._writer = tf.summary.create_file_writer(str(self._folder))
        with self._writer.as_default():
            for name in CURVES:
                _write(name, getattr(epoch, name), epoch.epoch)
        self._writer.flush()

    def close(self) -> None:
        """Close the file."""
        if self._writer is not None:
            self._writer.close()
