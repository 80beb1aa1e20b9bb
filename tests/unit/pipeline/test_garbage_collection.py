"""How often Python looks for garbage in a call of Snakemake."""

import gc

from scenery.pipeline.garbage_collection import collect_rarely


def test_garbage_is_looked_for_rarely_and_not_among_what_is_there() -> None:
    thresholds, frozen = gc.get_threshold(), gc.get_freeze_count()
    try:
        collect_rarely()
        assert gc.isenabled()
        assert gc.get_threshold()[0] > 10_000
        assert gc.get_freeze_count() > 1000
    finally:
        gc.set_threshold(*thresholds)
        if not frozen:
            gc.unfreeze()
