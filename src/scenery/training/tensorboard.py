"""Learning curves as TensorBoard's event files, by TensorFlow alone."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import tensorflow as tf
from tensorflow.core.framework import summary_pb2


def write_curves(folder: Path, curves: Mapping[str, Sequence[tuple[int, float]]]) -> None:
    """Write one run: for each curve its (step, value) pairs.

    Args:
        folder: Of the run; made if it is not there.
        curves: Pairs by the curve's name.
    """
    # As TensorBoard's own package marks a number; it is needed for reading only.
    kind = summary_pb2.SummaryMetadata(
        plugin_data=summary_pb2.SummaryMetadata.PluginData(plugin_name="scalars"),
        data_class=summary_pb2.DataClass.DATA_CLASS_SCALAR,
    )
    writer = tf.summary.create_file_writer(str(folder))
    with writer.as_default():
        for name, points in curves.items():
            for step, value in points:
                number = tf.constant(value, tf.float32)
                tf.summary.write(name, number, step=step, metadata=kind)
    writer.close()
