"""The study: one config file as checked, typed values."""

import re
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, Field, model_validator

from scenery.config.search import (
    WITH_ONE_AIM,
    Grid,
    Halving,
    ListOfTrials,
    Random,
    Search,
    Searched,
)
from scenery.config.settings import NETWORK_ONLY, Settings
from scenery.registry.datasets import NAMED_DATASETS
from scenery.registry.options import Bool, Int, Number, Seed, Strict

MAX_NAME_LENGTH = 60
# Settings of a published number that its source does not name.
UNKNOWN = "unknown"
NAME = r"[A-Za-z][A-Za-z0-9_]*"
# Subsets that need no definition: so many images of each class.
PER_CLASS = re.compile(r"per_class_([1-9][0-9]*)")


def _name(value: str) -> str:
    # Names become folders, file names and Slurm comments.
    if not re.fullmatch(NAME, value):
        raise ValueError("a name starts with a letter and has letters, digits and _ only")
    if len(value) > MAX_NAME_LENGTH:
        raise ValueError(f"a name has at most {MAX_NAME_LENGTH} characters; found {len(value)}")
    return value


def _not_full(value: str) -> str:
    if value == "full":
        raise ValueError("full is the name of the whole training set; take another one")
    if value.startswith("per_class_"):
        raise ValueError(
            "per_class_N needs no definition: it is N images of each class; take another name"
        )
    return value


Name = Annotated[str, AfterValidator(_name)]
SubsetName = Annotated[str, AfterValidator(_name), AfterValidator(_not_full)]


ExportFormat = Literal["keras", "onnx", "tflite", "saved_model", "novelty"]


class Generated(Strict):
    """The scenes that the workflow generates if the path is `generated`."""

    per_class: Annotated[Int, Field(ge=4, le=10_000)] = Field(75, description="Images per class.")
    image_size: Annotated[Int, Field(ge=32, le=512)] = Field(96, description="Side in pixels.")
    seed: Seed = Field(1, description="Seed of the images.")
    difficulty: Literal["plain", "hard"] = Field(
        "plain", description="hard: a part of each scene, partly hidden, pale and with noise."
    )


class Duplicates(Strict):
    """What happens to duplicate images."""

    near: Bool = Field(
        True, description="Look for near duplicates (saved again, moved by a few pixels) too."
    )
    leaks: Literal["drop", "stop", "keep"] = Field(
        "drop", description="One image in two partitions: drop all but the test copy."
    )
    conflicts: Literal["drop", "stop", "keep"] = Field(
        "drop", description="One image under two labels: drop all but the test copy."
    )


ColumnName = Annotated[str, Field(min_length=1)]


