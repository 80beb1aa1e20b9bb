"""A finished study run again from the config in its results."""

import subprocess
from pathlib import Path

import pytest
from checkout import Checkout
from forked import starting


def reproduce(checkout: Checkout, *arguments: str) -> tuple[int, str]:
    """Exit status and all that is said."""
    done = subprocess.run(
        [starting.forking_python(), "-m", "scenery", "reproduce", "results", *arguments],
        cwd=checkout.folder,
        env=starting.environment(PYTHONPATH=str(checkout.folder / "src")),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout


@pytest.fixture(scope="module")
def reproduced(undisturbed: Checkout, tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A finished study that was run again below its own results."""
    checkout = undisturbed.copy_to(tmp_path_factory.mktemp("study") / "reproduced")
    status, said = reproduce(checkout)
    assert status == 0, said
    verdict = said.splitlines()[-1]
    assert verdict.startswith("same: trials (5), choices (2) and predictions on test images")
    return checkout


def test_a_fresh_run_is_the_same(reproduced: Checkout) -> None:
    again = reproduced.folder / "results" / "reproduced"
    for name in ("experiments/network/test/predictions.csv", "experiments/heads/chosen.yaml"):
        first = (reproduced.folder / "results" / name).read_bytes()
        assert (again / name).read_bytes() == first
    assert (again / "record.json").is_file()


def test_what_differs_is_said(reproduced: Checkout, tmp_path: Path) -> None:
    checkout = reproduced.copy_to(tmp_path / "copy")
    summary = checkout.folder / "results" / "summary.csv"
    text = summary.read_text(encoding="utf-8")
    summary.write_text(text.replace("completed", "diverged", 1), encoding="utf-8")
    status, said = reproduce(checkout)
    assert status == 1, said
    assert "different:" in said
    assert "status was diverged and is completed" in said
