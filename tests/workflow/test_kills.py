"""Killed at random moments, again and again: one plain call then gives what it always gives."""

import itertools
import os
import random
import re
from collections.abc import Iterator
from pathlib import Path

from checkout import Checkout, check_out
from forms import form
from killing import TARGET, VICTIMS, kill_at, results_of

# The long form is the large run that docs/explanation/trust.md describes.
KILLS = int(os.environ.get("SCENERY_KILLS", form(4, 30)))
KILLS_IN_ONE_STUDY = 6
JOBS = 19
SEED = int(os.environ.get("SCENERY_KILLS_SEED", "1"))


def test_after_kills_one_plain_call_gives_the_same(undisturbed: Checkout, tmp_path: Path) -> None:
    expected, seconds = results_of(undisturbed), seconds_of(undisturbed)
    draw = random.Random(SEED)
    victims = itertools.cycle(draw.sample(VICTIMS, len(VICTIMS)))
    left = KILLS
    for study in range(KILLS):
        checkout = check_out(tmp_path / str(study), "faults.yaml")
        killed = disturb(checkout, min(left, KILLS_IN_ONE_STUDY), seconds, victims, draw)
        left -= len(killed)
        said = checkout.snakemake(TARGET)
        print(f"study {study}: killed {'; '.join(killed)}; then one call")
        assert "Traceback" not in said
        found = results_of(checkout)
        assert found.keys() == expected.keys(), killed
        assert [file for file in expected if found[file] != expected[file]] == [], killed
        assert not list((checkout.folder / ".snakemake" / "scenery").iterdir())
        assert checkout.dry_run(TARGET).jobs == {}
        if not left:
            return


def seconds_of(checkout: Checkout) -> float:
    """How long its first run took."""
    log = sorted((checkout.folder / ".snakemake" / "log").iterdir())[0]
    elapsed = re.search(
        r"^Elapsed time: (\d+):(\d+):([\d.]+)$", log.read_text("utf-8"), re.MULTILINE
    )
    assert elapsed is not None
    hours, minutes, seconds = map(float, elapsed.groups())
    return 3600 * hours + 60 * minutes + seconds


def disturb(
    checkout: Checkout, most: int, seconds: float, victims: Iterator[str], draw: random.Random
) -> list[str]:
    """Kill until the study is through or enough was killed; what was."""
    killed: list[str] = []
    while len(killed) < most:
        # Few jobs at once, so that several kills fall into one study; then up to a job's time, or
        # within the seconds that Snakemake takes to begin.
        wait = draw.uniform(0, 1.5) * seconds / JOBS
        name = kill_at(checkout, next(victims), draw.randrange(5), wait, draw)
        if name is None:
            break
        killed.append(name)
    return killed