class Dataset(Strict):
    """Where the labeled images are and how they are read."""

    renamed_keys: ClassVar[dict[str, str]] = {"largest_pixels": "max_pixels"}

    path: str = Field(
        "generated",
        description="generated, a folder of class folders, a folder with train/ and test/, a "
        "CSV with file, class and partition, digits (1,797 images that scikit-learn holds), or a "
        "data set that Keras fetches: mnist, fashion_mnist, cifar10 or cifar100.",
    )
    root: str | None = Field(
        None, description="Folder that a CSV's files are relative to; unset: the CSV's own."
    )
    group: Annotated[str, Field(min_length=1)] | None = Field(
        None,
        description="Column of a CSV with the group of each image, such as a patient. Images of a "
        "group lie in one partition and in one fold. Unset: a column group, patient, subject or "
        "scene, if there is one.",
    )
    x_col: ColumnName | None = Field(
        None, description="Column of a CSV with the files. Unset: file, filename, path or image."
    )
    y_col: ColumnName | Annotated[tuple[ColumnName, ...], Field(min_length=2)] | None = Field(
        None,
        description="Column of a CSV with the classes, or a list of columns of 0 and 1, one for "
        "each class. Unset: class, label or category, or such columns.",
    )
    weight_col: ColumnName | None = Field(
        None,
        description="Column of a CSV with the weight of each image in the training loss, above 0. "
        "Accuracies and validation losses count each image once.",
    )
    classes: Annotated[tuple[ColumnName, ...], Field(min_length=2)] | None = Field(
        None, description="The classes that are used; images of others are left out. Unset: all."
    )
    corrections: str | None = Field(
        None,
        description="CSV with file and class: these images have other classes than the data set "
        "says; those with an empty class are left out. scenery relabel writes one.",
    )
    suspects: Bool | None = Field(
        None,
        description="List the training and validation images by how probable their labels are, as "
        "a table and as a page of the report with pictures. The features are those of the best "
        "choice with a frozen backbone and without an encoding. Unset: true for images of one's "
        "own, where there is such a choice.",
    )
    groups: Literal["given", "auto"] = Field(
        "given",
        description="auto: groups are also taken from folders in class folders, from file names "
        "such as Case_12_3.png, from photographs that one camera took within seconds, and from "
        "images whose features are nearly equal. given: such groups are listed and not used.",
    )
    generated: Generated = Field(default_factory=Generated, description="The generated scenes.")
    on_problem: Literal["stop", "leave_out"] = Field(
        "stop", description="What happens if files are unreadable, empty, truncated or too large."
    )
    max_pixels: Annotated[Int, Field(ge=1024, le=2**31)] = Field(
        50_000_000, description="Images with more pixels are not decoded."
    )
    white_level: Annotated[Int, Field(ge=255, le=65535)] = Field(
        65535,
        description="The value of a 16-bit image that becomes white; 4095 for a camera of 12 bits.",
    )
    duplicates: Duplicates = Field(default_factory=Duplicates, description="Duplicate images.")
    resize: Literal["stretch", "crop", "pad"] = Field(
        "stretch", description="How an image gets the aspect ratio of image_size."
    )
    interpolation: Literal["nearest", "bilinear", "bicubic", "lanczos", "hamming", "box"] = Field(
        "bilinear", description="How the pixels of a resized image are computed."
    )
    color_mode: Literal["rgb", "grayscale"] = Field(
        "rgb",
        description="With grayscale, images lose their colors. Own networks read one channel, and "
        "all others three equal ones.",
    )

    @model_validator(mode="after")
    def _of_own_images(self) -> "Dataset":
        for key in ("group", "x_col", "y_col", "weight_col"):
            if getattr(self, key) is not None and self.made:
                raise ValueError(
                    f"{key} names a column of a CSV; the path {self.path} is a data set without "
                    "columns"
                )
        for key in ("y_col", "classes"):
            names = getattr(self, key)
            if isinstance(names, tuple) and len(set(names)) < len(names):
                raise ValueError(f"{key}: {list(names)} has a name twice")
        if self.corrections is not None and self.made:
            raise ValueError(f"corrections are for images of one's own; the path is {self.path}")
        return self

    @property
    def reading(self) -> dict[str, Any]:
        """How the source is read, as arguments of `scenery.data.sources.list_images`."""
        names = ("group", "corrections", "x_col", "y_col", "weight_col", "classes")
        return {name: getattr(self, name) for name in names}

    @property
    def made(self) -> bool:
        """Whether the workflow itself draws or fetches the images."""
        return self.path == "generated" or self.path in NAMED_DATASETS


class Split(Strict):
    """How images are divided; partitions that the data set gives are kept."""

    validation: Annotated[Number, Field(gt=0, lt=1)] = Field(
        0.2, description="Fraction of the training images for validation."
    )
    test: Annotated[Number, Field(gt=0, lt=1)] = Field(
        0.3, description="Fraction of all images for the test, if the data set gives none."
    )
    seed: Seed = Field(1, description="Seed of the sample.")
    repeats: Annotated[Int, Field(ge=1, le=100)] = Field(
        1,
        description="Number of divisions into training and test images. From 2 on, experiments on "
        "features of a frozen backbone choose again in each division, and the choice is tested on "
        "its test images. The first division is that of the study.",
    )
    repeat_given: Bool = Field(
        False,
        description="Also divide again if the data set gives the test partition. Its images are "
        "then training images in other divisions, and the results say so.",
    )


