"""Predictions for photographs beside feature extraction, and their memory with more files."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
from PIL import Image

from benchmarks.material import LAYER, REPOSITORY, Material
from benchmarks.measuring import Spread, in_turn, ratios, seconds
from benchmarks.results import Row
from scenery.config.head import Head
from scenery.data.packed_images import PackedImages, open_packed
from scenery.data.tables import class_names, partition_table
from scenery.files import file_digest
from scenery.inference.answers import AnswerTable
from scenery.inference.exported import ExportedModel
from scenery.inference.prediction import answers
from scenery.inference.reading_ahead import read_batches
from scenery.models.feature_extraction import feature_batches, load_backbone, pooled
from scenery.models.forward import make_forward_fn
from scenery.models.heads import build_head
from scenery.pipeline.jobs.export import ModelSource
from scenery.pipeline.model_folder import NETWORK, ModelFacts, write_facts
from scenery.pipeline.resources import cores
from scenery.training.hardware import set_up

BATCH = 32
# Files of which the memory is measured, and the side of these small pictures.
COUNTS = (1_000, 10_000, 100_000)
TINY_COUNTS = (32, 64)
SMALL = 32
# A call prints its own peak in KiB. That of `getrusage` starts from the memory of the caller.
PREDICT = """
import pathlib, runpy, sys
sys.argv = ["scenery", "predict", *sys.argv[1:]]
try:
    runpy.run_module("scenery", run_name="__main__")
finally:
    status = pathlib.Path("/proc/self/status").read_text()
    print(status.partition("VmHWM:")[2].split()[0])
"""


def run(material: Material) -> list[Row]:
    """Photographs per second of both, and the memory of `scenery predict`."""
    set_up(cores())
    table = partition_table(material.split, "train")[: 2 * material.some]
    images = open_packed(material.packed / "train" / f"{material.size}.npy", table)
    return [_rate(material, images), *_memory(material, images)]


def _rate(material: Material, images: PackedImages) -> Row:
    backbone = _backbone(material, material.size)
    forward = make_forward_fn(pooled(backbone, "average"))
    model = ExportedModel(_write_model(material, backbone, "model"))
    files = _photographs(material.folder / "predicted", images.read(np.arange(len(images))))

    def predictions() -> float:
        def write() -> None:
            with (material.folder / "answers.csv").open("w", encoding="utf-8") as out:
                written = AnswerTable(out, 3)
                for batch in read_batches(files, model.facts, model.batch, cores()):
                    for answer, _ in answers(model, batch, 3):
                        written.add(answer)

        return len(files) / seconds(write)

    def features() -> float:
        def write() -> None:
            with (material.folder / "features.bin").open("wb") as out:
                for values in feature_batches(forward, images, BATCH):
                    out.write(values.data)

        return len(images) / seconds(write)

    predictions()
    features()
    rounds = in_turn([predictions, features], material.rounds)
    rates = [Spread.of([values[side] for values in rounds]) for side in (0, 1)]
    times = ratios(rounds, 0, 1)
    return Row(
        work=f"predictions for {len(files)} JPEG files of {material.size} px",
        compared="features of the same images, packed before",
        measured=f"{times} of its speed",
        target="≥ 0.9",
        met=times.median >= 0.9,
        note=f"{rates[0]} photographs/s against {rates[1]}, {cores()} threads",
    )


def _memory(material: Material, images: PackedImages) -> list[Row]:
    counts = COUNTS if material.whole else TINY_COUNTS
    model = _write_model(material, _backbone(material, SMALL), "small_model")
    pictures = [
        np.asarray(Image.fromarray(pixels).resize((SMALL, SMALL)))
        for pixels in images.read(np.arange(min(len(images), material.some)))
    ]
    peaks = {}
    for count in counts:
        folder = material.folder / f"predicted_{count}"
        _copies(folder, np.stack(pictures), count)
        peaks[count] = _peak(model, folder, count)
        shutil.rmtree(folder)
    few = counts[0]
    return [
        Row(
            work=f"largest memory of `scenery predict`, {count:,} files of {SMALL} px",
            compared=f"{few:,} files",
            measured=f"{peaks[count] / peaks[few]:.2f} times",
            target="≤ 1.2",
            met=peaks[count] / peaks[few] <= 1.2,
            note=f"{peaks[count]:.0f} MiB against {peaks[few]:.0f}",
        )
        for count in counts[1:]
    ]


def _backbone(material: Material, size: int) -> keras.Model:
    weights = None if material.weights == "none" else material.weights
    return load_backbone("MobileNet", size, LAYER, weights, seed=0)


def _write_model(material: Material, backbone: keras.Model, name: str) -> Path:
    """The folder of a model: the backbone with a new head."""
    folder = material.folder / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    classes = class_names(material.split)
    head = build_head(backbone.output.shape[1:], len(classes), Head())
    inputs = keras.Input(backbone.input.shape[1:])
    keras.Model(inputs, head(backbone(inputs))).save(folder / NETWORK)
    source = ModelSource(
        experiment="benchmark", backbone="MobileNet", layer=LAYER, weights="", license="",
        preprocessing="",
    )  # fmt: skip
    facts = ModelFacts(
        kind="network",
        classes=tuple(classes),
        image_size=backbone.input.shape[1],
        resize="stretch",
        input="",
        max_pixels=10**8,
        white_level=65535,
        source=source,
        trial="",
        training_images=0,
        data_digest="",
        files={NETWORK: file_digest(folder / NETWORK)},
    )
    write_facts(facts, folder / "model.json")
    return folder


def _photographs(folder: Path, pixels: np.ndarray) -> list[str]:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    names = [str(folder / f"{number}.jpg") for number in range(len(pixels))]
    for name, one in zip(names, pixels, strict=True):
        Image.fromarray(one).save(name, quality=90)
    return names


def _copies(folder: Path, pixels: np.ndarray, count: int) -> None:
    """A folder with `count` files: the pictures, and links to them under other names."""
    first = _photographs(folder, pixels[:count])
    for number in range(len(first), count):
        os.link(first[number % len(first)], folder / f"{number}.jpg")


def _peak(model: Path, folder: Path, count: int) -> float:
    """Largest resident memory in MiB of a call of its own."""
    out = model.parent / "answers.csv"
    command = [sys.executable, "-c", PREDICT, str(model), str(folder), "--out", str(out)]
    paths = os.environ | {"PYTHONPATH": str(REPOSITORY / "src")}
    done = subprocess.run(command, env=paths, capture_output=True, text=True)
    with out.open(encoding="utf-8") as table:
        rows = sum(1 for _ in table) - 1
    if done.returncode or rows != count:
        sys.exit(f"scenery predict failed: {rows} of {count} rows\n{done.stderr[-4000:]}")
    return int(done.stdout.split()[-1]) / 1024
