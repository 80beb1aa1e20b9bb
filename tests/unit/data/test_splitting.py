"""Splits are stratified, whole in their groups, complete and repeatable; subsets are nested."""

import hashlib
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from forms import form
from hypothesis import given, settings
from hypothesis import strategies as st

from scenery.data.splitting import draw_subset, split_images, without_given_test
from scenery.data.tables import SPLIT_COLUMNS, read_split, write_table
from scenery.errors import UserError


def catalogue(*images: tuple[str, str, int], kept: bool = True) -> pd.DataFrame:
    """A judged catalogue from (class, given partition, group)."""
    files = [f"{label}/{number:04d}.png" for number, (label, _, _) in enumerate(images)]
    return pd.DataFrame(
        {
            "file": files,
            "class": [label for label, _, _ in images],
            "given_partition": [partition for _, partition, _ in images],
            "given_group": "",
            "weight": 1.0,
            "digest": files,
            "problem": "",
            "duplicate_group": [group for _, _, group in images],
            "group": [group for _, _, group in images],
            "kept": kept,
            "reason": "",
        }
    )


def plain(**counts: int) -> pd.DataFrame:
    return catalogue(*((label, "", 0) for label, count in counts.items() for _ in range(count)))


def counts_of(split: pd.DataFrame) -> dict[tuple[str, str], int]:
    return split.groupby(["class", "partition"]).size().to_dict()


def test_fractions_hold_for_every_class() -> None:
    split = split_images(plain(a=100, b=50, c=10), test=0.3, validation=0.2, seed=1)
    assert counts_of(split) == {
        **{("a", "test"): 30, ("a", "validation"): 14, ("a", "train"): 56},
        **{("b", "test"): 15, ("b", "validation"): 7, ("b", "train"): 28},
        **{("c", "test"): 3, ("c", "validation"): 1, ("c", "train"): 6},
    }
    assert list(split.columns) == list(SPLIT_COLUMNS)


def test_labels_and_rows() -> None:
    split = split_images(plain(b=8, a=8, C=8), test=0.25, validation=0.25, seed=0)
    assert dict(zip(split["class"], split["label"], strict=True)) == {"C": 0, "a": 1, "b": 2}
    assert split["partition"].drop_duplicates().tolist() == ["train", "validation", "test"]
    for _, rows in split.groupby("partition"):
        assert rows["row"].tolist() == list(range(len(rows)))
        assert rows["file"].is_monotonic_increasing


def test_given_partitions_stay() -> None:
    images = [
        (label, "test" if number < 4 else "train", 0) for label in "ab" for number in range(20)
    ]
    table = catalogue(*images)
    split = split_images(table, test=0.5, validation=0.25, seed=3)
    given_test = set(table.loc[table["given_partition"] == "test", "file"])
    assert set(split.loc[split["partition"] == "test", "file"]) == given_test
    assert counts_of(split)["a", "validation"] == 4
    table.loc[4:6, "given_partition"] = "validation"
    table.loc[24:26, "given_partition"] = "validation"
    again = split_images(table, test=0.5, validation=0.25, seed=3)
    assert counts_of(again)["a", "validation"] == 3


def test_nothing_is_drawn_for_a_fraction_of_zero() -> None:
    split = split_images(plain(a=4, b=4), test=0, validation=0, seed=1)
    assert set(split["partition"]) == {"train"}


def test_images_left_out_stay_out() -> None:
    table = plain(a=10, b=10)
    table.loc[0, "kept"] = False
    split = split_images(table, 0.3, 0.2, 1)
    assert len(split) == 19
    assert table.loc[0, "file"] not in set(split["file"])


def test_seeds_differ_and_zero_is_a_seed() -> None:
    table = plain(a=40, b=40)
    drawn = [
        tuple(split_images(table, 0.3, 0.2, seed).query("partition == 'test'")["file"])
        for seed in (0, 0, 1, 2)
    ]
    assert drawn[0] == drawn[1]
    assert len(set(drawn)) == 3


def test_another_class_changes_nothing_for_the_others() -> None:
    def of_a(table: pd.DataFrame) -> list[tuple[str, str]]:
        rows = split_images(table, 0.3, 0.2, 1).query("`class` == 'a'")
        return sorted(zip(rows["file"], rows["partition"], strict=True))

    assert of_a(plain(a=30, b=30)) == of_a(plain(a=30, b=30, c=10))


