"""Groups that folders, file names and EXIF data suggest."""

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from scenery.data.catalogue import apply_policy, make_catalogue
from scenery.data.group_proposals import (
    Capture,
    describe_proposed,
    propose_groups,
    proposed_table,
    read_capture,
)
from scenery.data.image_listing import FoundImage
from scenery.data.sources import list_images
from scenery.data.splitting import split_images

NOON = datetime(2024, 5, 1, 12)


def images(names: dict[str, list[str]]) -> list[FoundImage]:
    return [FoundImage(f"{label}/{name}", label, "") for label in names for name in names[label]]


def proposals(found: list[FoundImage]) -> list[str]:
    return propose_groups(found, [None] * len(found))


def test_propose_groups_of_file_names_takes_what_stands_before_the_rest() -> None:
    names = [f"Case_{case}_slice-{number}.png" for case in range(4) for number in range(2)]
    found = images({"ill": names[:6], "well": [*names[6:], "Case_7_a.png", "Case_8_a.png"]})
    assert proposals(found) == [
        *["Case_0", "Case_0", "Case_1", "Case_1", "Case_2", "Case_2"],
        *["Case_3", "Case_3", "", ""],
    ]


def test_propose_groups_of_like_images_are_named_by_the_first() -> None:
    found = images({"a": list("12345"), "b": list("678")})
    alike = np.array([[0, 2], [2, 4]])
    assert propose_groups(found, [None] * 8, alike) == [
        *["like a/1", "", "like a/1", "", "like a/1"], *["", "", ""]
    ]  # fmt: skip


def test_propose_groups_of_like_images_that_leave_a_class_too_few_are_not_made() -> None:
    found = images({"a": list("12345"), "b": list("678")})
    assert not any(propose_groups(found, [None] * 8, np.array([[5, 6]])))


def test_propose_groups_joins_like_images_with_those_of_one_name() -> None:
    names = [f"Case_{case}_{side}.png" for case in range(5) for side in "lr"]
    found = images({"a": names, "b": list("678")})
    proposed = propose_groups(found, [None] * 13, np.array([[1, 2]]))
    assert len(set(proposed[:4])) == 1 and len(set(proposed[4:10])) == 3


@pytest.mark.parametrize(
    "names",
    [
        [f"IMG_{number:04}.jpg" for number in range(8)],
        [f"{number:02}.png" for number in range(8)],
        [f"n01440764_{number}.jpg" for number in range(8)],
        ["a.png", "b.png", "c 1.png", "c 2.png", "Case_1_a.png", "Case_1_b.png", "d.png", "e.png"],
    ],
    ids=["counter", "numbers", "one group a class", "a few names"],
)
def test_propose_groups_of_other_names_proposes_none(names: list[str]) -> None:
    assert not any(proposals(images({"a": names, "b": [f"x{name}" for name in names]})))


def test_propose_groups_of_folders_in_class_folders() -> None:
    names = [f"patient {number}/{side}.png" for number in range(3) for side in "lr"]
    found = images({"ill": names, "well": ["1.png", "2.png", "3.png"]})
    assert proposals(found)[:3] == ["patient 0", "patient 0", "patient 1"]
    assert proposals(found)[6:] == ["", "", ""]


def test_propose_groups_of_photographs_taken_within_seconds() -> None:
    found = images({label: [f"{name}.jpg" for name in "abcd"] for label in ("x", "y")})
    seconds = [0, 8, 16, 60, 0, 30, 60, 90]
    captures = [Capture("one", NOON + timedelta(seconds=second)) for second in seconds[:4]]
    captures += [Capture("other", NOON + timedelta(seconds=second)) for second in seconds[4:]]
    assert not any(propose_groups(found, [None] * 8))
    # Two groups would be left of class x, which are too few.
    assert not any(propose_groups(found, captures))
    captures[2] = captures[2]._replace(time=NOON + timedelta(seconds=200))
    assert propose_groups(found, captures) == ["one 2024-05-01 12:00:00"] * 2 + [""] * 6


def test_propose_groups_joins_schemes_that_share_images() -> None:
    names = [f"s{number}/Case_{number // 2}_{side}.png" for number in range(8) for side in "lr"]
    found = images({"x": names, "y": ["1.png", "2.png", "3.png"]})
    joined = proposals(found)
    assert joined[0] == joined[3] != joined[4]
    assert len(set(joined[:16])) == 4


def test_read_capture_reads_camera_and_time(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[271], exif[272] = "Maker", "Model 5"
    exif.get_ifd(0x8769)[0x9003] = "2024:05:01 12:00:00"
    picture = Image.new("RGB", (8, 8))
    picture.save(tmp_path / "good.jpg", exif=exif)
    assert read_capture(tmp_path / "good.jpg", "JPEG") == Capture("Maker Model 5", NOON)
    picture.save(tmp_path / "none.jpg")
    picture.save(tmp_path / "broken.jpg", exif=b"Exif\0\0II*\0\xff\xff\xff\xff")
    assert read_capture(tmp_path / "none.jpg", "JPEG") is None
    assert read_capture(tmp_path / "broken.jpg", "JPEG") is None


@pytest.fixture
def cases(tmp_path: Path) -> Path:
    """Pictures without anything in common, three of each case, four cases of each class."""
    random = np.random.default_rng(0)
    for number in range(24):
        folder = tmp_path / "images" / "ab"[number // 12]
        folder.mkdir(parents=True, exist_ok=True)
        small = Image.fromarray(random.integers(0, 256, (6, 6, 3), dtype=np.uint8))
        small.resize((32, 32)).save(folder / f"Case_{number // 3}_{number % 3}.png")
    return tmp_path / "images"


def divided(folder: Path, groups: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    catalogue = make_catalogue(
        list_images(folder), folder, scratch=folder.parent, groups=groups  # type: ignore[arg-type]
    )  # fmt: skip
    return catalogue, split_images(apply_policy(catalogue), 0.3, 0.2, 1)


def test_proposed_groups_are_used_if_the_config_says_auto(cases: Path) -> None:
    catalogue, split = divided(cases, "auto")
    case = split["file"].str.extract(r"(Case_\d+)")[0]
    assert (split.groupby(case)["partition"].nunique() == 1).all()
    assert proposed_table(catalogue)["in_use"].all()
    assert describe_proposed(catalogue) == ""


def test_proposed_groups_are_listed_and_not_used_by_default(cases: Path) -> None:
    catalogue, split = divided(cases, "given")
    assert split["group"].nunique() == 24
    table = proposed_table(catalogue)
    assert table["images"].tolist() == [3] * 8
    assert not table["in_use"].any()
    assert "dataset.groups: auto" in describe_proposed(catalogue)
    assert "Case_0 (3 images)" in describe_proposed(catalogue)