class Validation(Strict):
    """How trials are scored while settings are chosen."""

    folds: Literal["none"] | Annotated[Int, Field(ge=2, le=100)] | None = Field(
        None,
        description="Heads and classical models are scored on each training image by models that "
        "did not learn from it: the images are divided into so many folds, and each fold is held "
        "out once. none: all trials are scored on split.validation. Unset: 5, or none if the data "
        "set has a validation partition of its own.",
    )
    repeats: Annotated[Int, Field(ge=1, le=100)] = Field(
        1, description="Number of different divisions into folds."
    )
    trials: Literal["features", "all"] = Field(
        "features",
        description="Which trials are scored in folds. features: those whose features are the same "
        "in every fold. all: fine-tuned networks and encodings with a codebook, too; each fold is "
        "a job and takes as long as the trial on split.validation.",
    )
    ungrouped: Bool | None = Field(
        None,
        description="Also score chosen settings on features in folds that part groups of images, "
        "to show what a division without groups would promise. Unset: if dataset.group or "
        "dataset.groups: auto asks for groups.",
    )

    @model_validator(mode="after")
    def _folds_are_there(self) -> "Validation":
        if self.trials == "all" and self.folds == "none":
            raise ValueError("trials: all needs folds; found folds: none")
        return self


class Subset(Strict):
    """A small training set: so many images, or given ones."""

    per_class: Annotated[Int, Field(ge=1)] | None = Field(None, description="Images of each class.")
    total: Annotated[Int, Field(ge=2)] | None = Field(
        None, description="Images in all; each class has its share of the training images."
    )
    files: str | None = Field(
        None,
        description="Given training images: a folder with copies of them, or a text file with one "
        "name a line.",
    )
    seed: Seed = Field(1, description="Seed of the sample; files need none.")

    @model_validator(mode="after")
    def _one_way(self) -> "Subset":
        given = [
            name for name in ("per_class", "total", "files") if getattr(self, name) is not None
        ]
        if len(given) != 1:
            found = " and ".join(given) or "none of them"
            raise ValueError(f"a subset has one of per_class, total and files; found {found}")
        return self


Measure = Literal["validation_accuracy", "validation_loss", "balanced_accuracy", "macro_f1", "cost"]

# What a choice with several aims may also compare.
Aim = Literal[
    "validation_accuracy",
    "validation_loss",
    "balanced_accuracy",
    "macro_f1",
    "cost",
    "parameters",
    "milliseconds",
]


