"""Scenery as Snakemake's catalog and other workflows use it: as a module and deployed."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from installed_package import REPOSITORY, Installed

CODE = ("workflow", "src", "profiles", "config")
MODULE = """
configfile: "config.yaml"

module scenery:
    snakefile: "{snakefile}"
    config: config

use rule * from scenery{names}
"""
ADDRESS = "https://github.com/scenery/scenery"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The directory of another project, with the small study of .test."""
    folder = tmp_path / "project"
    folder.mkdir()
    shutil.copy2(REPOSITORY / ".test" / "config" / "config.yaml", folder)
    return folder


@pytest.fixture(scope="session")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A git repository with the code as it is now, tagged v0."""
    folder = tmp_path_factory.mktemp("git") / "scenery"
    for name in CODE:
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(REPOSITORY / name, folder / name, symlinks=True, ignore=ignored)
    for name in ("Snakefile", "LICENSE"):
        shutil.copy2(REPOSITORY / name, folder)
    identity = ("-c", "user.name=Test", "-c", "user.email=test@example.org")
    for command in (("init", "-q"), ("add", "."), ("commit", "-qm", "All"), ("tag", "v0")):
        subprocess.run(["git", *identity, *command], cwd=folder, check=True)
    return folder


def is_whole_study(jobs: dict[str, int], prefix: str = "") -> bool:
    """Whether a dry run has the jobs of the study of .test."""
    wanted = {"draw_scenes": 1, "choose": 2, "evaluate": 2, "report": 1, "all": 1}
    return {name: jobs.get(prefix + name) for name in wanted} == wanted


def test_top_level_snakefile_includes_the_workflow() -> None:
    text = (REPOSITORY / "Snakefile").read_text(encoding="utf-8")
    code = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert code == ['include: "workflow/Snakefile"', 'workflow.default_target = "all"']


def test_catalog_file_has_the_keys_of_the_catalog() -> None:
    text = (REPOSITORY / ".snakemake-workflow-catalog.yml").read_text(encoding="utf-8")
    usage = yaml.safe_load(text)["usage"]
    assert set(usage) == {"mandatory-flags", "software-stack-deployment", "report"}
    assert set(usage["mandatory-flags"]) == {"desc", "flags"}
    for name in ("config/README.md", "workflow/Snakefile", "workflow/schemas/config.schema.json"):
        assert (REPOSITORY / name).is_file()


def test_test_study_dry_run_has_all_jobs(installed: Installed, tmp_path: Path) -> None:
    shutil.copytree(REPOSITORY / ".test", tmp_path / ".test")
    snakefile = str(REPOSITORY / "workflow" / "Snakefile")
    options = ("--snakefile", snakefile, "--directory", ".test")
    assert is_whole_study(installed.dry_run(*options, cwd=tmp_path))


def test_module_from_a_local_path_has_all_jobs(installed: Installed, project: Path) -> None:
    text = MODULE.format(snakefile=REPOSITORY / "workflow" / "Snakefile", names=" as scenes_*")
    (project / "Snakefile").write_text(text, encoding="utf-8")
    assert is_whole_study(installed.dry_run(cwd=project), "scenes_")


def test_module_with_a_prefix_is_refused(installed: Installed, project: Path) -> None:
    text = MODULE.format(snakefile=REPOSITORY / "workflow" / "Snakefile", names="")
    text = text.replace("    config: config", '    config: config\n    prefix: "inner"')
    (project / "Snakefile").write_text(text, encoding="utf-8")
    done = installed.python("-m", "snakemake", "-n", cwd=project)
    assert done.returncode == 1
    assert "module: Scenery takes no prefix or replace_prefix; set results" in done.stdout
    assert "Traceback" not in done.stdout


def test_module_from_a_git_address_runs_scripts(
    installed: Installed, project: Path, repository: Path
) -> None:
    address = f"git+file://{repository}/workflow/Snakefile@v0"
    text = MODULE.format(snakefile=address, names="")
    (project / "Snakefile").write_text(text, encoding="utf-8")
    assert is_whole_study(installed.dry_run(cwd=project))
    command = ("-m", "snakemake", "--cores", "1", "results/config.yaml")
    done = installed.python(*command, cwd=project)
    assert done.returncode == 0, done.stdout
    assert (project / "results" / "config.yaml").is_file()


def test_snakedeploy_from_a_repository_gives_a_study(
    installed: Installed, project: Path, repository: Path
) -> None:
    """Git takes the local repository for the address."""
    git = {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.file://{repository}.insteadOf",
        "GIT_CONFIG_VALUE_0": ADDRESS,
    }
    deployed = project / "deployed"
    code = "from snakedeploy.client import main; main()"
    call = ("-c", code, "deploy-workflow", ADDRESS, str(deployed), "--tag", "v0")
    deployed.mkdir()
    done = installed.python(*call, cwd=project, environment=git)
    assert done.returncode == 0, done.stdout
    snakefile = (deployed / "workflow" / "Snakefile").read_text(encoding="utf-8")
    assert re.search(r'github\("scenery/scenery", path="workflow/Snakefile", tag="v0"\)', snakefile)
    shutil.copy2(project / "config.yaml", deployed / "config" / "config.yaml")
    assert is_whole_study(installed.dry_run(cwd=deployed, environment=git))
