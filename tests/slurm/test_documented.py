"""The commands and the profile of docs/how_to/cluster.md, as they are written there."""

import re
import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from forked import starting
from slurm.cluster import TEST_IMAGES, Folder, slurm_says

pytestmark = pytest.mark.slurm

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "how_to" / "cluster.md"
TEXT = GUIDE.read_text(encoding="utf-8")
# Commands that need another machine, an accounting database or the whole set-up, which CI runs.
ELSEWHERE = ("ssh", "scp", "cd", "git", "make", "source", "tmux", "sacctmgr", "tail")


def commands() -> list[str]:
    """The shell commands without their comments."""
    blocks = re.findall(r"^```sh\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)
    lines = [re.split(r"\s#", line)[0].strip() for block in blocks for line in block.splitlines()]
    return [line for line in lines if line.split()[0] not in ELSEWHERE]


@pytest.mark.parametrize("command", [c for c in commands() if c.startswith("snakemake")])
def test_a_call_of_snakemake_is_understood(prepared: Path, command: str) -> None:
    words = shlex.split(command)[1:]
    if "--configfile" in words:
        place = words.index("--configfile")
        del words[place : place + 2]
    call = [starting.forking_python(), "-m", "snakemake", *words]
    done = subprocess.run(
        [*call, "--dry-run", "--configfile", "study.yaml"],
        cwd=prepared, env=starting.environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "Job stats:" in done.stdout + done.stderr


@pytest.mark.parametrize("command", [c for c in commands() if not c.startswith("snakemake")])
def test_another_command_works(slurm: None, prepared: Path, command: str) -> None:
    done = subprocess.run(
        command, shell=True, cwd=prepared, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_an_own_profile_on_top(make_folder: Callable[[str], Folder]) -> None:
    folder = make_folder("own")
    own = folder.path / "profiles" / "mine" / "config.yaml"
    own.parent.mkdir(exist_ok=True)
    block = re.search(r"^```yaml\n# profiles/mine/config.yaml.*?^```", TEXT, re.M | re.S)
    assert block is not None
    values = yaml.safe_load((folder.path / "profiles/slurm/config.yaml").read_text("utf-8"))
    values |= yaml.safe_load(block[0].removeprefix("```yaml").removesuffix("```"))
    # This Slurm has one partition only, called main.
    values["default-resources"]["slurm_partition"] = "main"
    own.write_text(yaml.safe_dump(values), encoding="utf-8")
    call = folder.start(targets=[TEST_IMAGES], profile="profiles/mine")
    assert call.wait(90) == 0, call.output
    (job,) = folder.jobs()
    assert job.memory == "2000M"
    assert "Account=ml-course" in slurm_says("scontrol", "show", "job", job.number)
