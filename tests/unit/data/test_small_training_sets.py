"""Small training sets: a total of images, and given images."""

from pathlib import Path

import pandas as pd
import pytest

from scenery.data.file_lists import listed_files
from scenery.data.subsets import draw_in_total, given_subset
from scenery.errors import UserError


def split(**counts: int) -> pd.DataFrame:
    """Training images of some classes, and one test image of the first."""
    files = [
        (f"{name}/{number:03d}.png", name) for name, n in counts.items() for number in range(n)
    ]
    train = pd.DataFrame(files, columns=["file", "class"]).assign(partition="train")
    first = next(iter(counts))
    test = pd.DataFrame({"file": [f"{first}/test.png"], "class": first, "partition": "test"})
    return pd.concat([train, test], ignore_index=True)


@pytest.mark.parametrize(
    ("total", "shares"),
    [
        (10, {"a": 5, "b": 4, "c": 1}),
        # A class has at least one image, whatever its share.
        (3, {"a": 1, "b": 1, "c": 1}),
        (5, {"a": 2, "b": 2, "c": 1}),
        (101, {"a": 60, "b": 40, "c": 1}),
    ],
)
def test_draw_in_total_keeps_the_shares_of_the_classes(total: int, shares: dict[str, int]) -> None:
    found = draw_in_total(split(a=60, b=40, c=1), total, seed=3)
    assert len(found) == total
    assert found["class"].value_counts().to_dict() == shares
    assert set(found["partition"]) == {"train"}
    assert found["file"].is_unique


def test_draw_in_total_depends_on_the_seed_alone() -> None:
    whole = split(a=60, b=40)
    first = draw_in_total(whole, 20, seed=1)
    pd.testing.assert_frame_equal(first, draw_in_total(whole, 20, seed=1))
    assert set(first["file"]) != set(draw_in_total(whole, 20, seed=2)["file"])


@pytest.mark.parametrize("total", [1, 101])
def test_draw_in_total_of_too_few_or_many_is_refused(total: int) -> None:
    with pytest.raises(UserError, match=f"a subset of {total} images .* 100 images of 2 classes"):
        draw_in_total(split(a=60, b=40), total, 1)


def test_given_subset_of_a_folder_of_copies_is_the_images_named(tmp_path: Path) -> None:
    for file in ("small/a/001.png", "small/b/002.PNG.txt", "small/b/000.png"):
        path = tmp_path / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    names = listed_files(tmp_path / "small")
    assert names == ["a/001.png", "b/000.png"]
    found = given_subset(split(a=3, b=2), names, "small")
    assert found["file"].tolist() == names


def test_given_subset_of_a_list_takes_paths_of_any_system(tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text("a\\002.png\n\n/data/train/b/001.png\n", encoding="utf-8")
    found = given_subset(split(a=3, b=2), listed_files(tmp_path / "list.txt"), "list.txt")
    assert found["file"].tolist() == ["a/002.png", "b/001.png"]


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["a/000.png", "b/999.png"], "no training images: b/999.png"),
        (["a/test.png", "b/000.png"], "no training images: a/test.png"),
        (["000.png"], "several training images have these names: 000.png"),
        (["a/000.png"], "classes without an image: b"),
    ],
)
def test_given_subset_with_wrong_names_is_refused(names: list[str], message: str) -> None:
    with pytest.raises(UserError, match=f"list.txt: {message}"):
        given_subset(split(a=3, b=2), names, "list.txt")


def test_list_without_names_is_refused(tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text("\n")
    for path in (tmp_path / "list.txt", tmp_path):
        with pytest.raises(UserError, match="names no images"):
            listed_files(path)
    with pytest.raises(UserError, match="cannot be read"):
        listed_files(tmp_path / "none.txt")
