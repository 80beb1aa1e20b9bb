"""The job server: when it is used, and what happens while it is not ready or gone."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from scenery.pipeline.job_server import starting
from scenery.pipeline.job_server.starting import start_server, third_party_modules, write_program

SERVER = Path(starting.__file__).with_name("server.py")
# A module that a bare Python does not import.
MODULE = "colorsys"
JOB = f"import os, sys; print({MODULE!r} in sys.modules, os.getppid())"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A server as Snakemake starts it."""
    folder = tmp_path / "server"
    folder.mkdir()
    command = [sys.executable, "-I", "-S", str(SERVER), str(folder), MODULE]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
        yield process
        assert process.stdin is not None
        process.stdin.close()


@pytest.fixture
def job(tmp_path: Path, server: object) -> list[str]:
    """The command by which Snakemake starts a script."""
    script = tmp_path / ".snakemake" / "scripts" / "tmpabc.job.py"
    script.parent.mkdir(parents=True)
    script.write_text(JOB, encoding="utf-8")
    return [str(write_program(tmp_path / "server")), str(script)]


def run(job: list[str]) -> list[str]:
    """What a job says."""
    done = subprocess.run(job, capture_output=True, text=True, check=True, timeout=60)
    return done.stdout.split()


def run_until(job: list[str], forked: bool) -> list[str]:
    """Run a job again and again until it is a fork, or is none."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        said = run(job)
        if said[0] == str(forked):
            return said
    pytest.fail(f"forked: {said[0]}")


def test_jobs_are_forks_once_the_libraries_are_imported(job: list[str]) -> None:
    # Nobody waits for the libraries.
    assert run(job)[0] == "False"
    run_until(job, forked=True)


def test_jobs_start_plainly_once_the_server_is_gone(
    job: list[str], server: subprocess.Popen[bytes]
) -> None:
    _, template = run_until(job, forked=True)
    server.kill()
    server.wait()
    assert run(job)[0] == "False"
    end = time.monotonic() + 60
    while psutil.pid_exists(int(template)) and time.monotonic() < end:
        time.sleep(0.05)
    assert not psutil.pid_exists(int(template))


def test_another_template_process_takes_the_place_of_one_that_was_killed(job: list[str]) -> None:
    _, template = run_until(job, forked=True)
    psutil.Process(int(template)).kill()
    run_until(job, forked=False)
    _, other = run_until(job, forked=True)
    assert other != template


def test_the_server_removes_its_folder_and_ends_with_its_pipe(
    job: list[str], server: subprocess.Popen[bytes]
) -> None:
    run(job)
    assert server.stdin is not None
    server.stdin.close()
    assert server.wait(60) == 0
    assert not Path(job[0]).parent.exists()


def test_the_modules_are_those_of_other_projects() -> None:
    modules = third_party_modules()
    assert {"tensorflow", "keras", "scipy:stats", "pydantic:Field"} <= set(modules)
    own = {path.stem for path in (starting.WORKFLOW / "scripts").glob("*.py")}
    packages = {name.partition(":")[0].partition(".")[0] for name in modules}
    assert not packages & {*own, "scenery"}


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[list[str]]:
    """The servers that are started, and a Python and a temporary folder that may be changed."""
    commands: list[list[str]] = []
    monkeypatch.setattr(starting.subprocess, "Popen", lambda command, **_: commands.append(command))
    monkeypatch.setattr(starting.sys, "executable", sys.executable)
    monkeypatch.setattr(starting.tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(starting, "local_gpus", lambda: 0)
    monkeypatch.delenv(starting.PLAIN_VARIABLE, raising=False)
    return commands


def test_many_jobs_start_a_server(started: list[list[str]]) -> None:
    python = sys.executable
    start_server(starting.MIN_JOBS)
    assert len(started) == 1
    assert sys.executable != python
    assert python in Path(sys.executable).read_text(encoding="utf-8")


@pytest.mark.parametrize("reason", ["few jobs", "switched off", "a GPU", "not Linux", "a blank"])
def test_a_server_is_not_started(
    started: list[list[str]], reason: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    python = sys.executable
    if reason == "switched off":
        monkeypatch.setenv(starting.PLAIN_VARIABLE, "1")
    elif reason == "a GPU":
        monkeypatch.setattr(starting, "local_gpus", lambda: 1)
    elif reason == "not Linux":
        monkeypatch.setattr(starting.sys, "platform", "darwin")
    elif reason == "a blank":
        (tmp_path / "a blank").mkdir()
        monkeypatch.setattr(starting.tempfile, "tempdir", str(tmp_path / "a blank"))
    start_server(starting.MIN_JOBS - (reason == "few jobs"))
    assert not started
    assert sys.executable == python
