"""Every figure, declared once.

From a record come the rule that draws the figure, its item and caption in the report, and its
slide. A new figure needs a record here and a module with the function that draws it. This module
imports no plotting library, since the workflow reads it in every call.
"""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any, Literal

from scenery.config.study import Study
from scenery.evaluation.measures import measure_column
from scenery.registry.backbones import BACKBONES
from scenery.study.search_strategies import search_strategy
from scenery.study.subsets import images_per_class
from scenery.study.trials import ResolvedTrial

# A curve needs at least this many points.
MIN_VALUES = 3

TRAIN, VALIDATION, TEST = "train", "validation", "test"

# What a figure reads that opens images: the folder that the split's files are relative to.
IMAGE_ROOT = "root"


class Section(Enum):
    """Where the slides of an experiment show a figure."""

    DATA = "after the slides of the data set"
    TRIED = "before the table of all trials"
    TEST = "after the table of all trials"
    INSIDE = "at the end, for what is inside the final model"


@dataclass(frozen=True)
class SlidePlace:
    """The slide of a figure: its section and its title."""

    section: Section
    title: str


@dataclass(frozen=True)
class Case:
    """What decides whether a figure applies, and what it needs beside tables.

    Attributes:
        study: The checked config.
        experiment: The experiment; empty for a figure of the whole study.
        load_trials: Gives the trials of the experiment or the study. It is a function, since
            Snakemake has to wait for choices before all trials are known.
        load_explained: Gives the experiments whose final models `explain` looks into.
    """

    study: Study
    experiment: str
    load_trials: Callable[[], Sequence[ResolvedTrial]]
    load_explained: Callable[[], Sequence[str]] = tuple

    @property
    def trials(self) -> Sequence[ResolvedTrial]:
        """The trials of the experiment or the study."""
        return self.load_trials()


@dataclass(frozen=True)
class Figure:
    """One figure, or one page of tables.

    Attributes:
        name: Name of its files.
        draw: The function that draws it, as `module:function` of this package. Its arguments are
            named like the tables in `reads`, `title` for figures of experiments, and `params`.
        reads: The tables that it needs, and perhaps IMAGE_ROOT; see `scenery.reporting.drawing`.
        content: What it is, as the report lists it.
        caption: One sentence for the report; reStructuredText with Jinja expressions.
        details: How to read it, for the documentation.
        images: The images that it was measured on.
        place: The folder of its files, and so its category in the report.
        formats: Endings of its files.
        job: Figures with the same job are drawn by one process.
        asked_for: Whether the config asks for it. The experiment is empty for a figure of the
            study.
        applies: Whether the trials or choices ask for it; these are known later.
        params: Values of the function's further arguments.
        slide: Its slide, if it has one.
    """

    name: str
    draw: str
    reads: tuple[str, ...]
    content: str
    caption: str
    details: str = ""
    images: str = VALIDATION
    place: Literal["experiment", "explanation", "study", "data"] = "experiment"
    formats: tuple[str, ...] = ("png", "svg")
    job: str = ""
    asked_for: Callable[[Study, str], bool] = lambda study, experiment: True
    applies: Callable[[Case], bool] | None = None
    params: Callable[[Case], dict[str, Any]] = lambda case: {}
    slide: SlidePlace | None = None

    @property
    def rule(self) -> str:
        """Name of the rule that draws it."""
        return f"plot_{self.job or self.name}"

    @property
    def module(self) -> str:
        """The module of its function."""
        return f"{__package__}.{self.draw.split(':')[0]}"

    @property
    def function(self) -> str:
        """The function in this module."""
        return self.draw.split(":")[1]

    @property
    def of_experiment(self) -> bool:
        """Whether each experiment has its own."""
        return self.place in ("experiment", "explanation")


# Conditions and further arguments


def varies_sample_size(case: Case) -> bool:
    """Whether the trials have at least three numbers of training images."""
    names = {trial.settings.subset for trial in case.trials}
    sizes = {images_per_class(case.study, name) or name for name in names}
    return len(sizes) >= MIN_VALUES


