"""Whether photographs of none of the classes are told from those of the classes."""

from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import keras
import numpy as np
from PIL import Image, ImageDraw
from sklearn.metrics import roc_auc_score

from benchmarks.material import LAYER, Material
from benchmarks.results import Row
from scenery.config.head import Head
from scenery.data.images import read_image, resize_image
from scenery.demo.scenes import SCENE_CLASSES, scene
from scenery.inference.exported import with_features
from scenery.inference.novelty import learn_references
from scenery.models.feature_extraction import load_backbone, pooled
from scenery.models.heads import build_head, fit_standardization

# Images of each class to learn from and to tell from others, and images of each other kind.
TRAINING, KNOWN, UNKNOWN, PHOTOGRAPHS = 40, 20, 40, 240
TINY = (4, 2, 3, 6)
BATCH = 32


def run(material: Material) -> list[Row]:
    """The area under the ROC curve of the score of novelty, for drawings and for photographs."""
    training, known, unknown, photographs = (
        (TRAINING, KNOWN, UNKNOWN, PHOTOGRAPHS) if material.whole else TINY
    )
    size = material.size
    learned_from = _scenes(size, range(1, training + 1))
    features = _features(material, learned_from)
    learned = learn_references(features(learned_from), np.arange(len(learned_from)))
    numbers = range(training + 1, training + known + 1)
    usual = learned.scores(features(_scenes(size, numbers)))
    drawn = {
        name: learned.scores(features(_drawings(draw, size, unknown)))
        for name, draw in KINDS.items()
    }
    photos = learned.scores(features(_photographs(material.images, size, photographs)))
    whole = _area(usual, np.concatenate(list(drawn.values())))
    each = ", ".join(f"{name} {_area(usual, scores):.3f}" for name, scores in drawn.items())
    counts = f"{len(usual)} new scenes"
    return [
        Row(
            work=f"AUROC of novelty, {len(KINDS) - 1} other kinds of drawings and noise",
            compared=counts,
            measured=f"{whole:.3f}",
            target="≥ 0.95",
            met=whole >= 0.95 if material.whole else None,
            note=f"{each}; {(usual > 1).mean():.1%} of new scenes and "
            f"{np.mean([(scores > 1).mean() for scores in drawn.values()]):.1%} of the others are "
            f"flagged; {training} images of each of {len(SCENE_CLASSES)} classes to compare with",
        ),
        Row(
            work="AUROC of novelty, photographs of the same classes",
            compared=counts,
            measured=f"{_area(usual, photos):.3f}",
            note=f"{len(photos)} photographs; {(photos > 1).mean():.1%} are flagged",
        ),
    ]


def _area(known: np.ndarray, unknown: np.ndarray) -> float:
    true = np.repeat([0, 1], [len(known), len(unknown)])
    return float(roc_auc_score(true, np.concatenate([known, unknown])))


def _features(material: Material, training: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """What the score compares in a final model: a frozen backbone with a standardizing head."""
    weights = None if material.weights == "none" else material.weights
    backbone = load_backbone("MobileNet", material.size, LAYER, weights, seed=0)
    head = build_head(backbone.output.shape[1:], len(SCENE_CLASSES), Head())
    fit_standardization(head, pooled(backbone, "average").predict(training, BATCH, verbose=0))
    inputs = keras.Input(backbone.input.shape[1:])
    network = with_features(keras.Model(inputs, head(backbone(inputs))))
    return lambda images: network.predict(images, BATCH, verbose=0)[1]


def _scenes(size: int, numbers: range) -> np.ndarray:
    return np.stack(
        [scene(name, number, size, seed=1) for name in SCENE_CLASSES for number in numbers]
    )


def _drawings(draw: Callable[..., Image.Image], size: int, count: int) -> np.ndarray:
    random = np.random.default_rng(1)
    return np.stack([np.asarray(draw(size, random)) for _ in range(count)])


def _photographs(folder: Path, size: int, count: int) -> np.ndarray:
    """Photographs, spread over the classes."""
    files = [path for path in sorted(folder.rglob("*")) if path.suffix in (".jpg", ".png")]
    some = files[:: max(1, len(files) // count)][:count]
    return np.stack([resize_image(read_image(path), size, "stretch") for path in some])


# Five kinds of drawings that are no scenes, and noise.


def _canvas(size: int, random: np.random.Generator) -> Image.Image:
    return Image.new("RGB", (size, size), _color(random))


def _color(random: np.random.Generator) -> tuple[int, int, int]:
    red, green, blue = random.integers(0, 256, 3).tolist()
    return red, green, blue


def _points(size: int, random: np.random.Generator) -> Iterator[tuple[float, float]]:
    while True:
        x, y = random.uniform(0, size, 2).tolist()
        yield x, y


def _circles(size: int, random: np.random.Generator) -> Image.Image:
    image = _canvas(size, random)
    pen = ImageDraw.Draw(image)
    for x, y in islice(_points(size, random), int(random.integers(4, 12))):
        radius = random.uniform(0.04, 0.25) * size
        pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=_color(random))
    return image


def _text(size: int, random: np.random.Generator) -> Image.Image:
    image = Image.new("RGB", (size, size), "white")
    pen = ImageDraw.Draw(image)
    for row in range(0, size, max(size // 12, 1)):
        letters = random.integers(97, 123, 40).astype(np.uint8).tobytes().decode("ascii")
        pen.text((2, row), letters, fill="black", font_size=max(size // 14, 4))
    return image


def _checks(size: int, random: np.random.Generator) -> Image.Image:
    fields = int(random.integers(3, 12))
    board = np.indices((fields, fields)).sum(axis=0) % 2
    colors = np.array([_color(random), _color(random)], np.uint8)
    return Image.fromarray(colors[board]).resize((size, size), Image.Resampling.NEAREST)


def _lines(size: int, random: np.random.Generator) -> Image.Image:
    image = _canvas(size, random)
    pen = ImageDraw.Draw(image)
    points = _points(size, random)
    for start, end in islice(zip(points, points, strict=True), int(random.integers(8, 25))):
        pen.line((start, end), fill=_color(random), width=int(random.integers(1, 5)))
    return image


def _polygons(size: int, random: np.random.Generator) -> Image.Image:
    image = _canvas(size, random)
    pen = ImageDraw.Draw(image)
    for _ in range(int(random.integers(3, 8))):
        corners = list(islice(_points(size, random), int(random.integers(3, 7))))
        pen.polygon(corners, fill=_color(random))
    return image


def _noise(size: int, random: np.random.Generator) -> Image.Image:
    return Image.fromarray(random.integers(0, 256, (size, size, 3), dtype=np.uint8))


KINDS = {
    "circles": _circles,
    "text": _text,
    "checks": _checks,
    "lines": _lines,
    "polygons": _polygons,
    "noise": _noise,
}
