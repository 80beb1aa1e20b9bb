"""embed_images.py and the groups that catalogue.py takes from its vectors."""

import json
from pathlib import Path

import catalogue
import numpy as np
import pytest
from embed_images import embed_images
from PIL import Image

from scenery.data.tables import read_catalogue
from scenery.demo.scenes import draw_scenes
from scenery.errors import UserError


def make_catalogue(folder: Path, out: Path, vectors: Path | None) -> None:
    """The catalogue with groups of like images; a broken file is left out."""
    catalogue.main(
        folder, folder, "leave_out", 10**6, False, "drop", "drop", 1, str(out / "catalogue.csv"),
        out / "pictures.npz", groups="auto", embeddings=vectors,
    )  # fmt: skip


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Drawn scenes, a detail of one of them, a file that is no image, and all their vectors."""
    base = tmp_path_factory.mktemp("embedded")
    draw_scenes(base / "scenes", per_class=5, image_size=96, seed=3)
    first = min((base / "scenes").rglob("*.png"))
    with Image.open(first) as picture:
        picture.crop((1, 1, 95, 95)).save(first.with_name("zz detail.png"))
    first.with_name("broken.png").write_bytes(b"no image")
    embed_images(
        base / "scenes", base / "scenes", {}, 10**6, 65535, 1, base / "v.npy", base / "v.json"
    )
    return base


def test_embed_images_gives_each_file_a_vector_and_a_broken_one_zeros(embedded: Path) -> None:
    vectors = np.load(embedded / "v.npy")
    make_catalogue(embedded / "scenes", embedded, None)
    listed = read_catalogue(embedded / "catalogue.csv")
    assert vectors.shape == (len(listed), 1280)
    assert json.loads((embedded / "v.json").read_text())["shape"] == [len(listed), 1280]
    assert (~vectors.any(axis=1)).tolist() == (listed["problem"] != "").tolist()
    assert np.isfinite(vectors).all()


def test_catalogue_keeps_images_with_like_vectors_together(embedded: Path) -> None:
    make_catalogue(embedded / "scenes", embedded, None)
    assert not read_catalogue(embedded / "catalogue.csv")["proposed_group"].any()
    make_catalogue(embedded / "scenes", embedded, embedded / "v.npy")
    listed = read_catalogue(embedded / "catalogue.csv")
    pair = listed[listed["proposed_group"] != ""]
    assert len(pair) == 2 and pair["file"].iloc[1].endswith("zz detail.png")
    assert set(pair["proposed_group"]) == {f"like {pair['file'].iloc[0]}"}
    assert pair["group"].nunique() == 1 and (pair["given_group"] == pair["proposed_group"]).all()


def test_catalogue_refuses_vectors_of_other_images(embedded: Path, tmp_path: Path) -> None:
    np.save(tmp_path / "other.npy", np.ones((3, 1280), np.float32))
    with pytest.raises(UserError, match="3 images had feature vectors, and the data set now has"):
        make_catalogue(embedded / "scenes", tmp_path, tmp_path / "other.npy")