def sample_size_params(case: Case) -> dict[str, Any]:
    """Training images of each class by subset; None where classes may differ in them."""
    names = sorted({trial.settings.subset for trial in case.trials} | {"full"})
    return {"per_class": {name: images_per_class(case.study, name) for name in names}}


def varies_depth(case: Case) -> bool:
    """Whether the trials have at least three values of `trainable`."""
    return len({trial.settings.trainable for trial in case.trials}) >= MIN_VALUES


def imagenet_backbones(case: Case) -> dict[str, Any]:
    """Published top-1 accuracy of the backbones that trials use with ImageNet weights."""
    names = {t.settings.backbone for t in case.trials if t.settings.weights == "imagenet"}
    return {"top_1": {name: BACKBONES[name].top_1 for name in sorted(names & BACKBONES.keys())}}


def varies_backbone(case: Case) -> bool:
    """Whether the trials have at least three backbones with ImageNet weights."""
    return len(imagenet_backbones(case)["top_1"]) >= MIN_VALUES


def numeric_settings(case: Case) -> dict[str, Any]:
    """The settings of a grid that are numbers and have at least three values, in its order."""
    values: dict[str, set[float]] = {}
    strategy = search_strategy(case.study.experiments[case.experiment].strategy)
    if case.trials and strategy.arrangement == "grid":
        for trial in case.trials:
            for name, value in trial.varied:
                # In Python True is a number.
                number = isinstance(value, int | float) and not isinstance(value, bool)
                if number and name != "seed":
                    values.setdefault(name, set()).add(value)
    return {"settings": [name for name, found in values.items() if len(found) >= MIN_VALUES]}


def has_numeric_settings(case: Case) -> bool:
    """Whether there is a setting to draw a curve over."""
    return bool(numeric_settings(case)["settings"])


def several_divisions(study: Study, experiment: str) -> bool:
    """Whether the config asks for several divisions into training and test images."""
    return study.split.repeats > 1


def shows_leakage(study: Study, experiment: str) -> bool:
    """Whether chosen settings are also scored in folds that part groups of images."""
    return study.shows_leakage


def has_reference_results(study: Study, experiment: str) -> bool:
    """Whether the config gives reference results for the experiment."""
    return study.experiments[experiment].reference_results is not None


def several_reference_results(study: Study, experiment: str) -> bool:
    """Whether the config gives reference results for more than one experiment."""
    return sum(e.reference_results is not None for e in study.experiments.values()) > 1


def has_several_aims(study: Study, experiment: str) -> bool:
    """Whether an experiment compares its trials by several measures."""
    return len(study.experiments[experiment].choose.aims) > 1


def aims(case: Case) -> dict[str, Any]:
    """These measures, as columns of the table of trials."""
    how = case.study.experiments[case.experiment].choose
    return {"aims": [measure_column(aim) for aim in how.aims]}


def titles(case: Case) -> dict[str, Any]:
    """The titles of all experiments."""
    return {"titles": {name: e.title or name for name, e in case.study.experiments.items()}}


def augments(case: Case) -> bool:
    """Whether any trial augments its images."""
    return any(trial.settings.augment.active for trial in case.trials)


def is_explained(case: Case) -> bool:
    """Whether `explain` looks into the experiment's final model."""
    return case.experiment in case.load_explained()


def has_graphviz(case: Case) -> dict[str, Any]:
    """Whether Graphviz is installed: its installation makes diagrams stale."""
    return {"graphviz": shutil.which("dot") is not None}


def count_settings(trials: Sequence[ResolvedTrial]) -> str:
    """What was run, for captions: "6 settings, 3 repeats of each with different seeds"."""
    repeats: dict[str, int] = {}
    for trial in trials:
        repeats[trial.setting] = repeats.get(trial.setting, 0) + 1
    most = max(repeats.values(), default=0)
    each = f"{most} repeats of each with different seeds" if most > 1 else "one run of each"
    return f"{len(repeats)} {'setting' if len(repeats) == 1 else 'settings'}, {each}"


