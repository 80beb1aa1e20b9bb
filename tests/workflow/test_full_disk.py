"""A disk that is full at each step: one line says so, and once there is room one call finishes."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from checkout import Checkout
from forms import form
from killing import TARGET, results_of

# Rules with an output of theirs, from the last to the first: what comes before is whole.
HEADS, NETWORK = "results/experiments/heads", "results/experiments/network"
STEPS = [
    ("summarize", TARGET),
    ("list_trials", "results/trials.csv"),
    ("evaluate", f"{NETWORK}/test"),
    ("refit_network", f"{NETWORK}/refit_network"),
    ("choose", f"{NETWORK}/chosen.yaml"),
    ("fine_tune", f"{NETWORK}/fine_tune"),
    ("refit_head", f"{HEADS}/refit_head"),
    ("train_heads", f"{HEADS}/train_heads"),
    ("extract_features", "results/features"),
    ("pack", "results/data/train"),
    ("split", "results/data/split.csv"),
    ("catalogue", "results/data/catalogue.csv"),
    ("draw_scenes", "results/data/generated"),
]
# One of each kind: a table, scores, a network, epochs, trials on features, large arrays.
SOME = ("summarize", "evaluate", "refit_network", "fine_tune", "train_heads", "pack")


@pytest.fixture
def small_disk(undisturbed: Checkout, tmp_path: Path) -> Iterator[Checkout]:
    """A copy of a finished study with its results on a small disk of their own."""
    checkout = undisturbed.copy_to(tmp_path / "copy")
    place = checkout.folder / "results"
    content = place.rename(tmp_path / "content")
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(place)]
    done = subprocess.run(mount, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"no disk may be mounted here ({done.stderr.strip()})")
    try:
        shutil.copytree(content, place, dirs_exist_ok=True)
        yield checkout
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


# Python runs this first in every process. A job's own process fills the disk: it was not full when
# Snakemake looked at it before the study began.
FILL = """
import os, sys

if any(".snakemake/scripts/tmp" in word for word in sys.orig_argv):
    with open(os.environ["SCENERY_FILLER"], "ab", buffering=0) as out:
        for size in (1 << 20, 1 << 12):
            try:
                while True:
                    out.write(bytes(size))
            except OSError:
                continue
"""


def test_a_full_disk_at_each_step(
    small_disk: Checkout, undisturbed: Checkout, tmp_path: Path
) -> None:
    (tmp_path / "sitecustomize.py").write_text(FILL)
    filler = small_disk.folder / "results" / "filler"
    filling = {"PYTHONPATH": str(tmp_path), "SCENERY_FILLER": str(filler)}
    for rule, made in form([step for step in STEPS if step[0] in SOME], STEPS):
        path = small_disk.folder / made
        targets = [made] if path.is_file() else wanted(small_disk.folder, path)
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
        shutil.rmtree(small_disk.folder / "results/checkpoints", ignore_errors=True)
        said = small_disk.snakemake(*targets, fails=True, environment=filling)
        assert shutil.disk_usage(filler.parent).free < 1 << 20, rule
        # In our words, or in those of the system after the file's name.
        assert re.search(r"ERROR: .*no space (?:is )?left", said, re.IGNORECASE), (rule, said)
        assert "Traceback" not in said, (rule, said)
        assert not [target for target in targets if (small_disk.folder / target).exists()], rule
        filler.unlink()
    # One job at a time. While an experiment chooses again, Snakemake has removed its old choice,
    # and fails if it asks for the parameters of a later experiment's job in that second.
    small_disk.snakemake(TARGET, cores="1")
    assert results_of(small_disk) == results_of(undisturbed)


def wanted(root: Path, folder: Path) -> list[str]:
    """Outputs of one job in a folder; for the generated pictures the folder itself."""
    if folder.name == "generated":
        return [str(folder.relative_to(root))]
    names = ("metrics.json", "metrics.csv", "model.keras", "train.json", "32.json")
    found = [path for path in sorted(folder.rglob("*")) if path.name in names]
    return [str(found[0].relative_to(root))]
