"""KerasTuner asks for TensorBoard's package in every trial, even where no log is wanted."""

import importlib.util

import keras_tuner


def do_without_tensorboard() -> None:
    """Skip what KerasTuner prepares for TensorBoard where that is not installed."""
    if importlib.util.find_spec("tensorboard") is None:
        keras_tuner.Tuner._configure_tensorboard_dir = lambda *_: None
