"""Imports TensorFlow without its greeting on standard error, and Keras with our settings."""

import os
import sys
import tempfile

# A user's keras.json may ask for another backend, 16-bit numbers or channels first.
os.environ["KERAS_BACKEND"] = "tensorflow"
# TensorFlow's compiled code writes lines about oneDNN to standard error before any of its settings
# is read. In every job they would stand between the lines of the study's progress.
sys.stderr.flush()
_kept = os.dup(2)
with tempfile.TemporaryFile() as _held_back:
    os.dup2(_held_back.fileno(), 2)
    try:
        # First, since TensorFlow hides why Keras cannot be imported.
        import keras
        import tensorflow  # noqa: F401
    except BaseException as error:
        _held_back.seek(0)
        os.write(_kept, _held_back.read())
        if isinstance(error, AttributeError | TypeError | ValueError):
            # A traceback through Keras would hide the reason.
            os.dup2(_kept, 2)
            sys.exit(
                f"ERROR: Keras does not start: {error}. Correct or remove keras.json in the folder "
                ".keras of your home, or in the folder that KERAS_HOME names"
            )
        raise
    finally:
        os.dup2(_kept, 2)
        os.close(_kept)
keras.config.set_floatx("float32")
keras.config.set_epsilon(1e-7)
keras.config.set_image_data_format("channels_last")
