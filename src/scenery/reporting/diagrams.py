"""Diagrams of networks, drawn by Graphviz where it is installed."""

import logging
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from matplotlib.figure import Figure

from scenery.reporting.style import new_figure, save, styled

log = logging.getLogger("scenery")

TIMEOUT = 300
MISSING = (
    "This diagram is drawn by Graphviz, whose program dot was not found.\n\n"
    "Debian, Ubuntu:  sudo apt install graphviz\n"
    "macOS:  brew install graphviz\n"
    "Conda, no rights needed:  conda install -c conda-forge graphviz\n\n"
    "Then run snakemake again: it draws the diagrams and repeats nothing else."
)


@dataclass(frozen=True)
class Diagram:
    """A diagram in Graphviz's language; `source` is the .dot file."""

    source: Path

    def save(self, svg: Path | None, png: Path | None) -> None:
        """Draw it. Without Graphviz, the picture explains how to install it.

        Args:
            svg: Where the SVG goes, if anywhere.
            png: Where the PNG goes, if anywhere.
        """
        program = shutil.which("dot")
        if program is None:
            log.warning("%s", MISSING.replace("\n\n", "\n"))
            save(_notice(MISSING), svg, png)
            return
        for ending, path in (("svg", svg), ("png", png)):
            if path is None:
                continue
            try:
                subprocess.run(
                    [program, f"-T{ending}", "-Gdpi=96", f"-o{path}", str(self.source)],
                    check=True, capture_output=True, text=True, timeout=TIMEOUT,
                )  # fmt: skip
            except (subprocess.SubprocessError, OSError) as error:
                reason = getattr(error, "stderr", None) or str(error)
                log.warning("Graphviz could not draw %s: %s", self.source, reason)
                notice = _notice(f"Graphviz could not draw this diagram:\n{str(reason)[:300]}")
                save(notice, *((path, None) if ending == "svg" else (None, path)))


def architecture_diagram(architecture: Diagram, graphviz: bool, title: str) -> Diagram:
    """The network by stages. The other arguments do not change the diagram."""
    return architecture


def layer_diagram(layers_dot: Diagram, graphviz: bool, title: str) -> Diagram:
    """The network by layers, likewise."""
    return layers_dot


@styled
def _notice(message: str) -> Figure:
    figure = new_figure(10, 4.5)
    figure.text(0.04, 0.9, message, va="top", fontsize=13)
    return figure
