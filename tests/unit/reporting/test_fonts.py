"""Names in any script are drawn in a font that has them, or one line says which to install."""

import logging
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from matplotlib import font_manager

from scenery.reporting import fonts
from scenery.reporting.fonts import BASE, fallback_families, fonts_to_install
from scenery.reporting.slides import Slide
from scenery.reporting.slides_pdf import write_pdf
from scenery.reporting.style import new_figure, save, styled

# Of scripts that DejaVu Sans has not, and a private character that no font has.
COAST, BOAT, NOBODYS = "\u6d77\u5cb8", "\u0e40\u0e23\u0e37\u0e2d", "\ue123"


def make_font(path: Path, name: str, characters: str) -> None:
    """A font in which all of some characters are the same large square."""
    builder = FontBuilder(1000, isTTF=True)
    pen = TTGlyphPen(None)
    pen.moveTo((0, 0))
    for point in ((0, 900), (900, 900), (900, 0)):
        pen.lineTo(point)
    pen.closePath()
    square = pen.glyph()
    builder.setupGlyphOrder([".notdef", "square"])
    builder.setupCharacterMap({ord(letter): "square" for letter in characters})
    builder.setupGlyf({".notdef": TTGlyphPen(None).glyph(), "square": square})
    builder.setupHorizontalMetrics({".notdef": (1000, 0), "square": (1000, 0)})
    builder.setupHorizontalHeader(ascent=900, descent=-100)
    builder.setupNameTable({"familyName": name, "styleName": "Regular"})
    builder.setupOS2(usWeightClass=400)
    builder.setupPost()
    builder.save(path)


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Two fonts beside those of this machine, which may have the characters, too."""
    monkeypatch.setattr(fonts, "_warned", set())
    manager = font_manager.fontManager
    kept = [e for e in manager.ttflist if e.name.startswith(("DejaVu", "STIX", "Last Resort"))]
    monkeypatch.setattr(manager, "ttflist", kept)
    for name, characters in (("Test Thai", BOAT), ("Noto Sans Test", COAST)):
        make_font(tmp_path / f"{name}.ttf", name, characters)
        manager.addfont(tmp_path / f"{name}.ttf")
    yield


@styled
def drawn(names: list[str], path: Path | None) -> list[list[str]]:
    """Save a figure with names at an axis and in the title; the families of their texts."""
    figure = new_figure(4, 3)
    axes = figure.subplots()
    axes.barh(range(len(names)), [1] * len(names))
    axes.set_yticks(range(len(names)), names)
    figure.suptitle(names[0])
    save(figure, None, path)
    labels = [*axes.get_yticklabels(), figure._suptitle]
    return [list(label.get_fontfamily()) for label in labels if label is not None]


@pytest.mark.usefixtures("installed")
def test_fallback_families_are_the_installed_fonts_that_have_the_characters() -> None:
    assert fallback_families("coast, c\u00f4te, \u03b1\u043a\u200d") == ([], "")
    assert fallback_families(f"a {COAST}") == (["Noto Sans Test"], "")
    assert fallback_families(f"{BOAT} {COAST}") == (["Noto Sans Test", "Test Thai"], "")
    assert fallback_families(f"{BOAT}{NOBODYS}") == (["Test Thai"], NOBODYS)


@pytest.mark.usefixtures("installed")
def test_save_draws_names_in_fonts_that_have_them(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        families = drawn([COAST, BOAT, "coast"], tmp_path / "a.png")
    assert families[0] == families[-1] == [BASE, "Noto Sans Test"]
    assert families[1] == [BASE, "Test Thai"]
    assert caplog.messages == []
    drawn(["\u6d77\u6d77", BOAT, "coast"], tmp_path / "same glyphs.png")
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "same glyphs.png").read_bytes()


@pytest.mark.usefixtures("installed")
def test_characters_without_a_font_are_one_warning_that_names_the_font(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    name = "\u6751\u3044 a"
    with caplog.at_level(logging.WARNING, "scenery"), warnings.catch_warnings():
        warnings.simplefilter("error")
        drawn([name, "b"], tmp_path / "a.png")
        drawn([name, "b"], tmp_path / "b.png")
        write_pdf([Slide(title=name)], tmp_path / "a.pdf", "A study")
    assert len(caplog.messages) == 1
    assert "no font of this machine has \u3044 \u6751 of '\u6751\u3044 a" in caplog.messages[0]
    assert "install Noto Sans CJK. Pages" in caplog.messages[0]


@pytest.mark.parametrize(
    ("characters", "names"),
    [
        ("\u6751\u3044\uac00", ["Noto Sans CJK"]),
        ("\u0905\u0e01", ["Noto Sans Devanagari", "Noto Sans Thai"]),
        ("\U0001f600", ["Noto Emoji"]),
    ],
)
def test_fonts_to_install_are_those_of_the_script(characters: str, names: list[str]) -> None:
    assert fonts_to_install(characters) == names
