"""Starts the fork server for a test run and selects the Python program of test studies."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scenery.pipeline.job_server import starting as job_server

FOLDER = Path(__file__).parent
# Modules of which `python -m MODULE` is a fork, too.
MODULES = ("snakemake", "scenery", "benchmarks")
# Path of the program that test studies use instead of Python.
VARIABLE = "SCENERY_TESTS_PYTHON"
# The Snakefile sets this variable for jobs. Tests that import TensorFlow need it, too.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# A copy, because TensorFlow sets further variables when a test imports it.
INITIAL_ENVIRONMENT = dict(os.environ)


def forking_python() -> str:
    """The program that runs jobs as forks; Python itself if there is no server."""
    return os.environ.get(VARIABLE, sys.executable)


def environment(**more: str) -> dict[str, str]:
    """The environment variables of a test study."""
    dropped = ("SNAKEMAKE_PROFILE", "PYTHONPATH")
    variables = {key: value for key, value in INITIAL_ENVIRONMENT.items() if key not in dropped}
    for name in (VARIABLE, "PYTEST_CURRENT_TEST"):
        if name in os.environ:
            variables[name] = os.environ[name]
    return variables | more


@contextmanager
def server() -> Iterator[None]:
    """Run the server and set its environment variable."""
    folder = Path(tempfile.mkdtemp(prefix="scenery-tests-"))
    command = [sys.executable, str(FOLDER / "serve.py"), str(folder)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)
    os.environ[VARIABLE] = str(job_server.write_program(folder, MODULES))
    try:
        yield
    finally:
        del os.environ[VARIABLE]
        # The server exits when the pipe is closed, which also happens if the test run is killed.
        process.communicate()
        shutil.rmtree(folder, ignore_errors=True)
