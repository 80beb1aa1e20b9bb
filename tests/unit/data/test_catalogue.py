"""The catalogue of a data set, and what is left out of the study."""

import hashlib
import itertools
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from scenery.data.catalogue import (
    apply_policy,
    describe_catalogue,
    make_catalogue,
)
from scenery.data.review import pair_warnings, similar_pairs
from scenery.data.sources import FoundImage, list_images
from scenery.data.tables import (
    CATALOGUE_COLUMNS,
    JUDGED_COLUMNS,
    read_catalogue,
    with_types,
    write_table,
)
from scenery.demo.scenes import scene
from scenery.errors import UserError

LEAK = {"test/tallbuilding/image_0300.jpg", "train/inside_city/image_0305.jpg"}
COPY = {"train/mountain/image_0316.jpg", "train/mountain/image_0347.jpg"}


def rows_of(*rows: tuple[str, str, str, int], problem: str = "") -> pd.DataFrame:
    """A catalogue from (file, class, given partition, duplicate group)."""
    columns: dict[str, list[object]] = {
        name: [kind()] * len(rows) for name, kind in CATALOGUE_COLUMNS.items()
    }
    names = ("file", "class", "given_partition", "duplicate_group")
    for name, values in zip(names, zip(*rows, strict=True), strict=True):
        columns[name] = list(values)
    columns["problem"] = [problem if row[0] == "bad" else "" for row in rows]
    columns["duplicate_kind"] = ["exact" if row[3] else "" for row in rows]
    columns["group"] = columns["duplicate_group"]
    return with_types(columns, CATALOGUE_COLUMNS)


def kept(judged: pd.DataFrame) -> set[str]:
    return set(judged.loc[judged["kept"], "file"])


@pytest.fixture(scope="module")
def real(shared: Path) -> pd.DataFrame:
    root = shared / "data" / "MIT_split"
    return make_catalogue(list_images(root), root, near=True, threads=2)


def test_flaws_of_the_real_photographs(real: pd.DataFrame) -> None:
    assert len(real) == 2688
    for pair in (LEAK, COPY):
        rows = real[real["file"].isin(pair)]
        assert rows["duplicate_group"].nunique() == 1
        assert (rows["duplicate_group"] > 0).all()
        assert set(rows["duplicate_kind"]) == {"exact"}
    assert set(real["problem"]) == {""}
    assert set(real["width"]) == {200}


def test_judging_the_real_photographs(real: pd.DataFrame) -> None:
    judged = apply_policy(real)
    dropped = judged[~judged["kept"]]
    assert list(dropped["file"]) == ["train/inside_city/image_0305.jpg"]
    assert set(dropped["given_partition"]) == {"train"}
    reason = dropped.set_index("file").loc["train/inside_city/image_0305.jpg", "reason"]
    assert reason == (
        "leak: exact duplicate of test/tallbuilding/image_0300.jpg; "
        "conflict: exact duplicate of test/tallbuilding/image_0300.jpg"
    )
    assert kept(judged) >= COPY | {"test/tallbuilding/image_0300.jpg"}
    assert apply_policy(real, leaks="keep", conflicts="keep")["kept"].all()
    only_conflicts = apply_policy(real, leaks="keep")
    assert len(similar_pairs(real)) == 15
    assert [line[:28] for line in pair_warnings(judged)] == ["9 pairs of images look alike"]
    assert set(only_conflicts.loc[~only_conflicts["kept"], "file"]) == {
        "train/inside_city/image_0305.jpg"
    }


def test_stopping_names_everything_at_once(real: pd.DataFrame) -> None:
    with pytest.raises(UserError) as caught:
        apply_policy(real, leaks="stop", conflicts="stop")
    message = str(caught.value)
    assert "1 pictures in more than one partition (dataset.duplicates.leaks" in message
    assert "1 pictures under more than one class (dataset.duplicates.conflicts" in message
    assert message.count("image_0300.jpg = train/inside_city/image_0305.jpg") == 2


def test_description_counts_what_there_is(real: pd.DataFrame) -> None:
    text = "\n".join(describe_catalogue(apply_policy(real)))
    assert "2688 images of 8 classes" in text
    assert "tallbuilding: 356 (248 train, 108 test)" in text
    assert "1 pictures in more than one partition" in text
    assert "1 pictures in more than one class" in text
    assert "2 pictures with duplicates in all" in text
    assert "15 pairs of images that look alike" in text
    assert "2687 images kept" in text


