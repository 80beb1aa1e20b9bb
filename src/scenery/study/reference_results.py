"""Reference results and the settings of an experiment that they belong to."""

from collections.abc import Callable
from typing import Any

from scenery.config.experiment import Experiment
from scenery.config.settings import Settings
from scenery.study.trials import named


def reference_rows(
    experiment: Experiment, derive: Callable[[dict[str, Any], str], Settings], where: str
) -> list[dict[str, Any]]:
    """The reference results of an experiment, as rows.

    Args:
        experiment: The experiment.
        derive: Gives the settings that the experiment starts from with some of them overridden.
            Takes the overrides and their place in the config.
        where: Its place in the config, for messages.

    Returns:
        One row a number: name, setting (what repeats of one setting share; empty for whatever
        the experiment chooses; unknown), accuracy, parameters (or None), source.

    Raises:
        UserError: For settings that do not exist or do not fit each other.
    """
    if experiment.reference_results is None:
        return []
    rows = []
    for number, result in enumerate(experiment.reference_results.results, start=1):
        setting, name = "", result.name or "the best"
        if isinstance(result.settings, str):
            setting = result.settings
        elif result.settings is not None:
            place = f"{where}.reference_results.results, number {number}"
            settings = derive(result.settings, place)
            setting = settings.digest(without=frozenset({"seed"}))
            name = result.name or named(settings, result.settings)
        rows.append(
            {
                "name": name,
                "setting": setting,
                "accuracy": result.accuracy,
                "parameters": result.parameters,
                "source": experiment.reference_results.source,
            }
        )
    return rows
