"""The diffs of docs/contributing.md apply to the project and have the effect that they show."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
PAGE = (REPOSITORY / "docs" / "contributing.md").read_text(encoding="utf-8")
# Each example by its heading, with Python that fails unless the diff has its effect.
EFFECTS = {
    "Add an optimizer": """
from scenery.config.schema import schema
from scenery.config.settings import Settings
assert Settings.model_validate({"optimizer": {"name": "Lion"}}).optimizer.name == "Lion"
assert "Lion" in str(schema())
""",
    "Add an augmentation": """
from scenery.config.settings import Settings
from scenery.study.trials import setting_names
settings = Settings.model_validate({"augment": {"contrast": 0.2}})
assert settings.augment.active and "augment.contrast" in setting_names()
""",
    "Add an architecture": """
from scenery.registry.backbone_facts import facts, names
assert "SmallNet" in names()
assert [point.layer for point in facts("SmallNet").cut_points]
""",
    "Add a search strategy": """
from scenery.config.study import Study
from scenery.study.experiments import expand
search = {"one_at_a_time": {"epochs": [1, 2], "batch_size": [8]}}
study = Study.model_validate({"base": {"trainable": "head"}, "experiments": {"a": search}})
assert [dict(trial.varied) for trial in expand(study, "a", None, "study.yaml")] == [
    {"epochs": 1}, {"epochs": 2}, {"batch_size": 8}
]
from scenery.reporting.reading import search_strategy
assert search_strategy("one_at_a_time").arrangement == "list"
from scenery.config.schema import schema
assert "one_at_a_time" in str(schema())
""",
    "Add a column to the result tables": """
from scenery.evaluation.columns import column_label, names_of
assert "seconds_per_epoch" in names_of("trials")
assert "seconds_per_epoch" in names_of("summary")
assert column_label("seconds_per_epoch") == "seconds per epoch (s)"
import choose, inspect
assert "seconds_per_epoch" in inspect.getsource(choose)
""",
    "Add a figure": """
import pandas as pd
from types import SimpleNamespace
from scenery.reporting.figures import FIGURES, Section, slides_in
from scenery.reporting.learning_rates import draw_learning_rates
figure = next(figure for figure in FIGURES if figure.name == "learning_rates")
assert figure.rule == "plot_learning_rates" and figure in slides_in(Section.TRIED)
history = pd.DataFrame({"trial": ["a", "a"], "epoch": [1, 2], "learning_rate": [0.1, 0.01]})
drawn = draw_learning_rates(history, SimpleNamespace(trial="a"), "Title")
assert drawn.axes[0].get_ylabel() == "learning rate"
""",
}


def examples() -> dict[str, str]:
    """The diff of each example, by its heading."""
    return dict(
        re.findall(r"^### ([^\n]+)\n(?:(?!#)[^\n]*\n)*?```diff\n(.*?)^```", PAGE, re.M | re.S)
    )


def apply(diff: str, folder: Path) -> list[str]:
    """Apply a diff without line numbers to the files of a folder; the files that it changes."""
    changed = []
    for name, hunks in re.findall(
        r"^--- \S+\n\+\+\+ b/(\S+)\n(.*?)(?=^--- |\Z)", diff, re.M | re.S
    ):
        path = folder / name
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        for hunk in re.split(r"^@@.*\n", hunks, flags=re.M)[1:]:
            lines = hunk.splitlines()
            old = "".join(f"{line[1:]}\n" for line in lines if not line.startswith("+"))
            new = "".join(f"{line[1:]}\n" for line in lines if not line.startswith("-"))
            assert text.count(old) == 1 or not text, f"{name} has other lines than\n{old}"
            text = text.replace(old, new) if text else new
        path.write_text(text, encoding="utf-8")
        changed.append(name)
    return changed


def test_every_example_has_an_effect_that_is_checked() -> None:
    assert examples().keys() == EFFECTS.keys()


@pytest.mark.parametrize("heading", EFFECTS)
def test_example_diff_applied_has_its_effect(heading: str, tmp_path: Path) -> None:
    for name in ("src", "workflow"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(REPOSITORY / name, tmp_path / name, ignore=ignored)
    assert apply(examples()[heading], tmp_path)
    paths = os.pathsep.join(str(tmp_path / name) for name in ("src", "workflow/scripts"))
    call = [sys.executable, "-c", EFFECTS[heading]]
    environment = os.environ | {"PYTHONPATH": paths}
    done = subprocess.run(
        call, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
