"""Checkpoints that wait for other checkpoints, as a choice waits for the one it starts from."""

import os
from pathlib import Path

import pytest
from small_snakefile import run_snakemake

# Each step chooses by its own value and the choice before. What `last` and `beside` are made with
# has no file in common with the choices, as the features and tables of a refit.
SNAKEFILE = """
from scenery.pipeline.snakemake_internals import resolve_checkpoints_in_order

resolve_checkpoints_in_order()


def chosen(step):
    with open(getattr(checkpoints, step).get().output[0]) as file:
        return file.read().strip()


def fixed(step):
    return lambda wildcards: ["fixed.txt"] if chosen(step) else []


rule all:
    input: "second.txt", "third.txt", "beside.txt", "last.txt"


checkpoint first:
    output: "first.txt"
    params: value=config["one"]
    shell: "echo {params.value} > {output}"


checkpoint second:
    input: fixed("first")
    output: "second.txt"
    params: value=lambda wildcards: f"{chosen('first')}{config['two']}"
    shell: "echo {params.value} > {output}"


checkpoint third:
    input: fixed("second")
    output: "third.txt"
    params: value=lambda wildcards: f"{chosen('second')}{config['three']}"
    shell: "echo {params.value} > {output}"


rule beside:
    input: fixed("second")
    output: "beside.txt"
    params: value=lambda wildcards: chosen("second")
    shell: "echo {params.value} > {output}"


rule last:
    input: fixed("third")
    output: "last.txt"
    params: value=lambda wildcards: chosen("third")
    shell: "echo {params.value} > {output}"
"""


def run(folder: Path, values: str, *options: str) -> str:
    """Snakemake with one letter for each step; gives what it says."""
    config = [
        f"{name}={value}" for name, value in zip(("one", "two", "three"), values, strict=True)
    ]
    return run_snakemake(folder, "--cores", "2", *options, "--config", *config)


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three steps that have run with the values a, b and c."""
    folder = tmp_path_factory.mktemp("chain")
    (folder / "Snakefile").write_text(SNAKEFILE)
    (folder / "fixed.txt").write_text("fixed")
    os.utime(folder / "fixed.txt", (0, 0))
    run(folder, "abc")
    assert (folder / "last.txt").read_text() == "abc\n"
    return folder


@pytest.mark.parametrize("values", ["aBc", "aBC", "ABC"])
def test_another_choice_reaches_all_that_comes_after_it(chain: Path, values: str) -> None:
    run(chain, values)
    texts = {name: (chain / f"{name}.txt").read_text().strip() for name in ("beside", "last")}
    assert texts == {"beside": values[:2], "last": values}
    assert "Nothing to be done" in run(chain, values, "--dry-run")