def test_validation_is_not_a_shifted_test() -> None:
    """The two draws use different random numbers."""
    table = plain(a=200, b=10)
    test = split_images(table, 0.2, 0, 1).query("partition == 'test' and `class` == 'a'")
    validation = split_images(table, 0, 0.2, 1).query(
        "partition == 'validation' and `class` == 'a'"
    )
    assert len(set(test["file"]) & set(validation["file"])) < 25


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (plain(a=10, b=1), "class 'b' has 1 usable images in 1 independent groups and needs 3"),
        (plain(a=10, b=2), "class 'b' has 2 usable images in 2 independent groups and needs 3"),
        (
            catalogue(*[("a", "", 0)] * 9, *[("b", "", 7)] * 9),
            "'b' has 9 usable images in 1 independent",
        ),
        (
            catalogue(("a", "train", 0), ("a", "test", 0), ("b", "test", 0)),
            "'b' has 1 usable images and none of them in train",
        ),
    ],
)
def test_too_few_images(table: pd.DataFrame, message: str) -> None:
    validation = 0 if "in train" in message else 0.2
    with pytest.raises(UserError) as caught:
        split_images(table, 0.3, validation, 1)
    assert message in str(caught.value)


def test_a_class_without_any_kept_image_is_named() -> None:
    table = plain(a=10, b=3)
    table.loc[table["class"] == "b", ["kept", "reason"]] = [False, "conflict: exact duplicate of x"]
    message = r"'b' has 0 usable images .*3 found, 3 left out: 3 conflicts, dataset.duplicates.conf"
    with pytest.raises(UserError, match=message):
        split_images(table, 0.3, 0.2, 1)


images = st.lists(
    st.tuples(st.sampled_from("abc"), st.just(""), st.sampled_from([0, 0, 0, 1, 2, 3, 4])),
    min_size=0,
    max_size=60,
)


@given(images, st.integers(0, 1000), st.sampled_from([0.1, 0.3, 0.5]), st.sampled_from([0.0, 0.2]))
@settings(deadline=None, max_examples=form(40, 150))
def test_properties_of_splits(
    drawn: list[tuple[str, str, int]], seed: int, test: float, validation: float
) -> None:
    table = catalogue(*drawn, *[(label, "", 0) for label in "abc" for _ in range(8)])
    split = split_images(table, test, validation, seed)
    assert sorted(split["file"]) == sorted(table["file"])
    joined = split.merge(table[["file", "duplicate_group"]], on="file")
    grouped = joined[joined["duplicate_group"] > 0].groupby("duplicate_group")
    assert (split.groupby("group")["partition"].nunique() == 1).all()
    assert (grouped["partition"].nunique() <= 1).all()
    counts = counts_of(split)
    present = {"train", "test"} | ({"validation"} if validation else set())
    assert set(counts) == {(label, partition) for label in "abc" for partition in present}
    pd.testing.assert_frame_equal(split, split_images(table.iloc[::-1], test, validation, seed))


def test_subsets_have_the_number_asked_for_and_are_nested() -> None:
    split = split_images(plain(a=60, b=80, c=70), 0.3, 0.2, 1)
    sizes = [1, 5, 25, 30]
    subsets = [draw_subset(split, size, seed=4) for size in sizes]
    for size, subset in zip(sizes, subsets, strict=True):
        assert counts_of(subset) == {(label, "train"): size for label in "abc"}
        assert list(subset.columns) == list(SPLIT_COLUMNS)
        merged = subset.merge(split, how="left", indicator=True)
        assert (merged["_merge"] == "both").all()
        assert subset["row"].is_monotonic_increasing
    for smaller, larger in pairwise(subsets):
        assert set(smaller["file"]) < set(larger["file"])
    assert set(draw_subset(split, 25, seed=5)["file"]) != set(subsets[2]["file"])


def test_a_subset_that_is_too_large_names_the_classes() -> None:
    split = split_images(plain(a=40, b=10), 0.3, 0.2, 1)
    with pytest.raises(UserError, match=r"subset of 20 images per class .*'b' has 6"):
        draw_subset(split, 20, 1)


def test_splits_are_read_as_they_were_written(tmp_path: Path) -> None:
    split = split_images(plain(NA=9, null=9), 0.3, 0.2, 1)
    write_table(split, tmp_path / "split.csv")
    read = read_split(tmp_path / "split.csv")
    pd.testing.assert_frame_equal(read, split, check_dtype=False)
    assert set(read["class"]) == {"NA", "null"}


