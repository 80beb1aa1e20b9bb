"""Networks: backbones, custom architectures, heads, truncation and weights. Needs TensorFlow."""

from scenery import quiet_tensorflow  # noqa: F401
