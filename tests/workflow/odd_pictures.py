"""Drawn pictures in folders with names that a careless program runs or misreads, and two leaks."""

import shutil
from pathlib import Path

from PIL import Image

from scenery.demo.scenes import SCENE_CLASSES, draw_scenes

PICTURES = "pictures {all} it's"
# The names of some classes of drawn scenes.
NAMES = {
    "coast": "<script>alert(1)",
    "forest": 'it\'s "odd"',
    "highway": "NA",
    "mountain": "{x} 🏖",
}
PER_CLASS, TEST_PER_CLASS = 8, 2
# Copies of test images among the training images: the same file, and a picture saved again.
EXACT = f"train/{NAMES['coast']}/copied.png"
NEAR = f"train/{NAMES['forest']}/again.jpg"


def place_pictures(root: Path) -> None:
    """Put the pictures of all classes, divided into train and test, into a folder below `root`."""
    drawn, pictures = root / "drawn", root / PICTURES
    draw_scenes(drawn, PER_CLASS, image_size=64, seed=1)
    for folder in drawn.iterdir():
        name = NAMES.get(folder.name, folder.name)
        for number, file in enumerate(sorted(folder.iterdir())):
            target = pictures / ("test" if number < TEST_PER_CLASS else "train") / name / file.name
            target.parent.mkdir(parents=True, exist_ok=True)
            file.rename(target)
    shutil.rmtree(drawn)
    tested = pictures / "test"
    shutil.copy2(min((tested / NAMES["coast"]).iterdir()), pictures / EXACT)
    with Image.open(min((tested / NAMES["forest"]).iterdir())) as image:
        image.save(pictures / NEAR, quality=80)


def class_names() -> set[str]:
    """The names of all classes."""
    return {NAMES.get(name, name) for name in SCENE_CLASSES}
