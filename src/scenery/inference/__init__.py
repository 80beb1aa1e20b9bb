"""Final models: loading, predicting and looking inside. Needs TensorFlow."""

from scenery import quiet_tensorflow  # noqa: F401
