"""The learning side: everything that needs TensorFlow and Keras."""
