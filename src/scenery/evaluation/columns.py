"""Every column of the result tables, declared once.

Readers take a column's type from its record, pages and figures its label and format, and the
documentation its description. A new column of `summary.csv` needs a record here and the code that
computes its value.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Literal

# These prefixes of a setting's name are not part of its label.
DROPPED_PREFIXES = ("head.", "optimizer.", "augment.", "classifier.", "network.")


class Format(Enum):
    """How the values of a column are read and shown."""

    TEXT = "text"
    FLAG = "True or False"
    COUNT = "integer"
    NUMBER = "number"
    ACCURACY = "number from 0 to 1"


@dataclass(frozen=True)
class Column:
    """One column of one or more result tables.

    Attributes:
        name: Its name in the CSV file.
        kind: A setting, a measure, or a fact (identity or status).
        tables: The tables that have it; trials.csv is named `trials`, and so on.
        format: How values are read and shown.
        description: One sentence for the documentation.
        label: What figures and pages call it; by default its name with spaces.
        unit: The unit of its values.
        page: Whether a page of trials shows it before or after the settings, or not at all.
    """

    name: str
    kind: Literal["setting", "measure", "fact"]
    tables: tuple[str, ...]
    format: Format
    description: str = ""
    label: str = ""
    unit: str = ""
    page: Literal["before", "after", "hidden"] = "hidden"


TEXT, FLAG, COUNT, NUMBER, ACCURACY = Format
TRIALS = ("trials", "summary")
# The scores of final models.
TESTED = ("summary", "scores")
# An experiment in one of several divisions into training and test images.
DIVISIONS = "divisions"
# How sure a choice is.
SELECTION = ("selection", "summary")
# The predictions of single images, and the tables that `explain` derives from them.
PREDICTIONS = ("predictions", "answers")
# Training and validation images by how probable their labels are.
SUSPECTS = "suspects"
# The predictions of a trial for the images that it did not learn from.
HELD_OUT = "trial_predictions"

COLUMNS = (
    Column("experiment", "fact", (*TRIALS, "scores", "comparisons", DIVISIONS, "grouping"), TEXT,
           "Name of the experiment in the config."),
    Column("title", "fact", ("summary",), TEXT, "Title of the experiment.", page="before"),
    Column("name", "fact", (*TRIALS, "reference_results", DIVISIONS), TEXT,
           "The settings that the experiment varies, as `key=value`.", page="before"),
    Column("setting", "fact",
           (*TRIALS, "reference_results", "scores", "comparisons", "selection", DIVISIONS), TEXT,
           "Digest of all settings except the seed; repeats share it."),
    Column("repeat", "fact", (*TRIALS, HELD_OUT), COUNT, "Number of the repeat, from 0.",
           page="before"),
    Column("division", "fact", (DIVISIONS,), COUNT,
           "Number of the division into training and test images, from 0, which is that of the "
           "study."),
    Column("round", "fact", TRIALS, COUNT,
           "Number of the round that proposed the trial, from 0, if the experiment has a `search`.",
           page="after"),
    Column("rule", "fact", TRIALS, TEXT, "The workflow rule that trained the trial."),
    Column("varied", "fact", TRIALS, TEXT,
           "Names of the settings that the experiment varies, as a JSON list."),
    Column("candidate", "fact", TRIALS, FLAG, "Whether `choose.only` allows this trial."),
    Column("chosen", "fact", TRIALS, FLAG, "Whether the experiment chose this setting."),
    Column("pareto", "fact", TRIALS, FLAG,
           "Whether the setting is on the Pareto front of the aims of `choose.by`, if there are "
           "several: no other one is as good in all of them and better in one.",
           "on the Pareto front", page="before"),
    Column("status", "fact", TRIALS, TEXT,
           "`completed`; `stopped` early by successive halving; `diverged`: the loss became NaN or "
           "infinite; `failed`: the classical model could not be fitted.",
           page="before"),
    Column("validation_accuracy", "measure",
           (*TRIALS, "history", "reference_results", DIVISIONS), ACCURACY,
           "Accuracy on the validation partition at the best epoch.", page="before"),
    Column("reference_accuracy", "measure", ("summary", "reference_results"), ACCURACY,
           "Accuracy that the config's `reference_results` give for this setting; the highest of "
           "several.", "published accuracy", page="before"),
    Column("test_accuracy", "measure", (*TESTED, DIVISIONS), ACCURACY,
           "Accuracy on the test partition, a mean over the final models of the setting; in the "
           "first row of a tested setting only. In `divisions.csv` that of the setting which the "
           "division chooses.", page="before"),
    Column("test_low", "measure", TESTED, ACCURACY,
           "Lower end of the 95 % interval of `test_accuracy`.", page="before"),
    Column("test_high", "measure", TESTED, ACCURACY,
           "Upper end of the 95 % interval of `test_accuracy`.", page="before"),
    Column("test_images", "fact", (*TESTED, DIVISIONS), COUNT, "Number of test images."),
    Column("test_balanced_accuracy", "measure", TESTED, ACCURACY,
           "Mean recall of the classes on the test partition, which is the macro recall; a mean "
           "over the final models, as the following ones. The weighted recall is the accuracy."),
    Column("test_macro_f1", "measure", TESTED, ACCURACY,
           "Mean F1 of the classes on the test partition.", "test macro F1"),
    *(Column(f"test_{name}_{end}", "measure", TESTED, ACCURACY,
             f"{side} end of the 95 % interval of `test_{name}`, a bootstrap over models and, "
             "within each class, over test images.")
      for name in ("balanced_accuracy", "macro_f1")
      for end, side in (("low", "Lower"), ("high", "Upper"))),
    Column("test_macro_precision", "measure", TESTED, ACCURACY,
           "Mean precision of the classes on the test partition; that of a class that is never "
           "predicted is 0."),
    Column("test_weighted_precision", "measure", TESTED, ACCURACY,
           "Precision of the classes on the test partition, a mean weighted by their images."),
    Column("test_top_5", "measure", TESTED, ACCURACY,
           "Share of the test images whose class is among the five most probable ones; empty with "
           "five classes or fewer.", "test top-5 accuracy"),
    Column("gap", "measure", TRIALS, NUMBER,
           "`train_accuracy` minus `validation_accuracy`.", page="before"),
    Column("overfitting", "measure", TRIALS, FLAG,
           "Whether `train_accuracy` is above the 95 % Wilson interval of `validation_accuracy`.",
           page="before"),
    Column("undertrained", "measure", TRIALS, FLAG,
           "Whether more epochs would probably have helped: the best epoch is among the last tenth "
           "and the validation loss still falls, or `train_accuracy` is more than 0.05 below the "
           "95 % Wilson interval of `validation_accuracy`.", page="before"),
    Column("score_jump", "measure", TRIALS, NUMBER,
           "Median change of the validation accuracy from one epoch to the next, in the five "
           "epochs before and after the best one."),
    Column("unsteady", "measure", TRIALS, FLAG,
           "Whether `score_jump` is larger than the lower half of the 95 % Wilson interval of "
           "`validation_accuracy`, so that the best epoch is partly luck.", page="before"),
    Column("train_accuracy", "measure", TRIALS, ACCURACY,
           "Accuracy on the training images at the best epoch, as they were seen, with "
           "augmentation and dropout.", page="after"),
    Column("train_loss", "measure", TRIALS, NUMBER,
           "Loss on the training images at the best epoch.", page="after"),
    Column("validation_loss", "measure", (*TRIALS, "history"), NUMBER,
           "Cross-entropy on the validation partition at the best epoch, without label smoothing "
           "and penalties.", page="after"),
    Column("validation_balanced_accuracy", "measure", TRIALS, ACCURACY,
           "Mean recall of the classes on the validation partition.", page="after"),
    Column("validation_macro_f1", "measure", TRIALS, ACCURACY,
           "Mean F1 of the classes on the validation partition.", "validation macro F1",
           page="after"),
    Column("validation_macro_precision", "measure", TRIALS, ACCURACY,
           "Mean precision of the classes on the validation partition; that of a class that is "
           "never predicted is 0. The macro recall is the balanced accuracy."),
    Column("validation_weighted_precision", "measure", TRIALS, ACCURACY,
           "Precision of the classes on the validation partition, a mean weighted by their images. "
           "The weighted recall is the accuracy."),
    Column("validation_cost", "measure", TRIALS, NUMBER,
           "Mean cost of the predictions of validation images, if `choose.by` is `cost`.",
           page="after"),
    Column("classes_missed", "measure", TRIALS, COUNT,
           "Number of classes none of whose validation images are recognized.", page="after"),
    Column("missed_classes", "fact", TRIALS, TEXT,
           "Up to ten of these classes, as a JSON list."),
    Column("validation_images", "fact", TRIALS, COUNT,
           "Number of images that `validation_accuracy` is measured on: those of the validation "
           "partition, or all training and validation images if the trial is scored in folds.",
           page="after"),
    Column("temperature", "measure", TRIALS, NUMBER,
           "Temperature that makes the probabilities of held-out images most likely; above 1 the "
           "model is too sure.", page="after"),
    Column("calibration_error", "measure", TRIALS, NUMBER,
           "Expected calibration error on held-out images.", page="after"),
    Column("calibration_error_scaled", "measure", TRIALS, NUMBER,
           "The same with the temperature.", "calibration error with temperature", page="after"),
    Column("set_probability", "measure", TRIALS, NUMBER,
           "Prediction sets have the classes whose probability, with the temperature, is at least "
           "this; of new images 95 % have the true class in their set.",
           "smallest probability in prediction sets", page="after"),
    Column("parameters", "measure", (*TRIALS, "reference_results"), COUNT,
           "Parameters of the whole network, frozen ones included.", page="after"),
    Column("reference_parameters", "measure", ("summary", "reference_results"), COUNT,
           "Number of parameters that belongs to `reference_accuracy`.", "published parameters",
           page="after"),
    Column("reference_source", "fact", ("summary",), TEXT,
           "Where `reference_accuracy` was published.", "published in", page="after"),
    Column("trained_parameters", "measure", TRIALS, COUNT,
           "Parameters that training changed.", page="after"),
    Column("milliseconds", "measure", TRIALS, NUMBER,
           "Time of a prediction of the backbone up to its end, per image, on the machine of the "
           "job that measured it, if `choose.by` has it.", "time of a prediction", "ms", "after"),
    Column("best_epoch", "measure", TRIALS, COUNT,
           "Epoch whose weights are kept, from 1: the one with the best validation accuracy or "
           "loss (`checkpoint`); 0 for models without epochs.",
           page="after"),
    Column("epochs_run", "measure", TRIALS, COUNT,
           "Epochs that were run; of two training steps those of the second.", page="after"),
    Column("seconds", "measure", (*TRIALS, "history"), NUMBER, "Training time of the trial.",
           "time", "s", "after"),
    Column("peak_memory_mb", "measure", TRIALS, NUMBER, "Peak memory of the process.",
           "peak memory", "MiB", "after"),
    Column("comparisons", "fact", TRIALS, TEXT,
           "Best validation accuracy and loss of a head up to each comparison of successive "
           "halving, as a JSON list."),
    Column("reason", "fact", (*TRIALS, DIVISIONS), TEXT,
           "Why the trial diverged, failed or was stopped; in `divisions.csv` why a result is "
           "missing.",
           page="after"),
    Column("trial", "fact",
           (*TRIALS, "history", "scores", "selection", HELD_OUT, DIVISIONS, "grouping"), TEXT,
           "Identifier of the trial: backbone, what is trained, and a digest of the settings.",
           page="after"),
    # scores.csv and comparisons.csv
    Column("training_images", "fact", (*TRIALS, "scores", "comparisons", DIVISIONS), COUNT,
           "Images that the model was trained on; in `scores.csv` and `comparisons.csv` those of "
           "the final model.", page="before"),
    Column("roles", "fact", ("scores",), TEXT,
           "Why the setting was scored: it is the `chosen` one, the `control`, the best one with "
           "its `training set`, an `ensemble member` or `soup member`, or the `ensemble` or `soup` "
           "of these."),
    Column("training_set", "fact", ("scores", "comparisons"), TEXT,
           "Name of the training set: the value of `subset`."),
    Column("models", "fact", ("scores", "comparisons"), COUNT,
           "Number of final models, one for each repeat."),
    Column("independent_images", "fact", ("scores", "grouping"), COUNT,
           "Number of test images that are independent; images of one group count once."),
    Column("against", "fact", ("comparisons",), TEXT,
           "What the chosen setting is compared with: the `control` of the experiment, the "
           "`ensemble` or the `soup` of its best settings, or the setting chosen by the experiment "
           "that it starts from (`start`)."),
    Column("against_experiment", "fact", ("comparisons",), TEXT,
           "The experiment of the other setting."),
    Column("against_setting", "fact", ("comparisons",), TEXT, "Digest of the other setting."),
    Column("against_accuracy", "measure", ("comparisons",), ACCURACY,
           "Test accuracy of the other setting, a mean over its final models."),
    Column("p_value", "measure", ("comparisons", "grouping"), NUMBER,
           "P value of the difference, not adjusted for other comparisons."),
    Column("smallest_difference", "measure", ("comparisons",), NUMBER,
           "The smallest difference that would have been significant."),
    Column("same", "fact", ("comparisons",), FLAG,
           "Whether the chosen setting is the one that it would be compared with."),
    # selection.csv
    Column("corrected_accuracy", "measure", SELECTION, ACCURACY,
           "Accuracy on held-out images, corrected for the choice of the best setting and of the "
           "best epoch; in the first row of the chosen setting only.", page="before"),
    Column("corrected_low", "measure", SELECTION, ACCURACY,
           "Lower end of the 95 % interval of `corrected_accuracy`.", page="before"),
    Column("corrected_high", "measure", SELECTION, ACCURACY,
           "Upper end of the 95 % interval of `corrected_accuracy`.", page="before"),
    Column("chosen_share", "measure", SELECTION, ACCURACY,
           "How often the setting would be chosen with other held-out images (bootstrap).",
           "chosen with other images", page="after"),
    Column("expected_loss", "measure", SELECTION, NUMBER,
           "Accuracy that the choice loses on average against the best setting (bootstrap).",
           page="after"),
    Column("to_chosen", "measure", SELECTION, NUMBER,
           "Accuracy of the setting minus that of the chosen one, on the same held-out images.",
           "difference to the chosen setting", page="after"),
    Column("p_to_chosen", "measure", SELECTION, NUMBER,
           "P value of `to_chosen`, adjusted by Holm's method for all settings of the experiment.",
           "p value of this difference", page="after"),
    Column("smallest_to_chosen", "measure", SELECTION, NUMBER,
           "The smallest difference that would have been significant in a single comparison.",
           "smallest significant difference", page="after"),
    # divisions.csv
    Column("as_study", "fact", (DIVISIONS,), FLAG,
           "Whether the division chooses the setting that the study chose.",
           "chosen as in the study"),
    Column("given_test", "fact", (DIVISIONS,), FLAG,
           "Whether the data set gives the test partition of the study."),
    # grouping.csv
    *(Column(f"{name}_{end}", "measure", ("grouping",), ACCURACY,
             f"{text} {'of accuracy on' if end != 'accuracy' else 'on'} held-out images in folds "
             f"that {what} groups of images.")
      for name, what in (("grouped", "keep whole"), ("ungrouped", "part"))
      for end, text in (("accuracy", "Accuracy"), ("low", "Lower end of the 95 % interval"),
                        ("high", "Upper end of the 95 % interval"))),
    # history.csv
    Column("step", "fact", ("history",), TEXT, "The training step: `head` or `network`."),
    Column("epoch", "fact", ("history",), COUNT, "Number of the epoch in its step, from 1."),
    Column("learning_rate", "measure", ("history",), NUMBER, "Learning rate of the epoch."),
    Column("loss", "measure", ("history",), NUMBER, "Loss on the training images."),
    Column("accuracy", "measure", ("history",), ACCURACY, "Accuracy on the training images."),
    # predictions.csv and classes.csv
    Column("file", "fact", (*PREDICTIONS, HELD_OUT, SUSPECTS), TEXT,
           "Path of the image below the data set."),
    Column("class", "fact", (*PREDICTIONS, HELD_OUT, "classes", SUSPECTS), TEXT,
           "The true class; in `suspects.csv` the label."),
    Column("predicted", "fact", (*PREDICTIONS, HELD_OUT), TEXT, "The predicted class."),
    Column("correct", "fact", PREDICTIONS, FLAG, "Whether the prediction is correct."),
    Column("confidence", "measure", (*PREDICTIONS, HELD_OUT), ACCURACY,
           "Probability of the predicted class."),
    Column("fold", "fact", (HELD_OUT,), COUNT,
           "Number of the fold in which the image was held out, from 0; 0 for a validation share."),
    Column("precision", "measure", ("classes",), ACCURACY, "Precision of the class."),
    Column("recall", "measure", ("classes",), ACCURACY, "Recall of the class."),
    Column("recall_low", "measure", ("classes",), ACCURACY,
           "Lower end of the 95 % interval of `recall`."),
    Column("recall_high", "measure", ("classes",), ACCURACY,
           "Upper end of the 95 % interval of `recall`."),
    Column("f1", "measure", ("classes",), ACCURACY, "F1 score of the class.", "F1"),
    Column("images", "fact", ("classes", "grouping"), COUNT,
           "Test images of the class; in `grouping.csv` all held-out images."),
    # suspects.csv
    Column("suggested", "fact", (SUSPECTS,), TEXT, "The most probable class."),
    Column("self_confidence", "measure", (SUSPECTS,), ACCURACY,
           "Probability of the label, by models that have not seen the image.",
           "probability of the label"),
    Column("suspect", "fact", (SUSPECTS,), FLAG,
           "Whether another class is at least as probable as it is on average for images that have "
           "it as their label."),
    Column("nearest", "fact", (SUSPECTS,), TEXT, "The most similar other image.",
           "most similar image"),
    Column("nearest_class", "fact", (SUSPECTS,), TEXT, "Its label.", "its class"),
    Column("similarity", "measure", (SUSPECTS,), NUMBER,
           "Cosine of the angle between the features of both, after the mean is subtracted."),
    Column("near_duplicate", "fact", (SUSPECTS,), FLAG,
           "Whether both are so similar that they probably show the same scene or object.",
           "near duplicate"),
    Column("contrast", "measure", (SUSPECTS,), NUMBER,
           "Standard deviation of the gray values of the resized image; below 4 it is blank."),
    # importance.csv
    Column("parameter", "fact", ("importance",), TEXT, "The setting."),
    Column("permutation", "measure", ("importance",), NUMBER,
           "Loss of R² of a random forest on held-out trials when the setting is shuffled, as in "
           "the figure of the search; empty with fewer than 15 trials."),
    Column("fanova", "measure", ("importance",), NUMBER,
           "Share of the variance that the setting explains in a random forest (Hutter et al. "
           "2014), computed by Optuna."),
    Column("ped_anova", "measure", ("importance",), NUMBER,
           "How much the best trials differ from all trials in the setting (Watanabe et al. 2023), "
           "computed by Optuna."),
    # reference_results.csv
    Column("low", "measure", ("reference_results",), ACCURACY,
           "Lower end of the 95 % Wilson interval of `validation_accuracy`."),
    Column("high", "measure", ("reference_results",), ACCURACY,
           "Upper end of the 95 % Wilson interval of `validation_accuracy`."),
    Column("difference", "measure", ("reference_results", "comparisons", "grouping"), NUMBER,
           "`validation_accuracy` minus `reference_accuracy`; in `comparisons.csv` the test "
           "accuracy minus `against_accuracy`, and in `grouping.csv` `ungrouped_accuracy` minus "
           "`grouped_accuracy`."),
    Column("trials", "fact", ("reference_results",), COUNT,
           "Completed trials with this setting."),
    Column("source", "fact", ("reference_results",), TEXT, "Where the number was published."),
    # answers.csv and layers.csv of `explain`, and tables that pages show
    *(Column(f"{method}_{axis}", "measure", ("answers",), NUMBER, description)
      for method, description in (("pca", "Principal component of the last features."),
                                  ("share", "Share of the component in the variance."),
                                  ("tsne", "Coordinate in the t-SNE embedding."))
      for axis in (1, 2)),
    Column("number", "fact", ("layers", "findings"), COUNT, "Position of the layer; or a count."),
    Column("layer", "fact", ("layers",), TEXT, "Name of the layer."),
    Column("kind", "fact", ("layers",), TEXT, "Class of the layer."),
    Column("part", "fact", ("layers",), TEXT, "Backbone or head."),
    Column("output", "fact", ("layers",), TEXT, "Shape of the layer's output."),
    Column("receptive_field", "measure", ("layers",), NUMBER, "Side of the receptive field.",
           unit="pixels"),
    *(Column(name, "measure", ("class_counts",), COUNT, "Number of images.")
      for name in ("train", "validation", "test", "total")),
    # Settings whose values are names, or whose labels are not their names.
    Column("backbone", "setting", TRIALS, TEXT),
    Column("weights", "setting", TRIALS, TEXT),
    Column("cut", "setting", TRIALS, TEXT, label="cut at layer"),
    Column("remove_stages", "setting", TRIALS, NUMBER, label="stages removed"),
    Column("subset", "setting", TRIALS, TEXT, label="training subset"),
    Column("trainable", "setting", TRIALS, TEXT, label="trained layers"),
    Column("head.dense", "setting", TRIALS, TEXT, label="dense layers"),
    Column("head.batch_norm", "setting", TRIALS, FLAG, label="batch norm in the head"),
    Column("head.l1", "setting", TRIALS, NUMBER, label="L1 penalty"),
    Column("head.l2", "setting", TRIALS, NUMBER, label="L2 penalty"),
    Column("optimizer.name", "setting", TRIALS, TEXT, label="optimizer"),
    Column("schedule.name", "setting", TRIALS, TEXT, label="schedule"),
    Column("weight_averaging.name", "setting", TRIALS, TEXT, label="weight averaging"),
    Column("classifier.name", "setting", TRIALS, TEXT, label="classifier"),
    Column("schedule.warmup_epochs", "setting", TRIALS, NUMBER, label="warm-up epochs"),
    Column("early_stopping.patience", "setting", TRIALS, NUMBER, label="early stopping patience"),
)  # fmt: skip
BY_NAME = {column.name: column for column in COLUMNS}


def columns_of(table: str) -> list[Column]:
    """The records of a table's columns; of its settings only those that have a record."""
    return [column for column in COLUMNS if table in column.tables]


def names_of(table: str) -> tuple[str, ...]:
    """Names of a table's columns, without settings."""
    return tuple(column.name for column in columns_of(table) if column.kind != "setting")


def text_columns() -> list[str]:
    """Columns whose values are names: `NA`, `True` or `007` in them are names, too."""
    return [column.name for column in COLUMNS if column.format is TEXT]


def column_label(name: str) -> str:
    """What figures and pages call a column: `optimizer.learning_rate` is "learning rate"."""
    column = BY_NAME.get(name)
    unit = f" ({column.unit})" if column and column.unit else ""
    if column and column.label:
        return column.label + unit
    for prefix in DROPPED_PREFIXES:
        name = name.removeprefix(prefix)
    return name.replace(".", " ").replace("_", " ") + unit
