"""Fixtures for all tests."""

import os
from pathlib import Path

import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

REPOSITORY = Path(__file__).resolve().parents[1]
# Studies that take minutes and serve tests of several files.
MADE_ONCE = ("finished", "undisturbed", "settled")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Among several processes (`-n 2 --dist loadgroup`), what is made once is made in one of them.

    Tests of one of the studies stay together, all that run on Slurm, and else those of one file.
    """
    for item in items:
        place = item.path.relative_to(REPOSITORY / "tests")
        shared = [name for name in MADE_ONCE if name in getattr(item, "fixturenames", ())]
        group = shared[0] if shared else place.parts[0] if place.parts[0] == "slurm" else place
        item.add_marker(pytest.mark.xdist_group(str(group)))


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
