"""Say what the study's results were made with. Out: record.json beside summary.csv.

In: config, catalogue, split, summary and the record of every final model. The record names the
digests of config, data, summary and code, seeds, versions and commit, and those of every final
model. The same numbers are expected where code, data, config and versions are the same.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from scenery.files import file_digest
from scenery.pipeline.execution import script_log
from scenery.versions import commit, versions

if TYPE_CHECKING:
    from snakemake.script import snakemake

OF_A_MODEL = ("trial", "code", "commit", "versions", "data")


def write_study_record(
    config: Path,
    data: list[Path],
    summary: Path,
    models: dict[str, Path],
    code: dict[str, str],
    out: Path,
) -> None:
    """Write the record.

    Args:
        config: config.yaml.
        data: Tables that say what the images are and how they are divided.
        summary: summary.csv.
        models: Record of the final model by experiment.
        code: Digest of the code of every script that makes numbers.
        out: record.json.
    """
    given = yaml.safe_load(config.read_text(encoding="utf-8"))
    finals = {name: json.loads(path.read_text(encoding="utf-8")) for name, path in models.items()}
    record = {
        "config": file_digest(config),
        "data": {path.name: file_digest(path) for path in data},
        "summary": file_digest(summary),
        "seeds": seeds(given),
        "code": code,
        "commit": commit(),
        "versions": versions(),
        "models": {
            name: {key: final.get(key) for key in OF_A_MODEL} for name, final in finals.items()
        },
    }
    text = json.dumps(record, indent=1, sort_keys=True, ensure_ascii=False)
    out.write_text(text + "\n", encoding="utf-8")


def seeds(values: Any, before: str = "") -> dict[str, int]:
    """Every seed in a config by its dotted key."""
    found: dict[str, int] = {}
    if isinstance(values, Mapping):
        for name, value in values.items():
            path = f"{before}.{name}" if before else str(name)
            if name == "seed" and value is not None:
                found[path] = value
            found |= seeds(value, path)
    return found


if __name__ == "__main__":
    with script_log(snakemake.log[0]):
        write_study_record(
            config=Path(snakemake.input.config),
            data=[Path(snakemake.input.catalogue), Path(snakemake.input.split)],
            summary=Path(snakemake.input.summary),
            models=dict(
                zip(
                    snakemake.params.experiments,
                    [Path(path) for path in snakemake.input.models],
                    strict=True,
                )
            ),
            code=snakemake.params.scripts,
            out=Path(snakemake.output.record),
        )
