"""What can be found out again, kept from one call to the next in a JSON file.

Standard library only: the Snakefile reads such files in every call.
"""

import json
import logging
from pathlib import Path
from typing import Any

from scenery.files import write_text

_log = logging.getLogger("scenery")


def load(file: Path) -> dict[str, Any]:
    """What is kept in a file; nothing where it is missing, broken or holds something else."""
    try:
        content = json.loads(file.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def save(values: dict[str, Any], file: Path) -> None:
    """Keep values; where the file cannot be written the next call finds them out again."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        # Two calls at once must not write into each other's file.
        write_text(json.dumps(values), file)
    except OSError as error:
        _log.debug("nothing is cached in %s: %s", file, error)
