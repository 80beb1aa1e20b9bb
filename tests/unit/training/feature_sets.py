"""Features of a few images of three classes, as a network would give them."""

import numpy as np
import pandas as pd

from scenery.data.feature_files import LabeledFeatures
from scenery.evaluation.held_out import HeldOutData

CLASSES, VALUES = 3, 12
# Of 90 images.
FOLDS = np.arange(90) % 3


def features(images: int, seed: int = 0, views: int = 0) -> LabeledFeatures:
    """Three clouds of points, some of them in each other's way."""
    random = np.random.default_rng(seed)
    # Not as many of each class.
    labels = np.minimum(random.integers(0, CLASSES + 1, images), CLASSES - 1)
    centres = np.random.default_rng(99).normal(size=(CLASSES, VALUES))
    shape = (views, images, VALUES) if views else (images, VALUES)
    values = centres[labels] + random.normal(size=shape)
    return LabeledFeatures(values.astype(np.float32), labels, views=bool(views))


def folded_features(views: int = 0) -> HeldOutData:
    plain = features(90)
    training = features(90, views=views)
    table = pd.DataFrame({"label": plain.labels})
    return HeldOutData(training, plain, table, FOLDS[None])
