"""A first config for a data set: commented, with experiments that suit its size."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import yaml

from scenery.config.names import MAX_NAME_LENGTH
from scenery.data.survey import Survey, survey
from scenery.errors import UserError
from scenery.files import writing
from scenery.pipeline.preflight import check_config
from scenery.registry.datasets import NAMED_DATASETS

VALIDATION, TEST = 0.2, 0.3
# Training images of the smallest class below which a study is small, and from which it is large.
SMALL, LARGE = 50, 500
# Images of fewer pixels a side have no detail for the networks that ImageNet's weights are for.
MIN_SIDE = 48
# The largest class has so many times the images of the smallest.
IMBALANCE = 3
SUBSETS = (5, 10, 25, 50, 100, 250, 500, 1000)


@dataclass(frozen=True)
class DataTraits:
    """What a first config depends on.

    Attributes:
        train: Training images of the smallest class, about.
        small_images: Whether the images are too small for pretrained networks.
        balanced: Whether all classes have about as many images.
        offline: Whether only networks are wanted whose weights are installed.
    """

    train: int
    small_images: bool
    balanced: bool
    offline: bool = False

    @property
    def first(self) -> str:
        """The experiment from which others start."""
        return "cuts" if self.offline else "backbones"

    @property
    def subsets(self) -> list[int]:
        """Sizes of training sets for a learning curve, three at most, in images of a class."""
        # Duplicates that are dropped leave fewer images than were counted.
        return [size for size in SUBSETS if size <= 0.7 * self.train][-3:]


def write_starter(path: Path, root: Path | None, out: Path, offline: bool = False) -> list[str]:
    """Look at a data set and write a config for it.

    Args:
        path: A folder or a manifest.
        root: The folder of a manifest's files; None: the manifest's own.
        out: The file to write.
        offline: Whether only networks are wanted whose weights are installed.

    Returns:
        What was found and written, as lines to print.

    Raises:
        UserError: It is no data set, `out` exists or cannot be written.
    """
    if out.exists() or out.is_symlink():
        raise UserError(f"{out}: exists already; name another file with --out")
    if not out.parent.is_dir():
        raise UserError(f"{out}: there is no folder {out.parent}")
    found = survey(path, root)
    text = starter(found, path, root, offline)
    # A config that does not pass the check is never written.
    check_config(yaml.safe_load(text), str(out))
    with writing(out), out.open("x", encoding="utf-8") as file:
        file.write(text)
    return [
        *describe(found, path),
        f"Written: {out}. Read it, then: scenery check {out}, and scenery run {out}",
    ]


def describe(found: Survey, path: Path) -> list[str]:
    """What a data set holds, as lines."""
    lines = [f"{path}: {found.images:,} images of {len(found.classes)} classes"]
    for partition in found.counts:
        counts = found.per_class(partition)
        where = f"in {partition}" if partition else "no partitions given"
        lines.append(f"  {where}: {_span(counts)} images a class, {sum(counts):,} in all")
    widths, heights = zip(*found.sizes, strict=True)
    lines.append(
        f"  {'gray' if found.gray else 'color'}, {_span(widths)} pixels wide and "
        f"{_span(heights)} high (images looked at: {len(found.sizes):,})"
    )
    return lines


def _span(values: Sequence[int]) -> str:
    low, high = min(values), max(values)
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


def data_traits(found: Survey) -> DataTraits:
    """What a config for a data set depends on."""
    given = found.per_class("train" if "train" in found.counts else "")
    train = float(min(given))
    for partition, share in (("test", TEST), ("validation", VALIDATION)):
        if partition not in found.counts:
            train *= 1 - share
    return DataTraits(
        train=max(1, int(train)),
        small_images=found.side < MIN_SIDE,
        balanced=max(given) < IMBALANCE * min(given),
    )


def starter(found: Survey, path: Path, root: Path | None, offline: bool = False) -> str:
    """The text of a config for a data set; arguments as of `write_starter`."""
    what = replace(data_traits(found), offline=offline)
    if what.small_images:
        parts = _small_images(what)
    elif what.train < SMALL:
        parts = _few_images(what)
    elif what.train < LARGE:
        parts = _some_images(what)
    else:
        parts = _many_images(what)
    return "\n\n".join([_head(found, path, root), *parts]) + "\n"


def _folder_name(path: Path) -> str:
    """The name that the user gave; a link is not followed for it."""
    return path.resolve().name if path.name in ("", "..") else path.name


def _head(found: Survey, path: Path, root: Path | None) -> str:
    notes = "\n".join(f"# {line}" for line in describe(found, path))
    name = path.stem if path.suffix.casefold() in (".csv", ".tsv", ".txt") else _folder_name(path)
    lines = [
        "# A first study, written by `scenery init`.",
        "#",
        notes,
        "#",
        "# Paths are relative to the directory in which the study is run. Every key is described",
        "# in config/README.md of Scenery.",
        "",
        f"title: {_text(name)}",
        "",
        f"results: {_results(name)}",
        "",
        "dataset:",
        f"  path: {_text(_path(path))}",
    ]
    lines += [f"  root: {_text(root.as_posix())}"] if root is not None else []
    lines += [
        "  on_problem: stop         # leave_out: go on without files that cannot be read",
        "  resize: stretch          # crop or pad keep the proportions of images",
    ]
    if found.white_level is not None:
        bits = found.white_level.bit_length()
        lines.append(
            f"  white_level: {found.white_level:<11} # the images seem to have {bits} bits"
        )
    if found.gray:
        lines.append("  # The images are gray; networks see them as three equal channels.")
    return "\n".join([*lines, "", *_split(found)])


def _split(found: Survey) -> list[str]:
    drawn = {
        name: share
        for name, share in (("validation", VALIDATION), ("test", TEST))
        if name not in found.counts
    }
    if not drawn:
        return ["# The data set gives all partitions, so that none is drawn."]
    shares = ", ".join(f"{name}: {share}" for name, share in drawn.items())
    notes = [
        "# Settings are chosen on validation images, which are drawn from the training images."
    ]
    if "validation" not in drawn:
        notes = ["# Settings are chosen on the validation images that the data set gives."]
    if "test" in drawn:
        notes.append(
            "# The final score is measured on test images, which are drawn from all images."
        )
    return [*notes, f"split: {{{shares}, seed: 1}}"]


def _path(path: Path) -> str:
    """A path that is not taken for the name of a data set."""
    text = path.as_posix()
    return f"./{text}" if text == "generated" or text in NAMED_DATASETS else text


def _results(name: str) -> str:
    slug = re.sub(r"[^A-Za-z0-9_-]+", "_", name).strip("_")[:MAX_NAME_LENGTH]
    return f"results/{slug}" if slug else "results"


def _text(value: str) -> str:
    # A JSON string is a YAML scalar, whatever it holds.
    return json.dumps(value, ensure_ascii=False)


def _base(what: DataTraits, lines: str) -> str:
    weighted = (
        ""
        if what.balanced
        else "  class_weights: balanced  # the classes differ much in their number of images\n"
    )
    return (
        "# Settings of every trial, unless an experiment changes them.\nbase:\n" + lines + weighted
    ).rstrip("\n")


PRETRAINED = """\
  backbone: EfficientNetLite0
  weights: imagenet        # installed for EfficientNetLite0, others are fetched once; or a file
  image_size: native       # the size that the backbone was trained for
  trainable: head          # the backbone is frozen: its features are computed once
  head: {dropout: 0.25}
  epochs: 50
  batch_size: 32
  optimizer: {name: Adam, learning_rate: 1.0e-3}
