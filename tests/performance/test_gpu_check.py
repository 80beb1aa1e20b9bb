"""The check of a GPU, as far as a processor can run it."""

import json
import subprocess
from pathlib import Path

from forked import starting
from forms import LONG, form

from scenery.pipeline.preflight import local_gpus

REPOSITORY = Path(__file__).resolve().parents[2]
NOTHING = "gpu-check: this machine has no NVIDIA GPU, so nothing was measured"


def gpu_check(*options: str) -> str:
    done = subprocess.run(
        [starting.forking_python(), "-m", "benchmarks.gpu_check", *options],
        cwd=REPOSITORY,
        env=starting.environment() | {"CUDA_VISIBLE_DEVICES": "-1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-4000:]
    return done.stdout


def test_without_a_card_it_says_so_in_one_line(tmp_path: Path) -> None:
    said = gpu_check("--work", str(tmp_path / "work"), "--out", str(tmp_path / "out"))
    if not local_gpus():
        assert said.splitlines() == [NOTHING]
        assert not list(tmp_path.iterdir())


def test_on_a_processor_every_step_runs_and_is_recorded(tmp_path: Path) -> None:
    """The short form looks at the steps alone, the long form runs two studies as well."""
    studies = form(["--no-studies"], [])
    gpu_check("--processor", *studies, "--work", str(tmp_path / "work"), "--out", str(tmp_path))
    entry = json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))["gpu_check"]
    works = [row["work"] for row in entry["rows"]]
    assert works[0].startswith("features of 64 images of 32 px")
    assert works[1].endswith("an epoch of 64 images, single precision")
    if LONG:
        seen, chosen = entry["rows"][-2:]
        assert seen["measured"].startswith("0 of ") and seen["met"]
        assert chosen["measured"] == "2 of 2 are the same"
