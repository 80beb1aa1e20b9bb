"""Which hyper-parameters a random search's results depend on."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from pandas.api.types import is_numeric_dtype
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestRegressor
from sklearn.inspection import permutation_importance
from sklearn.model_selection import KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

MIN_TRIALS = 15
FOLDS, SHUFFLES, TREES = 5, 10, 100
NOT_DRAWN = "not drawn"


@dataclass(frozen=True)
class Importance:
    """What shuffling each setting costs a forest that predicts accuracy from the settings.

    Attributes:
        explained: R² of the forest on trials that it has not seen; at most 1, and 0 or less where
            the settings predict nothing.
        drops: By setting: mean loss of R² when it is shuffled, and its standard deviation over
            folds and shuffles.
    """

    explained: float
    drops: dict[str, tuple[float, float]]


def importance(trials: pd.DataFrame, settings: list[str], seed: int = 0) -> Importance | None:
    """Permutation importance on a random forest (Breiman 2001), on held-out trials.

    Args:
        trials: Completed trials with `validation_accuracy`.
        settings: The columns that were drawn.
        seed: Of folds, forests and shuffles.

    Returns:
        None for fewer than 15 trials or where all of them gave the same.
    """
    accuracy = trials["validation_accuracy"].to_numpy(dtype=float)
    if len(trials) < MIN_TRIALS or not settings or np.ptp(accuracy) == 0:
        return None
    drawn = _inputs(trials[settings])
    texts = [name for name in settings if not is_numeric_dtype(drawn[name])]
    encode = make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore"), texts), remainder="passthrough"
    )
    predicted = np.empty(len(drawn))
    drops: list[np.ndarray] = []
    for inside, outside in KFold(FOLDS, shuffle=True, random_state=seed).split(drawn):
        forest = make_pipeline(
            encode, RandomForestRegressor(TREES, min_samples_leaf=2, random_state=seed)
        )
        forest.fit(drawn.iloc[inside], accuracy[inside])
        held_out = drawn.iloc[outside]
        predicted[outside] = forest.predict(held_out)
        # As shares of the variance of all trials, so that folds of few trials weigh no more.
        shuffled = permutation_importance(
            forest, held_out, accuracy[outside], n_repeats=SHUFFLES, random_state=seed,
            scoring="neg_mean_squared_error",
        )  # fmt: skip
        drops.append(shuffled.importances / accuracy.var())
    losses = np.concatenate(drops, axis=1)
    explained = 1 - float(np.mean((predicted - accuracy) ** 2) / accuracy.var())
    means, spreads = losses.mean(axis=1), losses.std(axis=1)
    return Importance(
        explained,
        {
            name: (float(mean), float(spread))
            for name, mean, spread in zip(settings, means, spreads, strict=True)
        },
    )


def _inputs(drawn: pd.DataFrame) -> pd.DataFrame:
    """Numbers as numbers, all else as texts; what was not drawn is a value of its own."""
    columns = {}
    for name in drawn:
        values = drawn[name]
        if pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values):
            # Below every number that can be drawn, so that one split parts them.
            columns[name] = values.astype(float).fillna(float(values.min()) - 1.0)
        else:
            columns[name] = values.map(lambda value: NOT_DRAWN if _missing(value) else str(value))
    return pd.DataFrame(columns, index=drawn.index)


def _missing(value: object) -> bool:
    # NaN is the missing value of a column of texts.
    return value is None or value != value
