"""Captions: valid reStructuredText whatever the config holds, saying what must be said."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from docutils.core import publish_parts
from jinja2 import Environment, StrictUndefined
from tables_factory import HOSTILE

REPORT = Path(__file__).parents[3] / "workflow/report"
CONFIG: dict[str, Any] = {
    "title": HOSTILE[0],
    "dataset": {"path": "data/`odd` *names*/<script>"},
    "split": {"validation": 0.25, "seed": 0},
    "subsets": {"small": {"per_class": 50}},
    "experiments": {
        "one": None,
        "cuts": {"title": HOSTILE[1], "start_from": "one", "repeats": 3,
                 "grid": {"remove_stages": [0, 1, 2], "head.dense": [[], [64]]}},
        "search": {"random": {"n_trials": 30, "space": {"optimizer.learning_rate": [1, 2]}}},
        "names": {"list": [{"backbone": "a"}, {"backbone": "b"}]},
    },
}  # fmt: skip
OF_EXPERIMENTS = ("learning_curves", "settings", "best", "trials", "confusion", "classes",
                  "reliability", "mistakes", "roc")  # fmt: skip
OF_EXPLAINED = ("grad_cam", "feature_maps", "channels", "filters", "embedding", "architecture",
                "layers")  # fmt: skip
OF_STUDY = ("comparison", "parameters", "time", "summary", "data", "slides", "augmentations",
            "examples")  # fmt: skip


# Those of figures that only some experiments have.
OF_SOME = {"published": "not run here", "regimes": "logarithmic", "unfrozen": "from the output",
           "trends": "training images"}  # fmt: skip


def rendered(name: str, experiment: str | None = None) -> str:
    """A caption as HTML; any complaint of docutils is an error."""
    text = (REPORT / f"{name}.rst").read_text(encoding="utf-8")
    values = SimpleNamespace(config=CONFIG, wildcards=SimpleNamespace(experiment=experiment))
    source = Environment(undefined=StrictUndefined).from_string(text).render(snakemake=values)
    options = {"halt_level": 2, "report_level": 2, "raw_enabled": False}
    return str(publish_parts(source, writer="html", settings_overrides=options)["body"])


def test_every_caption_is_tested() -> None:
    names = {path.stem for path in REPORT.glob("*.rst")}
    assert names == {*OF_EXPERIMENTS, *OF_EXPLAINED, *OF_STUDY, *OF_SOME, "workflow"}


@pytest.mark.parametrize(("name", "said"), OF_SOME.items())
def test_captions_of_further_figures(name: str, said: str) -> None:
    text = " ".join(rendered(name, "cuts").split())
    assert said in text
    assert "<strong>validation</strong> partition" in text


@pytest.mark.parametrize("name", OF_EXPERIMENTS)
@pytest.mark.parametrize(
    ("experiment", "said"),
    [
        ("one", "1 setting, 1 run of each"),
        ("cuts", "6 settings, 3 repeats of each"),
        ("search", "30 settings"),
        ("names", "2 settings"),
    ],
)
def test_captions_of_an_experiment(name: str, experiment: str, said: str) -> None:
    text = rendered(name, experiment)
    assert "partition" in text
    assert experiment in text
    if "trial has seen" not in text:
        assert said in text


@pytest.mark.parametrize("name", OF_EXPLAINED)
@pytest.mark.parametrize("refit", [True, False])
def test_captions_of_what_is_inside(
    name: str, refit: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(CONFIG, "refit", refit)
    text = rendered(name, "cuts")
    assert "cuts" in text
    assert "partition" in text
    assert ("trained once more" in text) == refit
    if name in ("grad_cam", "embedding"):
        assert ("has learned from the validation images" in text) == refit


@pytest.mark.parametrize("name", OF_STUDY)
def test_captions_of_the_study(name: str) -> None:
    assert len(rendered(name)) > 150


def test_the_methods_paragraph() -> None:
    text = rendered("workflow")
    assert "data/`odd` *names*/&lt;script&gt;" in text
    assert "25 %" in text
    assert "3 repeats" in text
    assert "30 random draws" in text
    assert "50 images of each class" in text
    assert "<script>" not in text