@given(st.integers(0, 2**31 - 1), st.integers(1, 11), st.integers(0, 11), st.integers(2, 4))
@settings(deadline=None, max_examples=form(20, 60))
def test_smaller_subsets_lie_in_larger_ones(seed: int, few: int, more: int, classes: int) -> None:
    rows = [("abcd"[number], "", 0) for number in range(classes) for _ in range(30)]
    split = split_images(catalogue(*rows), 0.2, 0.2, 1)
    small, large = draw_subset(split, few, seed), draw_subset(split, min(few + more, 19), seed)
    assert set(small["file"]) <= set(large["file"])
    assert (small["class"].value_counts() == few).all()
    assert set(small["partition"]) == {"train"}
    # Another class changes nothing in what is drawn of these.
    without = split[split["class"] != "a"]
    rest = draw_subset(without, few, seed)
    assert set(rest["file"]) == set(small.loc[small["class"] != "a", "file"])


def grouped(*sizes: int, label: str = "a", first: int = 1) -> list[tuple[str, str, int]]:
    """Images of one class in groups of the given sizes; 1: an image alone."""
    return [
        (label, "", first + number if size > 1 else 0)
        for number, size in enumerate(sizes)
        for _ in range(size)
    ]


def groups_of(split: pd.DataFrame, label: str = "a") -> dict[str, int]:
    rows = split[split["class"] == label]
    return rows.groupby("partition")["group"].nunique().to_dict()


def test_split_images_one_large_group_trains_and_leaves_groups_for_training() -> None:
    table = catalogue(*grouped(60, *[1] * 40), *grouped(*[1] * 50, label="b"))
    split = split_images(table, 0.3, 0.2, 1)
    assert groups_of(split) == {"test": 13, "validation": 6, "train": 22}
    large = split[split["file"].isin(table.loc[table["group"] == 1, "file"])]
    assert set(large["partition"]) == {"train"}


def test_split_images_equal_groups_give_shares_of_images_and_groups() -> None:
    table = catalogue(*grouped(*[4] * 20), *grouped(*[4] * 20, label="b", first=100))
    split = split_images(table, 0.3, 0.2, 1)
    assert groups_of(split) == groups_of(split, "b") == {"test": 6, "validation": 3, "train": 11}


def test_split_images_groups_and_single_images_give_shares_of_both() -> None:
    table = catalogue(*grouped(*[10] * 4, *[1] * 20), *grouped(*[1] * 20, label="b"))
    split = split_images(table, 0.3, 0, 1)
    assert counts_of(split)["a", "test"] in range(14, 22)
    assert groups_of(split)["test"] in range(5, 10)


@pytest.mark.parametrize("sizes", [(40, 1, 1), (5, 5, 5), (9, 3, 1), (40, *[1] * 10)])
def test_split_images_three_groups_suffice(sizes: tuple[int, ...]) -> None:
    table = catalogue(*grouped(*sizes), *grouped(*[1] * 20, label="b"))
    assert set(groups_of(split_images(table, 0.5, 0.5, 1))) == {"train", "validation", "test"}


def test_split_images_subjects_of_several_classes_stay_whole() -> None:
    """Every subject has images of both classes, as the two eyes of a patient may."""
    images = [
        (label, "", subject)
        for subject in range(1, 41)
        for label in "ab"
        for _ in range(subject % 3 + 1)
    ]
    table = catalogue(*images)
    split = split_images(table, 0.3, 0.2, 1)
    assert (split.groupby("group")["partition"].nunique() == 1).all()
    for label in "ab":
        assert groups_of(split, label)["test"] in range(10, 15)
        assert counts_of(split)[label, "test"] in range(20, 28)


def test_split_images_classes_that_share_all_groups_are_divided_or_named() -> None:
    split = split_images(
        catalogue(*[(label, "", n) for n in (1, 2, 3) for label in "abc"]), 0.3, 0.3, 1
    )
    assert counts_of(split) == {
        (label, part): 1 for label in "abc" for part in ("train", "validation", "test")
    }
    with pytest.raises(UserError, match=r"'a' has 4 .*'b' has 4"):
        split_images(catalogue(*[(label, "", n) for n in (1, 2) for label in "aabb"]), 0.3, 0.3, 1)


