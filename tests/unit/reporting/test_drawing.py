"""Records of figures fit the functions that draw them, and jobs write what records say."""

import inspect
import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pandas as pd
import pytest
from tables_factory import Experiment

from scenery.config.validation import read_study
from scenery.evaluation.columns import names_of
from scenery.installation import SOURCE, WORKFLOW
from scenery.pipeline.code_digest import CodeDigests
from scenery.reporting.drawing import READERS, DrawJob, draw_figures
from scenery.reporting.figures import FIGURES, Case, Figure, figures_by_rule
from scenery.study.trials import ResolvedTrial

STUDY = read_study({"experiments": {"a": {"grid": {"epochs": [1, 2, 3]}}}}, "study.yaml")


def case(figure: Figure) -> Case:
    trials = [ResolvedTrial("a", STUDY.base, (("epochs", n),)) for n in (1, 2, 3)]
    return Case(STUDY, "a" if figure.of_experiment else "", lambda: trials)


@pytest.mark.parametrize("figure", FIGURES, ids=lambda figure: figure.name)
def test_figure_record_names_the_arguments_of_its_function(figure: Figure) -> None:
    function = getattr(import_module(figure.module), figure.function)
    arguments = inspect.signature(function).parameters
    given = {*figure.reads, *figure.params(case(figure))}
    given |= {"title"} if figure.of_experiment else set()
    needed = {n for n, one in arguments.items() if one.default is inspect.Parameter.empty}
    assert needed <= given <= set(arguments)
    assert {name.removeprefix("all_") for name in figure.reads} <= READERS.keys()


def test_figures_have_one_name_and_rules_one_place() -> None:
    names = [figure.name for figure in FIGURES]
    assert len(set(names)) == len(names)
    for figures in figures_by_rule().values():
        assert len({(figure.of_experiment, figure.place) for figure in figures}) == 1


def test_figures_import_neither_pandas_nor_matplotlib() -> None:
    code = "import sys, scenery.reporting.figures; print(*sys.modules)"
    environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
    call = [sys.executable, "-c", code]
    done = subprocess.run(call, env=environment, capture_output=True, text=True, check=True)
    assert not {"pandas", "matplotlib", "tensorflow"} & set(done.stdout.split())


def test_code_digest_covers_the_modules_that_draw() -> None:
    code, script = CodeDigests(), WORKFLOW / "scripts" / "plot_figures.py"
    module = SOURCE / "scenery" / "reporting" / "roc_pr.py"
    assert module not in code.modules(script)
    assert module in code.modules(script, "scenery.reporting.roc_pr")
    # A caption or a slide's title is no part of a figure.
    assert SOURCE / "scenery" / "reporting" / "figures.py" not in code.modules(script)
    assert code.of(script) != code.of(script, "scenery.reporting.roc_pr")


def test_draw_figures_writes_each_format(
    experiments: dict[str, Experiment], tmp_path: Path
) -> None:
    folder = experiments["one"].folder
    figures = [figure for figure in FIGURES if figure.name in ("settings", "confusion")]
    jobs = [DrawJob(f.name, f"{f.module}:{f.function}", f.reads, {"title": "One"}) for f in figures]
    tables = {
        "trials": folder / "trials.csv",
        "choice": folder / "chosen.yaml",
        "confusion": folder / "test/confusion.csv",
        "metrics": folder / "test/metrics.json",
        "scores": folder / "test/scores.csv",
    }
    out = {f"{f.name}_{ending}": tmp_path / f"{f.name}.{ending}"
           for f in figures for ending in f.formats}  # fmt: skip
    draw_figures(jobs, tables, out)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "confusion.png", "confusion.svg", "settings.png", "settings.svg"
    ]  # fmt: skip


def test_draw_figures_writes_a_page(tmp_path: Path) -> None:
    layers = tmp_path / "layers.csv"
    head = "number,layer,kind,part,output,layer_parameters,receptive_field,stride\n"
    layers.write_text(head + "1,input,InputLayer,backbone,3,0,1,1\n", encoding="utf-8")
    job = DrawJob("layer_table", "scenery.reporting.tables:layer_page", ("layers",), {"title": "A"})
    draw_figures([job], {"layers": layers}, {"layer_table_html": tmp_path / "page.html"})
    assert "InputLayer" in (tmp_path / "page.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("count", [0, 1, 2])
def test_draw_figures_tables_of_any_number_of_experiments(tmp_path: Path, count: int) -> None:
    """Snakemake gives a list of one file as the file."""
    row = {
        "experiment": "e", "trial": "t", "images": 20, "independent_images": 10,
        "difference": 0.1, "p_value": 0.01, "grouped_accuracy": 0.8, "grouped_low": 0.7,
        "grouped_high": 0.9, "ungrouped_accuracy": 0.9, "ungrouped_low": 0.8,
        "ungrouped_high": 0.95,
    }  # fmt: skip
    files = []
    for number in range(count):
        files.append(tmp_path / f"e{number}" / "grouping.csv")
        files[-1].parent.mkdir()
        pd.DataFrame([row], columns=names_of("grouping")).to_csv(files[-1], index=False)
    given: Path | list[Path] = files[0] if count == 1 else files
    figure = next(one for one in FIGURES if one.name == "leakage")
    job = DrawJob("leakage", f"{figure.module}:{figure.function}", figure.reads, {"titles": {}})
    draw_figures([job], {"all_grouping": given}, {"leakage_svg": tmp_path / "leakage.svg"})
    text = (tmp_path / "leakage.svg").read_text()
    assert text.count("+0.100") == count
