"""A clock that was ahead for a while."""

import os
import time
from pathlib import Path

from checkout import Checkout
from killing import TARGET

from scenery.pipeline.preflight import reset_future_times


def test_only_what_is_dated_in_the_future_is_set_to_now(tmp_path: Path) -> None:
    old, ahead = tmp_path / "old.csv", tmp_path / "a" / "ahead.csv"
    ahead.parent.mkdir()
    for path, moment in ((old, 1e9), (ahead, time.time() + 3600)):
        path.touch()
        os.utime(path, (moment, moment))
    assert reset_future_times(tmp_path) == 1
    assert old.stat().st_mtime == 1e9
    assert ahead.stat().st_mtime <= time.time()
    assert reset_future_times(tmp_path / "nowhere") == 0


def test_results_of_a_clock_that_was_ahead_are_gone_on_with(
    undisturbed: Checkout, tmp_path: Path
) -> None:
    checkout = undisturbed.copy_to(tmp_path / "copy")
    for path in (checkout.folder / "results").rglob("*"):
        moment = path.stat().st_mtime + 3600
        os.utime(path, (moment, moment))
    assert checkout.dry_run(TARGET).jobs == {}
    summary = checkout.folder / TARGET
    before = summary.read_bytes()
    summary.unlink()
    assert "Dated in the future" in checkout.snakemake(TARGET)
    assert summary.read_bytes() == before
