"""Keep the config that a study ran with beside its results, defaults spelled out. Out: config.yaml.

The study can be run again from this file alone, also after a default has changed.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from scenery.pipeline.execution import script_log

if TYPE_CHECKING:
    from snakemake.script import snakemake


def write_config(config: dict[str, Any], out: Path) -> None:
    """Write the config as YAML, in the order in which it was written."""
    out.write_text(yaml.safe_dump(config, sort_keys=False, allow_unicode=True), encoding="utf-8")


if __name__ == "__main__":
    with script_log(snakemake.log[0]):
        write_config(snakemake.params.config, Path(snakemake.output.config))
