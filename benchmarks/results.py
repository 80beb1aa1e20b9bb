"""The table of results. Each benchmark replaces its own rows."""

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.measuring import machine

FOLDER = Path(__file__).resolve().parent
# Its rows are kept whichever benchmarks are recorded.
GPU_CHECK = "gpu_check"
HEADING = """# Results

Written by `python -m benchmarks`. The page about
[performance](../docs/explanation/performance.md) lists what was tried. A value is the median over
rounds in which both sides ran in turn, with its quartiles in brackets. "Scaled" means that a few
epochs were timed and multiplied by their number.
"""


@dataclass(frozen=True)
class Row:
    """One measurement.

    Attributes:
        work: What was done.
        compared: What it was compared with.
        measured: The figure with its spread.
        target: What is to be reached; empty where there is no target.
        met: Whether it is; None without a target.
        note: Counts and seconds behind the figure.
    """

    work: str
    compared: str
    measured: str
    target: str = ""
    met: bool | None = None
    note: str = ""


def record(
    benchmark: str,
    rows: list[Row],
    rounds: int,
    order: list[str],
    folder: Path = FOLDER,
    hardware: str = "",
) -> None:
    """Put the rows of a benchmark into results.json and write RESULTS.md again.

    Args:
        benchmark: Its name.
        rows: Its answers.
        rounds: How often each side ran.
        order: All benchmarks' names, in the order of the table.
        folder: Where both files lie.
        hardware: What they were measured on; by default this machine.
    """
    store = folder / "results.json"
    known = json.loads(store.read_text(encoding="utf-8")) if store.exists() else {}
    known[benchmark] = {
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "machine": hardware or machine(),
        "rounds": rounds,
        "rows": [asdict(row) for row in rows],
    }
    known = {name: known[name] for name in [*order, GPU_CHECK] if name in known}
    store.write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8")
    (folder / "RESULTS.md").write_text(as_markdown(known), encoding="utf-8")


def as_markdown(known: dict[str, dict]) -> str:
    """All rows, as one table per machine."""
    text = HEADING
    for name in dict.fromkeys(entry["machine"] for entry in known.values()):
        text += f"\n## {name}\n\n"
        text += "| benchmark | work | compared with | measured | to reach | met | rounds | date |\n"
        text += "|---|---|---|---|---|---|---|---|\n"
        notes = []
        for benchmark, entry in known.items():
            if entry["machine"] != name:
                continue
            for values in entry["rows"]:
                row = Row(**values)
                met = "" if row.met is None else "yes" if row.met else "**no**"
                cells = [f"`{benchmark}`", row.work, row.compared, row.measured, row.target, met]
                text += "| " + " | ".join([*cells, str(entry["rounds"]), entry["date"]]) + " |\n"
                if row.note:
                    notes.append(f"- `{benchmark}`, {row.work}: {row.note}\n")
        text += "\n" + "".join(dict.fromkeys(notes))
    return text
