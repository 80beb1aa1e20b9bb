"""What a result was made with, by name: versions of libraries, the commit of the project."""

import functools
import platform
import subprocess
from importlib import metadata

from scenery.installation import IN_CLONE, PROJECT, version

LIBRARIES = (
    "keras",
    "tensorflow",
    "tensorflow-cpu",
    "numpy",
    "scikit-learn",
    "scikit-image",
    "opencv-python-headless",
    "pillow",
    "pandas",
    "snakemake",
)


def versions() -> dict[str, str]:
    """Versions of Scenery, Python and the libraries that shape a result."""
    found = {"scenery": version(), "python": platform.python_version()}
    for name in LIBRARIES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


@functools.cache
def commit() -> str:
    """The commit of the project, with -changed where files differ from it; unknown without git.

    Unknown, too, for the installed package: a repository around it is another project's.
    """
    if not IN_CLONE:
        return "unknown"
    try:
        described = subprocess.run(
            ["git", "describe", "--always", "--dirty=-changed", "--abbrev=12"],
            cwd=PROJECT,
            capture_output=True,
            text=True,
            check=True,
            timeout=20,
        )
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return described.stdout.strip() or "unknown"
