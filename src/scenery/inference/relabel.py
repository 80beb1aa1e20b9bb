"""Suspicious labels of a finished study: a table, a page with pictures, and a file of corrections.

The labels of training and validation images are compared with predictions of linear heads, on the
features that the study has computed already. Test images are not looked at: a test whose labels
were changed to what a model says would flatter the model.
"""

from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from PIL import Image, ImageOps

from scenery.classical.linear_head import LinearHeadFitter, held_out_predictions
from scenery.config.study import Study
from scenery.config.validation import read_study
from scenery.data.feature_files import LabeledFeatures, read_features
from scenery.data.folds import assign_folds
from scenery.data.images import read_image
from scenery.data.sources import source_root
from scenery.data.tables import class_names, partition_table, read_split, write_table
from scenery.errors import UserError
from scenery.evaluation.held_out import group_numbers
from scenery.evaluation.label_errors import suspect_table
from scenery.files import writing
from scenery.pipeline.layout import ArrayPaths, Layout
from scenery.pipeline.preflight import chosen_settings
from scenery.reporting.tables import HtmlTable, Picture, write_page
from scenery.study.features import plain_features

FOLDS = 5
MAX_PICTURED = 200
SIDE = 128
ABOUT = (
    "Another class is more likely than the label, by models that have not seen the image. The most "
    "suspicious label comes first. A model can be wrong, too: please look."
)
OUTLIERS = "Images that are least like any other image: wrong pictures, rare views."
TWINS = "Images whose most similar image has another class."
BLANK = (
    "Images that are almost of one color, so that nothing can be seen: dark, white or empty ones."
)
# Standard deviation of gray values, 0 to 127.5, below which a picture is blank. A picture of one
# color has 0. Of 2,687 photographs of scenes the lowest has 12.
MIN_CONTRAST = 4.0
# Pictures whose contrast is computed at once.
BLOCK = 256


