"""The documentation: its commands are run somewhere, its studies are valid, its links work."""

import html
import os
import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import preset_files
import pytest
import yaml
from PIL import Image

from scenery.cli import main
from scenery.config.validation import read_study
from scenery.evaluation.trial_tables import TrialMetrics, prediction_table
from scenery.study.checks import check_study

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "docs"))
import generate
import record_commands

REPOSITORY = Path(__file__).resolve().parents[2]
TUTORIAL = "docs/tutorial.md"
CLUSTER = "docs/how_to/cluster.md"
GENERATED = {f"docs/reference/{name}.md" for name in generate.PAGES} | {
    f"docs/notebooks/{path.stem}.md" for path in generate.NOTEBOOKS.glob("*.ipynb")
}
DOCS = sorted(
    {
        "README.md",
        "CONTRIBUTING.md",
        "config/README.md",
        *(path.relative_to(REPOSITORY).as_posix() for path in REPOSITORY.glob("docs/**/*.md")),
    }
    - GENERATED
)

# Every command of the documentation, the file that runs it, and the words of that file that do.
# tests/slurm/test_documented.py reads the commands of the cluster guide from the page itself.
RUN_IN = {
    "make study": (".ci/run", "make study"),
    "make study HARDWARE=gpu": ("Makefile", "$(ENV)/.$(HARDWARE)"),
    "make test": (".ci/run", "make test"),
    "make quick-test": (".ci/run", "make quick-test"),
    "make docs": (".ci/run", "make docs"),
    "make environment": ("Makefile", "study: environment"),
    "make benchmarks": ("Makefile", "python -m benchmarks --shared"),
    "source .venv/bin/activate": (".ci/run", "source .venv/bin/activate"),
    "snakemake -n": (".ci/run", '"snakemake -n"'),
    "snakemake": (".ci/run", '"snakemake"'),
    "make install": (".ci/run", "make install"),
    "scenery --help": (".ci/run", "scenery --help"),
    "scenery init data/my_photographs --out config/first_study.yaml": (
        "tests/unit/test_docs.py",
        "test_tutorial_init_writes_a_config",
    ),
    "scenery run config/my_study.yaml -- --dry-run": (
        "tests/unit/test_docs.py",
        "test_tutorial_study_dry_run_lists_jobs",
    ),
    "scenery init photos --offline": (
        "tests/packaging/test_package.py",
        '"init", "photos", "--offline"',
    ),
    "scenery run config.yaml": ("tests/packaging/test_package.py", '"run"'),
    "scenery predict results/photos new_photos --out answers.csv": (
        "tests/workflow/test_features.py",
        '"predict", "results"',
    ),
    "scenery run config/my_study.yaml": ("tests/unit/test_cli.py", '"run"'),
    "snakemake --profile profiles/slurm --configfile config/mit_scenes.yaml": (
        "tests/slurm/test_slurm.py",
        "profiles/slurm",
    ),
    "python -m benchmarks heads": (
        "tests/performance/test_benchmarks.py",
        "python -m benchmarks heads",
    ),
    "python -m benchmarks --list": ("tests/performance/test_benchmarks.py", "--list"),
    "scenery check config/my_study.yaml": (
        "tests/unit/test_docs.py",
        "test_tutorial_study_check_prints_its_trials",
    ),
    "scenery predict results data/new_photographs --out answers.csv": (
        "tests/workflow/test_features.py",
        '"predict", "results"',
    ),
    "make .venv/.hub": ("tests/unit/config/test_presets.py", "make .venv/.hub"),
    "scenery preset dinov2_small": (
        "tests/unit/pipeline/test_preset_download.py",
        'main(["preset"',
    ),
    "scenery card results": ("tests/unit/reporting/test_model_card.py", 'main(["card"'),
    "scenery predict my_model data/new_photographs": (
        "tests/unit/scripts/test_exporting.py",
        '"predict", str(exported)',
    ),
    "scenery serve results": ("tests/report/test_serve_page.py", '"serve", str(results)'),
    "scenery relabel results": ("tests/unit/inference/test_relabel.py", '"relabel", "results"'),
    "scenery compare results/before results/after": (
        "tests/unit/reporting/test_compare.py",
        'main(["compare"',
    ),
    "scenery reproduce results --out results/reproduced": (
        "tests/workflow/test_reproduce.py",
        '"reproduce", "results"',
    ),
}


def blocks(document: str, language: str) -> list[str]:
    """The fenced blocks of one language in a document."""
    text = (REPOSITORY / document).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def commands() -> list[str]:
    """Every command of the documentation without its comment, each once."""
    lines = [
        re.split(r"\s#", line)[0].strip()
        for document in DOCS
        if document != CLUSTER
        for block in blocks(document, "sh")
        for line in block.splitlines()
    ]
    return sorted({line for line in lines if line})


