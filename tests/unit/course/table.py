"""The items of the course as the page docs/reference/course.md.

PYTHONPATH=src:tests/unit python -m course.table    writes it
"""

from pathlib import Path

from course.items import ITEMS, Item

DOCUMENT = Path(__file__).resolve().parents[3] / "docs" / "reference" / "course.md"
HEAD = """# Course

What a course on transfer learning teaches, the key of the config for each item, and the test that
shows it. The page is generated from the list of the tests (`tests/unit/course/items.py`). An item
without a key is not there.
"""


def page() -> str:
    """The page: one table for each part of the course."""
    lines = [HEAD]
    for title, items in ITEMS.items():
        lines += [f"## {title}", "", "| item | key | test |", "|---|---|---|"]
        lines += [*(_row(item) for item in items), ""]
    return "\n".join(lines)


def _row(item: Item) -> str:
    test = item.test.rpartition("::")[2]
    return f"| {item.item} | {item.key or 'not there'} | {f'`{test}`' if test else ''} |"


if __name__ == "__main__":
    DOCUMENT.write_text(page(), encoding="utf-8")
