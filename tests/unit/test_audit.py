"""The audit says what it knows, and says so where it knows nothing."""

import importlib.util
import subprocess
from pathlib import Path
from typing import Any

import pytest

FILE = Path(__file__).resolve().parents[2] / ".ci" / "audit.py"
specification = importlib.util.spec_from_file_location("audit", FILE)
assert specification is not None and specification.loader is not None
audit: Any = importlib.util.module_from_spec(specification)
specification.loader.exec_module(audit)

FINE = {"name": "numpy", "version": "2.0", "vulns": []}
SKIPPED = {"name": "keras", "skip_reason": "not found and could not be audited"}
BAD = {
    "name": "pillow", "version": "9.0",
    "vulns": [{"id": "PYSEC-1", "fix_versions": ["9.1"], "aliases": [], "description": "..."}],
}  # fmt: skip


def test_a_vulnerability_fails_and_is_named() -> None:
    lines, status = audit.judge([FINE, BAD, FINE])
    assert status == 1
    assert lines == [
        "pillow 9.0: PYSEC-1, mended in 9.1",
        "audit: 2 requirements asked about, 1 known vulnerabilities",
    ]


def test_an_exception_stands_with_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "EXCEPTIONS", {"PYSEC-1": "no PSD is opened"})
    lines, status = audit.judge([BAD])
    assert status == 0
    assert lines[0] == "pillow 9.0: PYSEC-1, mended in 9.1; an exception: no PSD is opened"


@pytest.mark.parametrize("answers", [[], [SKIPPED]])
def test_where_none_could_be_asked_about_it_says_so(answers: list[dict[str, Any]]) -> None:
    lines, status = audit.judge(answers)
    assert (status, len(lines)) == (0, 1)
    assert "NOT DONE" in lines[0]


def test_what_was_left_out_is_counted() -> None:
    lines, status = audit.judge([FINE, SKIPPED])
    assert status == 0
    assert "1 requirements asked about" in lines[-1]
    assert "NOT asked about, since the service does not know them: 1" in lines[-1]


@pytest.mark.parametrize("said", ["", "Traceback: no route to host", "{}"])
def test_an_answer_that_is_none(said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    done = subprocess.CompletedProcess([], 1, stdout=said, stderr="no route to host")
    monkeypatch.setattr(audit.subprocess, "run", lambda *_, **__: done)
    assert audit.ask(Path("requirements.txt")) == []