class Choose(Strict):
    """How one setting is chosen among an experiment's trials, on validation images alone."""

    by: Measure | Annotated[tuple[Aim, ...], Field(min_length=2, max_length=3)] = Field(
        "validation_accuracy",
        description="The measure that is compared, a mean over repeats. balanced_accuracy and "
        "macro_f1, on validation images too, count rare classes as much as others. "
        "cost: the mean cost of predictions. A list such as [validation_accuracy, parameters] has "
        "several aims: chosen is the knee of their Pareto front, or with smallest_within the "
        "smallest network near the best of the first measure. milliseconds: time of a prediction, "
        "per image, of the backbone up to its end.",
    )
    costs: dict[str, dict[str, Annotated[Number, Field(ge=0)]]] = Field(
        default_factory=dict,
        description="For by: cost, the cost of a prediction by true class and predicted class. A "
        "mistake that is not named costs 1, and a right answer 0.",
    )
    smallest_within: Annotated[Number, Field(gt=0, lt=1)] | None = Field(
        None, description="Choose the smallest network within this margin of the best."
    )
    one_standard_error: Bool = Field(
        False, description="Choose the smallest network within one standard error of the best."
    )
    only: dict[str, Any] = Field(
        default_factory=dict,
        description="Choose only among trials with these settings, such as one backbone.",
    )
    ensemble: Annotated[Int, Field(ge=2, le=20)] | None = Field(
        None,
        description="Also test an ensemble: the mean of the class probabilities of so many best "
        "settings with the training set of the chosen one. Each of them gets final models of its "
        "own. The ensemble is compared with the chosen setting and cannot be chosen.",
    )

    @property
    def aims(self) -> tuple[Aim, ...]:
        """What is compared, the most important measure first."""
        return (self.by,) if isinstance(self.by, str) else self.by

    @property
    def measure(self) -> Aim:
        """The measure that is compared, or the first of several aims."""
        return self.aims[0]

    @property
    def by_knee(self) -> bool:
        """Whether the knee of a Pareto front is chosen."""
        return len(self.aims) > 1 and self.smallest_within is None and not self.one_standard_error

    @model_validator(mode="after")
    def _different_aims(self) -> "Choose":
        if self.measure in ("parameters", "milliseconds"):
            raise ValueError(f"by: the first aim is a measure of predictions; found {self.measure}")
        if len(set(self.aims)) < len(self.aims):
            raise ValueError(f"by: each aim stands there once; found {', '.join(self.aims)}")
        return self

    @model_validator(mode="after")
    def _costs_of_a_choice_by_cost(self) -> "Choose":
        if ("cost" in self.aims) != bool(self.costs):
            raise ValueError("by: cost and costs belong together; give both or none of them")
        return self

    @model_validator(mode="after")
    def _one_margin(self) -> "Choose":
        if self.smallest_within is not None and self.one_standard_error:
            raise ValueError("smallest_within and one_standard_error exclude each other")
        if self.one_standard_error and self.measure != "validation_accuracy":
            raise ValueError("one_standard_error compares validation_accuracy only")
        return self


class PublishedResult(Strict):
    """One number of a publication."""

    name: str = Field("", description="Its name in the source; unset: its settings.")
    settings: dict[str, Any] | Literal["unknown"] | None = Field(
        None,
        description="The setting it belongs to, written like a trial of list: what is not named is "
        "as the experiment starts. Unset: whatever the experiment chooses. unknown: the source "
        "does not name it, so the number has no counterpart.",
    )
    accuracy: Annotated[Number, Field(ge=0, le=1)] = Field(description="Accuracy, 0 to 1.")
    parameters: Annotated[Int, Field(ge=0)] | None = Field(
        None, description="Parameters of the network, if the source gives them."
    )

    @model_validator(mode="after")
    def _with_a_name(self) -> "PublishedResult":
        if self.settings == UNKNOWN and not self.name:
            raise ValueError("with settings: unknown, a name says which number it is")
        return self


class Published(Strict):
    """Numbers that others published, shown beside ours and used for nothing else."""

    source: Annotated[str, Field(min_length=1)] = Field(
        description="Where they were published, and on which images."
    )
    results: Annotated[list[PublishedResult], Field(min_length=1)] = Field(
        description="The numbers."
    )


