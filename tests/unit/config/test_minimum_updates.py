"""`minimum_updates`: how many epochs a head on few images makes."""

import pytest

from scenery.config.settings import MINIMUM_UPDATES, Settings


def test_minimum_updates_unset_has_a_default_where_epochs_are_unset() -> None:
    assert Settings().minimum_updates == MINIMUM_UPDATES == 1000
    assert Settings(epochs=50).minimum_updates == 0
    assert Settings(trainable="head+1").minimum_updates == 0
    assert Settings(epochs=50, minimum_updates=7).minimum_updates == 7
    assert Settings(minimum_updates=0).minimum_updates == 0


@pytest.mark.parametrize(
    ("images", "batch", "minimum", "epochs"),
    [
        # One update is one batch, also if it is not full.
        (320, 32, 1000, 100),
        (321, 32, 1100, 100),
        (40, 32, 1000, 500),
        (5, 32, 1000, 1000),
        # Rounded up to whole epochs.
        (96, 32, 1000, 334),
        # With many images, `epochs` are more.
        (2000, 32, 1000, 50),
        (40, 32, 0, 50),
    ],
)
def test_epochs_of_few_images_reach_the_minimum(
    images: int, batch: int, minimum: int, epochs: int
) -> None:
    settings = Settings(epochs=50, batch_size=batch, minimum_updates=minimum)
    assert settings.epochs_of(images) == epochs
    assert epochs * -(-images // batch) >= minimum