def test_every_kind_of_row(tmp_path: Path) -> None:
    picture = Image.fromarray(scene("coast", 1, 96, 1))
    picture.save(tmp_path / "one.png")
    picture.save(tmp_path / "other.bmp")
    picture.save(tmp_path / "near.jpg", quality=80)
    Image.fromarray(scene("street", 1, 64, 1)).convert("L").save(tmp_path / "gray.png")
    (tmp_path / "page.jpg").write_text("<html>")
    files = ["gray.png", "near.jpg", "one.png", "other.bmp", "page.jpg", "zzz.png"]
    found = [FoundImage(file, "a", "") for file in files]
    table = make_catalogue(found, tmp_path, near=True)
    assert list(table.columns) == list(CATALOGUE_COLUMNS)
    assert table["duplicate_group"].tolist() == [0, 1, 1, 1, 0, 0]
    assert table["duplicate_kind"].tolist() == ["", "near", "exact", "exact", "", ""]
    assert table["mode"].tolist()[:4] == ["L", "RGB", "RGB", "RGB"]
    assert table["problem"].str.startswith("not an image").tolist() == [*[False] * 4, True, False]
    assert table["problem"].iloc[5].startswith("cannot be read")
    exact_only = make_catalogue(found, tmp_path, near=False, threads=3)
    assert exact_only["duplicate_group"].tolist() == [0, 0, 1, 1, 0, 0]


def test_largest_pixels_reaches_the_catalogue(tmp_path: Path) -> None:
    Image.new("RGB", (10, 10)).save(tmp_path / "a.png")
    table = make_catalogue([FoundImage("a.png", "a", "")], tmp_path, max_pixels=99)
    assert "99 are allowed" in table["problem"].iloc[0]


def test_problems_stop_or_are_left_out() -> None:
    table = rows_of(("bad", "a", "", 0), ("good", "b", "", 0), problem="empty file")
    with pytest.raises(UserError, match=r"1 unusable files .*: bad \(empty file\)"):
        apply_policy(table)
    judged = apply_policy(table, on_problem="leave_out")
    assert kept(judged) == {"good"}
    assert judged["reason"].tolist() == ["empty file", ""]


def test_copies_in_one_partition_under_one_class_stay() -> None:
    table = rows_of(("1", "a", "train", 1), ("2", "a", "train", 1), ("3", "b", "train", 0))
    assert kept(apply_policy(table, leaks="stop", conflicts="stop")) == {"1", "2", "3"}


def test_the_copy_in_the_deciding_partition_stays() -> None:
    table = rows_of(
        ("1", "a", "train", 1),
        ("2", "a", "validation", 1),
        ("3", "a", "test", 1),
        ("4", "a", "train", 2),
        ("5", "a", "validation", 2),
    )
    assert kept(apply_policy(table)) == {"3", "5"}


@pytest.mark.parametrize("partition", ["", "train", "test"])
def test_a_conflict_within_a_partition_costs_all_its_copies(partition: str) -> None:
    table = rows_of(
        ("1", "a", partition, 1),
        ("2", "b", partition, 1),
        ("3", "a", partition, 1),
        ("4", "a", partition, 0),
    )
    judged = apply_policy(table)
    assert kept(judged) == {"4"}
    assert judged["reason"].tolist()[:2] == [
        "conflict: exact duplicate of 2",
        "conflict: exact duplicate of 1, 3",
    ]


def test_leak_and_conflict_together_leave_the_test_copy() -> None:
    table = rows_of(("1", "a", "test", 1), ("2", "b", "train", 1), ("3", "a", "train", 1))
    assert kept(apply_policy(table)) == {"1"}
    assert kept(apply_policy(table, leaks="keep")) == {"1"}
    assert kept(apply_policy(table, conflicts="keep")) == {"1"}
    disagreeing = rows_of(("1", "a", "test", 1), ("2", "b", "test", 1), ("3", "a", "train", 1))
    assert kept(apply_policy(disagreeing)) == set()
    assert kept(apply_policy(disagreeing, conflicts="keep")) == {"1", "2"}


def test_no_leak_or_conflict_is_left_whatever_the_group() -> None:
    kinds = list(itertools.product("ab", ["train", "validation", "test"]))
    for number, members in enumerate(itertools.product(kinds, repeat=3)):
        rows = [(str(i), label, part, 1) for i, (label, part) in enumerate(members)]
        rest = apply_policy(rows_of(*rows)).query("kept")
        assert rest["class"].nunique() <= 1, number
        assert rest["given_partition"].nunique() <= 1, number


def test_tables_are_read_as_they_were_written(tmp_path: Path) -> None:
    table = rows_of(
        ("NA/1, 2.png", "NA", "", 0), ('"q".png', "007", "", 3), ("é.png", "null", "", 3)
    )
    judged = apply_policy(table, conflicts="keep")
    write_table(judged, tmp_path / "catalogue.csv")
    read = read_catalogue(tmp_path / "catalogue.csv")
    pd.testing.assert_frame_equal(read, judged)
    assert list(read.columns) == list(JUDGED_COLUMNS)
    assert read["kept"].dtype == np.bool_
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    with pytest.raises(UserError, match=r"other\.csv: its columns are a, b"):
        read_catalogue(tmp_path / "other.csv")