@pytest.mark.parametrize("command", commands())
def test_documented_command_is_run_by_the_gate_or_a_test(command: str) -> None:
    assert command in RUN_IN, "name the test or the step of the gate that runs it in RUN_IN"
    file, words = RUN_IN[command]
    assert words in (REPOSITORY / file).read_text(encoding="utf-8"), f"{file} does not run it"


def test_run_in_names_documented_commands_only() -> None:
    assert set(RUN_IN) - {"make docs"} <= set(commands())


def test_recorded_commands_are_those_of_the_front_page() -> None:
    page = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    drawn = html.unescape(record_commands.PICTURE.read_text(encoding="utf-8"))
    for name in ("install", "init", "run", "predict"):
        command = record_commands.COMMANDS[name]
        assert f"\n{command}\n" in page
        assert f">$ {command}</text>" in drawn


def test_recorded_picture_keeps_markup_and_long_lines() -> None:
    width = record_commands.COLUMNS
    drawn = record_commands.picture([("run <b>", ["x" * (width + 3), "a & b"])])
    root = ElementTree.fromstring(drawn)
    texts = [one.text for one in root.iter("{http://www.w3.org/2000/svg}text")]
    assert texts == ["$ run <b>", "x" * width, "xxx", "a & b"]


def test_shell_blocks_have_the_language_sh() -> None:
    for document in DOCS:
        found = set(re.findall(r"^```(\w+)$", (REPOSITORY / document).read_text(), re.MULTILINE))
        assert found <= {"sh", "yaml", "text", "python", "diff"}, document


def studies() -> list[tuple[str, str]]:
    """Every YAML block that is a whole study."""
    return [
        (document, block)
        for document in DOCS
        for block in blocks(document, "yaml")
        if "experiments:\n" in block
    ]


@pytest.mark.parametrize(("document", "block"), studies())
def test_documented_study_is_valid(
    document: str, block: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAGGLEHUB_CACHE", str(tmp_path))
    preset_files.write_named(block)
    check_study(read_study(yaml.safe_load(block), document), document)


@pytest.fixture
def tutorial(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the photographs and the config of the tutorial."""
    random = np.random.default_rng(1)
    for name in ("beach", "harbor", "old_town"):
        folder = tmp_path / "data" / "my_photographs" / name
        folder.mkdir(parents=True)
        for number in range(10):
            pixels = random.integers(0, 256, (48, 48, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / f"{number:04}.png")
    (tmp_path / "config").mkdir()
    study = next(block for block in blocks(TUTORIAL, "yaml") if "dataset:" in block)
    (tmp_path / "config" / "my_study.yaml").write_text(study, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_tutorial_study_check_prints_its_trials(
    tutorial: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", "config/my_study.yaml"]) == 0
    assert "backbones (3)" in capsys.readouterr().out


def test_tutorial_init_writes_a_config(tutorial: Path) -> None:
    assert main(["init", "data/my_photographs", "--out", "config/first_study.yaml"]) == 0
    assert main(["check", "config/first_study.yaml"]) == 0


def test_tutorial_study_dry_run_lists_jobs(tutorial: Path) -> None:
    call = [sys.executable, "-m", "scenery", "run", "config/my_study.yaml", "--", "--dry-run"]
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY / "src")}
    done = subprocess.run(call, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "train_heads" in done.stdout + done.stderr


def test_documented_columns_are_those_of_the_tables() -> None:
    page = generate.column_page()
    table = prediction_table(["a"], np.array([0]), np.array([[1.0]]), ["CLASS"])
    written = [*(field.name for field in fields(TrialMetrics)), *table]
    assert [name for name in written if f"| `{name}` |" not in page] == []


@pytest.mark.parametrize("name", generate.PAGES)
def test_generated_page_has_rows_or_help(name: str) -> None:
    page = generate.PAGES[name]()
    assert page.startswith("# ")
    assert page.count("\n| `") >= 15 or page.count("usage:") > 3 or page.count("\n### ") >= 15


@pytest.mark.parametrize("document", DOCS)
def test_links_lead_to_files(document: str) -> None:
    """Sphinx checks the pages of the site; this also covers the README and the links to files."""
    text = (REPOSITORY / document).read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", text):
        path = (REPOSITORY / document).parent / target
        generated = path.resolve().relative_to(REPOSITORY).as_posix() if path else ""
        if not target.startswith("http") and generated not in GENERATED:
            assert path.exists(), f"{document}: {target}"
