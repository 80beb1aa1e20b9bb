"""The record beside a result: what it came from, so that it can be made again."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from scenery.versions import commit, versions


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
