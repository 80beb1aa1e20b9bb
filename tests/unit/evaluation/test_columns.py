"""The registry of columns, and what is derived from it."""

import os
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from scenery.evaluation.columns import (
    COLUMNS,
    HELD_OUT,
    Format,
    column_label,
    names_of,
    text_columns,
)
from scenery.evaluation.result_tables import completed, count_failed, read_results
from scenery.evaluation.status import TrialStatus
from scenery.evaluation.training_result import Epoch
from scenery.evaluation.trial_batches import COLUMNS as BATCH_COLUMNS
from scenery.evaluation.trial_tables import TrialMetrics, fitted_row

SOURCE = Path(__file__).resolve().parents[3] / "src"


def test_columns_names_are_unique() -> None:
    names = [column.name for column in COLUMNS]
    assert len(set(names)) == len(names)


def test_columns_describe_every_column_of_a_trial() -> None:
    assert {field.name for field in fields(TrialMetrics)} <= set(names_of("trials"))
    assert {field.name for field in fields(Epoch)} <= set(names_of("history"))
    assert set(BATCH_COLUMNS["predictions"]) == set(names_of(HELD_OUT))
    described = [column for column in COLUMNS if column.kind != "setting"]
    assert all(column.description.endswith(".") for column in described)
    assert set(names_of("trials")) <= set(names_of("summary"))


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("optimizer.learning_rate", "learning rate"),
        ("head.l2", "L2 penalty"),
        ("seconds", "time (s)"),
        ("validation_accuracy", "validation accuracy"),
        ("augment.width_shift", "width shift"),
    ],
)
def test_column_label_is_the_one_of_the_record_or_the_name(name: str, label: str) -> None:
    assert column_label(name) == label


def test_columns_import_neither_pandas_nor_matplotlib() -> None:
    code = "import sys, scenery.evaluation.columns; print(sorted(sys.modules))"
    environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
    call = [sys.executable, "-c", code]
    done = subprocess.run(call, env=environment, capture_output=True, text=True, check=True)
    assert not {"'pandas'", "'matplotlib'", "'tensorflow'"} & set(done.stdout.split(", "))


def test_read_results_keeps_names_as_text(tmp_path: Path) -> None:
    path = tmp_path / "trials.csv"
    path.write_text("trial,backbone,reason,seed\n007,NA,,1\n", encoding="utf-8")
    row = read_results(path).iloc[0]
    assert (row["trial"], row["backbone"], row["seed"]) == ("007", "NA", 1)
    assert {"trial", "backbone"} <= set(text_columns())


def test_read_results_keeps_every_digit_of_a_number(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    rates = pd.DataFrame({"optimizer.learning_rate": 10 ** random.uniform(-8, 2, 20_000)})
    rates.to_csv(tmp_path / "trials.csv", index=False)
    pd.testing.assert_frame_equal(read_results(tmp_path / "trials.csv"), rates, check_exact=True)


def test_count_failed_counts_diverged_and_failed_trials(tmp_path: Path) -> None:
    rows = "".join(f"{status},0.5\n" for status in TrialStatus)
    path = tmp_path / "trials.csv"
    path.write_text("status,validation_accuracy\n" + rows, encoding="utf-8")
    table = read_results(path)
    assert completed(table).tolist() == [status.has_result for status in TrialStatus]
    assert count_failed(table) == 2


def test_fitted_row_has_the_columns_of_every_trial() -> None:
    row = fitted_row("a", reason="too few images")
    assert list(row) == [field.name for field in fields(TrialMetrics)]
    assert (row["status"], row["best_epoch"]) == ("failed", None)
    assert fitted_row("a", validation_accuracy=0.5)["status"] == "completed"
    assert Format("text") is Format.TEXT
