"""What a person is asked to look at, in a catalogue and in the report."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from scenery.data.catalogue import apply_policy
from scenery.data.pair_pictures import MAX_PICTURED, SIDE, picture_pairs, write_pictures
from scenery.data.review import loss_warnings, pair_warnings, similar_pairs, used_pairs
from scenery.data.tables import CATALOGUE_COLUMNS, with_types
from scenery.reporting.reading import read_pictures


def judged(
    *rows: tuple[str, str, str, int], pairs: tuple[tuple[str, str, float], ...] = ()
) -> pd.DataFrame:
    """A catalogue from (file, class, given partition, duplicate group) and pairs alike."""
    columns: dict[str, list[object]] = {
        name: [kind()] * len(rows) for name, kind in CATALOGUE_COLUMNS.items()
    }
    names = ("file", "class", "given_partition", "duplicate_group")
    for name, values in zip(names, zip(*rows, strict=True), strict=True):
        columns[name] = list(values)
    table = with_types(columns, CATALOGUE_COLUMNS)
    for file, other, distance in pairs:
        table.loc[table["file"] == file, ["similar_to", "similar_distance"]] = [other, distance]
    return apply_policy(table)


def test_pair_warnings_name_pairs_under_two_classes_that_are_used() -> None:
    table = judged(
        ("1", "a", "", 0), ("2", "b", "", 0), ("3", "a", "", 0), pairs=(("1", "2", 0.1),)
    )  # fmt: skip
    assert table["kept"].all()
    assert pair_warnings(table) == [
        "1 pairs of images look alike under two classes: is one label wrong, or do they differ in "
        "a detail? They are used; please look at them (distance from 0 to 1): 1 = 2 (0.10)"
    ]
    assert similar_pairs(table).iloc[0].tolist() == ["1", "2", "a", "b", "", "", 0.1]


def test_used_pairs_put_what_matters_first_and_leave_dropped_images_out() -> None:
    table = judged(
        ("1", "a", "train", 0), ("2", "a", "train", 0), ("3", "b", "train", 0),
        ("4", "a", "test", 0), ("5", "a", "train", 7), ("6", "a", "test", 7),
        pairs=(("1", "2", 0.01), ("3", "1", 0.2), ("4", "2", 0.1), ("5", "1", 0.0)),
    )  # fmt: skip
    assert list(similar_pairs(table)["file"]) == ["1", "1", "2", "1"]
    pairs = used_pairs(table)
    assert [tuple(pair) for pair in pairs[["file", "other"]].to_numpy()] == [
        ("2", "4"), ("1", "3"), ("1", "2"),
    ]  # fmt: skip


@pytest.mark.parametrize(("dropped", "said"), [(2, []), (3, ["'a' 3 of 100 (3.0%)"])])
def test_loss_warnings_begin_above_two_percent(dropped: int, said: list[str]) -> None:
    rows = [(f"a{n:03d}", "a", "train", int(n < dropped)) for n in range(100)]
    rows += [(f"b{n:03d}", "b", "train", 0) for n in range(50)]
    start = (
        "more than 2% of a class is left out as leaks or conflicts (dataset.duplicates.leaks and "
        "conflicts): "
    )
    assert loss_warnings(judged(*rows, ("z", "b", "test", 1))) == [start + text for text in said]


def test_picture_pairs_shows_whole_images_of_the_first_pairs(tmp_path: Path) -> None:
    names = [f"{n:02d}.png" for n in range(2 * MAX_PICTURED + 2)]
    for n, name in enumerate(names):
        Image.new("RGB", (30, 60), (n, 200, 100)).save(tmp_path / name)
    pairs = pd.DataFrame({"file": names[::2], "other": names[1::2]})
    write_pictures(picture_pairs(pairs, tmp_path), tmp_path / "pictures.npz")
    pictures = read_pictures(tmp_path / "pictures.npz")
    assert set(pictures) == set(names[:-2])
    assert pictures["03.png"].shape == (SIDE, SIDE, 3)
    assert pictures["03.png"][:, SIDE // 2].tolist() == [[3, 200, 100]] * SIDE
    assert not pictures["03.png"][:, : SIDE // 8].any()


def test_picture_pairs_without_pairs_gives_an_empty_archive(tmp_path: Path) -> None:
    none = pd.DataFrame({"file": [], "other": []})
    write_pictures(picture_pairs(none, tmp_path), tmp_path / "pictures.npz")
    assert read_pictures(tmp_path / "pictures.npz") == {}
    assert np.load(tmp_path / "pictures.npz")["pictures"].shape == (0, SIDE, SIDE, 3)
