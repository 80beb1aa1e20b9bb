"""Over the whole graph of jobs of the default study: which rules have test images as inputs."""

from collections.abc import Iterable
from pathlib import Path

import yaml
from checkout import Checkout

from scenery.study.experiments import expand
from scenery.study.reading import read_study
from scenery.study.settings import Settings

CONFIG = "config/config.yaml"


def pretend_choices(results: Path, config: Path) -> None:
    """Every experiment chose its first trial, so that all jobs behind the choices are known."""
    study = read_study(yaml.safe_load(config.read_text("utf-8")), config.name)
    chosen: dict[str | None, Settings] = {}
    for name, experiment in study.experiments.items():
        trial = expand(study, name, chosen.get(experiment.after), config.name)[0]
        chosen[name] = trial.settings
        record = {
            "experiment": name,
            "trial": trial.id,
            "settings": trial.settings.model_dump(mode="json"),
            "learning_rates": {"head": [0.1]},
            "validation_accuracy": 0.5,
        }
        folder = results / "experiments" / name
        folder.mkdir(parents=True)
        (folder / "chosen.yaml").write_text(yaml.safe_dump(record))
        for file in ("trials.csv", "history.csv"):
            (folder / file).touch()


def graph(study: Checkout) -> list[list[str]]:
    """Output, rule and inputs of every job known by now; inputs only where the output exists."""
    said = study.snakemake("--detailed-summary", "--rerun-triggers", "mtime")
    rows = [line.split("\t") for line in said.split("output_file\t", 1)[1].splitlines()[1:]]
    return [[row[0], row[2], row[4]] for row in rows if len(row) > 4]


def pretend_files(folder: Path, files: Iterable[str]) -> None:
    """Empty files where jobs have their outputs."""
    for file in files:
        path = folder / file
        if path.name == "generated":
            path.mkdir(parents=True)
        elif not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("{}")


def test_no_rule_but_evaluate_has_test_images_among_its_inputs(fresh: Checkout) -> None:
    study = Checkout(fresh.folder, CONFIG)
    pretend_choices(fresh.folder / "results", fresh.folder / CONFIG)
    # What comes before the choices is known first, what follows from them once that is there.
    for _ in range(2):
        pretend_files(fresh.folder, [output for output, _, _ in graph(study)])
    pairs = {(rule, file) for _, rule, files in graph(study) for file in files.split(",")}
    rules = {rule for rule, _ in pairs}
    print(len(pairs), sorted(rules))
    assert rules >= {"train_heads", "choose", "extract_features", "refit_head", "evaluate"}
    assert {rule for rule, file in pairs if "data/test/" in file} == {"evaluate"}
