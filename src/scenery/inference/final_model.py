"""The final model of an experiment: loading it and asking it."""

from pathlib import Path
from zipfile import BadZipFile

import keras
import numpy as np

from scenery.data.packed_images import PackedImages
from scenery.errors import UserError
from scenery.models.inference_engine import Forward

BATCH = 64


def load_final(path: str | Path) -> keras.Model:
    """A saved model, in Keras' safe mode: nothing in the file can run code.

    Raises:
        UserError: The file is damaged, or asks for code.
    """
    try:
        return keras.models.load_model(path, compile=False, safe_mode=True)
    # What Keras raises for a file that is not as it writes them.
    except (ValueError, TypeError, LookupError, AttributeError, OSError, BadZipFile) as error:
        reason = " ".join(str(error).split())[:200]
        raise UserError(
            f"{path}: this model is damaged, or asks for code, which is never run ({reason}); "
            "remove it and run again"
        ) from None


def predict(model: keras.Model, images: PackedImages) -> np.ndarray:
    """Class probabilities, float64, shape (images, classes)."""
    forward = Forward(model, len(images))
    parts = [np.asarray(forward(batch)) for batch in images.batches(BATCH)]
    return np.concatenate(parts).astype(np.float64)
