"""Which settings an experiment is shown to vary."""

from dataclasses import replace
from pathlib import Path

import pandas as pd

from scenery.presentation.ranking import varied_columns
from scenery.presentation.reading import read_choice


def test_a_group_is_left_out_beside_its_options(study: Path) -> None:
    choice = read_choice(study / "experiments" / "cuts" / "chosen.yaml")
    changed = replace(choice, varied=["early_stopping", "early_stopping.patience", "head.dropout"])
    columns = ["head.dropout", "early_stopping", "early_stopping.patience"]
    table = pd.DataFrame(columns=columns)
    assert varied_columns(table, changed) == ["early_stopping.patience", "head.dropout"]
    alone = replace(choice, varied=["early_stopping", "head.l2"])
    assert varied_columns(table, alone) == ["early_stopping"]
