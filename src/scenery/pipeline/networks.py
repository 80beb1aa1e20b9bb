"""The networks that `scenery networks` lists or measures, and its table."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from scenery.config.loading import load_config
from scenery.errors import UserError
from scenery.image_size import ImageSize
from scenery.pipeline.preflight import check_config
from scenery.registry.backbone_facts import facts, names, published_names, unknown_backbone_message
from scenery.registry.backbones import BACKBONES
from scenery.registry.custom_architectures import HANDCRAFTED, Network
from scenery.registry.presets import PRESET_BACKBONES

TITLES = ("network", "pixels", "parameters", "MB", "depth", "FLOPs (M)", "top-1 %", "top-5 %",
          "forward ms", "both ms")  # fmt: skip
NOTE = (
    "MB: weights in 32 bits. Depth: convolutions and dense layers on the longest path. FLOPs: "
    "multiply-adds. Depth and FLOPs are without the top, and {top}. Accuracy: published, on "
    "ImageNet."
)
TIMES = (
    " Milliseconds are per image on this machine: a prediction, and a pass forward and backward."
)


@dataclass(frozen=True)
class NetworkSpec:
    """A network to be measured.

    Attributes:
        name: Of the backbone.
        image_size: Size of its images in pixels.
        layer: Where it ends; None: whole.
        options: Of a custom architecture; None: its defaults.
    """

    name: str
    image_size: ImageSize
    layer: str | None = None
    options: Network | None = None


def named_networks(given: Sequence[str]) -> list[NetworkSpec]:
    """The networks that arguments name: names of backbones, and configs with their networks.

    A config gives those whose settings are known before anything runs; each network once.

    Raises:
        UserError: An unknown name, a mistake in a config, or a network without layers.
    """
    found: dict[NetworkSpec, None] = {}
    for one in given:
        if one.endswith((".yaml", ".yml")):
            found |= dict.fromkeys(_networks_of(Path(one)))
        elif one in PRESET_BACKBONES:
            raise UserError(
                f"{one}: is described by a preset; give a config that names it (weights: "
                "preset:NAME_OR_FOLDER)"
            )
        elif one not in names():
            raise UserError(unknown_backbone_message(one))
        elif one in HANDCRAFTED:
            raise UserError(f"{one}: is made by hand and has no layers to measure")
        else:
            found[NetworkSpec(one, facts(one).size)] = None
    return list(found)


def _networks_of(config: Path) -> list[NetworkSpec]:
    expansions = check_config(load_config(config), str(config))
    return [
        NetworkSpec(trial.settings.backbone, trial.image_size, trial.layer, trial.settings.network)
        for name, experiment in expansions.study.experiments.items()
        # The trials of the others depend on a choice that is not made yet.
        if experiment.start_from is None
        for trial in expansions.of(name, None).trials
        if trial.settings.backbone not in HANDCRAFTED
    ]


def published_rows() -> list[tuple[str, ...]]:
    """One row of the table for each published network, without its times."""
    rows = []
    for name in published_names():
        known = facts(name)
        # Only those of custom architectures are None.
        assert known.parameters and known.multiply_adds and known.depth
        counts = counted(known.parameters, known.depth, known.multiply_adds)
        rows.append((name, str(known.size), *counts, *accuracies(name)))
    return rows


def counted(parameters: int, depth: int, multiply_adds: int) -> tuple[str, ...]:
    """Cells of what is counted: parameters, MB, depth and FLOPs."""
    return (
        f"{parameters:,}", f"{4 * parameters / 1e6:,.1f}", str(depth),
        f"{multiply_adds / 1e6:,.1f}",
    )  # fmt: skip


def accuracies(name: str, options: Network | None = None) -> tuple[str, str]:
    """Cells of the published accuracies; empty where there are none."""
    record = BACKBONES.get(name)
    # They are those of the width 1.
    if record is None or (options is not None and options.width != 1):
        return "", ""
    return str(record.top_1), "" if record.top_5 is None else str(record.top_5)


def table_lines(rows: Sequence[Sequence[str]], note: str) -> list[str]:
    """The table in columns, and a note below it; the first column is text, the others numbers."""
    whole = [TITLES[: len(rows[0])], *rows]
    widths = [max(len(row[place]) for row in whole) for place in range(len(rows[0]))]
    lines = [
        "  ".join(
            cell.rjust(width) if place else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in whole
    ]
    return [*lines, "", note]
