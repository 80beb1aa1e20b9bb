"""What a user's own settings may not change: environment variables, configuration files, a home.

Standard library only: the Snakefile calls this before it imports anything else that reads them.
"""

import os
import sys
from collections.abc import MutableMapping
from pathlib import Path

from scenery.errors import UserError

# The values that jobs run with, whatever the user's are.
PINNED = {
    "KERAS_BACKEND": "tensorflow",
    "MPLBACKEND": "agg",
    "PYTHONUTF8": "1",
    "PYTHONIOENCODING": "utf-8",
}
# Variables that would change results, or stop a library that cannot read their value.
REMOVED = (
    "KERAS_MAX_EPOCHS",
    "KERAS_MAX_STEPS_PER_EPOCH",
    "KERAS_NNX_ENABLED",
    "TF_XLA_FLAGS",
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
    "TF_DEFAULT_FLOAT",
    "TF_ENABLE_AUTO_MIXED_PRECISION",
    "PANDAS_COPY_ON_WRITE",
    "PANDAS_FUTURE_INFER_STRING",
    "SCIPY_ARRAY_API",
    "SKLEARN_ASSUME_FINITE",
    "SKLEARN_WORKING_MEMORY",
    "SKLEARN_PAIRWISE_DIST_CHUNK_SIZE",
    "SKLEARN_ENABLE_CYTHON_PAIRWISE_DIST",
    "JOBLIB_MULTIPROCESSING",
    "JOBLIB_TEMP_FOLDER",
    "LOKY_MAX_CPU_COUNT",
    "PYTHONWARNINGS",
    "PYTHONOPTIMIZE",
)
# Libraries of threads read one of these; a text that is no number is removed.
THREADS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_MAX_THREADS",
    "NUMEXPR_NUM_THREADS",
)
# Where Matplotlib keeps its table of fonts if the home cannot be written.
MATPLOTLIB_FOLDER = Path(".snakemake/scenery_matplotlib")


def override_user_settings(environment: MutableMapping[str, str]) -> None:
    """Give jobs the settings of the study.

    Args:
        environment: The environment variables that jobs inherit.
    """
    for name in REMOVED:
        environment.pop(name, None)
    for name in THREADS:
        if not environment.get(name, "1").strip().isdigit():
            del environment[name]
    environment.update(PINNED)
    if not _home_is_writable(environment):
        environment.setdefault("MPLCONFIGDIR", str(MATPLOTLIB_FOLDER.resolve()))


def check_process() -> None:
    """Whether this process can read any name and write files that it can read.

    Raises:
        UserError: Naming what to set.
    """
    encoding = sys.getfilesystemencoding()
    if encoding.lower().replace("-", "") != "utf8":
        raise UserError(
            f"the character encoding of this terminal is {encoding}, in which most names cannot be "
            "written; set it to UTF-8: export PYTHONUTF8=1 (or LC_ALL=C.UTF-8)"
        )
    mask = os.umask(0)
    os.umask(mask)
    if mask & 0o700:
        raise UserError(
            f"the umask {mask:04o} takes your own rights from every new file; set another one: "
            "umask 022"
        )


def _home_is_writable(environment: MutableMapping[str, str]) -> bool:
    """Whether Matplotlib's folders can be made."""
    home = Path(environment.get("HOME") or "~").expanduser()
    folders = (
        Path(environment.get("XDG_CONFIG_HOME") or home / ".config"),
        Path(environment.get("XDG_CACHE_HOME") or home / ".cache"),
    )
    return all(_can_be_made(folder) for folder in folders)


def _can_be_made(folder: Path) -> bool:
    while not os.path.lexists(folder) and folder != folder.parent:
        folder = folder.parent
    return folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)