def relabel(results: Path, out: Path) -> list[str]:
    """Write suspects.csv and suspects.html into the results, and a file of corrections.

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
    split = read_split(layout.split)
    tables = [partition_table(split, name) for name in ("train", "validation")]
    features, size = _features(layout, study, tables)
    table = pd.concat(tables, ignore_index=True)
    classes = class_names(split)
    vectors = np.asarray(features.values, np.float64).reshape(len(table), -1)
    found = suspect_table(table, held_out(features, table, len(classes)), vectors, classes)
    of_file = dict(zip(table["file"], _contrasts(layout, size, tables), strict=True))
    found["contrast"] = found["file"].map(of_file).round(2)
    write_table(found, layout.suspects)
    _write_page(found, study, layout)
    suspects, blank = found[found["suspect"]], int((found["contrast"] < MIN_CONTRAST).sum())
    _write_corrections(suspects, out)
    return [
        f"{len(suspects)} of {len(found)} training and validation images have a suspicious label, "
        f"{blank} are blank",
        f"Written: {layout.suspects_page} (look at it first), {layout.suspects} and {out}",
        f"Remove from {out} what is right as it is; then set dataset.corrections: {out}",
    ]


def held_out(features: LabeledFeatures, table: pd.DataFrame, classes: int) -> np.ndarray:
    """Class probabilities by linear heads that did not see the image, shape (images, classes)."""
    folds = assign_folds(table["label"].to_numpy(), group_numbers(table), FOLDS, seed=0)
    if not folds.any():
        raise UserError("no class has two independent images, so that none can be held out")
    fitter = LinearHeadFitter(features, np.ones(len(table)), classes, standardize=True)
    path = fitter.held_out_path(np.asarray(features.values), folds)
    return held_out_predictions(path, features.labels, folds)


def _study(layout: Layout) -> Study:
    try:
        config = yaml.safe_load(Path(layout.config).read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(
            f"{layout.config}: cannot be read: {error.strerror}; give the results folder of a "
            "finished study"
        ) from None
    return read_study(config, layout.config)


def _contrasts(layout: Layout, size: int, tables: list[pd.DataFrame]) -> np.ndarray:
    """The contrast of each image: the standard deviation of its gray values, shape (images,)."""
    found = []
    for partition, table in zip(("train", "validation"), tables, strict=True):
        path = layout.packed(partition, size).array
        try:
            pixels = np.load(path, mmap_mode="r", allow_pickle=False)
        except OSError:
            raise UserError(f"{path}: does not exist; run the study again to make it") from None
        rows = table["row"].to_numpy()
        for start in range(0, len(rows), BLOCK):
            block = np.asarray(pixels[rows[start : start + BLOCK]], np.float32).mean(axis=3)
            found.append(block.std(axis=(1, 2)))
    return np.concatenate(found)


def _features(
    layout: Layout, study: Study, tables: list[pd.DataFrame]
) -> tuple[LabeledFeatures, int]:
    """Features of both partitions, from the experiment of the highest validation accuracy.

    Returns:
        The features, and the side of the images that they were computed from.
    """
    usable: list[tuple[float, list[ArrayPaths], int]] = []
    for name in study.experiments:
        chosen = Path(layout.experiment(name).chosen)
        if not chosen.is_file():
            continue
        features = plain_features(chosen_settings(chosen))
        files = [layout.features(features.id, part) for part in ("train", "validation")]
        if features.pooling != "map" and all(Path(one.array).is_file() for one in files):
            record = yaml.safe_load(chosen.read_text(encoding="utf-8"))
            usable.append((float(record["validation_accuracy"]), files, features.image_size))
    if not usable:
        raise UserError(
            f"{layout.results}: no experiment has features of a frozen backbone; run a study with "
            "an experiment of trainable: head or of a classifier, without encoding"
        )
    _, files, size = max(usable, key=lambda one: one[0])
    first, second = (
        read_features(Path(one.array), Path(one.facts), table)
        for one, table in zip(files, tables, strict=True)
    )
    return first.joined_with(second), size


def _write_page(found: pd.DataFrame, study: Study, layout: Layout) -> None:
    dataset = study.dataset
    path = layout.made_dataset(dataset.path) if dataset.made else dataset.path
    root = source_root(path, None if dataset.made else dataset.root)

    def picture(file: str) -> Picture | str:
        try:
            pixels = read_image(root / file, dataset.max_pixels, dataset.white_level)
        except UserError:
            return "cannot be read any more"
        return Picture.of(ImageOps.contain(Image.fromarray(pixels), (SIDE, SIDE)), file)

    def gallery(title: str, rows: pd.DataFrame, about: str, twins: bool = False) -> HtmlTable:
        shown = rows.head(MAX_PICTURED)
        columns = {
            "image": [picture(file) for file in shown["file"]],
            "file": shown["file"],
            "class": shown["class"],
            "suggested": shown["suggested"],
            "probability of the label": shown["self_confidence"],
        }
        if twins:
            columns["most similar image"] = [picture(file) for file in shown["nearest"]]
            columns["its class"] = shown["nearest_class"]
        columns["similarity"] = shown["similarity"]
        more = f" Shown: {len(shown)} of {len(rows)}." if len(rows) > len(shown) else ""
        return HtmlTable(title, pd.DataFrame(columns), about + more)

    alike = found[found["class"] != found["nearest_class"]].sort_values(
        ["similarity", "file"], ascending=[False, True]
    )
    outliers = found.sort_values(["similarity", "file"]).head(MAX_PICTURED // 10)
    blank = found[found["contrast"] < MIN_CONTRAST].sort_values(["contrast", "file"])
    tables = [
        gallery("Suspicious labels", found[found["suspect"]], ABOUT),
        gallery("Similar images of two classes", alike.head(MAX_PICTURED // 4), TWINS, twins=True),
        gallery("Blank pictures", blank, BLANK),
        gallery("Outliers", outliers, OUTLIERS),
    ]
    write_page(layout.suspects_page, "Are my labels right?", tables)


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
