"""The page about the course names tests that exist."""

import ast
import functools
from pathlib import Path

import pytest

from course.items import ITEMS, Item
from course.table import DOCUMENT, page

ROOT = Path(__file__).resolve().parents[3]
ALL = [item for items in ITEMS.values() for item in items]


@functools.cache
def functions(file: str) -> set[str]:
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("item", [item for item in ALL if item.test], ids=lambda item: item.item)
def test_course_item_names_a_test_that_exists(item: Item) -> None:
    file, _, name = item.test.partition("::")
    assert name in functions(file)


def test_course_item_has_a_key_and_a_test_or_neither() -> None:
    assert all(bool(item.key) == bool(item.test) for item in ALL)
    assert len({item.item for item in ALL}) == len(ALL)


def test_course_page_is_generated_from_the_items() -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == page()
