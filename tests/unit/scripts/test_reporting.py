"""make_report.py and write_config.py."""

from pathlib import Path

import pytest
import yaml
from make_report import make_report
from write_config import write_config

from scenery.config.validation import read_study

REPOSITORY = Path(__file__).resolve().parents[3]


def test_a_report_that_cannot_be_made_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(REPOSITORY / "src"))
    config = tmp_path / "config.yaml"
    config.write_text("experiments: {a: {}}\nbse: 1\n", encoding="utf-8")
    with pytest.raises(RuntimeError, match="bse: unknown key"):
        make_report(REPOSITORY / "Snakefile", config, ["results/a.csv"], tmp_path / "report.html")
    assert not (tmp_path / "report.html").exists()


def test_the_kept_config_runs_the_same_study(tmp_path: Path) -> None:
    study = read_study(
        {
            "title": "Träume: «a» — 100 %",
            "subsets": {"z": {"per_class": 3}, "a": {"per_class": 2}},
            "experiments": {
                "second": {"grid": {"head.dense": [[], [8]]}},
                "first": {"start_from": "second", "list": [{"subset": "z"}]},
            },
        },
        "study.yaml",
    )
    write_config(study.model_dump(mode="json", by_alias=True), tmp_path / "config.yaml")
    text = (tmp_path / "config.yaml").read_text(encoding="utf-8")
    assert "Träume" in text
    again = read_study(yaml.safe_load(text), "config.yaml")
    assert again == study
    assert list(again.experiments) == ["second", "first"]
    assert "learning_rate: 0.001" in text, "defaults are spelled out"
