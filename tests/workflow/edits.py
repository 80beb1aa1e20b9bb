"""Edits of a finished study, by the words that docs/explanation/trust.md has for them."""

import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from checkout import Checkout
from PIL import Image

Edit = Callable[[Checkout], None]
EDITS: dict[str, Edit] = {}


def edit(words: str) -> Callable[[Edit], Edit]:
    """Enter an edit under its words."""

    def entered(function: Edit) -> Edit:
        EDITS[words] = function
        return function

    return entered


def _set(checkout: Checkout, path: str, value: Any) -> None:
    config = checkout.read_config()
    *parents, last = path.split("/")
    place = config
    for parent in parents:
        place = place.setdefault(parent, {})
    place[last] = value
    checkout.write_config(config)


def _in_config(words: str, path: str, value: Any) -> None:
    EDITS[words] = lambda checkout: _set(checkout, path, value)


def _in_code(words: str, file: str, old: str, new: str) -> None:
    EDITS[words] = lambda checkout: checkout.replace(file, old, new)


_in_code("a comment", "src/scenery/models/heads.py", "MOMENTUM = 0.9", "# why\nMOMENTUM = 0.9")
_in_code("a docstring", "src/scenery/models/heads.py", '"""The head:', '"""What is the head:')
_in_code("a comment of a rule", "workflow/rules/train.smk", "# Trials", "# All trials")


@edit("new times on all files, in any order")
def _(checkout: Checkout) -> None:
    draw = random.Random(0)
    # From the newest to the oldest time there is room for a year, both ways.
    files = [p for p in sorted(checkout.folder.rglob("*")) if ".snakemake" not in p.parts]
    for path in files:
        time = path.stat().st_mtime + draw.uniform(-3e7, 3e7)
        os.utime(path, (time, time))


@edit("a copy of the folder without its times")
def _(checkout: Checkout) -> None:
    for path in [p for p in checkout.folder.rglob("*") if ".snakemake" not in p.parts]:
        os.utime(path)


_in_code(
    "code of one rule's script",
    "workflow/scripts/evaluate.py",
    "json.dumps(metrics, indent=1)",
    "json.dumps(metrics, indent=0 + 1)",
)
_in_code(
    "code of a module that one rule uses",
    "src/scenery/data/splitting.py",
    "import ",
    "A_NEW_NUMBER = 7\nimport ",
)
_in_code(
    "code of a module that all training uses",
    "src/scenery/models/heads.py",
    "MOMENTUM = 0.9",
    "MOMENTUM = 0.95",
)
_in_code(
    "code of a module that all rules use",
    "src/scenery/pipeline/execution.py",
    "FULL = (",
    "FULL = (0, ",
)
_in_code("a caption of the report", "workflow/report/summary.rst", "", "More words.\n")
_in_code(
    "the style of the figures",
    "src/scenery/reporting/style.py",
    "import ",
    "A_NEW_NUMBER = 7\nimport ",
)

_in_config("the title of an experiment", "experiments/network/title", "Another title")
_in_config("a setting of one experiment", "experiments/network/overrides", {"batch_size": 4})
_in_config("a setting of all trials", "base/batch_size", 4)
_in_config("the seed of the split", "split/seed", 2)
_in_config("one more experiment", "experiments/more", {"grid": {"head.dropout": [0, 0.5]}})
_in_config("one more value in a grid", "experiments/heads/grid/head.dense", [[], [8], [4]])
_in_config("one more trial of a random search", "experiments/search/random/n_trials", 3)
_in_config(
    "one more backbone",
    "experiments/network/list",
    [{"trainable": "head+1"}, {"backbone": "MobileNet", "weights": "none"}],
)


@edit("one experiment less")
def _(checkout: Checkout) -> None:
    config = checkout.read_config()
    # Not the best one, whose model is explained.
    del config["experiments"][min(config["experiments"], key=checkout.validation_accuracy)]
    checkout.write_config(config)


@edit("an added image")
def _(checkout: Checkout) -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (32, 32, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(checkout.folder / "pictures" / "coast" / "new.png")


@edit("a removed image")
def _(checkout: Checkout) -> None:
    sorted((checkout.folder / "pictures" / "coast").iterdir())[0].unlink()


@edit("the images in another folder")
def _(checkout: Checkout) -> None:
    (checkout.folder / "archive").mkdir()
    (checkout.folder / "pictures").rename(checkout.folder / "archive" / "of {2026}")
    _set(checkout, "dataset/path", "archive/of {2026}")


@edit("a renamed class")
def _(checkout: Checkout) -> None:
    (checkout.folder / "pictures" / "coast").rename(checkout.folder / "pictures" / "shore")


@edit("a changed weights file")
def _(checkout: Checkout) -> None:
    with h5py.File(checkout.folder / "squeezenet.weights.h5", "r+") as file:
        layer = file[next(name for name in file if len(file[name]))]
        values = layer[next(iter(layer))]
        values[...] = values[()] * 1.01


@edit("the same weights file with a new time")
def _(checkout: Checkout) -> None:
    os.utime(checkout.folder / "squeezenet.weights.h5")


def _package(words: str, name: str, version: str) -> None:
    def upgrade(checkout: Checkout) -> None:
        # The first one found on Python's path counts, and `src` is the first there.
        folder = checkout.folder / "src" / f"{name}-{version}.dist-info"
        folder.mkdir()
        text = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        Path(folder / "METADATA").write_text(text, encoding="utf-8")

    EDITS[words] = upgrade


def _patch_of(name: str) -> str:
    from importlib.metadata import version

    return ".".join([*version(name).split(".")[:2], "999"])


_package("another minor version of Keras", "keras", "3.999.0")
_package("another minor version of scikit-learn", "scikit_learn", "1.999.0")
_package("another minor version of Pillow", "pillow", "99.1.0")
_package("another patch of Keras", "keras", _patch_of("keras"))
_package("another version of Matplotlib", "matplotlib", "99.0.0")
