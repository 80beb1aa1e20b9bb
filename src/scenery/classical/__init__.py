"""Classical models and descriptors. No TensorFlow."""
