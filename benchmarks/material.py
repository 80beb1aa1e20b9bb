"""The material of the benchmarks: a copy of the project with a study and packed images.

The real material is the shared photographs and MobileNet weights. The tiny material is a few
generated images, for the test that runs every benchmark once.
"""

import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from benchmarks.measuring import ROUNDS
from scenery.config.validation import read_study
from scenery.data.tables import read_split
from scenery.demo.scenes import draw_scenes
from scenery.study.experiments import expand

REPOSITORY = Path(__file__).resolve().parents[1]
USUAL = Path(__file__).with_name("usual")
WEIGHTS = "weights/mobilenet_1_0_224_imagenet_to_conv_pw_12.h5"
LAYER = "conv_pw_12_relu"


@dataclass(frozen=True)
class Material:
    """Images, weights and counts.

    Attributes:
        folder: Where to work; what is prepared there serves the next call, too.
        images: Folder of class folders, or of train/ and test/ with class folders.
        weights: Weights of MobileNet up to LAYER, or none.
        size: Side of the images in pixels.
        rounds: How often each side of a benchmark runs.
        epochs: Epochs of a trial.
        trials: Trials of the search.
        some: Images in a sample that stands for all of them; a multiple of 32.
        per_class: Images of each class in the small training set.
        times: How many times larger the larger data set is.
        whole: Whether studies run to their report, or up to a final model's score.
        small_part: The usual scripts are timed on one of so many images.
    """

    folder: Path
    images: Path
    weights: str
    size: int
    rounds: int = ROUNDS
    epochs: int = 50
    trials: int = 30
    some: int = 256
    per_class: int = 50
    times: int = 10
    whole: bool = True
    small_part: int = 10

    @property
    def results(self) -> Path:
        """Results of the study `search`."""
        return self.folder / "results" / "search"

    def base(self) -> dict[str, Any]:
        """The base settings of all trials."""
        return {
            "backbone": "MobileNet",
            "weights": self.weights,
            "cut": LAYER,
            "image_size": self.size,
            "trainable": "head",
            "epochs": self.epochs,
        }

    def search(self) -> dict[str, Any]:
        """The study of usual/search.yaml, on these images."""
        study = yaml.safe_load((USUAL / "search.yaml").read_text(encoding="utf-8"))
        study["results"] = "results/search"
        study["dataset"]["path"] = str(self.images)
        study["base"] |= self.base()
        study["experiments"]["search"]["random"]["n_trials"] = self.trials
        return dict(study)

    def write(self, name: str, study: dict[str, Any]) -> None:
        """Write the config of a study."""
        text = yaml.safe_dump(study, sort_keys=False)
        (self.folder / name).write_text(text, encoding="utf-8")

    def snakemake(self, *arguments: str | Path, config: str = "search.yaml") -> list[str]:
        """A Snakemake command, to be run in `folder`."""
        given = [str(argument) for argument in arguments]
        return [sys.executable, "-m", "snakemake", *given, "--configfile", config]

    def targets(self, study: str, experiment: str) -> list[str]:
        """The targets of a study for `snakemake`; none means the whole study."""
        score = f"results/{study}/experiments/{experiment}/test/metrics.json"
        return [] if self.whole else [score]

    def run(self, command: list[str]) -> str:
        """Run a command in `folder` and return its output.

        Raises:
            SystemExit: If it fails, with the end of its output.
        """
        done = subprocess.run(
            command, cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        if done.returncode:
            sys.exit(f"{' '.join(command)} failed\n{done.stdout[-4000:]}")
        return done.stdout

    @cached_property
    def packed(self) -> Path:
        """Folder of the packed images of `search`; made if missing or stale."""
        check_out(self.folder)
        self.write("search.yaml", self.search())
        parts = [f"results/search/data/{part}/{self.size}.npy" for part in ("train", "validation")]
        self.run(self.snakemake(*parts))
        return self.results / "data"

    @cached_property
    def split(self) -> pd.DataFrame:
        """The split of `search`."""
        return read_split(self.packed / "split.csv")

    def trials_of(self, experiment: str) -> list[dict[str, Any]]:
        """Settings of an experiment's trials in the study `search`."""
        study = read_study(self.search(), "search")
        return [trial.settings.model_dump() for trial in expand(study, experiment, None, "search")]

    def count(self, partition: str) -> int:
        """Number of images."""
        return int((self.split["partition"] == partition).sum())

    def folders(self, part: int) -> Path:
        """Folders train/ and validation/ with one in `part` images of each class."""
        out = self.folder / f"photographs_{part}"
        shutil.rmtree(out, ignore_errors=True)
        seen = self.split[self.split["partition"] != "test"]
        some = seen.groupby(["partition", "class"]).nth[::part].reset_index()
        columns = ("index", "partition", "class", "file")
        for number, partition, name, relative in zip(*(some[c] for c in columns), strict=True):
            place = out / str(partition) / str(name)
            place.mkdir(parents=True, exist_ok=True)
            file = self.images / str(relative)
            shutil.copyfile(file, place / f"{number}{file.suffix}")
        return out


def check_out(folder: Path) -> None:
    """Copy the current code of the project to a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("src", "workflow", "profiles"):
        shutil.rmtree(folder / name, ignore_errors=True)
        ignore = shutil.ignore_patterns("__pycache__")
        shutil.copytree(REPOSITORY / name, folder / name, ignore=ignore)
    shutil.copy2(REPOSITORY / "Snakefile", folder)


def real(shared: Path, folder: Path) -> Material:
    """The shared photographs and weights."""
    images, weights = shared / "data" / "MIT_split", shared / WEIGHTS
    for needed in (images, weights):
        if not needed.exists():
            sys.exit(f"{needed} is missing; say where the photographs and weights are: --shared")
    return Material(folder, images.resolve(), str(weights.resolve()), size=224)


def tiny(folder: Path) -> Material:
    """A few generated images and random weights, to test that the benchmarks run."""
    images = folder / "drawn"
    if not images.exists():
        draw_scenes(images, per_class=16, image_size=32, seed=1)
    return Material(
        folder, images, "none", size=32,
        rounds=1, epochs=2, trials=2, some=32, per_class=2, times=2, whole=False, small_part=2,
    )  # fmt: skip
