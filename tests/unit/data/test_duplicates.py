"""Duplicates: the same picture must be found, different pictures must not."""

import functools
import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageEnhance

from scenery.data import near_pairs as finding
from scenery.data.duplicates import find_duplicates
from scenery.data.fingerprints import Fingerprints, fingerprint
from scenery.data.images import Pixels, read_image
from scenery.data.near_pairs import near_pairs
from scenery.data.sources import list_images
from scenery.demo.scenes import SCENE_CLASSES, scene


def remembered(pictures: list[Pixels]) -> Fingerprints:
    fingerprints = Fingerprints(len(pictures), Path())
    for index, picture in enumerate(pictures):
        fingerprints.add(index, fingerprint(picture))
    return fingerprints


def pairs_among(pictures: list[Pixels], threads: int = 1) -> set[tuple[int, int]]:
    fingerprints = remembered(pictures)
    pairs = near_pairs(fingerprints, np.flatnonzero(fingerprints.comparable), threads)
    ordered = [(int(i), int(j)) for i, j in pairs]
    assert ordered == sorted(set(ordered))
    return set(ordered)


def recompressed(picture: Pixels) -> Pixels:
    content = io.BytesIO()
    Image.fromarray(picture).save(content, "JPEG", quality=35)
    return np.asarray(Image.open(content))


def brightened(picture: Pixels) -> Pixels:
    return np.asarray(ImageEnhance.Brightness(Image.fromarray(picture)).enhance(1.2))


def halved(picture: Pixels) -> Pixels:
    return np.asarray(Image.fromarray(picture).reduce(2))


CHANGES: dict[str, Callable[[Pixels], Pixels]] = {
    "recompressed": recompressed,
    "halved": halved,
    "brightened": brightened,
    "gray": lambda picture: np.asarray(Image.fromarray(picture).convert("L").convert("RGB")),
    "moved": lambda picture: np.roll(picture, (3, -4), (0, 1))[3:, :-4],
    "cropped": lambda picture: picture[2:-2, 2:-2],
}


@functools.cache
def originals(per_class: int) -> list[Pixels]:
    """Drawn once for all tests, which leave them as they are."""
    return [scene(name, number, 128, 5) for name in SCENE_CLASSES for number in range(per_class)]


@pytest.mark.parametrize("change", CHANGES)
def test_copies_of_scenes_are_found_and_nothing_else(change: str) -> None:
    # Pictures that are mostly fog or night have nothing to be recognized by.
    pictures = [picture for picture in originals(5) if picture.std() > 35]
    assert len(pictures) > 15
    copies = [np.ascontiguousarray(CHANGES[change](picture)) for picture in pictures]
    count = len(pictures)
    pairs = pairs_among(pictures + copies)
    expected = {(index, index + count) for index in range(count)}
    assert pairs <= expected
    assert len(pairs) >= 0.9 * count


def test_duplicates_of_the_real_photographs(shared: Path) -> None:
    """The pairs were looked at one by one; no other pairs may be found."""
    root = shared / "data" / "MIT_split"
    files = [image.file for image in list_images(root)]
    found = pairs_among([read_image(root / file) for file in files])
    assert {(files[i].removesuffix(".jpg"), files[j].removesuffix(".jpg")) for i, j in found} == {
        ("test/Opencountry/image_0032", "train/Opencountry/image_0099"),
        ("test/Opencountry/image_0068", "train/Opencountry/image_0074"),
        ("test/Opencountry/image_0200", "train/Opencountry/image_0201"),
        ("test/coast/image_0023", "train/coast/image_0062"),
        ("test/forest/image_0145", "train/forest/image_0177"),
        ("test/forest/image_0182", "train/forest/image_0141"),
        ("test/mountain/image_0002", "train/mountain/image_0249"),
        ("test/mountain/image_0284", "train/mountain/image_0044"),
        ("test/mountain/image_0362", "train/mountain/image_0355"),
        ("test/tallbuilding/image_0300", "train/inside_city/image_0305"),
        ("train/coast/image_0055", "train/coast/image_0063"),
        ("train/forest/image_0137", "train/forest/image_0185"),
        ("train/mountain/image_0046", "train/mountain/image_0281"),
        ("train/mountain/image_0064", "train/mountain/image_0068"),
        ("train/mountain/image_0172", "train/mountain/image_0220"),
        ("train/mountain/image_0316", "train/mountain/image_0347"),
        ("train/street/image_0053", "train/street/image_0083"),
    }


def test_pictures_without_texture_are_never_near() -> None:
    rng = np.random.default_rng(0)
    flat = [np.full((64, 64, 3), value, np.uint8) for value in (0, 1, 128)]
    noisy = [
        np.full((64, 64, 3), 128, np.uint8) + rng.integers(0, 3, (64, 64, 3), np.uint8)
        for _ in range(3)
    ]
    assert pairs_among(flat + noisy) == set()


def test_small_pictures_are_not_compared() -> None:
    small = np.asarray(Image.fromarray(scene("street", 1, 128, 1)).resize((28, 28)))
    assert pairs_among([small, small]) == set()


def test_groups_are_closed_and_numbered_in_order() -> None:
    contents = [
        ("a", "1"),
        ("b", "2"),
        ("c", "1"),
        ("c", "3"),
        ("d", "4"),
        ("b", "5"),
        ("", ""),
        ("", ""),
    ]
    found = find_duplicates(contents, None)
    assert found.groups.tolist() == [1, 2, 1, 1, 0, 2, 0, 0]
    assert found.kinds == ["exact", "exact", "exact", "exact", "", "exact", "", ""]


def test_near_copies_join_exact_ones() -> None:
    first = scene("tall_building", 2, 128, 1)
    pictures = [first, scene("forest", 2, 128, 1), first, recompressed(first)]
    digests = ["a", "b", "a", "c"]
    contents = [(digest, digest) for digest in digests]
    found = find_duplicates(contents, remembered(pictures), lambda first, second: True)
    assert found.groups.tolist() == [1, 0, 1, 1]
    assert found.kinds == ["exact", "", "exact", "near"]


@pytest.mark.parametrize("fingerprints", [None, Fingerprints(0, Path())])
def test_no_images_at_all(fingerprints: Fingerprints | None) -> None:
    assert find_duplicates([], fingerprints).groups.tolist() == []


def test_pairs_do_not_depend_on_how_many_are_compared_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pictures = originals(3) + [recompressed(picture) for picture in originals(3)]
    at_once = pairs_among(pictures)
    assert len(at_once) > 10
    monkeypatch.setattr(finding, "_ROWS_AT_ONCE", 5)
    monkeypatch.setattr(finding, "_COLUMNS_AT_ONCE", 7)
    monkeypatch.setattr(finding, "_PAIRS_AT_ONCE", 2)
    assert pairs_among(pictures) == at_once
    assert pairs_among(pictures, threads=3) == at_once


def test_find_duplicates_uncertain_pairs_are_likely() -> None:
    first = scene("tall_building", 2, 128, 1)
    pictures = [first, scene("forest", 2, 128, 1), first, brightened(first)]
    contents = [(digest, digest) for digest in ("a", "b", "a", "c")]
    found = find_duplicates(contents, remembered(pictures))
    assert found.groups.tolist() == [1, 0, 1, 0]
    assert found.likely.tolist() == [[0, 3]]
    assert 0 <= found.distances[0] < 0.1
