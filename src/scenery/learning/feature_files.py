"""Reading features back."""

import json
from pathlib import Path

import numpy as np
import pandas as pd

from scenery.learning.head_training import LabelledFeatures


def read_features(stem: str, table: pd.DataFrame) -> LabelledFeatures:
    """Features with labels; of the full partition's features only the table's rows are taken."""
    facts = json.loads(Path(f"{stem}.json").read_text(encoding="utf-8"))
    values = np.load(f"{stem}.npy", mmap_mode="r", allow_pickle=False)
    labels = table["label"].to_numpy(np.int64)
    if facts["views"]:
        return LabelledFeatures(values, labels, views=True)
    return LabelledFeatures(np.asarray(values[table["row"].to_numpy()]), labels)
