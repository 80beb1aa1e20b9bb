"""The schema and the tables in config/ hold together with the models, the examples with both."""

import json
import re
from pathlib import Path
from typing import Any

import preset_files
import pytest
import yaml
from jsonschema import Draft202012Validator

from scenery.config import schema as module
from scenery.config.settings import Settings
from scenery.config.validation import read_study
from scenery.errors import UserError
from scenery.study.checks import check_study
from scenery.study.trials import setting_names

CONFIG = Path(__file__).resolve().parents[3] / "config"
README = (CONFIG / "README.md").read_text(encoding="utf-8")
DOCS = sorted((CONFIG.parent / "docs").glob("**/*.md"))
EXAMPLES = [
    block
    for text in (README, *(path.read_text(encoding="utf-8") for path in DOCS))
    for block in re.findall(r"^```yaml\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    if "experiments:\n" in block
]
STUDIES = sorted(CONFIG.glob("*.yaml"))
SCHEMA = json.loads((CONFIG / "study.schema.json").read_text(encoding="utf-8"))


def complaints(config: Any) -> list[str]:
    return [error.message for error in Draft202012Validator(SCHEMA).iter_errors(config)]


def test_files_are_those_that_the_models_give(capsys: pytest.CaptureFixture[str]) -> None:
    assert module.main(["--check"]) == 0, capsys.readouterr().out


def test_a_difference_is_found_and_mended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "README.md").write_text(README.replace("| `seed` |", "| `sead` |"), "utf-8")
    monkeypatch.setattr(module, "CONFIG", tmp_path)
    assert module.main(["--check"]) == 1
    assert "README.md: differs from the models" in capsys.readouterr().out
    assert module.main([]) == 0
    assert module.main(["--check"]) == 0
    assert (tmp_path / "README.md").read_text("utf-8") == README
    assert json.loads((tmp_path / "study.schema.json").read_text()) == SCHEMA


def test_markers_are_needed() -> None:
    with pytest.raises(ValueError, match="<!-- keys: generated -->"):
        module.with_parts("nothing")


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    # Bounds that no validator knows would be no bounds.
    assert not re.search(r'"(ge|gt|le|lt)":', json.dumps(SCHEMA))


def test_every_key_stands_in_a_table() -> None:
    rows = set(re.findall(r"^\| `(\w+)` \|", README, re.MULTILINE))
    names = {part for name in setting_names() for part in name.split(".")}
    assert names <= rows
    headings = re.findall(r"^### (.*)$", README, re.MULTILINE)
    assert {"`base`", "`experiments.NAME.random.space.SETTING`", "`subsets.NAME`"} <= set(headings)
    undescribed = re.findall(r"^\| `\w+` \| *\|", README, re.MULTILINE)
    assert not undescribed


def test_there_are_examples() -> None:
    assert len(EXAMPLES) >= 15


@pytest.mark.parametrize("text", EXAMPLES, ids=lambda text: text.splitlines()[0])
def test_examples_are_studies(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAGGLEHUB_CACHE", str(tmp_path))
    preset_files.write_named(text)
    config = yaml.safe_load(text)
    check_study(read_study(config, "example"), "example")
    assert not complaints(config)


@pytest.mark.parametrize("path", STUDIES, ids=lambda path: path.name)
def test_ready_studies_are_studies(path: Path) -> None:
    config = yaml.safe_load(path.read_text(encoding="utf-8"))
    study = read_study(config, path.name)
    check_study(study, path.name)
    assert not complaints(config)
    assert not complaints(study.model_dump(mode="json", by_alias=True))


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"experiments": {}},
        {"experiments": {"a": {"grid": {"epoch": [1]}}}},
        {"experiments": {"a": {"grid": {"epochs": []}}}},
        {"experiments": {"a": {"overrides": {"head.drop": 1}}}},
        {"experiments": {"a": {"choose": {"only": {"backbon": "VGG16"}}}}},
        {"experiments": {"a": {"random": {"n_trials": 0, "space": {"epochs": [1]}}}}},
        {"experiments": {"a": {"random": {"n_trials": 1, "space": {"epochs": []}}}}},
        {"experiments": {"a": {}}, "base": {"backbone": "VGG"}},
        {"experiments": {"a": {}}, "base": {"head": {"dropout": 1}}},
        {"experiments": {"a": {}}, "base": {"image_size": 8}},
        {"experiments": {"a": {}}, "base": {"seed": -1}},
        {"experiments": {"a": {}}, "split": {"test": 1.5}},
        {"experiments": {"a": {}}, "titel": "x"},
    ],
    ids=str,
)
def test_schema_and_models_refuse_the_same(config: dict[str, Any]) -> None:
    assert complaints(config)
    with pytest.raises(UserError):
        check_study(read_study(config, "study.yaml"), "study.yaml")


def test_short_forms_are_allowed_by_both() -> None:
    space = {"epochs": [3, 4], "batch_size": {"integer": [1, 9], "when": {"epochs": [3]}}}
    config = {"experiments": {"a": {"random": {"n_trials": 2, "space": space}}}}
    assert not complaints(config)
    check_study(read_study(config, "study.yaml"), "study.yaml")


def test_defaults_in_the_tables_are_those_of_the_models() -> None:
    table = README.split("### `base`\n")[1].split("###")[0]
    for name in ("epochs", "batch_size", "views", "seed", "backbone"):
        default = getattr(Settings(), name)
        assert re.search(rf"^\| `{name}` \|.*\| `{default}` \|$", table, re.MULTILINE), name