# Beginnings of captions. Jinja fills them in when the report is made.

_NAME = "Experiment ``{{ snakemake.wildcards.experiment }}``, "
TRIED = _NAME + "{{ snakemake.params.caption.counts }}: "
TESTED = _NAME + "its final model on the **test** partition: "
INSIDE = (
    _NAME + "its final model{% if snakemake.params.caption.refit %}, a refit of the chosen setting"
    "{% else %}, the model of the chosen trial{% endif %}: "
)

FIGURES = (
    Figure(
        "learning_curves", "learning_curves:learning_curves", ("trials", "history", "choice"),
        "learning curves",
        TRIED + "accuracy and loss after each epoch on the train and the **validation** "
        "partition; left the chosen trial, right the validation curves of all trials.",
        details="Accuracy and loss after each epoch on the train and the **validation** "
        "partition. Left: the chosen trial. Right: validation curves of all trials; the "
        "chosen setting and the seven next best have names, the others are gray. A cross "
        "marks the last epoch of a trial that diverged. Train accuracy is measured during "
        "the epoch, with dropout and augmentation, so it can be below validation "
        "accuracy. Classical models have no epochs and no curves.",
        images="train, validation", job="experiment",
    ),
    Figure(
        "settings", "settings_figures:settings_figure", ("trials", "choice"), "all trials",
        TRIED + "accuracy on the **validation** partition for the settings that this experiment "
        "varies, with 95 % intervals.",
        details="Accuracy on the **validation** partition for the settings that this experiment "
        "varies. One varied setting: a dot for each value with its 95 % interval; small "
        "circles are single repeats. Two: a heat map of means, each with half of its 95 % "
        "interval; a frame marks the chosen pair. More: the mean over all trials with "
        "that value, and, above a setting with two values, the mean difference between "
        "trials that agree in all other settings, both with a 95 % t interval over "
        "repeats. Random search: a dot for each trial, and the best accuracy of n of the "
        "trials (median, and the range of 95 % of all samples of n trials); of a search in "
        "rounds the best of its first n trials. Importance is "
        "the loss of R² of a random forest on held-out trials when one setting is "
        "shuffled (Breiman 2001; bars: standard deviation). Crosses are trials without a "
        "result; means do not include them.",
        job="experiment", slide=SlidePlace(Section.TRIED, "what was tried"),
    ),
    Figure(
        "best", "best_figure:best_figure", ("trials", "history", "choice", "scores"),
        "best result and configuration",
        TRIED + "accuracy of the chosen setting on the **test** partition with its 95 % interval, "
        "**validation** accuracy of all trials, and the learning curve and configuration of the "
        "chosen trial.",
        details="Accuracy of the chosen setting on the **test** partition, a mean over its final "
        "models, with its 95 % interval, validation accuracy of all trials, the learning "
        "curve of the chosen trial, and its configuration. Settings that this experiment "
        "varies are orange. The choice used the validation partition only.",
        images="validation, test",
    ),
    Figure(
        "fine_tuning_depth", "fine_tuning_depth:fine_tuning_depth_figure", ("trials", "choice"),
        "accuracy, parameters and time by trained layers",
        "Accuracy on the **validation** partition (95 % interval), trained parameters and time of "
        "one trial by the layers that are trained, from the output inwards.",
        details="Accuracy on the **validation** partition (95 % interval), trained parameters, "
        "and time of one trial by the layers that are trained, from the output inwards; a "
        "column for each set of training images. *Last layer*: a head without hidden "
        "layers on the frozen backbone. *New head*: a head with hidden layers. Then that "
        "head and a number of stages of the backbone, the whole network, and the whole "
        "network from random weights. If several settings share a place, the most "
        "accurate one is drawn. The time of a head does not include the extraction of "
        "features. Jobs that run side by side take longer than single ones.",
        applies=varies_depth,
        slide=SlidePlace(Section.TRIED, "accuracy, trained parameters and time by trained layers"),
    ),
    Figure(
        "imagenet_accuracy", "imagenet_accuracy:imagenet_accuracy_figure", ("trials", "choice"),
        "accuracy here and on ImageNet",
        "Accuracy on the **validation** partition (95 % interval) against the published top-1 "
        "accuracy of each backbone on ImageNet.",
        details="Accuracy on the **validation** partition (95 % interval) against the published "
        "top-1 accuracy on ImageNet, for backbones with ImageNet weights. If several settings "
        "use one backbone, the most accurate is drawn. A backbone that is better on ImageNet "
        "is mostly better here, too (Kornblith et al. 2019). Made if an experiment has at "
        "least three such backbones.",
        applies=varies_backbone, params=imagenet_backbones,
        slide=SlidePlace(Section.TRIED, "accuracy here and on ImageNet"),
    ),
    Figure(
        "pareto_front", "pareto_figure:pareto_figure", ("trials", "choice"),
        "Pareto front of the aims",
        TRIED + "the aims of the choice against each other, on the **validation** partition.",
        details="A dot for each setting, a mean over its repeats, for experiments with several "
        "aims (``choose.by: [validation_accuracy, parameters]``). Settings on the Pareto front "
        "are blue and joined by a line: no other setting is as good in all aims and better in one. "
        "The chosen setting is orange. Settings that cannot be chosen are missing.",
        asked_for=has_several_aims, params=aims,
        slide=SlidePlace(Section.TRIED, "Pareto front of the aims"),
    ),
    Figure(
        "sample_size", "sample_size:draw_sample_size", ("trials", "choice", "split"),
        "accuracy and number of images",
        "Accuracy on the **validation** partition against the number of training images of each "
        "class, a mean over repeats with its 95 % interval.",
        details="Accuracy on the **validation** partition against the number of training images "
        "of each class, on a logarithmic axis. *All* is the full training set, a mean "
        "over its classes. Lines are means over repeats, bars their 95 % intervals, and "
        "small dots single runs. The intervals allow for the sampling of validation "
        "images and, with repeats, of initial weights; with ``per_class_N`` each repeat "
        "also samples its own training images. From three sizes on, a dotted line "
        "carries the best line on to two and four times the images: a power law of the error, with "
        "a 95 % bootstrap interval.",
        applies=varies_sample_size, params=sample_size_params,
        slide=SlidePlace(Section.TRIED, "accuracy and number of images"),
    ),
    Figure(
        "parameter_curves", "parameter_curves:parameter_curves_figure", ("trials", "choice"),
        "accuracy against numeric settings",
        "Accuracy against each numeric setting of the grid: solid on the **validation** partition "
        "with 95 % intervals, dashed on the train partition.",
        details="Accuracy against each numeric setting with at least three values in the grid; a "
        "color for each combination of the other settings. Solid lines: accuracy on the "
        "**validation** partition with 95 % intervals. Dashed lines: accuracy on the "
        "training images at the best epoch, with augmentation and dropout. Both are means "
        "over repeats; small dots are the validation accuracies of single runs, and a "
        "ring marks the chosen setting. An axis with a wide range is logarithmic, or has "
        "equal distances if it includes 0. Trials without a result are missing; the title "
        "counts them.",
        images="train, validation", applies=has_numeric_settings, params=numeric_settings,
        slide=SlidePlace(Section.TRIED, "training and validation accuracy against numbers"),
    ),
    Figure(
        "reference_results", "reference_results_figure:draw_reference_results",
        ("reference_results",), "published numbers and ours",
        "Published results (diamonds) beside the results of the same settings in this study "
        "(dots: **validation** partition, 95 % Wilson interval).",
        details="Published results (diamonds) beside the results of the same settings in this "
        "study (dots: **validation** partition, mean over repeats, 95 % Wilson interval). "
        "Published results were mostly measured on other images or another split, so a "
        "difference has more than one cause. A diamond without a dot belongs to a setting "
        "that was not run here. Numbers of parameters are at the right if the source "
        "gives them. No choice depends on published results.",
        asked_for=has_reference_results,
        slide=SlidePlace(Section.TRIED, "published numbers and ours"),
    ),
    Figure(
        "confusion", "evaluation_figures:confusion_matrix", ("confusion", "metrics"),
        "confusion matrix",
        TESTED + "number of images by true class (rows) and predicted class (columns).",
        details="Number of test images by true class (rows) and predicted class (columns). The "
        "color is the share of the images of the true class. The accuracy has its 95 % "
        "Wilson interval. With more than 40 classes: the matrix without names, and the pairs of "
        "classes that are confused most.",
        images=TEST, job="test", slide=SlidePlace(Section.TEST, "what the final model confuses"),
    ),
    Figure(
        "classes", "evaluation_figures:class_scores", ("classes", "metrics"),
        "score of each class",
        TESTED + "precision, recall and F1 of each class, with the 95 % Wilson interval of "
        "recall.",
        details="Precision, recall and F1 of each class, best F1 first; in brackets the number of "
        "test images. Gray bars are 95 % Wilson intervals of recall. Below: balanced accuracy "
        "(mean recall) and macro F1 (mean F1) with 95 % bootstrap intervals. With more than 40 "
        "classes: how many classes have which score, and the 20 classes with the lowest F1.",
        images=TEST, job="test",
    ),
    Figure(
        "class_table", "many_classes:class_page", ("classes", "confusion"),
        "table of all classes",
        TESTED + "every class with its scores, and the pairs of classes that are confused most.",
        details="Every class with its precision, recall and F1 and the class that it is taken for "
        "most often, and the pairs of classes that are confused most. A click on a column head "
        "sorts the table, and the field above it searches.",
        images=TEST, formats=("html",), job="test",
    ),
    Figure(
        "roc", "roc_pr:roc_pr_curves", ("predictions",), "ROC and precision-recall curves",
        TESTED + "ROC and precision-recall curve of each class against all others.",
        details="Each class against all others, from the probabilities of the test images. Left: "
        "true positive rate against false positive rate; the dashed line is chance level. "
        "Right: precision against recall. The legend has the area under the ROC curve or "
        "the average precision, and the mean over classes with a 95 % bootstrap interval "
        "(percentiles of 200 samples of test images). With more than 40 classes: the range of the "
        "middle 80 % of the classes, and the five classes of the smallest areas.",
        images=TEST, job="test",
    ),
    Figure(
        "reliability", "evaluation_figures:reliability", ("predictions", "choice"), "calibration",
        TESTED + "accuracy against confidence, with 95 % Wilson intervals; below the dashed line "
        "the model is too confident.",
        details="Accuracy of the images in each of ten equal bins of confidence (probability of "
        "the predicted class), with 95 % Wilson intervals. On the dashed line confidence "
        "equals accuracy; below it the model is overconfident. Expected calibration "
        "error: mean distance to the line over the test images (Guo et al. 2017). The dotted line "
        "is with the temperature that makes the probabilities of held-out images most likely. "
        "Prediction sets have the classes whose probability, with the temperature, is at least a "
        "threshold that held-out images gave for a coverage of 95 % (split conformal prediction).",
        images=TEST, job="test",
    ),
    Figure(
        "mistakes", "mistakes:confident_mistakes", ("predictions", "mistakes"),
        "most confident mistakes",
        TESTED + "the most confident wrong predictions, which are examples and not a measure.",
        details="At most twelve wrong predictions, most confident first. Each image is shown as "
        "the model received it, with its true class, the predicted class, its "
        "probability, and the file. These are examples and not a measure.",
        images=TEST, formats=("png",), job="test",
    ),
    Figure(
        "grad_cam", "explain_figures:grad_cam_figure", ("grad_cam", "answers", "facts"),
        "Grad-CAM",
        INSIDE + "regions of images of the **validation** partition that support a class "
        "(Grad-CAM), which are examples and not a measure.",
        details="Grad-CAM (Selvaraju et al. 2017) on images of the **validation** partition: the "
        "channels of a layer, weighted by the mean gradient of a class score before "
        "softmax. Bright regions support the class. Each map is scaled to its own "
        "maximum; a map without support for the class says so. Above: the most confident "
        "correct predictions, taken from the classes in turn. Below: the most confident "
        "wrong predictions, with maps for the predicted and for the true class. The final "
        "model was trained on these images or chosen on them.",
        place="explanation", formats=("png",), job="explanation", applies=is_explained,
        slide=SlidePlace(Section.INSIDE, "where the final model looks"),
    ),
    Figure(
        "feature_maps", "explain_figures:feature_maps_figure", ("feature_maps",), "feature maps",
        INSIDE + "activations of three images of the **validation** partition (or of the files in "
        "the config), as mean, maximum and principal components of the channels.",
        details="Activations of three images of the **validation** partition at the ends of "
        "stages, or of the layers and the files in the config (`explain`). Three pictures "
        "summarize the channels of a layer: the mean, the maximum, and the first three "
        "principal components as red, green and blue, with their "
        "share of the variance. Mean and maximum are scaled to the range of each picture. "
        "These are examples and not a measure.",
        place="explanation", formats=("png",), job="explanation", applies=is_explained,
    ),
    Figure(
        "channels", "explain_figures:channels_figure", ("feature_maps",),
        "feature maps, by channel",
        INSIDE + "the channels that vary most at the end of each stage, on one image of the "
        "**validation** partition.",
        details="One image of the **validation** partition: the channels of the last layer of "
        "each stage that vary most over the explained images, with their numbers. Each "
        "channel is scaled to its own range. These are examples and not a measure.",
        place="explanation", formats=("png",), job="explanation", applies=is_explained,
        slide=SlidePlace(Section.INSIDE, "what its layers hold"),
    ),
    Figure(
        "patches", "patches_figure:patches_figure", ("patches",), "patches that excite channels",
        INSIDE + "parts of images of the **validation** partition with the largest activations of "
        "channels.",
        details="Of each layer the four channels that vary most, and for each of them the images "
        "of the **validation** partition with its largest activations (at most 512 images are "
        "searched). A patch is the receptive field of the cell with the largest activation "
        "(Zeiler and Fergus 2014). These are examples and not a measure.",
        place="explanation", formats=("png",), job="explanation", applies=is_explained,
    ),
    Figure(
        "filters", "explain_figures:filters_figure", ("filters",), "filters of the first layer",
        INSIDE + "the weights of the first convolution that reads the colors, shown as colors.",
        details="The weights of the first convolution that reads the colors, shown as colors, "
        "largest sum of squares first. Each filter is scaled to its own range. No image "
        "of any partition is involved.",
        images="", place="explanation", formats=("png",), job="explanation", applies=is_explained,
    ),
    Figure(
        "embedding", "explain_figures:embedding_figure", ("answers", "facts"),
        "PCA and t-SNE of features",
        INSIDE + "images of the **validation** partition by the inputs of its last layer, in two "
        "dimensions (PCA and t-SNE); rings mark wrong predictions.",
        details="Images of the **validation** partition by the standardized inputs of the model's "
        "last layer. Left: the first two principal components. Right: t-SNE (van der "
        "Maaten and Hinton 2008; perplexity 30 or less, seed 0, initialized with the "
        "principal components). Rings mark wrong predictions. t-SNE keeps neighbors "
        "together; its axes and the distances between groups have little meaning. More "
        "than 1,000 images are sampled. The final model was trained on these images or "
        "chosen on them.",
        place="explanation", job="explanation", applies=is_explained,
        slide=SlidePlace(Section.INSIDE, "how it places the images"),
    ),
    Figure(
        "architecture", "diagrams:architecture_diagram", ("architecture",),
        "architecture by stages",
        INSIDE + "a box for each stage of the backbone and each layer of the head, with the shape "
        "of its output.",
        details="The network, drawn by Keras' ``plot_model`` and Graphviz: a box for each stage "
        "of the backbone (a run of layers at one spatial size) and for each layer of the "
        "head. Shapes are batch, height, width, channels. No image of any partition is "
        "involved.",
        images="", place="explanation", job="explanation", applies=is_explained,
        params=has_graphviz,
    ),
    Figure(
        "layers", "diagrams:layer_diagram", ("layers_dot",), "architecture by layers",
        INSIDE + "a box for each layer, with the shape of its output.",
        details="The network, drawn by Keras' ``plot_model`` and Graphviz: a box for each layer. "
        "Shapes are batch, height, width, channels. No image of any partition is involved.",
        images="", place="explanation", formats=("svg",), job="explanation", applies=is_explained,
        params=has_graphviz,
    ),
    Figure(
        "layer_table", "tables:layer_page", ("layers",), "table of all layers",
        INSIDE + "each layer with the shape of its output, its parameters and its receptive "
        "field.",
        details="Each layer with the shape of its output, its parameters and its receptive field: "
        "the side of the square of input pixels that one cell of the output depends on, "
        "without regard to borders (Araujo, Norris and Sim 2019). If paths meet, the "
        "largest counts. A click on a column head sorts the table, and the field above it "
        "searches. No image of any partition is involved.",
        images="", place="explanation", formats=("html",), job="explanation",
        applies=is_explained,
    ),
    Figure(
        "comparison", "study_figures:comparison", ("summary",), "all experiments",
        "Accuracy of each experiment: circles show the chosen setting on the **validation** "
        "partition, dots its final models on the **test** partition with a 95 % interval.",
        details="All experiments of the study. Circle: accuracy of the chosen setting on the "
        "**validation** partition, a mean over repeats, by which it was chosen. Dot: "
        "accuracy of its final models on the **test** partition with a 95 % interval. The "
        "number of trials is below each title: the best validation accuracy of many "
        "trials is an optimistic estimate. Overlapping intervals show no difference.",
        images="validation, test", place="study", job="study",
    ),
    Figure(
        "divisions", "divisions:divisions_figure", ("divisions",),
        "other divisions of the images",
        "All images of train, validation and **test** partition are divided again: test accuracy "
        "of what each division chooses, and how often each setting is chosen; a ring marks the "
        "division of the study.",
        details="Would another split say the same? Made with ``split.repeats``. Each division has "
        "its own test images, chooses again among the trials, and tests its choice. Left: a dot "
        "for each division (a gray diamond if it chooses another setting than the study), a ring "
        "for the division of the study, and the mean with its 95 % interval over divisions and "
        "images (corrected resampled variance, Nadeau and Bengio 2003). Right: the share of "
        "divisions that choose a setting, the most frequent one first. Experiments that "
        "fine-tune, or train on subsets, are left out.",
        images="train, validation, test", place="study", job="divisions",
        asked_for=several_divisions,
        params=titles,
    ),
    Figure(
        "division_table", "divisions:divisions_page", ("divisions",),
        "table of all divisions",
        "All images of train, validation and **test** partition are divided again: what each "
        "division chooses, and its test accuracy.",
        details="Every division of the images with the setting that it chooses and its validation "
        "and test accuracy. Made with ``split.repeats``.",
        images="train, validation, test", place="study", formats=("html",), job="divisions",
        asked_for=several_divisions, params=titles,
    ),
    Figure(
        "leakage", "leakage:leakage_figure", ("all_grouping",),
        "the price of leakage",
        "Accuracy of the chosen settings on held-out images of train and **validation** partition, "
        "in folds that keep groups of images whole and in folds that part them.",
        details="The price of leakage: accuracy of the chosen settings on held-out training and "
        "validation images, with 95 % intervals. Dots: folds that keep groups whole, such as the "
        "images of one patient or near duplicates. Diamonds: folds that part them, so that a model "
        "is tested on images of groups that it has learned from. The number is the difference: "
        "what a study without groups would promise and not keep. Means over five divisions into "
        "folds; groups are the units of the intervals. Made if ``dataset.group`` or "
        "``dataset.groups: auto`` asks for groups, or with ``validation.ungrouped``. Experiments "
        "that fine-tune are left out.",
        images="train, validation", place="study", job="leakage", asked_for=shows_leakage,
        params=titles,
    ),
    Figure(
        "parameters", "study_figures:accuracy_against_parameters", ("summary",),
        "accuracy and parameters",
        "Accuracy on the **validation** partition against the parameters of the network for every "
        "setting of the study; no other setting is better in both than those on the dashed line.",
        details="Accuracy on the **validation** partition against the parameters of the whole "
        "network for every setting of the study, a mean over repeats. Rings mark the "
        "chosen settings. The dashed line is the Pareto front: no other setting is better "
        "in both. Its members have numbers and names. Trials without a result are not "
        "drawn; the title counts them.",
        place="study", job="study",
    ),
    Figure(
        "time", "study_figures:accuracy_against_time", ("summary",), "accuracy and time",
        "Accuracy on the **validation** partition against the training time of one trial for "
        "every setting of the study; no other setting is better in both than those on the dashed "
        "line.",
        details="Accuracy on the **validation** partition against the training time of one trial "
        "for every setting of the study, a mean over repeats. Rings mark the chosen "
        "settings, and the dashed line is the Pareto front. Trials on features of a "
        "frozen backbone share the extraction of features; their time does not include "
        "it. Times of different machines do not compare.",
        place="study", job="study",
    ),
    Figure(
        "all_reference_results", "reference_results_figure:draw_all_reference_results",
        ("all_reference_results",), "published numbers and ours",
        "Published results (diamonds) of all experiments beside the results of the same settings "
        "in this study (dots: **validation** partition, 95 % Wilson interval).",
        details="Published results (diamonds) of all experiments beside the results of the same "
        "settings in this study (dots: **validation** partition, mean over repeats, 95 % "
        "Wilson interval). Published results were mostly measured on other images or "
        "another split, so a difference has more than one cause. A diamond without a dot "
        "belongs to a setting that was not run here.",
        place="study", asked_for=several_reference_results, params=titles,
    ),
    Figure(
        "augmentations", "explain_figures:augmentations_figure", ("augmentations",),
        "augmentations in use",
        "Each augmentation that a trial of the study uses, alone, on an image of the **train** "
        "partition.",
        details="Each augmentation that a trial of the study uses, alone, on an image of the "
        "**train** partition. Left: the original image. Beside it: seven renderings, "
        "random within the configured range. Trials may combine several augmentations. "
        "Validation and test images are never augmented.",
        images=TRAIN, place="study", formats=("png",), applies=augments,
    ),
    Figure(
        "examples", "examples_figure:examples_figure", ("split", IMAGE_ROOT),
        "examples of the classes",
        "The first image of the **train** partition of each class, in the order of file names.",
        details="The first image of the **train** partition of each class, in the order of file "
        "names, for at most forty classes. The order of the files is the only criterion.",
        images=TRAIN, place="data", formats=("png",),
        slide=SlidePlace(Section.DATA, "Examples of the classes"),
    ),
)  # fmt: skip


def figures_by_rule() -> dict[str, list[Figure]]:
    """The figures that each rule draws."""
    rules: dict[str, list[Figure]] = {}
    for figure in FIGURES:
        rules.setdefault(figure.rule, []).append(figure)
    return rules


def slides_in(section: Section) -> list[Figure]:
    """The figures with a slide in a section, in their order."""
    return [figure for figure in FIGURES if figure.slide and figure.slide.section is section]


def write_captions(folder: Path) -> None:
    """Write each caption as NAME.rst, as Snakemake reads it; files without a change stay."""
    folder.mkdir(parents=True, exist_ok=True)
    for figure in FIGURES:
        path = folder / f"{figure.name}.rst"
        text = figure.caption + "\n"
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
