"""Diagrams of networks, drawn by Graphviz where it is installed."""

import logging
import shutil
import subprocess
from pathlib import Path

from matplotlib.figure import Figure

from scenery.reporting.style import new_figure, save, styled

log = logging.getLogger("scenery")

PATIENCE = 300
MISSING = (
    "This diagram is drawn by Graphviz, whose program dot was not found.\n\n"
    "Debian, Ubuntu:  sudo apt install graphviz\n"
    "macOS:  brew install graphviz\n"
    "Conda, no rights needed:  conda install -c conda-forge graphviz\n\n"
    "Then run snakemake again: it draws the diagrams and repeats nothing else."
)


def draw_diagram(source: Path, svg: Path | None, png: Path | None) -> None:
    """Draw a file in Graphviz's language; without Graphviz a picture says how to get it.

    Args:
        source: The .dot file.
        svg: Where the SVG goes, if anywhere.
        png: Where the PNG goes, if anywhere.
    """
    program = shutil.which("dot")
    if program is None:
        log.warning("%s", MISSING.replace("\n\n", "\n"))
        save(_notice(MISSING), svg, png)
        return
    for form, path in (("svg", svg), ("png", png)):
        if path is None:
            continue
        try:
            subprocess.run(
                [program, f"-T{form}", "-Gdpi=96", f"-o{path}", str(source)],
                check=True, capture_output=True, text=True, timeout=PATIENCE,
            )  # fmt: skip
        except (subprocess.SubprocessError, OSError) as error:
            reason = getattr(error, "stderr", None) or str(error)
            log.warning("Graphviz could not draw %s: %s", source, reason)
            message = f"Graphviz could not draw this diagram:\n{str(reason)[:300]}"
            save(_notice(message), path if form == "svg" else None, path if form == "png" else None)


@styled
def _notice(message: str) -> Figure:
    figure = new_figure(10, 4.5)
    figure.text(0.04, 0.9, message, va="top", fontsize=13)
    return figure
