"""The measures by which settings are chosen, and where they stand. Imports no pandas."""

# The column of trials.csv that holds a measure, where its name is another one.
COLUMN = {
    "balanced_accuracy": "validation_balanced_accuracy",
    "macro_f1": "validation_macro_f1",
    "cost": "validation_cost",
}
LOWER_IS_BETTER = frozenset({"validation_loss", "cost", "parameters", "milliseconds"})


def higher_is_better(measure: str) -> bool:
    """Whether a higher value of a measure is better."""
    return measure not in LOWER_IS_BETTER


def measure_column(measure: str) -> str:
    """The column of trials.csv that holds a measure of `choose.by`."""
    return COLUMN.get(measure, measure)
