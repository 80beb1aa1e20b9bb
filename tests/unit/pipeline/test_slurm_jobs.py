"""Jobs that Slurm knows of, with a pretended squeue."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from scenery.pipeline import slurm as slurm_queue
from scenery.pipeline.slurm import SlurmJob, cancel_orphaned_jobs, explain_failed_jobs, queued_jobs

Answer = Callable[..., None]


@pytest.fixture
def answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Answer:
    """Makes squeue say something; FOLDER in it is the folder of the study."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)

    def put(text: str, status: int = 0) -> None:
        (tmp_path / "said").write_text(text.replace("FOLDER", str(tmp_path)), encoding="utf-8")
        tool = tmp_path / "squeue"
        tool.write_text(f"#!/bin/sh\ncat {tmp_path}/said\nexit {status}\n", encoding="utf-8")
        tool.chmod(0o755)

    return put


def test_left_jobs_are_canceled_or_waited_for(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    waiting = SlurmJob("7", "PENDING", "Resources", "rule_fine_tune_wildcards_tune_MobileNet-all-1")
    running = SlurmJob("8", "RUNNING", "None", "rule_pack")
    looks = [[waiting, running], [running], [running], []]
    canceled: list[SlurmJob] = []
    monkeypatch.setattr(slurm_queue, "cancel", canceled.extend)
    cancel_orphaned_jobs(lambda: looks.pop(0), pause=0)
    assert (canceled, looks) == ([waiting], [])
    said = capsys.readouterr().err
    assert "7 (fine_tune tune_MobileNet-all-1)" in said
    assert said.count("scancel 8;") == 1


def test_jobs_of_other_folders_are_left_alone(answer: Answer, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path)
    answer(
        "1|RUNNING|None|FOLDER|rule_pack_wildcards_train|32\n"
        "2|RUNNING|None|FOLDER/link|rule_split\n"
        "3|RUNNING|None|FOLDER/other|rule_pack\n"
        "4|RUNNING|None|FOLDER|by hand\n"
    )
    found = queued_jobs(patient=True)
    assert [job.number for job in found] == ["1", "2"]
    assert found[0].comment == "rule_pack_wildcards_train|32"


def test_an_impatient_look_at_a_dead_slurm_finds_nothing(answer: Answer) -> None:
    answer("1|RUNNING|None|FOLDER|rule_split\n", status=1)
    assert queued_jobs(patient=False) == []


def test_a_failed_job_says_what_it_lacked(
    answer: Answer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answer(
        "9|OUT_OF_MEMORY|OutOfMemory|FOLDER|rule_pack_wildcards_test_32\n"
        "10|COMPLETED|None|FOLDER|rule_pack_wildcards_test_32\n"
        "11|FAILED|JobLaunchFailure|FOLDER|rule_evaluate_wildcards_tune\n"
        "12|TIMEOUT|TimeLimit|FOLDER|rule_fine_tune_wildcards_tune_A\n"
        "13|TIMEOUT|TimeLimit|FOLDER|rule_fine_tune_wildcards_tune_B\n"
        "14|FAILED|NonZeroExitCode|FOLDER|rule_catalogue\n"
    )
    explain_failed_jobs()
    first, second = capsys.readouterr().err.splitlines()
    assert f"11 (evaluate tune): its node could not open {tmp_path}" in first
    assert "13 (fine_tune tune_B)" in second
    assert "--set-resources fine_tune:runtime=" in second
