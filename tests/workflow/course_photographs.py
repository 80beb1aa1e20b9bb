"""Small pictures in the folders of the course, for dry runs of its studies."""

from pathlib import Path

import numpy as np
from checkout import Checkout
from PIL import Image

CLASSES = ("coast", "forest", "highway", "inside_city", "mountain", "Opencountry", "street", "tall")


def write_photographs(folder: Path) -> None:
    random = np.random.default_rng(0)
    for partition, count in (("train", 5), ("test", 2)):
        for name in CLASSES:
            place = folder / partition / name
            place.mkdir(parents=True)
            for number in range(count):
                pixels = random.integers(0, 255, (16, 16, 3), dtype=np.uint8)
                Image.fromarray(pixels).save(place / f"{number}.png")


def write_shared_files(fresh: Checkout) -> None:
    """Photographs and weights where the config looks for them; a dry run reads neither."""
    write_photographs(fresh.folder.parent / "shared" / "data" / "MIT_split")
    weights = fresh.folder.parent / "shared" / "weights"
    weights.mkdir()
    for name in ("mobilenet_1_0_224_imagenet_to_conv_pw_12", "squeezenet_1_1_imagenet_notop"):
        (weights / f"{name}.h5").write_bytes(b"")
