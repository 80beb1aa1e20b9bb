"""The record beside a result: what it came from, so that it can be made again."""

import functools
import json
import platform
import subprocess
from collections.abc import Iterable, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

LIBRARIES = ("keras", "tensorflow", "tensorflow-cpu", "numpy", "scikit-learn", "snakemake")


def versions() -> dict[str, str]:
    """Versions of Python and of the libraries that shape a result."""
    found = {"python": platform.python_version()}
    for name in LIBRARIES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


@functools.cache
def commit() -> str:
    """The commit of the project, with -changed where files differ from it; unknown without git."""
    here = Path(__file__).parent
    try:
        described = subprocess.run(
            ["git", "describe", "--always", "--dirty=-changed", "--abbrev=12"],
            cwd=here,
            capture_output=True,
            text=True,
            check=True,
            timeout=20,
        )
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return described.stdout.strip() or "unknown"


def read_digests(facts: Iterable[str | Path]) -> dict[str, str]:
    """Content digests of arrays from the facts beside them, by path."""
    digests = {}
    for path in facts:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
        if "digest" in content:
            digests[str(path)] = content["digest"]
    return digests


def write_record(
    out: str | Path,
    settings: Mapping[str, Any],
    code: str,
    facts: Iterable[str | Path],
    **more: Any,
) -> None:
    """Write effective settings, versions, commit, digests of code and data as JSON."""
    record = {
        **more,
        "settings": dict(settings),
        "code": code,
        "commit": commit(),
        "versions": versions(),
        "data": read_digests(facts),
    }
    text = json.dumps(record, indent=1, sort_keys=True)
    Path(out).write_text(text + "\n", encoding="utf-8")
