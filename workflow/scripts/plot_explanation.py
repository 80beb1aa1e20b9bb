"""Draw what `explain` found inside a final model.

In: its tables and arrays. Out: Grad-CAM, feature maps, strongest channels and filters (PNG),
embedding and diagram by stages (SVG and PNG), diagram by layers (SVG), table of layers (HTML).
"""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from scenery.pipeline.execution import script_log
from scenery.reporting.diagrams import draw_diagram
from scenery.reporting.explain_figures import (
    channels_figure,
    embedding_figure,
    feature_maps_figure,
    filters_figure,
    grad_cam_figure,
)
from scenery.reporting.reading import read_answers, read_layers
from scenery.reporting.style import save
from scenery.reporting.tables import layer_tables, write_page

if TYPE_CHECKING:
    from snakemake.script import snakemake


def plot_explanation(tables: dict[str, Path], title: str, out: dict[str, Path]) -> None:
    """Draw all figures; `tables` are the files of `explain` by name."""
    answers = read_answers(tables["answers"])
    facts = json.loads(tables["facts"].read_text(encoding="utf-8"))
    with np.load(tables["grad_cam"], allow_pickle=False) as heat:
        save(grad_cam_figure(heat, answers, facts, title), None, out["grad_cam_png"])
    with np.load(tables["feature_maps"], allow_pickle=False) as stored:
        maps = dict(stored)
    save(feature_maps_figure(maps, title), None, out["feature_maps_png"])
    save(channels_figure(maps, title), None, out["channels_png"])
    with np.load(tables["filters"], allow_pickle=False) as stored:
        save(filters_figure(stored["filters"], title), None, out["filters_png"])
    save(embedding_figure(answers, facts, title), out["embedding_svg"], out["embedding_png"])
    draw_diagram(tables["architecture"], out["architecture_svg"], out["architecture_png"])
    draw_diagram(tables["layers_dot"], out["layers_svg"], None)
    write_page(out["layers_html"], title, layer_tables(read_layers(tables["layers"])))


if __name__ == "__main__":
    with script_log(snakemake.log[0]):
        plot_explanation(
            tables={name: Path(path) for name, path in snakemake.input.items()},
            title=snakemake.params.title,
            out={name: Path(path) for name, path in snakemake.output.items()},
        )
