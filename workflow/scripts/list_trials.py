"""List every trial of the study with all its settings. Out: trials.csv."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from scenery.pipeline.execution import script_log

if TYPE_CHECKING:
    from snakemake.script import snakemake


def list_trials(trials: list[dict[str, Any]], out: Path) -> None:
    """Write one row per trial, in the order of the config."""
    pd.DataFrame(trials).to_csv(out, index=False)


if __name__ == "__main__":
    with script_log(snakemake.log[0]):
        list_trials(snakemake.params.trials, Path(snakemake.output.trials))
