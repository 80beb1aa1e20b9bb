"""Starts the server for one run of Snakemake."""

import ast
import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from scenery.installation import SOURCE, WORKFLOW
from scenery.pipeline.preflight import local_gpus

FOLDER = Path(__file__).parent
# Not imported by template processes: every job imports the code as it is then.
FIRST_PARTY = ("scenery", "snakemake")
# What the first lines of a script import, which Snakemake writes.
SNAKEMAKE_MODULES = ("snakemake.logging", "snakemake.iocontainers")
# What Matplotlib imports as it saves a figure.
LATE_MODULES = ("matplotlib.backends.backend_agg", "matplotlib.backends.backend_svg")
# Packages that few jobs use. The first opens files as it is imported, which all forks would have.
RARE = (
    "onnxruntime", "tf2onnx", "keras.src.export", "openvino", "keras_hub", "kagglehub",
    "starlette", "uvicorn",
)  # fmt: skip
# Set to 1, it switches the server off.
PLAIN_VARIABLE = "SCENERY_PLAIN_JOBS"
# For fewer jobs, importing the libraries once more costs more than it saves.
MIN_JOBS = 8


def is_available() -> bool:
    """Whether the server can run on this system and is not switched off.

    It needs Linux: other systems do not tell when a process has ended, or do not end a process with
    its parent. Where the machine has an NVIDIA device it is off, since TensorFlow for such devices
    has not been tried after a fork.
    """
    return (
        sys.platform == "linux"
        and hasattr(os, "pidfd_open")
        and os.environ.get(PLAIN_VARIABLE) != "1"
        and not local_gpus()
    )


def third_party_modules() -> list[str]:
    """The modules of other projects that the code of scripts imports, in functions too.

    A name that is imported from a module is given as `module:name`: packages load it late.
    """
    found = set()
    for folder in (SOURCE / "scenery", WORKFLOW / "scripts"):
        for path in sorted(folder.rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Import):
                    found |= {alias.name for alias in node.names}
                elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                    found |= {f"{node.module}:{alias.name}" for alias in node.names}
    own = {path.stem for path in (WORKFLOW / "scripts").glob("*.py")}
    left_out = {*FIRST_PARTY, *own}
    modules = sorted(
        name
        for name in found
        if re.split("[.:]", name)[0] not in left_out and not name.startswith(RARE)
    )
    return [*SNAKEMAKE_MODULES, *LATE_MODULES, *modules]


def write_program(folder: Path, modules: Sequence[str] = ()) -> Path:
    """Write the program that takes the place of Python for jobs.

    Args:
        folder: Folder of the server's socket.
        modules: Modules of which `python -m MODULE` may be a fork, too.
    """
    client = [sys.executable, "-I", "-S", str(FOLDER / "client.py")]
    words = [*client, sys.executable, str(folder / "socket"), ",".join(modules)]
    program = folder / "python"
    program.write_text(f'#!/bin/sh\nexec {shlex.join(words)} "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    return program


def start_server(jobs: int) -> None:
    """Have Snakemake start its scripts by way of a server that ends with this process.

    Snakemake starts them with `sys.executable`. Does nothing for few jobs, where the server is not
    available, or where this process was itself started by way of one.

    Args:
        jobs: Number of jobs that this run of Snakemake will start on this machine.
    """
    started = (Path(sys.executable).parent / "socket").is_socket()
    if jobs < MIN_JOBS or started or not is_available():
        return
    folder = Path(tempfile.mkdtemp(prefix="scenery-jobs-"))
    if shlex.quote(str(folder)) != str(folder):
        # Snakemake does not quote the program.
        folder.rmdir()
        return
    command = [sys.executable, "-I", "-S", str(FOLDER / "server.py"), str(folder)]
    # The server ends when this pipe is closed. It must not be closed before this process ends.
    subprocess.Popen(
        [*command, *third_party_modules()], stdin=subprocess.PIPE, start_new_session=True
    )
    sys.executable = str(write_program(folder))
