"""How often Python looks for garbage in a call of Snakemake. Standard library only."""

import gc


def collect_rarely() -> None:
    """Save a tenth of a call of Snakemake, and a fifth with a graph of ten thousand jobs.

    The modules and the graph of jobs have millions of objects, of which next to none become
    garbage. By default Python looks for some after every 700 new objects. Call this before most
    modules are imported.
    """
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
