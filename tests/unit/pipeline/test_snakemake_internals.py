"""What Scenery changes in Snakemake."""

import logging
from collections.abc import Iterator

import pytest
from snakemake.logging import logger

from scenery.pipeline.snakemake_internals import drop_notices


@pytest.fixture
def unfiltered() -> Iterator[None]:
    before = list(logger.filters)
    yield
    logger.filters[:] = before


@pytest.mark.usefixtures("unfiltered")
def test_line_without_content_is_dropped_and_others_are_kept() -> None:
    lines: list[str] = []

    class Kept(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(record.getMessage())

    drop_notices()
    handler, level = Kept(), logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.info("Select jobs to execute...")
    logger.info("Finished jobid: 3 (Rule: choose)")
    logger.removeHandler(handler)
    logger.setLevel(level)
    assert lines == ["Finished jobid: 3 (Rule: choose)"]
