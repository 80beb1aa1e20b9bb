"""The cases as the tables of docs/explanation/trust.md.

PYTHONPATH=src:tests/unit python -m bad_input.table    writes them
"""

from pathlib import Path

from bad_input.cases import Case
from bad_input.config_cases import CONFIGS
from bad_input.image_cases import IMAGES
from bad_input.preset_cases import PRESETS
from bad_input.source_cases import FOLDERS, MANIFESTS
from bad_input.weights_cases import WEIGHTS

DOCUMENT = Path(__file__).resolve().parents[3] / "docs" / "explanation" / "trust.md"
BEGIN, END = "<!-- bad input: generated -->\n", "<!-- bad input: end -->"
GROUPS: dict[str, list[Case]] = {
    "Images": IMAGES,
    "Folders": FOLDERS,
    "Manifests": MANIFESTS,
    "Weights files": WEIGHTS,
    "Presets of KerasHub": PRESETS,
    "Config": CONFIGS,
}


def tables() -> str:
    """All cases, one table a group."""
    lines: list[str] = []
    for title, cases in GROUPS.items():
        lines += [f"### {title}", "", "| case | what happens |", "|---|---|"]
        lines += [*(case.row for case in cases), ""]
    return "\n".join(lines)


def with_tables(text: str) -> str:
    """A document with the tables between its markers renewed."""
    before, rest = text.split(BEGIN)
    return f"{before}{BEGIN}\n{tables()}\n{END}{rest.split(END)[1]}"


if __name__ == "__main__":
    DOCUMENT.write_text(with_tables(DOCUMENT.read_text(encoding="utf-8")), encoding="utf-8")
