"""Starts the fork server for a test run and selects the Python program of test studies."""

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

FOLDER = Path(__file__).parent
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


def is_available() -> bool:
    """Whether the server can run on this system; SCENERY_PLAIN_JOBS=1 switches it off."""
    return hasattr(os, "pidfd_open") and os.environ.get("SCENERY_PLAIN_JOBS") != "1"


@contextmanager
def server() -> Iterator[None]:
    """Run the server and set its environment variable."""
    folder = Path(tempfile.mkdtemp(prefix="scenery-tests-"))
    words = [sys.executable, "-I", "-S", FOLDER / "client.py", sys.executable, folder / "socket"]
    program = folder / "python"
    program.write_text(f'#!/bin/sh\nexec {shlex.join(map(str, words))} "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    command = [sys.executable, str(FOLDER / "fork_server.py"), str(folder)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)
    os.environ[VARIABLE] = str(program)
    try:
        yield
    finally:
        del os.environ[VARIABLE]
        # The server exits when the pipe is closed, which also happens if the test run is killed.
        process.communicate()
        shutil.rmtree(folder, ignore_errors=True)
