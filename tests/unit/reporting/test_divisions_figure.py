"""The figure, the page and the sentences about other divisions of the images."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from figure_texts import outside, texts
from rendered_text import as_html
from tables_factory import HOSTILE, grid, write_experiment

from scenery.evaluation.columns import names_of
from scenery.evaluation.divisions import summarize_divisions
from scenery.reporting.conclusions import ExperimentResult, conclusions
from scenery.reporting.divisions import divisions_figure, divisions_page
from scenery.reporting.reading import read_divisions
from scenery.reporting.report_conclusions import report_conclusions


@pytest.fixture
def divisions(tmp_path: Path) -> pd.DataFrame:
    """Ten divisions of `heads`, three of which choose another setting, and `nets` left out."""
    random = np.random.default_rng(0)
    rows = [
        {
            "experiment": "heads", "name": HOSTILE[0] if n < 7 else "dropout=0.5",
            "setting": str(n < 7), "division": n, "validation_accuracy": 0.9,
            "test_accuracy": 0.85 + random.normal() / 40,
            "test_images": 60, "training_images": 140, "as_study": n < 7, "given_test": True,
            "trial": "t", "reason": "",
        }
        for n in range(10)
    ]  # fmt: skip
    rows.append({"experiment": "nets", "reason": "it trains networks"})
    pd.DataFrame(rows, columns=names_of("divisions")).to_csv(tmp_path / "d.csv", index=False)
    return read_divisions(tmp_path / "d.csv")


def test_divisions_figure_and_page_show_the_interval_and_what_is_left_out(
    divisions: pd.DataFrame,
) -> None:
    figure = divisions_figure(divisions, {"heads": HOSTILE[0], "nets": "Networks"})
    shown = texts(figure)
    assert "7 of 10" in shown and "left out: nets" in shown and "given by the data set" in shown
    one = summarize_divisions(divisions)[0]
    assert f"{one.accuracy:.3f} ({one.low:.3f}-{one.high:.3f})" in shown
    assert outside(figure) == []
    html = divisions_page(divisions, {"heads": HOSTILE[0], "nets": "Networks"})
    assert "it trains networks" in html and "they are training images" in html
    assert "<script>alert" not in html


def test_divisions_figure_nothing_divided_says_so(divisions: pd.DataFrame) -> None:
    figure = divisions_figure(divisions[divisions["experiment"] == "nets"], {})
    assert "no experiment was divided again" in texts(figure)


def test_conclusions_say_what_other_divisions_choose(
    divisions: pd.DataFrame, tmp_path: Path
) -> None:
    written = write_experiment(tmp_path, "heads", grid(head__dropout=[0, 0.5]), "grid", "Heads")
    results = [
        ExperimentResult(written.choice(), written.trials(), divisions=one)
        for one in summarize_divisions(divisions)
    ]
    shown = as_html(report_conclusions(results))
    assert "Would another split say the same?" in shown
    assert "7 of 10 divisions of the images choose the setting of the study" in shown
    assert "The given test images are training images in other divisions" in shown
    assert "was not divided again, since it trains networks" in shown
    assert any("7 of 10 divisions" in sentence for sentence in conclusions(results))
