"""A small study run from end to end, its report, and a browser to read it with."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from browser import Browser, find_chromium
from forked import starting
from hostile_names import ATTACK, CLASSES, TITLES
from PIL import Image

REPOSITORY = Path(__file__).resolve().parents[2]
COLORS = [(200, 60, 50), (60, 180, 70), (60, 80, 200)]
PER_CLASS = 24


def write_images(folder: Path) -> Path:
    """Noisy pictures of three colors and a table that gives them their classes."""
    random = np.random.default_rng(0)
    rows = []
    for number, (name, color) in enumerate(zip(CLASSES, COLORS, strict=True)):
        for picture in range(PER_CLASS):
            file = f"pictures/{number} <i>'{picture}'&amp;.png"
            noise = random.normal(0, 70, (32, 32, 3)) + np.array(color)
            path = folder / file
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(np.clip(noise, 0, 255).astype(np.uint8)).save(path)
            partition = "test" if picture % 4 == 0 else "train"
            rows.append({"file": file, "class": name, "partition": partition})
    table = folder / "images.csv"
    pd.DataFrame(rows).to_csv(table, index=False)
    return table


def config(table: Path) -> dict[str, object]:
    """Three experiments: one setting each way, augmentation, random search."""
    return {
        "title": f"A study {ATTACK}",
        "dataset": {"path": str(table), "duplicates": {"near": False}},
        "split": {"validation": 0.34, "seed": 1},
        "base": {
            "backbone": "SqueezeNet", "weights": "none", "image_size": 32, "epochs": 2,
            "head": {"batch_norm": True},
        },
        "experiments": {
            "first": {"title": TITLES["first"], "grid": {"head.dropout": [0.0, 0.5]}},
            "second": {
                "title": TITLES["second"], "start_from": "first",
                "overrides": {"augment.horizontal_flip": True, "augment.zoom": 0.2, "views": 2},
            },
            "third": {
                "title": TITLES["third"], "start_from": "first",
                "random": {
                    "n_trials": 4, "seed": 1,
                    "space": {"optimizer.learning_rate": {"loguniform": [1e-4, 1e-2]}},
                },
            },
        },
        "explain": {"experiments": ["first"], "images": 4},
        "tensorboard": True,
    }  # fmt: skip


@pytest.fixture(scope="session")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The results folder of the small study, run as a user runs it.

    SCENERY_REPORT names the results folder of a finished run of this study to be read instead.
    """
    given = os.environ.get("SCENERY_REPORT")
    if given:
        return Path(given)
    folder = tmp_path_factory.mktemp("study")
    table = write_images(folder / "images")
    (folder / "config.yaml").write_text(
        yaml.safe_dump(config(table), allow_unicode=True), encoding="utf-8"
    )
    command = [
        starting.forking_python(),
        "-m",
        "snakemake",
        "--snakefile",
        str(REPOSITORY / "Snakefile"),
    ]
    command += ["--directory", str(folder), "--configfile", str(folder / "config.yaml")]
    command += ["--cores", "2"]
    done = subprocess.run(
        command, env=starting.environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-6000:]
    return folder / "results"


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A browser for all tests.

    Without Chromium these tests are skipped, or fail where SCENERY_REQUIRE_CHROMIUM is 1.
    """
    program = find_chromium()
    if program is None:
        message = "no Chromium found (install it, or set SCENERY_CHROMIUM to its program)"
        if os.environ.get("SCENERY_REQUIRE_CHROMIUM") == "1":
            pytest.fail(message)
        pytest.skip(message)
    with Browser(program, tmp_path_factory.mktemp("chromium") / "profile") as one:
        yield one


@pytest.fixture
def browser(chromium: Browser) -> Browser:
    """A new page for each test."""
    chromium.new_page()
    return chromium


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Folder of screenshots: SCENERY_SCREENSHOTS, to look at them, or one that goes away."""
    return Path(os.environ.get("SCENERY_SCREENSHOTS", tmp_path / "screenshots"))
