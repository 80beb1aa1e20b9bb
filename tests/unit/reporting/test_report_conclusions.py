"""The first section of the report is valid reStructuredText that answers what won, and how well."""

import html
import re
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from rendered_text import as_html
from tables_factory import Experiment, grid, write_experiment

from scenery.reporting.conclusions import ExperimentResult
from scenery.reporting.report_conclusions import escape, report_conclusions

HOSTILE = "*a* |b| `c` <script>alert(1)</script> {{ d }} _e_ :f: \\g .. h::"


def result(one: Experiment) -> ExperimentResult:
    """Of 40 test images of each of two classes 10 of class b are taken for a."""
    predictions = pd.DataFrame(
        {
            "file": [f"{number}.png" for number in range(80)],
            "class": ["a"] * 40 + ["b"] * 40,
            "predicted": ["a"] * 50 + ["b"] * 30,
        }
    )
    score = {
        "trial": one.choice().trial, "chosen": True, "test_accuracy": 0.875, "test_low": 0.78,
        "test_high": 0.93, "test_images": 80, "training_images": 200, "models": 1,
    }  # fmt: skip
    return ExperimentResult(
        one.choice(), one.trials(), {"accuracy": 0.875}, predictions, scores=pd.DataFrame([score])
    )


@pytest.fixture
def text(tmp_path: Path) -> str:
    settings = grid(head__dropout=[0, 0.5])
    return report_conclusions(
        [result(write_experiment(tmp_path, "heads", settings, "grid", HOSTILE))]
    )


def test_report_conclusions_say_what_won_and_how_good_it_is(text: str) -> None:
    assert "Best model" in text
    shown = as_html(text)
    assert "test accuracy 0.875 (0.780-0.930) on 80 test images" in shown
    assert "b, taken for a: 10 of 40 images" in shown
    assert "The class b has the lowest recall, 0.750" in shown


def test_report_conclusions_say_that_there_is_no_soup(tmp_path: Path) -> None:
    one = result(write_experiment(tmp_path, "rates", grid(epochs=[2, 3]), "grid", "Rates"))
    choice = replace(one.choice, too_few_members=["a soup of 3 settings is not there"])
    shown = html.unescape(as_html(report_conclusions([replace(one, choice=choice)])))
    assert '"Rates": a soup of 3 settings is not there.' in shown
    assert "soup" not in report_conclusions([one])


def test_report_conclusions_hostile_title_is_text(text: str) -> None:
    shown = as_html(text)
    assert "<script>" not in shown
    assert "&lt;script&gt;" in shown
    assert "{{ d }}" in shown
    assert "<em>a</em>" not in shown


@pytest.mark.parametrize("given", ["", "plain words", HOSTILE, "a\n\nb", "été 図 [1]_ http://x.y"])
def test_escape_shows_any_text_as_it_is(given: str) -> None:
    shown = as_html(f"start {escape(given)} end")
    assert "<a " not in shown
    words = html.unescape(re.sub(r"<[^>]+>", "", shown)).split()
    assert words == f"start {given} end".split()


@pytest.mark.parametrize(
    ("accuracies", "said"),
    [((0.9, 0.8), "like those of ImageNet: a lower layer is worse"),
     ((0.8, 0.8), "unlike those of ImageNet"), ((0.9, None), "Vary remove")],
)  # fmt: skip
def test_report_conclusions_apply_the_rule_of_thumb(
    tmp_path: Path, accuracies: tuple[float, float | None], said: str
) -> None:
    one = result(
        write_experiment(tmp_path, "cuts", grid(remove_stages=[0, 1]), "grid", "Cuts", epochs=2)
    )
    trials = one.trials.assign(validation_accuracy=list(accuracies))
    trials = trials[trials["validation_accuracy"].notna()]
    shown = as_html(report_conclusions([replace(one, trials=trials)]))
    # 200 training images of two classes.
    assert "Many training images (100 of each class)" in shown
    assert said in html.unescape(shown)
    without = trials.assign(weights="none")
    assert "each class)" not in as_html(report_conclusions([replace(one, trials=without)]))
