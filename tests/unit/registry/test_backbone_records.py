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
    assert 50 < record.top_1 < 90
    assert table.multiply_adds


# Publications: He et al. 2016; Howard et al. 2017; Sandler et al. 2018; Tan and Le 2019; Liu et al.
# 2022.
PUBLISHED = {
    "ResNet50": 3.8e9, "ResNet152": 11.3e9, "VGG16": 15.3e9, "MobileNet": 569e6,
    "MobileNetV2": 300e6, "EfficientNetB0": 0.39e9, "EfficientNetB7": 37e9, "ConvNeXtTiny": 4.5e9,
}  # fmt: skip


@pytest.mark.parametrize("name", PUBLISHED)
def test_multiply_adds_are_about_those_published(name: str) -> None:
    # Publications count some layers differently, and some count the top.
    assert facts(name).multiply_adds == pytest.approx(PUBLISHED[name], rel=0.06)


def test_larger_networks_of_a_family_are_more_accurate() -> None:
    for family in ("EfficientNetB", "EfficientNetV2B", "ConvNeXt"):
        found = [record for name, record in BACKBONES.items() if name.startswith(family)]
        found.sort(key=lambda record: record.parameters)
        rates = [record.top_1 for record in found]
        assert len(rates) > 3
        assert rates == sorted(set(rates))
