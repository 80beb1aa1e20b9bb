"""New photographs are read as those of the study were packed."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from scenery.data.packing import pack_images
from scenery.inference.reading_ahead import read_batches
from scenery.pipeline.model_folder import ModelFacts


@pytest.mark.parametrize("color_mode", ["rgb", "grayscale"])
def test_photographs_are_read_as_they_were_packed(tmp_path: Path, color_mode: str) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    split = pd.DataFrame({"file": ["a.png"], "class": ["x"], "partition": ["test"], "row": [0]})
    array = tmp_path / "images.npy"
    pack_images(
        split, tmp_path, "test", 16, "crop", array_path=array, interpolation="bicubic",
        gray=color_mode == "grayscale",
    )  # fmt: skip
    facts = ModelFacts.model_construct(
        image_size=16, resize="crop", interpolation="bicubic", color_mode=color_mode,
        max_pixels=10**6, white_level=65535,
    )  # fmt: skip
    ((photograph,),) = read_batches([str(tmp_path / "a.png")], facts, 4, 1)
    np.testing.assert_array_equal(photograph.pixels, np.load(array)[0])
