"""The installed package: it holds the workflow and runs it from any directory."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from installed_package import REPOSITORY, Installed, jobs
from PIL import Image

PRINT_DIGESTS = """
from scenery.installation import WORKFLOW
from scenery.pipeline.code_digest import CodeDigests
code = CodeDigests(None, WORKFLOW / "scripts")
for path in sorted((WORKFLOW / "scripts").glob("*.py")):
    print(path.stem, code.of(path))
"""


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """An empty directory but for a folder of images."""
    random = np.random.default_rng(0)
    for name in "ab":
        folder = tmp_path / "photos" / name
        folder.mkdir(parents=True)
        for number in range(10):
            pixels = random.integers(0, 255, (60, 60, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / f"{number}.png")
    return tmp_path


def test_wheel_holds_the_workflow_and_no_more(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        modes = {entry.filename: entry.external_attr >> 16 for entry in archive.infolist()}
    inside = {name.removeprefix("scenery/_workflow/") for name in names if "/_workflow/" in name}
    for folder in ("rules", "scripts", "report", "slurm", "schemas"):
        expected = {
            path.relative_to(REPOSITORY).as_posix()
            for path in (REPOSITORY / "workflow" / folder).iterdir()
            if path.is_file()
        }
        assert expected <= inside
    assert {"Snakefile", "workflow/Snakefile", "profiles/slurm/config.yaml"} <= inside
    assert modes["scenery/_workflow/workflow/slurm/sbatch"] & 0o111
    assert not [name for name in names if "__pycache__" in name or name.startswith("tests")]


def test_installed_init_check_and_run_work_in_any_directory(
    installed: Installed, photos: Path
) -> None:
    said = installed.scenery("init", "photos", "--offline", cwd=photos)
    assert "photos: 20 images of 2 classes" in said
    assert "a study that can start" in installed.scenery("check", "config.yaml", cwd=photos)
    found = jobs(installed.scenery("run", "config.yaml", "--", "-n", cwd=photos))
    assert (found["catalogue"], found["report"]) == (1, 1)
    assert "draw_scenes" not in found
    assert {path.name for path in photos.iterdir()} == {".snakemake", "config.yaml", "photos"}


def test_installed_version_is_that_of_the_clone(installed: Installed, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "scenery", "--version"]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY / "src")}
    clone = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert installed.scenery("--version", cwd=tmp_path) == clone.stdout


def test_installed_digests_are_those_of_the_clone(installed: Installed, tmp_path: Path) -> None:
    """A study of the clone is not stale for the installed package, and the reverse."""
    clone = {"PYTHONPATH": str(REPOSITORY / "src")}
    first = installed.python("-c", PRINT_DIGESTS, cwd=tmp_path, environment=clone)
    second = installed.python("-c", PRINT_DIGESTS, cwd=tmp_path)
    assert first.stdout == second.stdout
    assert first.stdout.count("\n") == len(list((REPOSITORY / "workflow/scripts").glob("*.py")))


@pytest.mark.skipif(shutil.which("uv") is None, reason="uv is not on the PATH")
def test_setup_with_a_package_installs_the_command(tmp_path: Path) -> None:
    """What `make install` does after the requirements."""
    requirements = tmp_path / "none.txt"
    requirements.touch()
    environment = tmp_path / "environment"
    command = ["./setup.sh", sys.executable, str(environment), str(requirements), "."]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert os.access(environment / "bin" / "scenery", os.X_OK)
