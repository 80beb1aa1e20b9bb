"""Jobs after an ancient file, as features after the check of their weights."""

from pathlib import Path

import pytest
from small_snakefile import run_snakemake

SNAKEFILE = """
from scenery.pipeline.snakemake_internals import look_behind_ancient_files

look_behind_ancient_files()


rule all:
    input: "made.txt"


rule check:
    output: "checked.txt"
    params: value=config["check"]
    shell: "echo {params.value} > {output}"


rule make:
    input: ancient("checked.txt")
    output: "made.txt"
    params: value=config["make"]
    shell: "echo {params.value} >> made.log; echo {params.value} > {output}"
"""


def run(folder: Path, check: str, make: str, *targets: str) -> None:
    """Snakemake with the parameters of both rules."""
    config = (f"check={check}", f"make={make}")
    run_snakemake(folder, "--cores", "1", *targets, "--config", *config)


@pytest.fixture
def study(tmp_path: Path) -> Path:
    (tmp_path / "Snakefile").write_text(SNAKEFILE, encoding="utf-8")
    return tmp_path


def read(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").split()


def test_missing_output_is_made_although_the_check_runs_again(study: Path) -> None:
    run(study, "a", "b", "checked.txt")
    run(study, "A", "b")
    assert (read(study / "checked.txt"), read(study / "made.txt")) == (["A"], ["b"])


def test_stale_output_is_made_although_the_check_runs_again(study: Path) -> None:
    run(study, "a", "b")
    run(study, "A", "B")
    assert (read(study / "checked.txt"), read(study / "made.txt")) == (["A"], ["B"])
    # Another check alone makes nothing again.
    run(study, "a", "B")
    assert (read(study / "checked.txt"), read(study / "made.log")) == (["a"], ["b", "B"])