def with_groups(table: pd.DataFrame, **groups: str) -> pd.DataFrame:
    table["given_group"] = table["file"].map(lambda file: groups.get(file, ""))
    return table


def test_apply_policy_group_in_two_partitions_is_a_leak() -> None:
    table = with_groups(
        rows_of(
            ("p", "a", "train", 0),
            ("q", "a", "test", 0),
            ("r", "b", "train", 0),
            ("s", "b", "test", 0),
        ),
        p="P1",
        q="P1",
        r="P2",
    )
    judged = apply_policy(table)
    assert kept(judged) == {"q", "r", "s"}
    assert judged["reason"].iloc[0] == "leak: group 'P1' is in test too"
    assert kept(apply_policy(table, leaks="keep")) == {"p", "q", "r", "s"}
    with pytest.raises(UserError, match=r"1 groups in more than one partition .*leaks.*'P1'"):
        apply_policy(table, leaks="stop")
    assert "1 given groups in more than one partition" in describe_catalogue(judged)


def test_make_catalogue_groups_join_duplicates_and_given_groups(tmp_path: Path) -> None:
    for number, seed in enumerate((1, 1, 2, 3, 4)):
        Image.fromarray(scene("coast", seed, 40, 1)).save(tmp_path / f"{number}.png")
    groups = ("", "P", "P", "", "Q")
    found = [FoundImage(f"{number}.png", "a", "", group) for number, group in enumerate(groups)]
    table = make_catalogue(found, tmp_path, near=False)
    assert table["duplicate_group"].tolist() == [1, 1, 0, 0, 0]
    assert table["group"].tolist() == [1, 1, 1, 0, 0]


def alike(table: pd.DataFrame, *pairs: tuple[str, str]) -> pd.DataFrame:
    for file, other in pairs:
        table.loc[table["file"] == file, ["similar_to", "similar_distance"]] = [other, 0.1]
    return table


def test_tables_distance_is_read_as_it_was_written(tmp_path: Path) -> None:
    judged = apply_policy(alike(rows_of(("1", "a", "", 0), ("2", "b", "", 0)), ("1", "2")))
    judged["similar_distance"] = [0.1, np.nan]
    write_table(judged, tmp_path / "catalogue.csv")
    pd.testing.assert_frame_equal(read_catalogue(tmp_path / "catalogue.csv"), judged)


@pytest.mark.parametrize(
    ("largest", "white_level", "advice"),
    [
        (4095, 65535, "set dataset.white_level: 4095"),
        (1023, 65535, "set dataset.white_level: 1023"),
        (16383, 65535, "set dataset.white_level: 16383"),
        (4095, 4095, ""),
        (40000, 65535, ""),
    ],
)
def test_make_catalogue_dark_16_bit_images_are_warned_about(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, largest: int, white_level: int, advice: str
) -> None:
    values = np.random.default_rng(1).integers(0, largest + 1, (2, 40, 40)).astype(np.uint16)
    for number in range(2):
        values[number, 0, 0] = largest
        Image.fromarray(values[number]).save(tmp_path / f"{number}.png")
    found = [FoundImage(f"{number}.png", "a", "") for number in range(2)]
    with caplog.at_level("WARNING", "scenery"):
        make_catalogue(found, tmp_path, near=False, white_level=white_level)
    assert (advice in caplog.text) if advice else not caplog.text


def test_apply_policy_random_duplicates_are_dropped_as_always() -> None:
    # Of an implementation that looks at each group as a table of its own.
    said = hashlib.sha256()
    rng = np.random.default_rng(0)
    for _ in range(20):
        count = int(rng.integers(5, 60))
        rows = [
            (f"{number:03d}.png", f"c{label}", partition, group)
            for number, label, partition, group in zip(
                range(count),
                rng.integers(0, 3, count).tolist(),
                rng.choice(["train", "validation", "test"], count).tolist(),
                rng.integers(0, count // 3 + 1, count).tolist(),
                strict=True,
            )
        ]
        table = rows_of(*rows)
        given = rng.integers(0, 12, count)
        table["given_group"] = [f"g{number}" if number < 6 else "" for number in given]
        judged = apply_policy(table)
        said.update(judged.drop(columns="weight").to_csv(index=False).encode())
        said.update("\n".join(describe_catalogue(judged)).encode())
    assert said.hexdigest()[:16] == "c1863304d1445dd1"
