"""Speed and results on an NVIDIA GPU; `make gpu-check HARDWARE=gpu` runs it in at most 12 minutes.

    python -m benchmarks.gpu_check               measure, and write RESULTS.md under the card's name
    python -m benchmarks.gpu_check --processor   the same steps on few small images, on a processor

Networks have random weights and images are random, because neither changes the speed.
"""

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import tensorflow as tf
import yaml

from benchmarks.__main__ import LONG, TIMED
from benchmarks.fine_tuning import AUGMENT, BATCH, bare_step
from benchmarks.material import REPOSITORY, check_out
from benchmarks.measuring import Spread, in_turn, machine, ratios, seconds
from benchmarks.results import FOLDER, GPU_CHECK, Row, record
from scenery.config.settings import Settings
from scenery.data.packed_images import PackedImages
from scenery.models.feature_extraction import feature_batches, load_backbone, pooled
from scenery.models.forward import make_forward_fn
from scenery.pipeline.preflight import local_gpus
from scenery.pipeline.resources import cores
from scenery.training.fine_tuning import FineTuningTrainer
from scenery.training.hardware import set_up, use_mixed_precision

CLASSES = 8
NETWORKS = ("MobileNet", "EfficientNetV2B0")
STUDY = """
title: Choices on a GPU
results: results/check
dataset: {path: generated, generated: {per_class: PER_CLASS, image_size: 64, seed: 1}}
split: {test: 0.25, validation: 0.25, seed: 1}
base: {backbone: EfficientNetLite0, weights: imagenet, image_size: 64, trainable: head}
experiments:
  cuts: {grid: {remove_stages: [0, 2]}}
  depth:
    list:
      - {trainable: head, epochs: EPOCHS}
      - {trainable: all, epochs: EPOCHS, optimizer.learning_rate: 3.0e-4}
"""


@dataclass(frozen=True)
class Size:
    """How much is measured.

    Attributes:
        side: Side of the images in pixels.
        images: Number of images, a multiple of the batch.
        rounds: How often each side runs.
        per_class: Drawn images of each class in the study.
        epochs: Epochs of its trials.
        networks: The networks.
    """

    side: int
    images: int
    rounds: int
    per_class: int
    epochs: int
    networks: tuple[str, ...]


WHOLE = Size(224, 1024, 5, 40, 5, NETWORKS)
SMALL = Size(32, 64, 1, 8, 1, NETWORKS[:1])


def random_images(folder: Path, size: Size) -> PackedImages:
    """Packed images of random pixels."""
    path = folder / f"random_{size.side}.npy"
    shape = (size.images, size.side, size.side, 3)
    pixels = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    np.save(path, pixels)
    rows = np.arange(size.images)
    return PackedImages(
        arrays=(np.load(path, mmap_mode="r"),),
        sources=np.zeros(size.images, np.int64),
        rows=rows,
        labels=rows % CLASSES,
        files=tuple(map(str, rows)),
    )


def features(network: str, images: PackedImages, rounds: int) -> Row:
    """Feature extraction beside the bare forward pass."""
    backbone = load_backbone(network, images.size, None, None, seed=0)
    forward = make_forward_fn(pooled(backbone, "average"))
    batch = tf.constant(images.read(np.arange(BATCH)))

    def whole() -> float:
        return len(images) / seconds(lambda: list(feature_batches(forward, images, BATCH)))

    def bare() -> float:
        steps = len(images) // BATCH
        return steps * BATCH / seconds(lambda: [forward(batch).numpy() for _ in range(steps)])

    whole()
    measured = in_turn([whole, bare], rounds)
    return Row(
        work=f"features of {len(images)} images of {images.size} px, {network}",
        compared="bare compiled forward pass on one batch in memory",
        measured=f"{ratios(measured, 0, 1)} of its speed",
        note=_rates(measured),
    )


def fine_tuning(network: str, images: PackedImages, rounds: int, gpus: int) -> list[Row]:
    """Fine-tuning beside the bare step, with mixed precision and without."""
    rows, epochs = [], []
    for mixed in (False, True) if gpus else (False,):
        trainer = _trainer(network, images, use_mixed_precision(mixed, gpus))
        epochs.append(_epoch(trainer, images))
        epochs[-1]()
        measured = in_turn([epochs[-1], bare_step(trainer)], rounds)
        rows.append(
            Row(
                work=f"fine-tuning {network} with augmentation, an epoch of {len(images)} images, "
                f"{'mixed' if mixed else 'single'} precision",
                compared="bare `train_step` on one batch in memory, with the same augmentation",
                measured=f"{ratios(measured, 0, 1)} of its speed",
                note=_rates(measured),
            )
        )
    if len(epochs) > 1:
        measured = in_turn(epochs, rounds)
        rows.append(
            Row(
                work=f"fine-tuning {network} with mixed precision",
                compared="single precision",
                measured=f"{ratios(measured, 1, 0)} times its speed",
                note=_rates(measured),
            )
        )
    use_mixed_precision(False, gpus)
    return rows


def _trainer(network: str, images: PackedImages, mixed: bool) -> FineTuningTrainer:
    settings = Settings.model_validate(
        {
            "backbone": network, "weights": "none", "image_size": images.size, "trainable": "all",
            "batch_size": BATCH, "augment": AUGMENT, "mixed_precision": mixed,
        }
    )  # fmt: skip
    backbone = load_backbone(network, images.size, None, None, seed=0)
    return FineTuningTrainer(settings, CLASSES, backbone, images, None, "gpu_check")


