"""The command `scenery`."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from scenery import cli, installation
from scenery.errors import UserError
from scenery.pipeline import launch
from scenery.pipeline.launch import snakemake_command

REPOSITORY = Path(__file__).resolve().parents[2]
LARGE = ("tensorflow", "keras", "pandas", "matplotlib", "sklearn", "snakemake")


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A config in the current directory."""
    monkeypatch.chdir(tmp_path)
    Path("study.yaml").write_text("experiments: {a: {}}", encoding="utf-8")
    return "study.yaml"


@pytest.mark.parametrize(
    "code",
    [
        "import scenery.cli",
        "import scenery.cli; scenery.cli.main(['--help'])",
        "import scenery.cli; scenery.cli.main(['run', '--help'])",
    ],
)
def test_cli_help_imports_no_large_library(code: str) -> None:
    check = (
        f"import atexit, sys; large = {LARGE}\n"
        "atexit.register(lambda: print([n for n in large if n in sys.modules], file=sys.stderr))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", check + code],
        env={**os.environ, "PYTHONPATH": str(REPOSITORY / "src")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == "[]\n"


def test_module_is_the_command() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "scenery", "--version"],
        env={**os.environ, "PYTHONPATH": str(REPOSITORY / "src")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == f"scenery {installation.version()}\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "scenery: the following arguments are required: command; see scenery --help"),
        (["run"], "scenery run: the following arguments are required: CONFIG"),
        (["rum"], "scenery: argument command: invalid choice: 'rum'"),
        (
            ["run", "study.yaml", "--cores", "2"],
            "scenery run: unknown: --cores 2. Options of Snakemake follow after --, such as:",
        ),
        (["check", "study.yaml", "--", "-n"], "scenery check: takes no options of Snakemake"),
        (["check", "nowhere.yaml"], "nowhere.yaml: there is no such config file"),
        (["run", "nowhere.yaml"], "nowhere.yaml: there is no such config file"),
        (["compare", "here", "there"], "here: there is no summary.csv"),
    ],
)
def test_cli_mistake_is_one_line_and_status_1(
    config: str, arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        status = cli.main(arguments)
    except SystemExit as ended:
        status = int(ended.code or 0)
    said = capsys.readouterr()
    assert (status, said.out) == (1, "")
    assert said.err.startswith(message)
    assert said.err.count("\n") == 1


def test_run_becomes_snakemake(config: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Signals and the exit status are Snakemake's, since it takes over the process."""
    called: list[object] = []
    monkeypatch.setattr(os, "execv", lambda *arguments: called.extend(arguments))
    cli.main(["run", config, "--", "-n", "--", "results/summary.csv"])
    assert called == [sys.executable, snakemake_command(Path(config), called[1][-3:])]  # type: ignore[index]
    assert called[1][-3:] == ["-n", "--", "results/summary.csv"]  # type: ignore[index]


def test_run_broken_config_exit_status_is_passed_on(config: str) -> None:
    Path(config).write_text("experiments: {a: {grid: {epochs: [0]}}}", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "scenery", "run", config, "--", "-n"],
        env={**os.environ, "PYTHONPATH": str(REPOSITORY / "src")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "study.yaml: experiments.a.grid: epochs: input should be" in done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_snakemake_command_targets_are_no_configs(config: str) -> None:
    command = snakemake_command(Path(config), ["-n"], ["results/summary.csv"])
    after = command[command.index("--configfile") + 1 :]
    assert after[:2] == [config, "--snakefile"]
    assert after.index("results/summary.csv") < after.index("-n")


def test_snakemake_command_shipped_profile_is_found_from_anywhere(config: str) -> None:
    slurm = str(installation.PROFILES / "slurm")
    assert snakemake_command(Path(config), ["-n", "--profile", "profiles/slurm"])[-1] == slurm
    assert snakemake_command(Path(config), ["-n", "--profile=profiles/slurm"])[-1] == (
        f"--profile={slurm}"
    )
    default = str(installation.PROFILES / "default")
    assert snakemake_command(Path(config), ["-n"])[-3:] == ["--workflow-profile", default, "-n"]


def test_snakemake_command_own_profile_goes_before_the_shipped(config: str) -> None:
    for name in ("slurm", "default"):
        Path("profiles", name).mkdir(parents=True)
    command = snakemake_command(Path(config), ["-n", "--profile", "profiles/slurm"])
    assert command[-1] == "profiles/slurm"
    assert command[command.index("--workflow-profile") + 1] == "profiles/default"


@pytest.mark.parametrize("options", [["--cores", "2"], ["--config", "n=1"], []])
def test_snakemake_command_without_tensorflow_refuses_jobs(
    config: str, options: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(launch.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UserError, match="TensorFlow is not installed"):
        snakemake_command(Path(config), options)


@pytest.mark.parametrize("options", [["-n"], ["-np"], ["--dry-run"], ["--list"], ["--unlock"]])
def test_snakemake_command_without_tensorflow_allows_dry_runs(
    config: str, options: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(launch.importlib.util, "find_spec", lambda name: None)
    assert snakemake_command(Path(config), options)


def test_version_is_that_of_the_citation() -> None:
    citation = yaml.safe_load((REPOSITORY / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["version"] == installation.version()


def test_installation_of_a_clone_is_its_top() -> None:
    assert installation.IN_CLONE
    assert installation.PROJECT == REPOSITORY
    assert installation.SNAKEFILE.is_file()
