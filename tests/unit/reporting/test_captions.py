"""Captions are valid reStructuredText for any config, and state what was run."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from docutils.core import publish_parts
from jinja2 import Environment, StrictUndefined
from tables_factory import HOSTILE

from scenery.config.validation import read_study
from scenery.reporting.figures import FIGURES, Case, Figure, count_settings, write_captions
from scenery.study.trials import ResolvedTrial

REPORT = Path(__file__).parents[3] / "workflow/report"
STUDY = read_study(
    {
        "title": HOSTILE[0],
        "dataset": {"path": "data/`odd` *names*/<script>"},
        "split": {"validation": 0.25, "seed": 0},
        "subsets": {"small": {"per_class": 50}},
        "experiments": {
            "one": {},
            "cuts": {"title": HOSTILE[1], "start_from": "one", "repeats": 3,
                     "grid": {"remove_stages": [0, 1, 2], "head.dense": [[], [64]]}},
            "search": {"random": {"n_trials": 30, "space": {"optimizer.learning_rate": [1, 2]}}},
            "names": {"list": [{"backbone": "MobileNet"}, {"backbone": "VGG16"}]},
        },
    },
    "study.yaml",
)  # fmt: skip
PAGES = ("trials", "summary", "data", "slides", "card", "suspects")


def rendered(text: str, experiment: str = "", refit: bool = True, raw: bool = False) -> str:
    """A caption as HTML; any complaint of docutils is an error."""
    values = SimpleNamespace(
        config={**STUDY.spelled_out(), "refit": refit, "conclusions": "**Best**"},
        wildcards=SimpleNamespace(experiment=experiment),
        params=SimpleNamespace(caption={"counts": "6 settings, one run of each", "refit": refit}),
    )
    # Snakemake's environment, but strict.
    environment = Environment(trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined)
    source = environment.from_string(text).render(snakemake=values)
    options = {"halt_level": 2, "report_level": 2, "raw_enabled": raw}
    return str(publish_parts(source, writer="html", settings_overrides=options)["body"])


@pytest.mark.parametrize("refit", [True, False])
@pytest.mark.parametrize("figure", FIGURES, ids=lambda figure: figure.name)
def test_caption_of_figure_names_its_images_and_experiment(figure: Figure, refit: bool) -> None:
    text = rendered(figure.caption, "cuts", refit)
    partitions = [name for name in figure.images.split(", ") if name]
    assert [name for name in partitions if name not in text] == []
    assert ("cuts" in text) == ("wildcards" in figure.caption)
    if figure.place == "explanation":
        assert ("a refit of the chosen setting" in text) == refit


@pytest.mark.parametrize("figure", FIGURES, ids=lambda figure: figure.name)
def test_caption_of_figure_is_one_sentence_and_the_documentation_says_more(figure: Figure) -> None:
    assert figure.caption.endswith(".")
    assert ". " not in figure.caption and "\n" not in figure.caption
    assert len(figure.details) > 80
    # The documentation does not know the config.
    assert "{" not in figure.details


@pytest.mark.parametrize("name", PAGES)
def test_caption_of_page_is_valid(name: str) -> None:
    text = (REPORT / f"{name}.rst").read_text(encoding="utf-8")
    assert len(rendered(text, "cuts")) > 150
    assert text.count(". ") == 0 and text.endswith(".\n")


def test_captions_are_those_of_records_and_pages() -> None:
    assert {path.stem for path in REPORT.glob("*.rst")} == {*PAGES, "workflow"}


def test_write_captions_keeps_files_without_a_change(tmp_path: Path) -> None:
    write_captions(tmp_path)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.glob("*.rst")}
    write_captions(tmp_path)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.glob("*.rst")} == before
    assert len(before) == len(FIGURES)


def test_count_settings_counts_the_trials_that_exist() -> None:
    """A grid has fewer settings than the product of its sizes if combinations are impossible."""
    settings = STUDY.base
    trials = [
        ResolvedTrial("cuts", settings.model_copy(update={"seed": seed, "epochs": epochs}), ())
        for epochs in (3, 4)
        for seed in (1, 2, 3)
    ]
    assert count_settings(trials) == "2 settings, 3 repeats of each with different seeds"
    assert count_settings(trials[:1]) == "1 setting, one run of each"


def test_workflow_caption_states_defaults_of_the_config() -> None:
    # Its own style is raw HTML.
    text = rendered((REPORT / "workflow.rst").read_text(encoding="utf-8"), raw=True)
    assert "data/`odd` *names*/&lt;script&gt;" in text
    for words in ("25 %", "30 %", "3 repeats", "30 random samples", "50 images of each class"):
        assert words in text
    assert "<script>" not in text
    assert text.count("<li>") == 4


def study_case(experiment: str, *varied: tuple[str, Any]) -> Case:
    """A case whose trials vary some settings."""
    trials = [ResolvedTrial(experiment, STUDY.base, (one,)) for one in varied]
    return Case(STUDY, experiment, lambda: trials)


def test_figure_applies_to_grids_with_three_numbers() -> None:
    figure = next(one for one in FIGURES if one.name == "parameter_curves")
    assert figure.applies is not None
    numbers = [("remove_stages", number) for number in (0, 1, 2)]
    assert figure.applies(study_case("cuts", *numbers))
    assert figure.params(study_case("cuts", *numbers)) == {"settings": ["remove_stages"]}
    assert not figure.applies(study_case("cuts", *numbers[:2]))
    assert not figure.applies(study_case("search", *numbers))
    assert not figure.applies(study_case("cuts", *[("head.batch_norm", True)] * 3))
