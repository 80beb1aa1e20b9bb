"""Every command and every config that the docs show is run or checked somewhere."""

import re
from pathlib import Path

import pytest
import yaml

from scenery.config.validation import read_study
from scenery.study.checks import check_study

REPOSITORY = Path(__file__).resolve().parents[2]
DOCS = ["README.md", "CONTRIBUTING.md", "docs/slurm.md", "config/README.md"]

# Where each command is run: the gate itself, or a file that holds a test of it.
RUN_IN = {
    "make study": ".ci/run",
    "make test": ".ci/run",
    "make quick-test": ".ci/run",
    "make environment": "Makefile",
    "make benchmarks": "Makefile",
    "python -m benchmarks heads": "tests/performance/test_benchmarks.py",
    "python -m benchmarks --list": "tests/performance/test_benchmarks.py",
    "source .venv/bin/activate": ".ci/run",
    "snakemake -n": ".ci/run",
    "snakemake": ".ci/run",
}


def blocks(document: str, language: str) -> list[str]:
    """The fenced blocks of one language in a document."""
    text = (REPOSITORY / document).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def commands() -> list[str]:
    """The commands of README and CONTRIBUTING, without comments."""
    lines = [
        line.split("#")[0].strip()
        for document in ("README.md", "CONTRIBUTING.md", "docs/performance.md")
        for block in blocks(document, "sh")
        for line in block.splitlines()
    ]
    return [line for line in lines if line]


@pytest.mark.parametrize("command", commands())
def test_a_documented_command_is_run_in_the_gate_or_a_test(command: str) -> None:
    if command.startswith("snakemake --profile profiles/slurm"):
        place = "tests/slurm/test_slurm.py"
        words = ["profiles/slurm"]
    else:
        place, words = RUN_IN[command], [command.split()[-1]]
    text = (REPOSITORY / place).read_text(encoding="utf-8")
    assert all(word in text for word in words), f"{command} is not run in {place}"


def studies() -> list[tuple[str, str]]:
    """Every YAML block that is a whole study."""
    return [
        (document, block)
        for document in DOCS
        if (REPOSITORY / document).exists()
        for block in blocks(document, "yaml")
        if "experiments:" in block
    ]


@pytest.mark.parametrize(("document", "block"), studies())
def test_a_documented_study_is_valid(document: str, block: str) -> None:
    check_study(read_study(yaml.safe_load(block), document), document)


def test_links_lead_somewhere() -> None:
    for document in (
        "README.md",
        "CONTRIBUTING.md",
        "docs/design.md",
        "docs/explaining.md",
        "docs/performance.md",
    ):
        text = (REPOSITORY / document).read_text(encoding="utf-8")
        for target in re.findall(r"\]\(([^)#]+)\)", text):
            if not target.startswith("http"):
                assert ((REPOSITORY / document).parent / target).exists(), f"{document}: {target}"