class Experiment(Strict):
    """A set of trials that vary some settings, and a rule for choosing among them."""

    renamed_keys: ClassVar[dict[str, str]] = {
        "after": "start_from",
        "set": "overrides",
        "published": "reference_results",
    }

    title: str = Field("", description="Title in the report and on the slides.")
    start_from: str | None = Field(
        None, description="Start from the settings that this experiment chose; unset: from base."
    )
    overrides: dict[str, Any] = Field(
        default_factory=dict, description="Settings that hold for all trials of the experiment."
    )
    grid: Grid = Field(None, description="Every combination of these values.")
    list_: ListOfTrials = Field(None, alias="list", description="A list of trials.")
    random: Annotated[Random | None, Searched] = Field(None, description="Random search.")
    rounds: Annotated[Search | None, Searched] = Field(
        None,
        alias="search",
        description="Search in rounds, which learns from the results of earlier rounds.",
    )
    repeats: Annotated[Int, Field(ge=1, le=1000)] = Field(
        1, description="Number of runs of each setting, with different seeds."
    )
    choose: Choose = Field(default_factory=Choose, description="How a setting is chosen.")
    reference_results: Published | None = Field(
        None, description="Numbers that others published, shown beside ours."
    )

    @model_validator(mode="after")
    def _one_strategy(self) -> "Experiment":
        given = self._given()
        if len(given) > 1:
            *others, last = search_keys()
            raise ValueError(
                f"give one of {', '.join(others)} and {last}; found {' and '.join(given)}"
            )
        if self.grid is not None and not self.grid:
            raise ValueError("grid is empty: name at least one setting with its values")
        if self.halving is not None and self.repeats > 1:
            raise ValueError(
                f"{self.strategy}.halving compares single runs, so repeats must be 1; "
                f"found {self.repeats}"
            )
        if self.halving is not None and not self.choose.measure.startswith("validation_"):
            raise ValueError(
                f"{self.strategy}.halving compares trials before their end, for which there is no "
                f"{self.choose.measure}; choose.by must be validation_accuracy or validation_loss"
            )
        with_one_aim = self.rounds is not None and self.rounds.sampler in WITH_ONE_AIM
        if with_one_aim and len(self.choose.aims) > 1:
            raise ValueError(
                f"search.sampler: {self.search.sampler} has one aim, and choose.by has "
                f"{len(self.choose.aims)}; give tpe, nsga2, qmc or random"
            )
        if self.choose.one_standard_error and self.repeats < 2:
            raise ValueError("choose.one_standard_error needs repeats of at least 2")
        return self

    def _given(self) -> dict[str, Any]:
        values = {key: getattr(self, name) for key, name in search_keys().items()}
        return {key: value for key, value in values.items() if value is not None}

    @property
    def strategy(self) -> str:
        """The key that names the trials, such as grid; single where there is none."""
        return next(iter(self._given()), "single")

    @property
    def search(self) -> Any:
        """The value of that key; None where there is none."""
        return next(iter(self._given().values()), None)

    @property
    def halving(self) -> Halving | None:
        """How trials of low scores end early; None where all are trained to their end."""
        return getattr(self.search, "halving", None)


def search_keys() -> dict[str, str]:
    """The keys of an experiment that name trials, and the names of their attributes."""
    fields = Experiment.model_fields
    return {f.alias or name: name for name, f in fields.items() if Searched in f.metadata}


class Explain(Strict):
    """Which final models are explained: feature maps, filters, Grad-CAM, layers."""

    experiments: Literal["best", "all", "none"] | list[Name] = Field(
        "best",
        description="best: the one of highest validation accuracy; all; none; or names of "
        "experiments. Experiments that share a final model share its pages.",
    )
    images: Annotated[Int, Field(ge=1, le=64)] = Field(
        8, description="Number of correct predictions shown, and of wrong ones."
    )
    layers: Annotated[tuple[ColumnName, ...], Field(max_length=12)] = Field(
        (),
        description="Layers whose feature maps are shown, and the patches that excite their "
        "channels most, such as block1_conv1. Empty: the ends of up to five stages.",
    )
    files: Annotated[tuple[ColumnName, ...], Field(max_length=8)] = Field(
        (),
        description="Images of one's own whose feature maps are shown. Empty: validation images.",
    )


def _results_folder(value: str) -> str:
    parts = Path(value).parts
    if not parts or parts[0] != "results" or ".." in parts:
        raise ValueError("it is results or a folder below it, such as results/mit_scenes")
    # Braces would be Snakemake's wildcards, and spaces the end of a path in a shell.
    if not all(re.fullmatch(r"[A-Za-z0-9_.-]+", part) for part in parts):
        raise ValueError("its parts have letters, digits, _, - and . only")
    if any(len(part) > MAX_NAME_LENGTH for part in parts):
        raise ValueError(f"its parts have at most {MAX_NAME_LENGTH} characters each")
    return Path(value).as_posix()