def _epoch(trainer: FineTuningTrainer, images: PackedImages) -> Callable[[], float]:
    return lambda: len(images) / seconds(lambda: trainer.train_epoch(0, 1e-5))


def _rates(measured: list[list[float]]) -> str:
    first, second = (Spread.of([values[side] for values in measured]) for side in (0, 1))
    return f"{first} images/s against {second}"


def gpu_memory() -> Row:
    """The largest memory on the card so far, which is allocated as it is needed."""
    card = tf.config.list_physical_devices("GPU")[0]
    peak = tf.config.experimental.get_memory_info("GPU:0")["peak"] / 2**20
    grows = tf.config.experimental.get_memory_growth(card)
    return Row(
        work="largest GPU memory of fine-tuning",
        compared="",
        measured=f"{peak:.0f} MiB",
        target="grows as needed",
        met=bool(grows),
    )


def choices(folder: Path, size: Size, gpus: int) -> list[Row]:
    """One study on the GPU and on the processor: what each job saw and what was chosen."""
    found = {}
    for name, visible in (("gpu", None), ("processor", "-1")):
        found[name] = _study(folder / name, size, visible)
    seen = [line for line in _hardware(folder / "gpu") if "GPU" in line]
    jobs = len(_hardware(folder / "gpu"))
    same = sum(found["gpu"][one] == found["processor"][one] for one in found["gpu"])
    apart = max(
        abs(here - there)
        for here, there in zip(
            _accuracies(folder / "gpu"), _accuracies(folder / "processor"), strict=True
        )
    )
    return [
        Row(
            work="jobs of a study that see the GPU",
            compared="",
            measured=f"{len(seen)} of {jobs}",
            target=f"{jobs if gpus else 0}",
            met=len(seen) == (jobs if gpus else 0),
        ),
        Row(
            work="choices of a study of two experiments",
            compared="on the processor",
            measured=f"{same} of {len(found['gpu'])} are the same",
            target=f"{len(found['gpu'])}",
            met=same == len(found["gpu"]),
            note=f"validation accuracies differ by {apart:.3f} at most",
        ),
    ]


def _study(folder: Path, size: Size, visible: str | None) -> dict[str, str]:
    """Run the study; gives the chosen trial of each experiment."""
    shutil.rmtree(folder, ignore_errors=True)
    check_out(folder)
    text = STUDY.replace("PER_CLASS", str(size.per_class)).replace("EPOCHS", str(size.epochs))
    (folder / "study.yaml").write_text(text, encoding="utf-8")
    chosen = [f"results/check/experiments/{name}/chosen.yaml" for name in ("cuts", "depth")]
    environment = os.environ | ({} if visible is None else {"CUDA_VISIBLE_DEVICES": visible})
    command = [sys.executable, "-m", "snakemake", *chosen, "--configfile", "study.yaml"]
    _run(command, folder, environment)
    return {
        file.split("/")[3]: str(yaml.safe_load((folder / file).read_text("utf-8"))["trial"])
        for file in chosen
    }


def _run(command: list[str], folder: Path, environment: dict[str, str]) -> None:
    done = subprocess.run(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True,
    )  # fmt: skip
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed\n{done.stdout[-4000:]}")


def _hardware(folder: Path) -> list[str]:
    """What the jobs of a study say of their hardware."""
    lines = [
        line
        for path in sorted((folder / "logs").rglob("*.log"))
        for line in path.read_text(encoding="utf-8").splitlines()
    ]
    return [line for line in lines if "hardware:" in line]


def _accuracies(folder: Path) -> list[float]:
    tables = sorted((folder / "results/check/experiments").glob("*/trials.csv"))
    joined = pd.concat([pd.read_csv(path) for path in tables]).sort_values(["experiment", "trial"])
    return [float(value) for value in joined["validation_accuracy"]]


def main() -> None:
    """Measure and write the rows; one line where there is no card."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.gpu_check",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--processor", action="store_true", help="a small form on the processor")
    parser.add_argument("--no-studies", action="store_true", help="measure speed alone")
    parser.add_argument("--work", type=Path, default=REPOSITORY / ".benchmarks" / "gpu")
    parser.add_argument("--out", type=Path, default=FOLDER, help="folder of RESULTS.md")
    given = parser.parse_args()
    if not given.processor and not local_gpus():
        print("gpu-check: this machine has no NVIDIA GPU, so nothing was measured")
        return
    gpus = set_up(cores())
    if not given.processor and not gpus:
        sys.exit("gpu-check: TensorFlow does not see the GPU; run make gpu-check HARDWARE=gpu")
    size = SMALL if given.processor else WHOLE
    for folder in (given.work, given.out):
        folder.mkdir(parents=True, exist_ok=True)
    images = random_images(given.work, size)
    rows = []
    for network in size.networks:
        rows.append(features(network, images, size.rounds))
        rows += fine_tuning(network, images, size.rounds, gpus)
    rows += [gpu_memory()] if gpus else []
    rows += [] if given.no_studies else choices(given.work.resolve(), size, gpus)
    record(GPU_CHECK, rows, size.rounds, [*TIMED, *LONG], given.out, card() if gpus else machine())
    for row in rows:
        print(f"{row.work} / {row.compared}: {row.measured}  {row.note}", flush=True)


def card() -> str:
    """The name of the card."""
    device = tf.config.list_physical_devices("GPU")[0]
    return str(tf.config.experimental.get_device_details(device).get("device_name", device.name))


if __name__ == "__main__":
    main()