def test_split_images_all_classes_that_cannot_be_divided_are_named() -> None:
    table = catalogue(*grouped(9), *grouped(*[1] * 2, label="b"), *grouped(*[1] * 9, label="c"))
    with pytest.raises(UserError) as caught:
        split_images(table, 0.3, 0.2, 1)
    message = str(caught.value)
    assert "(split.test and split.validation)" in message
    assert "'a' has 9 usable images in 1 independent groups (grouped by duplicates; data" in message
    assert "'b' has 2 usable images in 2 independent groups and needs 3" in message
    assert "'c'" not in message


def test_split_images_few_training_groups_are_warned_about(
    caplog: pytest.LogCaptureFixture,
) -> None:
    table = catalogue(*grouped(40, *[1] * 5), *grouped(*[1] * 40, label="b"))
    with caplog.at_level("WARNING", "scenery"):
        split_images(table, 0.3, 0.2, 1)
    assert "fewer than 5 independent groups" in caplog.text
    assert "'a' has 3 in 42 images" in caplog.text
    assert "'b'" not in caplog.text


sizes = st.lists(st.integers(1, 12), min_size=3, max_size=25)


@given(sizes, sizes, st.integers(0, 1000), st.sampled_from([0.1, 0.3, 0.5]))
@settings(deadline=None, max_examples=100)
def test_split_images_any_groups_are_shared_fairly(
    of_a: list[int], of_b: list[int], seed: int, test: float
) -> None:
    table = catalogue(*grouped(*of_a), *grouped(*of_b, label="b", first=100))
    split = split_images(table, test, 0.2, seed)
    assert (split.groupby("group")["partition"].nunique() == 1).all()
    for label, group_sizes in (("a", of_a), ("b", of_b)):
        counts = groups_of(split, label)
        assert set(counts) == {"train", "validation", "test"}
        share = counts["test"] / len(group_sizes)
        images = counts_of(split)[label, "test"] / sum(group_sizes)
        # Neither share is far above what is asked for; a single group may be all there is.
        assert counts["test"] == 1 or min(share, images) <= test + 0.1
        assert counts["train"] >= 1
    # Another class that shares no group changes nothing.
    alone = split_images(table[table["class"] == "a"], test, 0.2, seed)
    both = split[split["class"] == "a"]
    assert dict(zip(alone["file"], alone["partition"], strict=True)) == dict(
        zip(both["file"], both["partition"], strict=True)
    )


def random_catalogue(rng: np.random.Generator) -> pd.DataFrame:
    """Images of some classes; half of them in groups, of one class or of several."""
    count, numbers = int(rng.integers(30, 90)), int(rng.integers(4, 25))
    groups = np.where(rng.random(count) < 0.5, 0, rng.integers(1, numbers + 1, count))
    labels = rng.integers(0, rng.integers(2, 5), count)
    if rng.random() < 0.5:
        labels = np.where(groups > 0, groups % 3, labels)
    return catalogue(
        *((f"c{label}", "", group) for label, group in zip(labels, groups.tolist(), strict=True))
    )


def test_split_images_random_catalogues_are_divided_as_always() -> None:
    # Of an implementation that counts everything anew for each class. A change here gives all
    # studies another split.
    said = hashlib.sha256()
    rng, divided = np.random.default_rng(0), 0
    for seed in range(30):
        try:
            split = split_images(random_catalogue(rng), test=0.2, validation=0.2, seed=seed)
            said.update(split.drop(columns="weight").to_csv(index=False).encode())
            divided += 1
        except UserError as error:
            said.update(str(error).encode())
    assert divided > 10
    assert said.hexdigest()[:16] == "0b2da109212b005b"


def test_without_given_test_refuses_or_divides_all_images_with_whole_groups() -> None:
    images = [(label, "test" if n % 4 == 0 else "train", 1 + n // 3)
              for label in "ab" for n in range(24)]  # fmt: skip
    given = catalogue(*images)
    with pytest.raises(UserError, match=r"split.repeats: the data set gives the test partition"):
        without_given_test(given, refuse=True)
    anew = without_given_test(given, refuse=False)
    for seed in (1, 2):
        split = split_images(anew, 0.3, 0.2, seed)
        assert (split.groupby("group")["partition"].nunique() == 1).all()
        assert (split["partition"] == "test").any()
        assert not split["given"].any() or set(split.loc[split["given"], "partition"]) == {"train"}
    # Without a given test partition nothing is refused or changed.
    free = plain(a=9, b=9)
    assert without_given_test(free, refuse=True).equals(free)