"""
REGULARIZATION = """\
  regularization:
    title: "Regularization"
    start_from: START
    grid:
      head.dropout: [0, 0.25, 0.5]
      head.l2: [0, 1.0e-4, 1.0e-2]
      label_smoothing: [0, 0.1]"""
AUGMENTATION = """\
  # Leave out what changes the class of an image, such as flips of letters.
  augmentation:
    title: "Augmentation"
    start_from: START
    overrides: {views: VIEWS}
    grid:
      augment.horizontal_flip: [false, true]
      augment.zoom: [0, 0.2]
      augment.rotation: [0, 15]"""
FINE_TUNING = """\
  # Two steps: the head alone, then the network at a lower rate. A GPU helps.
  fine_tuning:
    title: "How much of the network should learn?"
    start_from: START
    overrides:
      trainable: head+1
      first_step: {epochs: 20}
      epochs: 10
      optimizer.learning_rate: 1.0e-4
      schedule.name: cosine
    list:
DEPTHS"""
SEARCH = """\
  search:
    title: "Random search"
    start_from: START
    random:
      n_trials: 20
      seed: 1
      space:
        optimizer.name: [SGD, Adam, AdamW]
        optimizer.learning_rate: {loguniform: [1.0e-4, 1.0e-1]}
        batch_size: [16, 32, 64]
        head.dropout: {uniform: [0.0, 0.6]}"""


BACKBONES = """\
  backbones:
    title: "Which backbone?"
OVERRIDES    grid: {backbone: [NAMES]}"""
CUTS = """\
  cuts:
    title: "How much of the backbone is needed?"
OVERRIDES    grid: {remove_stages: [0, 1, 2]DENSE}
    choose: {smallest_within: 0.015}   # the smallest network within 1.5 points"""
FEW_BACKBONES = "EfficientNetLite0, DenseNet121, ResNet50V2"


def _first_experiment(what: DataTraits, names: str, overrides: str = "") -> str:
    """The experiment from which others start: networks, or layers of the installed one."""
    if what.offline:
        text = CUTS.replace("DENSE", "")
    else:
        text = BACKBONES.replace("NAMES", names)
    return text.replace("OVERRIDES", overrides)


