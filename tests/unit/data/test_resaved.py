"""Saved again is told from photographed again, and from another thing on the same layout."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from scenery.data.catalogue import apply_policy, make_catalogue
from scenery.data.image_listing import FoundImage
from scenery.data.images import read_image
from scenery.data.resaved import is_resaved
from scenery.demo.scenes import scene

KINDS = 6


def chart(seed: int) -> Image.Image:
    """Lines on the same axes."""
    values = np.random.default_rng(seed).normal(0, 1, 30).cumsum()
    image = Image.new("RGB", (180, 180), "white")
    draw = ImageDraw.Draw(image)
    draw.rectangle((20, 15, 170, 160), outline="black", width=2)
    for step in range(1, 5):
        draw.line((20, 15 + 29 * step, 170, 15 + 29 * step), fill=(200, 200, 200))
        draw.text((3, 10 + 29 * step), str(step), fill="black")
    values = (values - values.min()) / np.ptp(values)
    points = [(20 + 5 * step, 160 - 140 * value) for step, value in enumerate(values)]
    draw.line(points, fill=(0, 60, 200), width=2)
    return image


def form(seed: int) -> Image.Image:
    """One form, filled in differently."""
    rng = np.random.default_rng(seed)
    image = Image.new("RGB", (200, 240), "white")
    draw = ImageDraw.Draw(image)
    for line in range(7):
        draw.text((5, 10 + 32 * line), f"Field {line}", fill="black")
        draw.rectangle((60, 6 + 32 * line, 190, 28 + 32 * line), outline="black")
        for x in range(66, 66 + 12 * int(rng.integers(2, 9)), 12):
            scribble = rng.uniform(-6, 6, (4, 2)) + np.array([x, 17 + 32 * line])
            draw.line([(float(a), float(b)) for a, b in scribble], fill=(20, 20, 120))
    return image


def scan(seed: int) -> Image.Image:
    """Slices of one head; every other one has a lesion."""
    y, x = np.mgrid[-1:1:160j, -1:1:160j]
    values = np.where(x**2 / 0.55 + y**2 / 0.75 < 1, 90.0, 0.0)
    values += 60 * (((x - 0.1) / 0.3) ** 2 + ((y + 0.2 - 0.04 * seed) / 0.25) ** 2 < 1)
    values += 50 * (seed % 2) * ((x + 0.3) ** 2 + (y - 0.3) ** 2 < 0.005)
    values += np.random.default_rng(seed).normal(0, 4, values.shape)
    return Image.fromarray(np.clip(values, 0, 255).astype(np.uint8)).convert("RGB")


def product(seed: int) -> Image.Image:
    """The same bottle with another label."""
    rng = np.random.default_rng(seed)
    image = Image.new("RGB", (200, 200), "white")
    draw = ImageDraw.Draw(image)
    draw.rounded_rectangle((70, 50, 130, 190), 15, fill=(70, 120, 70), outline=(30, 60, 30))
    draw.rectangle((88, 10, 112, 55), fill=(70, 120, 70))
    draw.rectangle((72, 90, 128, 150), fill=tuple(int(v) for v in rng.integers(150, 255, 3)))
    draw.text((80, 100), f"No {rng.integers(100, 999)}", fill="black")
    return image


def part(seed: int) -> Image.Image:
    """One part, photographed good and scratched."""
    texture = np.random.default_rng(99).integers(0, 256, (8, 8, 3), np.uint8)
    image = Image.fromarray(texture).resize((300, 300), Image.Resampling.BICUBIC)
    rng = np.random.default_rng(seed)
    if seed % 2:
        left, top = (int(value) for value in rng.integers(40, 220, 2))
        ImageDraw.Draw(image).line((left, top, left + 30, top + 10), fill=(0, 0, 0), width=2)
    values = np.asarray(image) + rng.normal(0, 3, (300, 300, 3))
    return Image.fromarray(np.clip(values, 0, 255).astype(np.uint8))


@pytest.mark.parametrize("kind", [chart, form, scan, product, part])
@pytest.mark.parametrize("ending", ["png", "jpg"])
def test_catalogue_different_things_on_one_layout_are_never_dropped(
    tmp_path: Path, kind: Callable[[int], Image.Image], ending: str
) -> None:
    found = []
    for seed in range(KINDS):
        kind(seed).save(tmp_path / f"{seed}.{ending}")
        partition = "train" if seed < KINDS - 2 else "test"
        found.append(FoundImage(f"{seed}.{ending}", "ab"[seed % 2], partition))
    table = make_catalogue(found, tmp_path)
    assert (table["duplicate_group"] == 0).all()
    assert apply_policy(table)["kept"].all()


@pytest.mark.parametrize("size", [(150, 150), (75, 75), (105, 105), (300, 300)])
@pytest.mark.parametrize(("ending", "options"), [("png", {}), ("jpg", {"quality": 40})])
def test_is_resaved_other_size_and_quality_is_the_same(
    tmp_path: Path, size: tuple[int, int], ending: str, options: dict[str, int]
) -> None:
    for number, picture in enumerate((scene("street", 1, 150, 2), np.asarray(chart(1)))):
        one, other = tmp_path / f"{number}.png", tmp_path / f"{number}_other.{ending}"
        image = Image.fromarray(picture).resize((150, 150))
        image.save(one)
        image.resize(size, Image.Resampling.LANCZOS).save(other, **options)
        assert is_resaved(one, other, read_image)
        assert is_resaved(other, one, read_image)


def test_is_resaved_photograph_saved_as_jpeg_twice_is_the_same(
    tmp_path: Path, shared: Path
) -> None:
    file = shared / "data" / "MIT_split" / "train" / "coast" / "image_0001.jpg"
    image = Image.open(min(file.parent.glob("*.jpg")))
    image.save(tmp_path / "a.jpg", quality=90)
    image.resize((140, 140), Image.Resampling.BICUBIC).save(tmp_path / "b.jpg", quality=60)
    assert is_resaved(tmp_path / "a.jpg", tmp_path / "b.jpg", read_image)


def test_is_resaved_other_proportions_or_missing_file_is_not_the_same(tmp_path: Path) -> None:
    image = chart(1)
    image.save(tmp_path / "a.png")
    image.resize((180, 120)).save(tmp_path / "b.png")
    assert not is_resaved(tmp_path / "a.png", tmp_path / "b.png", read_image)
    assert not is_resaved(tmp_path / "a.png", tmp_path / "no.png", read_image)


def test_catalogue_layout_of_all_classes_is_no_group(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    found = []
    for seed in range(12):
        product(seed).save(tmp_path / f"{seed:02d}.png")
        found.append(FoundImage(f"{seed:02d}.png", "ab"[seed % 2], ""))
    with caplog.at_level("WARNING", "scenery"):
        table = make_catalogue(found, tmp_path)
    assert (table["group"] == 0).all()
    assert "12 images look alike and make up more than half of the classes a, b" in caplog.text
    assert (table["similar_to"] != "").sum() > 6


def test_catalogue_frames_of_one_scene_are_one_group(tmp_path: Path) -> None:
    frame = scene("coast", 3, 96, 1).astype(float)
    rng = np.random.default_rng(0)
    found = []
    for number in range(12):
        picture = scene("forest", number, 96, 1) if number < 4 else frame
        values = np.clip(picture + rng.normal(0, 2, frame.shape), 0, 255).astype(np.uint8)
        Image.fromarray(values).save(tmp_path / f"{number:02d}.png")
        found.append(FoundImage(f"{number:02d}.png", "ab"[number < 4], ""))
    table = make_catalogue(found, tmp_path)
    assert table["group"].tolist() == [0] * 4 + [1] * 8
    assert (table["duplicate_group"] == 0).all()
