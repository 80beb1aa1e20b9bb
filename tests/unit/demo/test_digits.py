"""The digits of scikit-learn as image files."""

from collections import Counter
from pathlib import Path

import numpy as np
from PIL import Image
from sklearn.datasets import load_digits

from scenery.data.sources import list_images
from scenery.demo.digits import write_digits


def test_digits_become_class_folders_of_images(tmp_path: Path) -> None:
    assert write_digits(tmp_path) == 1797
    found = list_images(tmp_path)
    digits = load_digits()
    expected = Counter(f"digit_{number}" for number in digits.target)
    assert Counter(one.class_name for one in found) == expected
    first = int(np.flatnonzero(digits.target == 7)[0])
    with Image.open(tmp_path / "digit_7" / "digit_7_00001.png") as image:
        pixels = np.asarray(image)
    assert pixels.shape == (8, 8)
    assert (pixels.min(), pixels.max()) == (0, 255)
    np.testing.assert_allclose(pixels * (16 / 255), digits.images[first], atol=0.05)
