"""Packed arrays hold what reading and resizing each image gives, in the order of the split."""

import hashlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from scenery.data.catalogue import apply_policy, make_catalogue
from scenery.data.images import read_image, resize_image
from scenery.data.packed_images import open_packed
from scenery.data.packing import pack_images
from scenery.data.sources import list_images
from scenery.data.splitting import split_images
from scenery.demo.scenes import draw_scenes
from scenery.errors import UserError


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, pd.DataFrame]:
    root = tmp_path_factory.mktemp("scenes")
    draw_scenes(root, per_class=6, image_size=32, seed=1)
    wide = next(root.glob("coast/*.png"))
    Image.open(wide).resize((48, 30)).save(wide)
    return root, split_images(apply_policy(make_catalogue(list_images(root), root)), 0.3, 0.2, 1)


@pytest.mark.parametrize("resize", ["stretch", "crop", "pad"])
@pytest.mark.parametrize("threads", [1, 3])
def test_rows_equal_direct_decoding(
    tmp_path: Path, scenes: tuple[Path, pd.DataFrame], resize: str, threads: int
) -> None:
    root, split = scenes
    out = tmp_path / "train.npy"
    facts = pack_images(split, root, "train", 24, resize, array_path=out, threads=threads)  # type: ignore[arg-type]
    packed = np.load(out, mmap_mode="r")
    assert isinstance(packed, np.memmap)
    train = split[split["partition"] == "train"]
    assert packed.shape == (len(train), 24, 24, 3)
    assert packed.dtype == np.uint8
    for file, row in zip(train["file"], train["row"], strict=True):
        direct = resize_image(read_image(root / file), 24, resize)  # type: ignore[arg-type]
        np.testing.assert_array_equal(packed[row], direct)
    assert facts == {
        "partition": "train",
        "count": len(train),
        "size": 24,
        "resize": resize,
        "interpolation": "bilinear",
        "gray": False,
        "classes": sorted(split["class"].unique()),
        "count_per_class": train.groupby("class").size().to_dict(),
        "digest": hashlib.sha256(packed.tobytes()).hexdigest(),
    }
    assert [path.name for path in tmp_path.iterdir()] == ["train.npy"]


def test_pack_images_that_are_not_square(tmp_path: Path, scenes: tuple[Path, pd.DataFrame]) -> None:
    root, split = scenes
    out = tmp_path / "train.npy"
    facts = pack_images(split, root, "train", (24, 40), "crop", array_path=out)
    assert facts["size"] == (24, 40)
    rows = split[split["partition"] == "train"].sort_values("row")
    packed = open_packed(out, rows)
    assert packed.size == (24, 40)
    first = np.asarray(next(iter(packed.batches(2))))
    assert first.shape == (2, 24, 40, 3)
    direct = resize_image(read_image(root / rows["file"].iloc[1]), (24, 40), "crop")
    np.testing.assert_array_equal(first[1], direct)


def test_real_photographs_of_the_own_size_are_unchanged(tmp_path: Path, shared: Path) -> None:
    root = shared / "data" / "MIT_split"
    found = list_images(root)[::60]
    split = split_images(apply_policy(make_catalogue(found, root)), 0.3, 0, 1)
    pack_images(split, root, "test", 200, "stretch", array_path=tmp_path / "a.npy")
    packed = np.load(tmp_path / "a.npy")
    for file, row in split.loc[split["partition"] == "test", ["file", "row"]].itertuples(
        index=False
    ):
        np.testing.assert_array_equal(
            packed[row], np.asarray(Image.open(root / file).convert("RGB"))
        )


def test_an_image_that_broke_since_leaves_no_array_behind(
    tmp_path: Path, scenes: tuple[Path, pd.DataFrame]
) -> None:
    root, split = scenes
    broken = split.copy()
    broken.loc[broken.index[3], "file"] = "coast/no.png"
    with pytest.raises(UserError, match=r"no\.png: cannot be read"):
        pack_images(broken, root, "train", 24, "stretch", array_path=tmp_path / "a.npy")
    assert list(tmp_path.iterdir()) == []


def test_a_failing_disk_is_a_clear_message(
    tmp_path: Path, scenes: tuple[Path, pd.DataFrame]
) -> None:
    root, split = scenes
    (tmp_path / "no").write_text("a file")
    with pytest.raises(UserError, match=r"no/a\.npy: cannot be written"):
        pack_images(split, root, "train", 24, "stretch", array_path=tmp_path / "no" / "a.npy")


def test_a_partition_without_images_is_refused(
    tmp_path: Path, scenes: tuple[Path, pd.DataFrame]
) -> None:
    root, split = scenes
    only_train = split[split["partition"] == "train"]
    with pytest.raises(UserError, match="no test images"):
        pack_images(only_train, root, "test", 24, "stretch", array_path=tmp_path / "a.npy")


def test_pack_images_extreme_resize_is_warned_about_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    rows = []
    for number, shape in enumerate([(40, 40), (6, 900), (3, 3)]):
        (tmp_path / "a").mkdir(exist_ok=True)
        Image.new("RGB", shape[::-1], "white").save(tmp_path / "a" / f"{number}.png")
        rows.append((f"a/{number}.png", "a", 0, "train", number))
    split = pd.DataFrame(rows, columns=["file", "class", "label", "partition", "row"])
    with caplog.at_level("WARNING", "scenery"):
        pack_images(split, tmp_path, "train", 32, "pad", array_path=tmp_path / "a.npy")
    own = [record for record in caplog.records if record.name == "scenery"]
    assert [record.levelname for record in own] == ["WARNING"]
    assert "2 of 3 train images" in caplog.text
    assert "a/1.png (shown on 0.67% of the square, the rest is black)" in caplog.text
    assert "a/2.png (enlarged 10.7 times)" in caplog.text
    assert np.load(tmp_path / "a.npy").any(axis=(1, 2, 3)).all()
