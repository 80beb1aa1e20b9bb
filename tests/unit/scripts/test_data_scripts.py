"""catalogue.py and tabulate_data.py: what a person is told about duplicates."""

import logging
from html.parser import HTMLParser
from pathlib import Path

import catalogue
import numpy as np
import pandas as pd
import pytest
from PIL import Image, ImageDraw
from tabulate_data import tabulate_data

from scenery.data.splitting import split_images
from scenery.data.tables import read_catalogue, write_table


class Page(HTMLParser):
    """Counts pictures and keeps the text of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.pictures: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "img":
            assert str(given["src"]).startswith("data:image/jpeg;base64,")
            self.pictures.append(str(given["alt"]))

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture
def products(tmp_path: Path) -> Path:
    """Two classes of 24 images: one product shot under both, and a copy that is a conflict."""
    rng = np.random.default_rng(5)

    def drawn() -> Image.Image:
        small = rng.integers(0, 256, (7, 7, 3), dtype=np.uint8)
        return Image.fromarray(small).resize((120, 90), Image.Resampling.BICUBIC)

    folder = tmp_path / "products"
    for name in ("boxed", "opened"):
        (folder / name).mkdir(parents=True)
        for number in range(22):
            drawn().save(folder / name / f"{number:02d}.png")
    shot = drawn()
    shot.save(folder / "boxed" / "lamp <b>.png")
    ImageDraw.Draw(shot).rectangle((40, 30, 52, 42), fill=(0, 0, 0))
    shot.save(folder / "opened" / "lamp.png")
    copy = drawn()
    for name in ("boxed", "opened"):
        copy.save(folder / name / "copy.png")
    return folder


def test_duplicates_are_told_on_terminal_and_page_with_pictures(
    products: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    listed, pictures, out = (tmp_path / n for n in ("catalogue.csv", "pictures.npz", "data.html"))
    with caplog.at_level(logging.WARNING, "scenery"):
        catalogue.main(
            products, products, "stop", 10**6, True, "drop", "drop", 1, str(listed), pictures
        )
    lost = (
        "more than 2% of a class is left out as leaks or conflicts (dataset.duplicates.leaks and "
        "conflicts): 'boxed' 1 of 24 (4.2%), 'opened' 1 of 24 (4.2%)"
    )
    said = "\n".join(caplog.messages)
    assert f"WARNING: {lost}" in said
    assert "1 pairs of images look alike under two classes" in said
    judged = read_catalogue(listed)
    assert sorted(judged.loc[~judged["kept"], "file"]) == ["boxed/copy.png", "opened/copy.png"]
    write_table(split_images(judged, 0.3, 0.3, seed=1), tmp_path / "split.csv")
    tabulate_data(listed, tmp_path / "split.csv", pictures, out)
    page = Page(out.read_text(encoding="utf-8"))
    assert page.pictures == ["boxed/lamp <b>.png", "opened/lamp.png"]
    assert f"Warning: {lost}." in page.text
    distance = judged["similar_distance"].dropna().iloc[0]
    assert 0 < distance < 1
    assert f"{distance:.4g}" in page.text
    assert "pairs that look alike (used)" in page.text


def test_proposed_groups_are_told_on_terminal_and_page(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    random = np.random.default_rng(3)
    folder = tmp_path / "cases"
    for number in range(16):
        (folder / "ab"[number // 8]).mkdir(parents=True, exist_ok=True)
        pixels = random.integers(0, 256, (24, 24, 3), dtype=np.uint8)
        name = f"<b>Case_{number // 2}_{number % 2}.png"
        Image.fromarray(pixels).save(folder / "ab"[number // 8] / name)
    listed, pictures, out = (tmp_path / n for n in ("catalogue.csv", "pictures.npz", "data.html"))
    arguments = (folder, folder, "stop", 10**6, True, "drop", "drop", 1, str(listed), pictures)
    with caplog.at_level(logging.WARNING, "scenery"):
        catalogue.main(*arguments)
    assert "8 groups of images are probably not independent" in caplog.text
    write_table(split_images(read_catalogue(listed), 0.3, 0.3, seed=1), tmp_path / "split.csv")
    tabulate_data(listed, tmp_path / "split.csv", pictures, out)
    assert "<b>Case_0" in Page(out.read_text(encoding="utf-8")).text
    caplog.clear()
    catalogue.main(*arguments, groups="auto")
    assert "probably not independent" not in caplog.text
    assert read_catalogue(listed)["given_group"].nunique() == 8


def test_page_of_clean_images_has_no_pictures_and_no_warning(tmp_path: Path) -> None:
    rng = np.random.default_rng(6)
    folder = tmp_path / "clean"
    for name in "ab":
        (folder / name).mkdir(parents=True)
        for number in range(6):
            small = rng.integers(0, 256, (6, 6, 3), dtype=np.uint8)
            Image.fromarray(small).resize((60, 60)).save(folder / name / f"{number}.png")
    listed, pictures, out = (tmp_path / n for n in ("catalogue.csv", "pictures.npz", "data.html"))
    catalogue.main(folder, folder, "stop", 10**6, True, "drop", "drop", 1, str(listed), pictures)
    write_table(split_images(read_catalogue(listed), 0.3, 0.3, seed=1), tmp_path / "split.csv")
    tabulate_data(listed, tmp_path / "split.csv", pictures, out)
    page = Page(out.read_text(encoding="utf-8"))
    assert page.pictures == []
    assert "Warning" not in page.text
    assert pd.read_csv(listed)["kept"].all()
