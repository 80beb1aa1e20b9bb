"""Notes of runs: who is at work in a folder, and what a killed run left."""

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from scenery.errors import UserError
from scenery.pipeline import run_lock as runs
from scenery.pipeline.layout import Layout
from scenery.pipeline.run_lock import LOCKS, NOTES, Run


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(runs.shutil, "which", lambda name: None)
    LOCKS.mkdir(parents=True)
    NOTES.mkdir(parents=True)
    return tmp_path


def note(process: int, started: str, host: str | None = None, locks: str = "0.output.lock") -> Run:
    run = Run(host or socket.gethostname(), process, started, "yesterday", (locks,))
    values = {**vars(run), "locks": list(run.locks)}
    run.file.write_text(json.dumps(values), encoding="utf-8")
    (LOCKS / locks).write_text("results/x\n", encoding="utf-8")
    return run


def test_a_run_is_noted_and_forgotten() -> None:
    (LOCKS / "0.input.lock").touch()
    runs.begin(submits=False)
    values = json.loads(next(NOTES.glob("*.json")).read_text(encoding="utf-8"))
    assert (values["process"], values["locks"]) == (os.getpid(), ["0.input.lock"])
    assert runs.find_other_runs() == []
    runs.end(failed=False, submits=False)
    assert not list(NOTES.glob("*.json"))


def test_the_report_of_this_run_is_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    layout = Layout("results/photos")
    report = folder / layout.report
    runs.name_results(layout, exports=True)
    report.parent.mkdir(parents=True)
    report.touch()
    # One of an earlier run.
    os.utime(report, (1, 1))
    runs.name_results(layout, exports=True)
    assert capsys.readouterr().err == ""
    report.touch()
    runs.name_results(layout, exports=True)
    assert capsys.readouterr().err.splitlines() == [
        "",
        "The report is results/photos/report.html, the slides are results/photos/slides.pdf.",
        "To classify photographs: scenery predict results/photos PHOTOS",
    ]
    runs.name_results(layout, exports=False)
    assert "predict" not in capsys.readouterr().err


def test_a_living_run_is_named_and_stops_another(capsys: pytest.CaptureFixture[str]) -> None:
    parent = psutil.Process(os.getppid())
    run = note(parent.pid, runs.start_of(parent))
    with pytest.raises(UserError, match=f"process {parent.pid} on {socket.gethostname()}"):
        runs.begin(submits=False)
    assert (LOCKS / "0.output.lock").exists()
    assert str(run) in capsys.readouterr().err


def test_a_clock_that_jumps_kills_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """The start of a process in seconds since 1970 follows from the clock and its age."""
    parent = psutil.Process(os.getppid())
    run = note(parent.pid, runs.start_of(parent))
    create_time = psutil.Process.create_time
    monkeypatch.setattr(psutil.Process, "create_time", lambda self: create_time(self) - 3600)
    assert runs.find_other_runs() == [run]
    assert (LOCKS / "0.output.lock").exists()


def test_the_lock_of_a_killed_run_is_lifted_and_no_other() -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    run = note(ended.pid, "some time")
    (LOCKS / "1.output.lock").touch()
    assert runs.find_other_runs() == []
    assert [path.name for path in LOCKS.iterdir()] == ["1.output.lock"]
    assert not run.file.exists()


def test_a_number_used_again_is_another_process() -> None:
    parent = psutil.Process(os.getppid())
    note(parent.pid, "another time")
    assert runs.find_other_runs() == []


def test_a_run_elsewhere_is_at_work_as_long_as_its_lock() -> None:
    run = note(1, "some time", host="elsewhere")
    assert runs.find_other_runs() == [run]
    with pytest.raises(UserError, match="snakemake --unlock"):
        runs.begin(submits=False)
    (LOCKS / "0.output.lock").unlink()
    assert runs.find_other_runs() == []


def test_a_broken_note_is_dropped() -> None:
    (NOTES / "x-1.json").write_text("{", encoding="utf-8")
    assert runs.find_other_runs() == []
    assert not list(NOTES.iterdir())


def test_scripts_left_running_are_stopped(folder: Path) -> None:
    script = folder / ".snakemake/scripts/tmpabc.fine_tune.py"
    script.parent.mkdir(parents=True)
    script.write_text("import time; time.sleep(600)", encoding="utf-8")
    here = subprocess.Popen([sys.executable, script], cwd=folder)
    other = folder / "other"
    other.mkdir()
    elsewhere = subprocess.Popen([sys.executable, script], cwd=other)
    try:
        # A process shows its command once it has begun to run it.
        while "tmpabc" not in " ".join(psutil.Process(here.pid).cmdline()):
            time.sleep(0.05)
        runs.stop_orphaned_processes()
        assert not psutil.pid_exists(here.pid)
        assert elsewhere.poll() is None
    finally:
        for process in (here, elsewhere):
            process.kill()
            process.wait()
