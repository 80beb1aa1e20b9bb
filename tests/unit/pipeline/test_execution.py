"""What a script says when something goes wrong."""

import errno
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from scenery.errors import UserError
from scenery.pipeline.execution import count_steps, script_log


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    kept = logging.raiseExceptions
    yield
    logging.raiseExceptions = kept
    logging.getLogger("scenery").handlers.clear()


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_named_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], number: int
) -> None:
    with pytest.raises(SystemExit) as ended, script_log(tmp_path / "a.log"):
        raise OSError(number, "full", "results/array.npy")
    said = capsys.readouterr().err
    assert ended.value.code == 1
    assert said.count("\n") == 1
    assert "results/array.npy: no space is left" in said
    assert said.split(" ", 1)[1] in (tmp_path / "a.log").read_text(encoding="utf-8")


def test_a_mistake_of_the_user_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit), script_log(tmp_path / "a.log"):
        raise UserError("epochs: 0 is too few")
    assert capsys.readouterr().err.endswith("ERROR: epochs: 0 is too few\n")


@pytest.mark.parametrize("error", [OSError(errno.EACCES, "denied", "x"), ValueError("strange")])
def test_a_defect_shows_where(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], error: Exception
) -> None:
    with pytest.raises(SystemExit), script_log(tmp_path / "a.log"):
        raise error
    assert "Traceback" in capsys.readouterr().err


def test_the_log_says_how_long_the_work_itself_took(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(2):  # a second job of one process starts from nothing
        with script_log(tmp_path / "a.log"):
            count_steps(1.25)
            count_steps(2)
    last = (tmp_path / "a.log").read_text(encoding="utf-8").splitlines()[-1]
    assert last.endswith("3.250 s in training, feature or evaluation steps")
    # The terminal need not say it after every job.
    assert "evaluation steps" not in capsys.readouterr().err
