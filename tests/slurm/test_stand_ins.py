"""The commands that stand before Slurm's own, with pretended ones behind them; needs no Slurm."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

STAND_INS = Path(__file__).resolve().parents[2] / "workflow" / "slurm"
Pretend = Callable[[str, str], None]


@pytest.fixture
def pretend(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pretend:
    """Puts a shell script in the place of one of Slurm's commands."""
    path = os.pathsep.join([str(STAND_INS), str(tmp_path), "/usr/bin", "/bin"])
    monkeypatch.setenv("PATH", path)

    def put(name: str, script: str) -> None:
        (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        (tmp_path / name).chmod(0o755)

    return put


def call(*command: str, given: str | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, input=given, capture_output=True, text=True, check=False)


def test_sbatch_passes_everything_on(pretend: Pretend) -> None:
    pretend("sbatch", 'echo "$# $2"; cat "$3"')
    done = call("sbatch", "--wrap", "a 'b' \"c\" $d", "/dev/stdin", given="line\n")
    assert (done.returncode, done.stdout) == (0, "3 a 'b' \"c\" $d\nline\n")


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("Invalid account or account/partition combination specified", "set slurm_account"),
        ("invalid partition specified: gpu", "set slurm_partition"),
        ("Job violates accounting/QOS policy (job submit limit, ...)", "lower jobs"),
        ("Requested time limit is invalid (missing or exceeds some limit)", "lower runtime"),
    ],
)
def test_sbatch_explains_a_refusal(pretend: Pretend, message: str, expected: str) -> None:
    pretend("sbatch", f"echo 'sbatch: error: {message}' >&2; exit 3")
    done = call("sbatch", "--wrap", "true")
    assert done.returncode == 3
    assert message in done.stderr
    assert expected in done.stderr
    assert "profiles/slurm/config.yaml" in done.stderr


def test_sbatch_adds_nothing_to_an_unknown_refusal(pretend: Pretend) -> None:
    pretend("sbatch", "echo 'sbatch: error: no' >&2; exit 1")
    assert call("sbatch").stderr == "sbatch: error: no\n"


def test_sacct_is_used_where_there_is_a_database(pretend: Pretend) -> None:
    pretend("sacct", "echo '1|COMPLETED'")
    pretend("squeue", "echo wrong")
    assert call("sacct", "--name", "run").stdout == "1|COMPLETED\n"


def test_squeue_is_asked_where_there_is_none(pretend: Pretend) -> None:
    pretend("sacct", "echo 'Slurm accounting storage is disabled' >&2; exit 1")
    pretend("squeue", 'echo "7|RUNNING"; echo "$@" >&2')
    done = call("sacct", "-X", "--endtime", "now", "--name", "run_1")
    assert (done.returncode, done.stdout) == (0, "7|RUNNING\n")
    assert "--states=all" in done.stderr
    assert done.stderr.endswith("--name run_1\n")


def test_other_questions_to_sacct_are_passed_on(pretend: Pretend) -> None:
    pretend("sacct", "echo 'Slurm accounting storage is disabled' >&2; exit 1")
    pretend("squeue", "echo wrong")
    done = call("sacct", "-j", "7.0", "--format=Reason")
    assert (done.returncode, done.stdout) == (1, "")
