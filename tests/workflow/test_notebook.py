"""The notebook of the documentation runs from top to bottom, as on a user's machine."""

import os
from pathlib import Path

import nbformat
import pytest
from forked import starting
from nbclient import NotebookClient

REPOSITORY = Path(__file__).resolve().parents[2]
NOTEBOOK = REPOSITORY / "docs" / "notebooks" / "first_study.ipynb"
# A cell trains a study.
PATIENCE = 900


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The command `scenery` of this clone, which saves imports as a fork; gives a folder for it."""
    programs, work = tmp_path / "bin", tmp_path / "work"
    programs.mkdir()
    work.mkdir()
    program = programs / "scenery"
    program.write_text(f'#!/bin/sh\nexec "{starting.forking_python()}" -m scenery "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(programs), prepend=os.pathsep)
    monkeypatch.setenv("PYTHONPATH", str(REPOSITORY / "src"))
    return work


def texts(cell: nbformat.NotebookNode) -> str:
    """What a cell printed or showed, as text."""
    parts = [one.get("text", one.get("data", {}).get("text/plain", "")) for one in cell.outputs]
    return "".join(parts)


def test_notebook_runs_and_shows_what_it_says(command: Path) -> None:
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    settings = {"metadata": {"path": str(command)}}
    # A cell that raises ends the test.
    NotebookClient(notebook, timeout=PATIENCE, kernel_name="python3", resources=settings).execute()
    by_source = {cell.source: cell for cell in notebook.cells if cell.cell_type == "code"}
    [check] = [texts(cell) for source, cell in by_source.items() if "scenery check" in source]
    assert "study.yaml: a study that can start; trials: cuts (3), little_data (2" in check
    [run] = [texts(cell) for source, cell in by_source.items() if "scenery run" in source]
    assert run == ""
    for name in ("report.html", "slides.pdf", "experiments/cuts/model/model.keras"):
        assert (command / "results" / name).is_file()
    answers = (command / "answers.csv").read_text().splitlines()
    assert len(answers) == 9
    # The committed notebook shows the outputs of this code.
    kept = nbformat.read(NOTEBOOK, as_version=4)
    for before, after in zip(kept.cells, notebook.cells, strict=True):
        if before.cell_type == "code":
            kinds = [[one.output_type for one in cell.outputs] for cell in (before, after)]
            assert kinds[0] == kinds[1], before.source
