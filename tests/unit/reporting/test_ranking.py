"""Which settings an experiment is shown to vary."""

from dataclasses import replace
from pathlib import Path

import pandas as pd

from scenery.reporting.ranking import rank_settings, varied_columns
from scenery.reporting.reading import read_choice


def test_varied_columns_group_with_options_is_left_out(study: Path) -> None:
    choice = read_choice(study / "experiments" / "cuts" / "chosen.yaml")
    changed = replace(choice, varied=["early_stopping", "early_stopping.patience", "head.dropout"])
    columns = ["head.dropout", "early_stopping", "early_stopping.patience"]
    table = pd.DataFrame(columns=columns)
    assert varied_columns(table, changed) == ["early_stopping.patience", "head.dropout"]
    alone = replace(choice, varied=["early_stopping", "head.l2"])
    assert varied_columns(table, alone) == ["early_stopping"]


def test_rank_settings_list_labels_are_distinct(study: Path) -> None:
    choice = read_choice(study / "experiments" / "cuts" / "chosen.yaml")
    varied = ["backbone", "trainable", "head.dense", "epochs", "subset"]
    entries = [
        ("MobileNet", "head", "[256]", 4, "full"),
        ("MobileNet", "all", "[256]", 4, "full"),
        ("MobileNet", "head", "[256]", 4, "few"),
        ("MobileNet", "all", "[256]", 4, "few"),
        ("LeNet5", "all", "[256]", 3, None),
    ]
    table = pd.DataFrame(entries, columns=varied)
    table = table.assign(
        setting=[f"s{n}" for n in range(5)], name="given", status="completed", seconds=1.0,
        validation_accuracy=[0.9, 0.8, 0.7, 0.6, 0.5], chosen=False, parameters=1,
    )  # fmt: skip
    ranked = rank_settings(table, replace(choice, strategy="list", varied=varied))
    assert ranked["label"].tolist() == [
        "MobileNet, trained layers head, training subset full",
        "MobileNet, trained layers all, training subset full",
        "MobileNet, trained layers head, training subset few",
        "MobileNet, trained layers all, training subset few",
        "LeNet5, trained layers all, epochs 3",
    ]
    # A setting that an entry does not name was inherited and is no part of its label.
    own = ['["trainable"]', '["trainable"]', '["subset"]', '["trainable", "subset"]', '["epochs"]']
    inherited = rank_settings(
        table.assign(varied=own), replace(choice, strategy="list", varied=varied)
    )
    assert inherited["label"].tolist() == [
        "trained layers head", "trained layers all", "training subset few",
        "trained layers all, training subset few", "epochs 3",
    ]  # fmt: skip
    # Where the table does not tell them apart, the names that they were given do.
    same = rank_settings(
        table.assign(subset="full"), replace(choice, strategy="list", varied=varied)
    )
    assert same["label"].tolist() == ["given"] * 5
