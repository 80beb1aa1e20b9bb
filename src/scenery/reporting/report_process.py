"""Snakemake's command line, with its report safe against any text in titles, names and settings.

Snakemake writes the report's contents as JSON into a script element, where `</script>` in an
experiment's title would end the script and what follows would run as a page of its own.
"""

import json
import sys
from typing import Any


def harmless(text: str) -> str:
    """JSON that stays JSON inside an HTML script element; it means the same."""
    # Outside of its strings JSON has no such letter.
    return text.replace("<", "\\u003c")


def main() -> int | None:
    """Run Snakemake with the arguments of this process."""
    from snakemake.cli import main as snakemake

    dumps = json.dumps

    def dumps_harmless(*values: Any, **options: Any) -> str:
        return harmless(dumps(*values, **options))

    json.dumps = dumps_harmless
    snakemake()
    return 0


if __name__ == "__main__":
    sys.exit(main())
