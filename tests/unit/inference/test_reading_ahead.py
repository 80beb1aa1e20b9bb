"""New photographs are read as those of the study were packed, a bounded number ahead."""

import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from scenery.data.packing import pack_images
from scenery.inference import reading_ahead
from scenery.inference.reading_ahead import AHEAD, read_batches
from scenery.pipeline.model_folder import ModelFacts

FACTS: Any = SimpleNamespace(
    max_pixels=100,
    white_level=255,
    image_size=2,
    resize="stretch",
    interpolation="bilinear",
    color_mode="rgb",
)


def test_batches_keep_the_order_and_few_are_in_flight(monkeypatch: pytest.MonkeyPatch) -> None:
    lock = threading.Lock()
    read: list[str] = []

    def one(file: str, max_pixels: int, white_level: int) -> tuple[np.ndarray | None, str]:
        with lock:
            read.append(file)
        if file == "13":
            return None, "damaged"
        return np.full((3, 4, 3), int(file) % 256, np.uint8), ""

    monkeypatch.setattr(reading_ahead, "try_read_image", one)
    files = [str(number) for number in range(1000)]
    taken = 0
    for batch in read_batches(files, FACTS, batch=8, jobs=4):
        assert [photograph.file for photograph in batch] == files[taken : taken + len(batch)]
        taken += len(batch)
        # What was read and not yet given: at most the batches ahead, however many files there are.
        assert len(read) <= taken + AHEAD * 8
        for photograph in batch:
            if photograph.file == "13":
                assert (photograph.pixels, photograph.problem) == (None, "damaged")
            else:
                assert photograph.pixels is not None
                assert photograph.pixels.shape == (2, 2, 3)
                assert (photograph.pixels == int(photograph.file) % 256).all()
    assert taken == 1000


def test_unreadable_files_stop_nothing(tmp_path: Path) -> None:
    files = [str(tmp_path / "nowhere.png"), str(tmp_path), "null\0character.png"]
    [batch] = read_batches(files, FACTS, batch=8, jobs=2)
    assert [photograph.pixels for photograph in batch] == [None] * 3
    assert batch[0].problem == "cannot be read: No such file or directory"
    assert batch[2].problem == "cannot be read: its name has a null character"


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
