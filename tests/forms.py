"""Long tests have a short form for `make test`; `make test-all` runs the long ones."""

import os
from typing import TypeVar

T = TypeVar("T")
LONG = os.environ.get("SCENERY_LONG_TESTS") == "1"


def form(short: T, long: T) -> T:
    """What a test is to use, such as a number of draws."""
    return long if LONG else short
