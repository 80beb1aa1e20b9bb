"""What the stand-ins for Slurm's commands share."""

import os
import shutil
import sys
from pathlib import Path

# A controller that is restarted or moved to another machine is back within minutes; each try takes
# Slurm's commands about ten seconds by themselves.
MAX_WAIT = 3600
PAUSE = 5
AWAY = (
    "Unable to contact slurm controller",
    "Socket timed out",
    "Slurm backup controller in standby",
)


def real_command(name: str) -> str | None:
    """The first such command on the PATH that is not in this folder; None where there is none."""
    here = Path(__file__).resolve().parent
    folders = os.environ.get("PATH", "").split(os.pathsep)
    others = os.pathsep.join(f for f in folders if f and Path(f).resolve() != here)
    return shutil.which(name, path=others)


def is_away(message: str) -> bool:
    """Whether a command failed because Slurm's controller could not be reached."""
    return any(part in message for part in AWAY)


def fail(text: str) -> int:
    """Say why nothing can be done; the exit status."""
    print(text, file=sys.stderr)
    return 1
