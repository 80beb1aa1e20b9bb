"""Generated scenes: eight classes of pictures for a study without a data set of one's own.

They are called like the classes of Oliva and Torralba (2001, "Modeling the shape of the scene")
and show what the names say, but are painted by chance from simple parts. Light, weather, colors,
position, things in front and the camera vary in the same ways for all classes, so that colors
alone do not tell them apart and neighboring classes are sometimes mistaken for each other.

A network with ImageNet weights knows the plain scenes too well for a comparison of settings. Hard
scenes show a small part of the same scenes, partly hidden, pale and with noise.
"""

import os
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image, ImageEnhance, ImageFilter

from scenery.data.images import Pixels
from scenery.demo.built_scenes import highway, inside_city, street, tall_building
from scenery.demo.canvas import Canvas
from scenery.demo.nature_scenes import coast, forest, mountain, open_country

PAINTERS: dict[str, Callable[[Canvas], None]] = {
    "coast": coast,
    "forest": forest,
    "highway": highway,
    "inside_city": inside_city,
    "mountain": mountain,
    "open_country": open_country,
    "street": street,
    "tall_building": tall_building,
}
SCENE_CLASSES = tuple(PAINTERS)

Difficulty = Literal["plain", "hard"]

# Painted larger than wanted and shrunk, so that edges are smooth and lines may be thin.
_SUPERSAMPLING = 2
_MARGIN = 1.12


def draw_scenes(
    folder: str | os.PathLike[str],
    per_class: int,
    image_size: int,
    seed: int,
    difficulty: Difficulty = "plain",
) -> None:
    """Write ``folder/<class>/<class>_<number>.png``, `per_class` of each class, numbers from 1.

    An image depends on the seed, its class and its number only: asking for more images keeps
    those there were.

    Args:
        image_size: width and height in pixels.
        seed: any integer of at least 0.
        difficulty: `hard` for scenes of which a part is seen.
    """
    for class_name in SCENE_CLASSES:
        class_folder = Path(folder) / class_name
        class_folder.mkdir(parents=True, exist_ok=True)
        for number in range(1, per_class + 1):
            pixels = scene(class_name, number, image_size, seed, difficulty)
            picture = Image.fromarray(pixels)
            picture.save(class_folder / f"{class_name}_{number:04d}.png")


def scene(
    class_name: str,
    number: int,
    image_size: int,
    seed: int,
    difficulty: Difficulty = "plain",
) -> Pixels:
    """Paint one scene: uint8, (image_size, image_size, 3), RGB."""
    rng = np.random.default_rng([seed, zlib.crc32(class_name.encode()), number])
    canvas = Canvas(round(image_size * _SUPERSAMPLING * _MARGIN), rng)
    PAINTERS[class_name](canvas)
    _something_in_front(canvas)
    if difficulty == "hard":
        return _partly_seen(_photographed(canvas.image, image_size, rng), rng)
    return _photographed(canvas.image, image_size, rng)


def _partly_seen(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Enlarge a part, hide one side behind a wall, blur, and take away color and contrast."""
    size = len(pixels)
    side = round(size * rng.uniform(0.65, 1))
    left, top = rng.integers(0, size - side + 1, 2)
    picture = Image.fromarray(pixels).resize(
        (size, size), Image.Resampling.BICUBIC, box=(left, top, left + side, top + side)
    )
    picture = picture.filter(ImageFilter.GaussianBlur(rng.uniform(0.1, 0.6) * size / 96))
    values = np.asarray(picture, float)
    # Turned by quarters, so that each side can be the hidden one.
    turns = int(rng.integers(4))
    values = np.rot90(values, turns).copy()
    values[: round(size * rng.uniform(0.05, 0.28))] = rng.uniform(10, 150) * rng.normal(1, 0.08, 3)
    values = np.rot90(values, -turns)
    gray = values.mean(axis=2, keepdims=True)
    values = gray + (values - gray) * rng.uniform(0.2, 0.9)
    values = (values - values.mean()) * rng.uniform(0.6, 1) + rng.uniform(85, 160)
    values = values + rng.normal(0, rng.uniform(2, 9), values.shape)
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def _something_in_front(canvas: Canvas) -> None:
    """Perhaps let a branch, a pole, a blurred leaf or a wall hide part of the scene."""
    rng = canvas.rng
    kind = rng.choice(["nothing", "branch", "pole", "edge"], p=[0.7, 0.1, 0.1, 0.1])
    dark = canvas.varied((52, 50, 46), 0.3)
    if kind == "branch":
        side = rng.choice([-0.05, 1.05])
        inward = 1 if side < 0 else -1
        for _ in range(rng.integers(8, 30)):
            x, y = side + inward * abs(rng.normal(0, 0.2)), abs(rng.normal(0, 0.13))
            canvas.blob(x, y, 0.09, 0.06, canvas.varied((62, 84, 44), 0.25), 0, 0.9)
    elif kind == "pole":
        x = rng.uniform(0, 1)
        canvas.line([(x, -0.1), (x + rng.normal(0, 0.02), 1.1)], rng.uniform(0.015, 0.05), dark)
    elif kind == "edge":
        reach = rng.uniform(0.08, 0.18)
        left = 0.0 if rng.random() < 0.5 else 1 - reach
        canvas.box(left, 0, left + reach, 1, dark * rng.uniform(0.6, 2))


def _photographed(picture: Image.Image, size: int, rng: np.random.Generator) -> Pixels:
    """Hold the camera a little askew, then add blur, exposure, color cast and noise."""
    if rng.random() < 0.5:
        picture = picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    picture = picture.rotate(rng.normal(0, 1.5), Image.Resampling.BICUBIC)
    margin = picture.width * (1 - 1 / _MARGIN) / 2
    x, y = rng.uniform(0.4, 1.6, 2) * margin
    side = picture.width - 2 * margin
    box = (x, y, x + side, y + side)
    picture = picture.resize((size, size), Image.Resampling.LANCZOS, box=box)
    if rng.random() < 0.3:
        picture = picture.filter(ImageFilter.GaussianBlur(rng.uniform(0.2, 1.0) * size / 96))
    picture = ImageEnhance.Color(picture).enhance(
        rng.choice([0.0, 0.5, 1.0, 1.2], p=[0.1, 0.2, 0.5, 0.2])
    )
    picture = ImageEnhance.Contrast(picture).enhance(rng.uniform(0.7, 1.2))
    values = np.asarray(picture) * rng.normal(1, 0.04, 3) * rng.uniform(0.85, 1.12)
    values = values + rng.normal(0, rng.uniform(1, 7), values.shape)
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)
