"""A file of corrections from the suspicious labels of a finished study.

The labels of training and validation images are compared with predictions of linear heads, on the
features that the study has computed already. Test images are not looked at: a test whose labels
were changed to what a model says would flatter the model.
"""

from pathlib import Path

import pandas as pd
import yaml

from scenery.classical.held_out_labels import check_labels
from scenery.config.study import Study
from scenery.config.validation import read_study
from scenery.data.contrast import MIN_CONTRAST
from scenery.data.sources import source_root
from scenery.data.tables import read_split, write_table
from scenery.errors import UserError
from scenery.files import writing
from scenery.image_size import ImageSize
from scenery.pipeline.jobs.base import ArrayFiles
from scenery.pipeline.layout import Layout
from scenery.pipeline.preflight import chosen_settings
from scenery.reporting.reading import read_suspects
from scenery.reporting.suspects import write_suspects_page
from scenery.study.features import plain_features

PARTITIONS = ("train", "validation")


def relabel(results: Path, out: Path) -> list[str]:
    """Write a file of corrections, and suspects.csv and suspects.html where the study has none.

    Args:
        results: The results of a finished study.
        out: The file of corrections. It has the suggested class of each suspect; a person removes
            the rows that are not right. `dataset.corrections` of the next run names it.

    Returns:
        What was found and written, as lines to print.

    Raises:
        UserError: `out` exists, or the results lack what is needed.
    """
    if out.exists():
        raise UserError(f"{out}: exists already; name another file with --out")
    layout = Layout(str(results))
    study = _study(layout)
    if not (study.lists_suspects and Path(layout.suspects_page).is_file()):
        _check(layout, study)
    found = read_suspects(layout.suspects)
    suspects, blank = found[found["suspect"]], int((found["contrast"] < MIN_CONTRAST).sum())
    _write_corrections(suspects, out)
    return [
        f"{len(suspects)} of {len(found)} training and validation images have a suspicious label, "
        f"{blank} are blank",
        f"See {layout.suspects_page} (look at it first) and {layout.suspects}",
        f"Written: {out}. Remove from it what is right as it is; then set dataset.corrections: "
        f"{out}",
    ]


def _check(layout: Layout, study: Study) -> None:
    """Write suspects.csv and suspects.html."""
    features, size = _features(layout, study)
    found = check_labels(read_split(layout.split), features, _images(layout, size))
    write_table(found, layout.suspects)
    dataset = study.dataset
    path = layout.made_dataset(dataset.path) if dataset.made else dataset.path
    root = source_root(path, None if dataset.made else dataset.root)
    write_suspects_page(
        found, root, Path(layout.suspects_page), dataset.max_pixels, dataset.white_level
    )


def _study(layout: Layout) -> Study:
    try:
        config = yaml.safe_load(Path(layout.config).read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(
            f"{layout.config}: cannot be read: {error.strerror}; give the results folder of a "
            "finished study"
        ) from None
    return read_study(config, layout.config)


def _images(layout: Layout, size: ImageSize) -> list[Path]:
    """The packed images of both partitions."""
    paths = [Path(layout.packed(partition, size).array) for partition in PARTITIONS]
    for path in paths:
        if not path.is_file():
            raise UserError(f"{path}: does not exist; run the study again to make it")
    return paths


def _features(layout: Layout, study: Study) -> tuple[list[ArrayFiles], ImageSize]:
    """Features of both partitions, from the experiment of the highest validation accuracy.

    Returns:
        The features, and the size of the images that they were computed from.
    """
    usable: list[tuple[float, list[ArrayFiles], ImageSize]] = []
    for name in study.experiments:
        chosen = Path(layout.experiment(name).chosen)
        if not chosen.is_file():
            continue
        features = plain_features(chosen_settings(chosen))
        paths = [layout.features(features.id, part) for part in PARTITIONS]
        files = [ArrayFiles(array=Path(one.array), facts=Path(one.facts)) for one in paths]
        if features.pooling != "map" and all(one.array.is_file() for one in files):
            record = yaml.safe_load(chosen.read_text(encoding="utf-8"))
            usable.append((float(record["validation_accuracy"]), files, features.image_size))
    if not usable:
        raise UserError(
            f"{layout.results}: no experiment has features of a frozen backbone; run a study with "
            "an experiment of trainable: head or of a classifier, without encoding"
        )
    _, files, size = max(usable, key=lambda one: one[0])
    return files, size


def _write_corrections(suspects: pd.DataFrame, out: Path) -> None:
    table = pd.DataFrame(
        {
            "file": suspects["file"],
            "class": suspects["suggested"],
            "was": suspects["class"],
            "probability_of_was": suspects["self_confidence"],
        }
    )
    with writing(out):
        write_table(table, out)
