"""The table of edits in docs/explanation/trust.md: exactly the rules that it names run again."""

import re
from pathlib import Path

import pytest
from checkout import REPOSITORY, Checkout
from edits import EDITS

SHOWING = (
    "plot_",
    "tabulate",
    "make_slides",
    "write_conclusions",
    "report",
    "write_tensorboard",
    "write_card",
)
# Words of the table.
NOTHING, SHOWN = "nothing", "figures, tables, slides, report"


def rows() -> dict[str, tuple[str, str]]:
    """The table's rows by edit."""
    text = (REPOSITORY / "docs" / "explanation" / "trust.md").read_text(encoding="utf-8")
    section = text.split("\n## Staleness\n")[1].split("\n## ")[0]
    found = re.findall(r"^\| (.+?) \| (.+?) \| (.*?) ?\|$", section, re.MULTILINE)
    return {edit: (itself, then) for edit, itself, then in found if edit != "edit"}


def as_row(jobs: set[str], stale: set[str]) -> tuple[str, str]:
    """What runs, in the words of the table."""
    then = {name for name in jobs - stale if not name.startswith(SHOWING)}
    words = [f"`{name}`" for name in sorted(then)]
    if any(name.startswith(SHOWING) for name in jobs - stale):
        words.append(SHOWN)
    return ", ".join(f"`{name}`" for name in sorted(stale)) or NOTHING, ", ".join(words)


def test_every_edit_is_in_the_table() -> None:
    assert list(rows()) == list(EDITS)


@pytest.mark.parametrize("edit", EDITS)
def test_exactly_these_rules_run_again(edit: str, settled: Checkout, tmp_path: Path) -> None:
    checkout = settled.copy_to(tmp_path / "copy")
    EDITS[edit](checkout)
    found = checkout.dry_run()
    assert as_row(set(found.jobs), found.stale) == rows()[edit]
