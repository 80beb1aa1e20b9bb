"""Fonts for names in any script, among those installed on this machine."""

import functools
import logging
import unicodedata
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from matplotlib import font_manager
from matplotlib.figure import Figure
from matplotlib.ft2font import FT2Font
from matplotlib.text import Text

log = logging.getLogger("scenery")

# It comes with Matplotlib and has Latin, Greek, Cyrillic, Armenian, Georgian, Arabic and Hebrew.
BASE = "DejaVu Sans"
# Fonts of boxes instead of letters, and of signs of formulas.
NOT_FOR_TEXT = ("Last Resort", "Adobe Blank", "STIXNonUnicode", "STIXSize", "cmb", "cme", "cmm",
                "cmr", "cms", "cmt")  # fmt: skip
# Of several fonts that have a character, one of these comes first; they fit DejaVu Sans.
PREFERRED = ("Noto Sans", "Source Han Sans", "WenQuanYi", "PingFang", "Microsoft YaHei", "Arial")
# Scripts that one font of the Noto family has together, by the first word of their characters.
CJK = ("CJK", "HIRAGANA", "KATAKANA", "HANGUL", "BOPOMOFO", "KANGXI", "FULLWIDTH", "IDEOGRAPHIC")
_warned: set[str] = set()


@functools.cache
def _characters(path: str) -> frozenset[int]:
    """Code points of the characters that a font file has; none of a file that cannot be read."""
    try:
        return frozenset(FT2Font(path).get_charmap())
    except (OSError, RuntimeError, ValueError):
        return frozenset()


def _preference(entry: font_manager.FontEntry) -> tuple[int, bool, int, str]:
    """Upright fonts of normal weight of a preferred family come first."""
    family = next((n for n, name in enumerate(PREFERRED) if entry.name.startswith(name)), 99)
    return family, entry.style != "normal", abs(int(entry.weight) - 400), entry.fname


def _installed() -> list[font_manager.FontEntry]:
    entries = [e for e in font_manager.fontManager.ttflist if not e.name.startswith(NOT_FOR_TEXT)]
    return sorted(entries, key=_preference)


def _base() -> frozenset[int]:
    return _characters(font_manager.findfont(BASE))


def fallback_families(text: str) -> tuple[list[str], str]:
    """The installed fonts that have what the base font lacks.

    Args:
        text: Any text.

    Returns:
        Names of further font families, and the characters that no font has.
    """
    missing = {ord(letter) for letter in text if not letter.isspace()} - _base()
    # Marks of writing direction and joins have no shape of their own.
    missing = {code for code in missing if unicodedata.category(chr(code)) != "Cf"}
    families = []
    for entry in _installed() if missing else []:
        found = missing & _characters(entry.fname)
        if found:
            families.append(entry.name)
            missing -= found
        if not missing:
            break
    return families, "".join(map(chr, sorted(missing)))


@contextmanager
def fallback_fonts(figure: Figure) -> Iterator[None]:
    """Give the texts of a figure that is saved the fonts that their characters need.

    What no font has is one warning here, instead of one by Matplotlib for each character.
    """
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            # Their texts are set as they are asked for, and the ticks may be made anew.
            said = "".join(label.get_text() for label in axis.get_majorticklabels())
            if families := _fallback(said):
                axis.set_tick_params(labelfontfamily=families)
    for text in figure.findobj(Text):
        assert isinstance(text, Text)
        if families := _fallback(text.get_text()):
            text.set_fontfamily(families)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"Glyph .* missing from font", UserWarning)
        yield


def _fallback(text: str) -> list[str]:
    """The font families of a text; none where the base font does. Warns of what no font has."""
    if text.isascii():
        return []
    families, missing = fallback_families(text)
    if missing and not _warned.issuperset(missing):
        _warned.update(missing)
        log.warning(
            "WARNING: no font of this machine has %s of %r, so figures and slides show boxes for "
            "them; install %s. Pages and tables of the report need no font",
            " ".join(missing[:10]) + (" ..." if len(missing) > 10 else ""),
            text if len(text) < 60 else text[:59] + "\u2026",
            " and ".join(fonts_to_install(missing)),
        )
    return [BASE, *families] if families else []


def fonts_to_install(characters: Iterable[str]) -> list[str]:
    """Names of the Noto fonts that have some characters."""
    names = []
    for letter in characters:
        script = unicodedata.name(letter, "SYMBOL").split()[0].split("-")[0]
        name = "Noto Sans CJK" if script in CJK else f"Noto Sans {script.capitalize()}"
        if unicodedata.category(letter)[0] == "S":
            name = "Noto Sans Symbols" if ord(letter) < 0x1F000 else "Noto Emoji"
        names.append(name)
    return list(dict.fromkeys(names))
