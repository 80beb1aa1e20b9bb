"""The peak memory of every job with ten times the images."""

import shutil
from pathlib import Path
from zlib import crc32

import numpy as np
from PIL import Image

from benchmarks.material import Material, check_out
from benchmarks.results import Row
from benchmarks.watching import watch

CONFIG = "memory.yaml"
SIZE = 96


def run(material: Material) -> list[Row]:
    """One row per rule: its largest job with one and with ten times the images."""
    check_out(material.folder)
    images = {times: _images(material, times) for times in (1, material.times)}
    peaks = {times: _peaks(material, images[times]) for times in (1, material.times)}
    count = len(list(images[1].rglob("*.*")))
    rows = []
    for rule in peaks[1]:
        one, ten = peaks[1][rule], peaks[material.times][rule]
        rows.append(
            Row(
                work=f"largest memory of `{rule}`, {count * material.times} images of {SIZE} px",
                compared=f"{count} images",
                measured=f"{ten / one:.2f} times",
                target="≤ 1.2",
                met=ten / one <= 1.2,
                note=f"{ten:.0f} MiB against {one:.0f}",
            )
        )
    return rows


def _images(material: Material, times: int) -> Path:
    """Class folders with several different versions of each image."""
    out = material.folder / f"images_times_{times}"
    complete = out / ".complete"
    if complete.exists():
        return out
    shutil.rmtree(out, ignore_errors=True)
    for file in sorted(
        path for path in material.images.rglob("*") if path.suffix in (".jpg", ".png")
    ):
        place = out / file.parent.name
        place.mkdir(parents=True, exist_ok=True)
        with Image.open(file) as opened:
            pixels = opened.convert("RGB").resize((SIZE, SIZE))
        for copy in range(times):
            name = f"{file.parent.parent.name}_{file.stem}_{copy}.jpg"
            _changed(pixels, copy, crc32(name.encode())).save(place / name)
    complete.touch()
    return out


def _changed(image: Image.Image, copy: int, seed: int) -> Image.Image:
    """A crop of the image with other brightness, so that it does not count as a duplicate."""
    if copy == 0:
        return image
    generator = np.random.default_rng(seed)
    left, top = generator.integers(0, SIZE // 3, 2)
    side = SIZE * 2 // 3
    part = np.asarray(image.crop((left, top, left + side, top + side)).resize((SIZE, SIZE)))
    light = generator.uniform(0.6, 1.4, (3, 3, 3)).repeat(SIZE // 3, 0).repeat(SIZE // 3, 1)
    return Image.fromarray(np.clip(part * light, 0, 255).astype(np.uint8))


def _peaks(material: Material, images: Path) -> dict[str, float]:
    """Peak memory in MiB of the largest job of each rule, in a study with every kind of job."""
    shutil.rmtree(material.folder / "results" / "memory", ignore_errors=True)
    study = {
        "results": "results/memory",
        "dataset": {"path": str(images)},
        "base": {"backbone": "SqueezeNet", "weights": "none", "image_size": SIZE, "epochs": 2},
        "subsets": {"few": {"per_class": 2}},
        "experiments": {
            "heads": {"grid": {"head.dropout": [0, 0.5]}},
            "little": {"grid": {"subset": ["full", "few"]}},
            "networks": {"grid": {"trainable": ["head+1"]}},
        },
    }
    material.write(CONFIG, study)
    peaks: dict[str, float] = {}
    call = material.snakemake(*material.targets("memory", "heads"), config=CONFIG)
    for job in watch(call, material.folder):
        peaks[job.rule] = max(peaks.get(job.rule, 0.0), job.memory)
    return dict(sorted(peaks.items()))
