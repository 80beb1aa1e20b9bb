"""The images of a study, how they are divided, and small training sets."""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, model_validator

from scenery.config.names import ColumnName
from scenery.registry.datasets import NAMED_DATASETS
from scenery.registry.options import Bool, Int, Number, Seed, Strict


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
