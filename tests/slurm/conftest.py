"""A real Slurm on this machine, and folders with the project in them."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from forked import starting
from slurm.cluster import CALLS, Folder, control

REPOSITORY = Path(__file__).resolve().parents[2]
STUDY = """
title: Small study
results: results/small
dataset: {path: generated, generated: {per_class: 8, image_size: 32}}
split: {validation: 0.25, test: 0.25}
base: {backbone: MobileNet, weights: none, image_size: 32, remove_stages: 3, batch_size: 16,
       epochs: 25}
experiments:
"""
TUNE = "  tune: {title: Fine-tuning, list: [{trainable: head+1}, {trainable: all}]}\n"
# The same trials, after a choice that every job on a node has to know of.
WHOLE = """  heads: {title: Heads, overrides: {trainable: head}}
  tune: {title: Fine-tuning, start_from: heads, list: [{trainable: head+1}, {trainable: all}]}
"""


def _unable() -> str:
    """Why there can be no Slurm here; empty where there can."""
    if os.geteuid() != 0:
        return "starting a Slurm needs root"
    missing = [name for name in ("slurmctld", "slurmd", "munged") if not shutil.which(name)]
    if missing:
        return f"{', '.join(missing)} not installed: tests/slurm/one_machine.sh install"
    return ""


@pytest.fixture(scope="session")
def slurm() -> Iterator[None]:
    """Slurm at work; one that is there already (started by the same script) is used and kept.

    Where there can be none these tests are skipped, or fail where SCENERY_REQUIRE_SLURM is 1.
    """
    reason = _unable()
    if reason:
        if os.environ.get("SCENERY_REQUIRE_SLURM") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    there = subprocess.run(["timeout", "3", "sinfo"], capture_output=True, check=False)
    if there.returncode != 0:
        control("start")
    yield
    for call in CALLS:
        call.kill()
    if there.returncode != 0:
        control("stop")


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory, slurm: None) -> Path:
    """The project with packed images, made without Slurm."""
    folder = tmp_path_factory.mktemp("slurm") / "prepared"
    folder.mkdir()
    for name in ("Snakefile", "src", "workflow", "profiles", "config"):
        source = REPOSITORY / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(source, folder / name)
    (folder / "study.yaml").write_text(STUDY + TUNE, encoding="utf-8")
    (folder / "whole.yaml").write_text(STUDY + WHOLE, encoding="utf-8")
    packs = [f"results/small/data/{part}/32.npy" for part in ("train", "validation")]
    command = [starting.forking_python(), "-m", "snakemake", *packs, "--configfile", "study.yaml"]
    done = subprocess.run(
        command, cwd=folder, env=starting.environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="session")
def make_folder(prepared: Path) -> Callable[[str], Folder]:
    """Makes a copy of the prepared project."""

    def make(name: str) -> Folder:
        # With their times, by which Snakemake knows what is made already.
        return Folder(Path(shutil.copytree(prepared, prepared.parent / name)))

    return make
