"""Fixtures for all tests."""

import gc
import os
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from forked import starting

from scenery.pipeline.garbage_collection import collect_rarely
from scenery.pipeline.job_server import starting as job_server

REPOSITORY = Path(__file__).resolve().parents[1]
# Files whose tests share a study that takes minutes, by the name of its fixture; and one Slurm.
TOGETHER = {
    "tests/workflow/test_end_to_end.py": "finished",
    "tests/workflow/test_staleness.py": "finished",
    "tests/workflow/test_trust.py": "finished",
    "tests/workflow/test_clocks.py": "undisturbed",
    "tests/workflow/test_drawn_scenes.py": "undisturbed",
    "tests/workflow/test_job_server.py": "undisturbed",
    "tests/workflow/test_full_disk.py": "undisturbed",
    "tests/workflow/test_kills.py": "undisturbed",
    "tests/workflow/test_reproduce.py": "undisturbed",
    "tests/slurm": "slurm",
}
SERVER = ExitStack()
# How many test files are named with their seconds at the end.
SLOWEST = 30


def pytest_configure(config: pytest.Config) -> None:
    """One server for jobs of tests' studies, for all processes of `-n 3`."""
    if job_server.is_available() and not hasattr(config, "workerinput"):
        SERVER.enter_context(starting.server())


def pytest_collection_finish() -> None:
    """The objects of imported libraries are not searched for garbage again and again."""
    gc.collect()
    collect_rarely()


def pytest_unconfigure() -> None:
    """It ends with the tests."""
    SERVER.close()


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """The test files that take longest; what is made for several files counts for the first."""
    seconds: Counter[str] = Counter()
    for reports in terminalreporter.stats.values():
        for report in reports:
            if isinstance(report, pytest.TestReport):
                seconds[report.nodeid.split("::")[0]] += report.duration
    slow = [(file, took) for file, took in seconds.most_common(SLOWEST) if took >= 1]
    if slow:
        terminalreporter.section("seconds of the slowest files")
        for file, took in slow:
            terminalreporter.write_line(f"{took:7.0f}  {file}")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Among several processes (`-n 3`), what takes minutes to make is made in one of them."""
    from xdist.scheduler import LoadScopeScheduling

    class Together(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = nodeid.split("::")[0]
            return TOGETHER.get(file) or TOGETHER.get(str(Path(file).parent)) or file

    return Together(config, log)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real photographs and weights that some tests need.

    Its place is read from SCENERY_SHARED (default: `shared` beside the repository). Without it
    these tests are skipped, or fail where SCENERY_REQUIRE_SHARED is 1.
    """
    folder = Path(os.environ.get("SCENERY_SHARED", REPOSITORY.parent / "shared"))
    if not folder.is_dir():
        message = f"no real photographs and weights at {folder} (set SCENERY_SHARED)"
        if os.environ.get("SCENERY_REQUIRE_SHARED") == "1":
            pytest.fail(message)
        pytest.skip(message)
    return folder
