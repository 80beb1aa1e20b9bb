"""Networks that several tests look at, each built once."""

import functools
from collections.abc import Callable

import keras
import pytest

from scenery.models.backbones import BACKBONES, build_backbone


@pytest.fixture(scope="session")
def whole() -> Callable[[str], keras.Model]:
    """The whole backbone of a name at its native size; tests must leave its weights alone."""

    @functools.cache
    def build(name: str) -> keras.Model:
        return build_backbone(name, BACKBONES[name].native_size)

    return build
