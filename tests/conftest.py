"""Fixtures for all tests."""

import os
from pathlib import Path

import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

REPOSITORY = Path(__file__).resolve().parents[1]


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
