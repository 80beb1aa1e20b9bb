"""Drawing the figures of one job from tables on disk."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from scenery.reporting import reading
from scenery.reporting.diagrams import Diagram
from scenery.reporting.style import save


def read_archive(path: Path) -> dict[str, np.ndarray]:
    """The arrays of an .npz archive."""
    with np.load(path, allow_pickle=False) as stored:
        return dict(stored)


def read_json(path: Path) -> Any:
    """The content of a JSON file."""
    return json.loads(path.read_text(encoding="utf-8"))


# A table of each experiment, such as all_grouping.
OF_EXPERIMENTS = "all_"

# How each table that a figure may need is read.
READERS: dict[str, Callable[[Path], Any]] = {
    "trials": reading.read_trials,
    "summary": reading.read_trials,
    "divisions": reading.read_divisions,
    "grouping": reading.read_grouping,
    "history": reading.read_history,
    "choice": reading.read_choice,
    "split": reading.read_split,
    "metrics": reading.read_metrics,
    "scores": reading.read_scores,
    "predictions": reading.read_predictions,
    "confusion": reading.read_confusion,
    "classes": reading.read_classes,
    "mistakes": reading.read_pictures,
    "reference_results": reading.read_reference_results,
    "answers": reading.read_answers,
    "facts": read_json,
    "grad_cam": read_archive,
    "feature_maps": read_archive,
    "patches": read_archive,
    "filters": read_archive,
    "layers": reading.read_layers,
    "architecture": Diagram,
    "layers_dot": Diagram,
    "augmentations": read_archive,
    # No table, but the folder of the images.
    "root": Path,
}


@dataclass(frozen=True)
class DrawJob:
    """One figure of a job.

    Attributes:
        name: Name of the figure.
        draw: The function that draws it, as `module:function`.
        reads: The tables that it needs.
        params: Its further arguments.
    """

    name: str
    draw: str
    reads: Sequence[str]
    params: Mapping[str, Any]

    def run(self, tables: Mapping[str, Any]) -> "Figure | Diagram | str":
        """Draw it; a page of tables is HTML text."""
        module, function = self.draw.split(":")
        draw = getattr(import_module(module), function)
        drawn: Figure | Diagram | str = draw(
            **{name: tables[name] for name in self.reads}, **self.params
        )
        return drawn


def draw_figures(
    jobs: Sequence[DrawJob], tables: Mapping[str, Path | Sequence[Path]], out: Mapping[str, Path]
) -> None:
    """Draw some figures, reading each table once.

    Args:
        jobs: The figures.
        tables: Files by name of the table; a list of files of experiments becomes a dictionary.
        out: Files to write by name and ending of the figure, such as `settings_png`.
    """
    read = {name: _read(name, files) for name, files in tables.items()}
    for job in jobs:
        paths = {
            ending: out[f"{job.name}_{ending}"]
            for ending in ("png", "svg", "html")
            if f"{job.name}_{ending}" in out
        }
        drawn = job.run(read)
        if isinstance(drawn, str):
            paths["html"].write_text(drawn, encoding="utf-8")
        elif isinstance(drawn, Diagram):
            drawn.save(paths.get("svg"), paths.get("png"))
        else:
            save(drawn, paths.get("svg"), paths.get("png"))


def _read(name: str, files: Path | Sequence[Path]) -> Any:
    if not name.startswith(OF_EXPERIMENTS):
        assert isinstance(files, Path)
        return READERS[name](files)
    reader = READERS[name.removeprefix(OF_EXPERIMENTS)]
    # Snakemake gives a list of one file as its name.
    paths = [files] if isinstance(files, Path) else files
    return {path.parent.name: reader(path) for path in paths}
