"""Records of the published backbones."""

import pytest

from scenery.registry.backbone_facts import facts, published_names
from scenery.registry.backbones import BACKBONES


def test_backbones_are_those_of_the_generated_table() -> None:
    assert tuple(BACKBONES) == published_names()


@pytest.mark.parametrize("name", BACKBONES)
def test_record_of_a_backbone_agrees_with_the_generated_table(name: str) -> None:
    record, table = BACKBONES[name], facts(name)
    assert (record.native_size, record.smallest_size) == (table.size, table.smallest_size)
    assert (record.parameters, record.imagenet) == (table.parameters, table.imagenet)
    assert record.family.license and record.family.source
