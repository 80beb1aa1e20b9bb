"""Every large network, built, cut and loaded again; short: one of them."""

import gc
import json
from collections.abc import Iterator
from pathlib import Path

import keras
import numpy as np
import pytest
from forms import form
from large_networks import LARGE, MEDIUM

from scenery.models.backbones import BACKBONES, build_backbone, end_at
from scenery.models.truncation import cut_points
from scenery.models.write_backbone_facts import TABLE, facts_of


@pytest.fixture(autouse=True)
def memory() -> Iterator[None]:
    """The largest has 1.4 GB, so no two are held at once."""
    yield
    keras.backend.clear_session()
    gc.collect()


@pytest.mark.parametrize("name", form(["ConvNeXtTiny"], [*MEDIUM, *LARGE]))
def test_large_network_is_built_cut_and_loaded_again(name: str, tmp_path: Path) -> None:
    network = build_backbone(name, BACKBONES[name].native_size)
    table = json.loads(TABLE.read_text(encoding="utf-8"))
    assert table[name] == json.loads(json.dumps(facts_of(network)))
    points = cut_points(network)
    assert len(points) > 1
    for point in points:
        assert end_at(network, point.layer).count_params() == point.parameters
    cut = build_backbone(name, BACKBONES[name].smallest_size, points[1].layer)
    del network
    cut.save(tmp_path / "cut.keras")
    loaded = keras.models.load_model(tmp_path / "cut.keras", safe_mode=True)
    images = np.random.default_rng(0).uniform(0, 255, (1, *cut.input.shape[1:])).astype("float32")
    expected = np.asarray(cut(images))
    assert expected.std() > 0
    np.testing.assert_allclose(np.asarray(loaded(images)), expected, rtol=1e-5, atol=1e-5)
