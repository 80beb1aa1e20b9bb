"""Imports TensorFlow without its greeting on standard error."""

import os
import sys
import tempfile

# TensorFlow's compiled code greets on standard error before any of its settings is read: lines
# about oneDNN that would bury the study's own progress in every job.
sys.stderr.flush()
_kept = os.dup(2)
with tempfile.TemporaryFile() as _held_back:
    os.dup2(_held_back.fileno(), 2)
    try:
        import tensorflow  # noqa: F401
    except BaseException:
        _held_back.seek(0)
        os.write(_kept, _held_back.read())
        raise
    finally:
        os.dup2(_kept, 2)
        os.close(_kept)
