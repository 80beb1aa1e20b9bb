"""Generated scenes are repeatable, grow by appending, and teach something but not everything."""

from pathlib import Path

import numpy as np
import pytest
from forms import form
from PIL import Image
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from scenery.data.catalogue import make_catalogue
from scenery.data.sources import list_images
from scenery.demo.scenes import SCENE_CLASSES, draw_scenes, scene


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*.png")}


def test_more_images_keep_those_there_were(tmp_path: Path) -> None:
    draw_scenes(tmp_path / "few", per_class=2, image_size=24, seed=0)
    draw_scenes(tmp_path / "many", per_class=4, image_size=24, seed=0)
    few, many = contents(tmp_path / "few"), contents(tmp_path / "many")
    assert len(few) == 16
    assert len(many) == 32
    assert few.items() <= many.items()
    assert {image.class_name for image in list_images(tmp_path / "few")} == set(SCENE_CLASSES)


@pytest.mark.parametrize("class_name", SCENE_CLASSES)
def test_scenes_depend_on_seed_and_number_alone(class_name: str) -> None:
    first = scene(class_name, 1, 32, 0)
    assert first.shape == (32, 32, 3)
    assert first.dtype == np.uint8
    np.testing.assert_array_equal(first, scene(class_name, 1, 32, 0))
    assert (first != scene(class_name, 2, 32, 0)).any()
    assert (first != scene(class_name, 1, 32, 1)).any()


@pytest.mark.parametrize("class_name", SCENE_CLASSES)
def test_no_draw_fails_or_gives_an_empty_picture(class_name: str) -> None:
    for number in range(form(20, 100)):
        assert scene(class_name, number, 16, 11).std() > 3


def test_hard_scenes_are_other_pictures_of_the_same_kind() -> None:
    hard = scene("coast", 1, 32, 0, "hard")
    assert hard.shape == (32, 32, 3)
    np.testing.assert_array_equal(hard, scene("coast", 1, 32, 0, "hard"))
    assert (hard != scene("coast", 1, 32, 0)).mean() > 0.5
    # Less contrast: half of a picture or less varies.
    several = range(1, 21)
    plain = np.mean([scene("street", number, 32, 0).std() for number in several])
    assert np.mean([scene("street", number, 32, 0, "hard").std() for number in several]) < plain


def test_classes_can_be_told_apart_by_shape_and_hardly_by_color() -> None:
    per_class = 40
    images = np.stack(
        [scene(name, number, 48, 1) for name in SCENE_CLASSES for number in range(per_class)]
    )
    labels = np.repeat(np.arange(len(SCENE_CLASSES)), per_class)
    small = [np.asarray(Image.fromarray(image).resize((12, 12))).ravel() for image in images]

    def accuracy(values: np.ndarray) -> float:
        model = make_pipeline(StandardScaler(), SVC(C=3))
        return float(cross_val_score(model, values, labels, cv=4).mean())

    assert accuracy(images.mean(axis=(1, 2))) < 0.45
    assert 0.45 < accuracy(np.array(small, float)) < 0.85


def test_scenes_are_not_taken_for_duplicates(tmp_path: Path) -> None:
    draw_scenes(tmp_path, per_class=15, image_size=64, seed=2)
    catalogue = make_catalogue(list_images(tmp_path), tmp_path)
    assert set(catalogue["problem"]) == {""}
    assert set(catalogue["duplicate_group"]) == {0}