class Study(Strict):
    """The keys at the top level of a config."""

    title: str = Field("A transfer-learning study", description="Title of report and slides.")
    results: Annotated[str, AfterValidator(_results_folder)] = Field(
        "results", description="Folder of all results: results or a folder below it."
    )
    dataset: Dataset = Field(default_factory=Dataset, description="The images.")
    split: Split = Field(default_factory=Split, description="How the images are divided.")
    validation: Validation = Field(default_factory=Validation, description="How trials are scored.")
    subsets: dict[SubsetName, Subset] = Field(
        default_factory=dict, description="Named small training sets."
    )
    base: Settings = Field(
        default_factory=Settings, description="Settings that all trials start from."
    )
    experiments: dict[Name, Experiment] = Field(
        min_length=1, description="The experiments, in order."
    )
    slides: Literal["short", "full"] = Field(
        "short",
        description="short: one slide for each experiment, with its result and configuration, and "
        "the comparison. full: also trials, figures and tested settings.",
    )
    refit: Bool = Field(
        True,
        description="Train the chosen settings once more on train and validation images before "
        "the test images are touched.",
    )
    compare: Bool = Field(
        True,
        description="Also train and score final models for comparison: one for each repeat of the "
        "chosen setting, its control, and the best setting of each training set.",
    )
    trials_per_job: Annotated[Int, Field(ge=1)] = Field(
        50, description="Number of trials on a frozen backbone per job."
    )
    export: tuple[ExportFormat, ...] = Field(
        ("keras",),
        description="How final models are written for use without the study, into the folder "
        "model of their experiment. keras: the model itself, as scenery predict takes it; it is "
        "always there. onnx, tflite and saved_model: one network from image to probabilities, "
        "for other programs, compared with the model; classical models, too, except of DenseSIFT "
        "and encodings. onnx needs the packages of scenery[onnx]. novelty: training images "
        "to compare with, so that scenery predict says which photographs are unlike all of them. "
        "An empty list: no folder.",
    )
    gpu_missing: Literal["continue", "stop"] = Field(
        "continue", description="What a job does if it requested a GPU and finds none."
    )
    explain: Explain = Field(
        default_factory=Explain, description="Which final models are explained."
    )
    tensorboard: Bool = Field(
        False, description="Also write the learning curves as TensorBoard logs."
    )

    @model_validator(mode="after")
    def _ensembles_are_compared(self) -> "Study":
        names = [name for name, one in self.experiments.items() if one.choose.ensemble]
        if names and not self.compare:
            raise ValueError(
                f"experiments.{names[0]}.choose.ensemble needs compare: true, since its members "
                "are tested, too"
            )
        return self

    @model_validator(mode="after")
    def _explained_exist(self) -> "Study":
        wanted = self.explain.experiments
        unknown = [] if isinstance(wanted, str) else sorted(set(wanted) - set(self.experiments))
        if unknown:
            raise ValueError(
                f"explain.experiments: there is no experiment {unknown[0]}; give best, all, none "
                f"or some of {', '.join(self.experiments)}"
            )
        return self

    @property
    def shows_leakage(self) -> bool:
        """Whether chosen settings are also scored in folds that part groups of images."""
        if self.validation.ungrouped is not None:
            return self.validation.ungrouped
        return self.dataset.group is not None or self.dataset.groups == "auto"

    @property
    def lists_suspects(self) -> bool:
        """Whether images are listed by how probable their labels are, if there are features."""
        suspects = self.dataset.suspects
        return not self.dataset.made if suspects is None else suspects

    @property
    def subset_names(self) -> tuple[str, ...]:
        """Every name that `subset` may have, but for per_class_N."""
        return ("full", *self.subsets)

    def spelled_out(self) -> dict[str, Any]:
        """The config with its defaults, from which the same study can be read again."""
        config = self.model_dump(mode="json", by_alias=True)
        if self.base.classifier is not None:
            # Beside a classical model even a default of these would be refused as unused.
            for name in NETWORK_ONLY:
                del config["base"][name]
        return config
