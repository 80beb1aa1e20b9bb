"""Numbers and names in words, and tables read without taking names for gaps."""

from pathlib import Path

import pytest
from tables_factory import Experiment

from scenery.errors import UserError
from scenery.reporting.configuration import configuration
from scenery.reporting.labels import (
    columns_wide,
    interval,
    ordered,
    plural,
    setting_value,
    shorten,
    shorten_all,
)
from scenery.reporting.reading import (
    read_choice,
    read_predictions,
    read_trials,
    setting_columns,
)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "none"), (float("nan"), "none"), ("[]", "none"), ("[512, 256]", "512, 256"),
        (True, "yes"), ("False", "no"), (1e-5, "1e-05"), (224.0, "224"), (1024, "1024"),
        (0.00042711, "0.000427"), (float("inf"), "infinite"), ("[not json", "[not json"),
    ],
)  # fmt: skip
def test_setting_value_any_type_is_readable(value: object, words: str) -> None:
    assert setting_value(value) == words


def test_interval_without_ends_is_the_number() -> None:
    assert interval(0.9512, 0.9338, 0.9641) == "0.951 (0.934-0.964)"
    assert interval(0.9512, float("nan"), float("nan")) == "0.951"


def test_plural_adds_ending_and_separators() -> None:
    words = [plural(1, "trial"), plural(0, "class"), plural(2, "class"), plural(1200, "image")]
    assert words == ["1 trial", "0 classes", "2 classes", "1,200 images"]


def test_shorten_all_equal_beginnings_stay_distinct() -> None:
    assert shorten("a\nb", 5) == "a b"
    assert columns_wide(shorten("\u5c71\u8109\u4e0e\u6d77\u5cb8", 7)) <= 7
    short = shorten_all(["scene number one of many, first", "scene number one of many, last"], 16)
    assert len(set(short)) == 2
    assert all(columns_wide(text) <= 16 for text in short)


def test_ordered_numbers_sort_by_size() -> None:
    assert ordered([10, 9, 100, 9]) == [9, 10, 100]
    assert ordered(["b", None, "a", None]) == [None, "a", "b"]


def test_read_predictions_class_named_none_is_text(study: Path) -> None:
    table = read_predictions(study / "experiments/cuts/test/predictions.csv")
    assert "None" in set(table["class"])
    assert table["correct"].dtype == bool


def test_read_trials_nan_and_empty_are_missing(experiments: dict[str, Experiment]) -> None:
    trials = experiments["cuts"].trials()
    failed = trials[trials["status"] == "diverged"]
    assert len(failed) == 2
    assert failed[["validation_accuracy", "validation_loss"]].isna().all(axis=None)
    assert failed["reason"].tolist() == ["the loss became NaN in epoch 3"] * 2


def test_setting_columns_exclude_results(experiments: dict[str, Experiment]) -> None:
    settings = setting_columns(experiments["cuts"].trials())
    assert "remove_stages" in settings
    assert "optimizer.learning_rate" in settings
    assert not {"validation_accuracy", "trial", "chosen", "seconds"} & set(settings)


def test_read_table_missing_columns_raises_user_error(tmp_path: Path) -> None:
    path = tmp_path / "trials.csv"
    path.write_text("experiment,trial\na,b\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"trials\.csv.*name, setting"):
        read_trials(path)
    path = tmp_path / "chosen.yaml"
    path.write_text("trial: x\n", encoding="utf-8")
    with pytest.raises(UserError, match="validation_accuracy"):
        read_choice(path)


def test_configuration_marks_varied_settings(
    experiments: dict[str, Experiment],
) -> None:
    choice = experiments["search"].choice()
    rows = {label: (value, varied) for label, value, varied in configuration(
        choice.settings, choice.varied)}  # fmt: skip
    assert rows["optimizer"] == ("Adam", True)
    # In a row of its own, which the cell of the optimizer would cut off.
    assert rows["learning rate"][1]
    assert float(rows["learning rate"][0]) > 0
    assert rows["head"][1]
    assert rows["backbone"] == ("MobileNet", False)
    assert "augmentation" not in rows


def test_configuration_each_varied_option_of_a_network_has_a_row() -> None:
    network = {"channels": 8, "depth": 12, "residual": True, "blocks": None, "batch_norm": False}
    settings = {"backbone": "ConvNet", "network": network}
    rows = configuration(settings, ["network.residual", "network.depth", "network.blocks"])
    assert [row for row in rows if row[0] != "backbone"] == [
        # `blocks` is an option of another network, and `batch_norm` is at its default.
        ("depth", "12", True), ("residual", "yes", True), ("network", "channels 8", False),
    ]  # fmt: skip


def test_configuration_unknown_setting_is_kept() -> None:
    rows = configuration({"backbone": "X", "new_setting": 3}, [])
    assert ("new setting", "3", False) in rows
