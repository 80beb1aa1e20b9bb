"""Every benchmark runs from start to table on a few drawn pictures; no time is looked at."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from benchmarks.__main__ import LONG, TIMED
from benchmarks.measuring import Spread, in_turn, ratios
from benchmarks.results import Row, as_markdown, record
from forked import starting
from forms import form

REPOSITORY = Path(__file__).resolve().parents[2]

# The others train small studies several times, or many heads.
SHORT = ["heads", "data_trust"]
# These watch the processes of jobs, which a fork is not.
WATCHING = ("overhead", "memory")


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the benchmarks of this module work and write."""
    return tmp_path_factory.mktemp("benchmarks")


@pytest.mark.parametrize("name", form(SHORT, [*TIMED, *LONG]))
def test_a_benchmark_runs_and_writes_its_rows(name: str, out: Path) -> None:
    # As in the documentation: python -m benchmarks heads
    python = sys.executable if name in WATCHING else starting.forking_python()
    done = subprocess.run(
        [
            python,
            "-m",
            "benchmarks",
            name,
            "--tiny",
            "--work",
            str(out),
            "--out",
            str(out),
        ],
        cwd=REPOSITORY,
        env=starting.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-4000:]
    entry = json.loads((out / "results.json").read_text(encoding="utf-8"))[name]
    table = (out / "RESULTS.md").read_text(encoding="utf-8")
    assert entry["rows"]
    for row in entry["rows"]:
        assert "nan" not in row["measured"]
        assert f"| `{name}` | {row['work']} | {row['compared']} | {row['measured']} |" in table


def test_the_list_names_every_benchmark() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--list"],
        cwd=REPOSITORY, capture_output=True, text=True, check=True,
    )  # fmt: skip
    listed = {line.split()[0] for line in done.stdout.splitlines()}
    modules = {path.stem for path in (REPOSITORY / "benchmarks").glob("*.py")}
    assert listed == {*TIMED, *LONG}
    assert listed <= modules


def test_the_committed_table_is_what_the_stored_results_say() -> None:
    stored = json.loads((REPOSITORY / "benchmarks/results.json").read_text(encoding="utf-8"))
    table = (REPOSITORY / "benchmarks/RESULTS.md").read_text(encoding="utf-8")
    assert table == as_markdown(stored)


def test_sides_run_in_turn() -> None:
    order: list[str] = []

    def side(name: str, value: float) -> float:
        order.append(name)
        return value

    rounds = in_turn([lambda: side("A", 6.0), lambda: side("B", 3.0)], rounds=3)
    assert order == ["A", "B", "A", "B", "A", "B"]
    assert ratios(rounds, 0, 1) == Spread(2.0, 2.0, 2.0, 3)


def test_the_ratio_is_taken_within_a_round() -> None:
    # A machine that is ten times slower in the second round: the ratio is 2 all the same.
    spread = ratios([[2.0, 1.0], [20.0, 10.0], [4.0, 2.0]], 0, 1)
    assert (spread.median, spread.low, spread.high) == (2.0, 2.0, 2.0)


def test_a_benchmark_replaces_its_own_rows_only(tmp_path: Path) -> None:
    order = ["first", "second"]
    record("second", [Row("b", "c", "1 time")], 7, order, tmp_path)
    record("first", [Row("a", "c", "2 times", "≥ 1", True)], 7, order, tmp_path)
    record("second", [Row("b", "c", "3 times", "≥ 4", False)], 7, order, tmp_path)
    table = (tmp_path / "RESULTS.md").read_text(encoding="utf-8")
    assert "1 time |" not in table
    assert table.index("`first`") < table.index("`second`")
    assert "| 2 times | ≥ 1 | yes |" in table
    assert "| 3 times | ≥ 4 | **no** |" in table
