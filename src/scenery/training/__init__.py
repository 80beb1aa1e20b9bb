"""Training: epochs, optimizers, augmentation and checkpoints. Needs TensorFlow."""

from scenery import quiet_tensorflow  # noqa: F401
