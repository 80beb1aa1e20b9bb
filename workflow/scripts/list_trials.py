"""List every trial of the study with all its settings.

In: the trials.csv of each experiment. Out: one table without their results.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from scenery.evaluation.columns import names_of
from scenery.pipeline.execution import script_log
from scenery.study.trials import IDENTITY_COLUMNS

if TYPE_CHECKING:
    from snakemake.script import snakemake


def list_trials(tables: list[Path], out: Path) -> None:
    """Write one row for each trial: which it is, then every setting by its dotted name.

    Args:
        tables: The experiments' trials, in the order of the config.
        out: The list.
    """
    results = set(names_of("trials")) - set(IDENTITY_COLUMNS)
    listed = []
    for path in tables:
        # Values stay as they are written.
        table = pd.read_csv(path, dtype=str, na_filter=False)
        listed.append(table[[name for name in table if name not in results]])
    pd.concat(listed, ignore_index=True).to_csv(out, index=False)


if __name__ == "__main__":
    with script_log(snakemake.log[0]):
        list_trials([Path(path) for path in snakemake.input], Path(snakemake.output.trials))
