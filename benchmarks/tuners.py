"""The random search of `search` beside the same search with KerasTuner and Optuna."""

from benchmarks.material import Material
from benchmarks.results import Row
from benchmarks.search import compare


def run(material: Material) -> list[Row]:
    """Scenery and both libraries in turn."""
    return compare(material, ["keras_tuner_search", "optuna_search"])