def _few_images(what: DataTraits) -> list[str]:
    classical = [
        "{}",
        "{classifier: {name: svm, kernel: linear, C: 0.01}}",
        "{classifier: {name: svm, kernel: rbf, C: 1}}",
        "{classifier: {name: logistic_regression, C: 0.01}}",
    ]
    if what.balanced:
        classical.append("{classifier: {name: nearest_neighbors, n_neighbors: 5, scaling: l2}}")
    trials = "\n".join(f"      - {trial}" for trial in classical)
    return [
        "# A class has few images. The backbone stays frozen, since fine-tuning would overfit.\n"
        "# Settings are repeated, since single results scatter.\n" + _base(what, PRETRAINED),
        "experiments:\n" + _first_experiment(what, FEW_BACKBONES) + "\n    repeats: 3",
        f'  classical:\n    title: "Classical models on the same features"\n'
        f"    start_from: {what.first}\n    list:\n{trials}",
        REGULARIZATION.replace("START", what.first) + "\n    repeats: 3",
        AUGMENTATION.replace("START", what.first).replace("VIEWS", "10"),
    ]


def _some_images(what: DataTraits) -> list[str]:
    depths = ["      - {trainable: head+1}", "      - {trainable: head+2}"]
    cuts = CUTS.replace("DENSE", ", head.dense: [[], [256]]")
    parts = [_base(what, PRETRAINED)]
    if what.offline:
        parts.append("experiments:\n" + cuts.replace("OVERRIDES", ""))
    else:
        parts.append("experiments:\n" + _first_experiment(what, FEW_BACKBONES))
        parts.append(cuts.replace("OVERRIDES", "    start_from: backbones\n"))
    parts += _learning_curve(what, what.first)
    return [
        *parts,
        AUGMENTATION.replace("START", what.first).replace("VIEWS", "5"),
        REGULARIZATION.replace("START", what.first),
        FINE_TUNING.replace("START", what.first).replace("DEPTHS", "\n".join(depths)),
        SEARCH.replace("START", "regularization"),
    ]


def _many_images(what: DataTraits) -> list[str]:
    depths = [
        "      - {trainable: head+1}",
        "      - {trainable: head+3}",
        "      - {trainable: all}",
    ]
    part = f"    overrides: {{subset: per_class_{what.subsets[-1]}}}\n"
    parts = [
        _base(what, PRETRAINED),
        "experiments:\n"
        "  # Frozen networks are compared on a part of the images.\n"
        + _first_experiment(what, f"{FEW_BACKBONES}, EfficientNetB2", part),
    ]
    parts += _learning_curve(what, what.first)
    return [
        *parts,
        FINE_TUNING.replace("START", what.first)
        .replace("DEPTHS", "\n".join(depths))
        .replace("    overrides:\n", "    overrides:\n      subset: full\n"),
        REGULARIZATION.replace("START", what.first),
        SEARCH.replace("START", "regularization"),
    ]


def _learning_curve(what: DataTraits, start: str) -> list[str]:
    if not what.subsets:
        return []
    names = ", ".join(f"per_class_{size}" for size in what.subsets)
    return [
        f"  # per_class_{what.subsets[0]} is {what.subsets[0]} training images of each class.\n"
        f'  sample_size:\n    title: "How many images are needed?"\n    start_from: {start}\n'
        f"    grid: {{subset: [{names}, full]}}\n    repeats: 3"
    ]


def _small_images(what: DataTraits) -> list[str]:
    base = """\
  backbone: ConvNet
  weights: none
  image_size: 32
  trainable: scratch
  epochs: 30
  batch_size: 32
  optimizer: {name: Adam, learning_rate: 1.0e-3}
"""
    parts = [
        "# The images are small: networks of Scenery's own are trained from scratch. A GPU helps.\n"
        + _base(what, base),
        'experiments:\n  networks:\n    title: "Which network?"\n'
        "    grid: {backbone: [LeNet5, ConvNet]}",
        "  # Leave out what changes the class of an image, such as flips of letters.\n"
        '  augmentation:\n    title: "Augmentation"\n    start_from: networks\n'
        "    grid: {augment.width_shift: [0, 0.1], augment.rotation: [0, 10]}",
        '  regularization:\n    title: "Regularization"\n    start_from: networks\n'
        "    grid: {head.dropout: [0, 0.3], head.l2: [0, 1.0e-4]}",
    ]
    if what.train >= SMALL:
        parts += _learning_curve(what, "networks")
    parts.append(
        '  rates:\n    title: "Optimizer and learning rate"\n    start_from: networks\n'
        "    grid:\n      optimizer.name: [SGD, Adam]\n"
        "      optimizer.learning_rate: [1.0e-3, 1.0e-2]"
    )
    return parts
