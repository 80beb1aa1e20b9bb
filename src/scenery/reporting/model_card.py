"""The card of a final model: what it is, how good it is, and when not to use it.

The Markdown file has the format of Hugging Face's model cards (Mitchell et al., "Model cards for
model reporting", 2019). What stands outside its generated part is the user's.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from scenery.errors import UserError
from scenery.evaluation.statistics import calibration
from scenery.files import write_text
from scenery.image_size import size_text
from scenery.pipeline.layout import ExperimentLayout, Layout
from scenery.pipeline.model_folder import CARD, FACTS, ModelFacts, read_facts
from scenery.reporting.card_pages import END, START, Section, markdown
from scenery.reporting.data_tables import class_counts
from scenery.reporting.labels import accuracy, interval, plural
from scenery.reporting.reading import (
    Choice,
    read_choice,
    read_classes,
    read_confusion,
    read_metrics,
    read_predictions,
    read_split,
)

NOTES = "## Notes\n\nWrite your own words here. `scenery card` keeps them.\n"
SHOWN_CONFUSIONS = 5
# Fewer test images of a class say little about it.
FEW_IMAGES = 20
LOW_RECALL = 0.5


@dataclass(frozen=True)
class CardFiles:
    """The files that a card is made of."""

    model: Path
    metrics: Path
    classes: Path
    confusion: Path
    predictions: Path
    chosen: Path
    split: Path

    @classmethod
    def of(cls, layout: Layout, experiment: ExperimentLayout) -> "CardFiles":
        """The files of an experiment."""
        return cls(
            model=Path(experiment.exported(FACTS)),
            metrics=Path(experiment.test("metrics.json")),
            classes=Path(experiment.test("classes.csv")),
            confusion=Path(experiment.test("confusion.csv")),
            predictions=Path(experiment.test("predictions.csv")),
            chosen=Path(experiment.chosen),
            split=Path(layout.split),
        )


def card_sections(files: CardFiles) -> list[Section]:
    """The content of a card.

    Args:
        files: Of a finished experiment with an exported model.
    """
    facts = read_facts(files.model.parent, check=False)
    choice = read_choice(files.chosen)
    predictions, classes = read_predictions(files.predictions), read_classes(files.classes)
    split = read_split(files.split)
    return [
        _model(facts),
        _training(facts, split),
        _accuracy(read_metrics(files.metrics), classes),
        _confusions(read_confusion(files.confusion), predictions),
        _calibration(facts, predictions),
        _choice(choice),
        _limits(facts, classes),
        _usage(facts),
    ]


def _model(facts: ModelFacts) -> Section:
    source = facts.source
    weights = {"none": "random weights"}.get(source.weights, f"weights {source.weights}")
    license_text = f" (license: {source.license})" if source.license else ""
    what = "a network" if facts.kind == "network" else "a classical model on features"
    return Section(
        f"Image classifier of experiment {source.experiment}",
        (
            f"This is {what} that assigns a photograph to one of {len(facts.classes)} classes: "
            f"{', '.join(facts.classes)}.",
            f"Backbone: {source.backbone} up to layer {source.layer}, {weights}{license_text}. "
            f"Images of {size_text(facts.image_size)} pixels; {source.preprocessing}.",
        ),
    )


def _training(facts: ModelFacts, split: pd.DataFrame) -> Section:
    return Section(
        "Training data",
        (
            f"The model learned from {plural(facts.training_images, 'image')}. The table counts "
            "the images of the study by class and partition. No test image was used for training "
            "or for the choice.",
            f"SHA-256 of the table of images and partitions: {facts.data_digest}.",
        ),
        class_counts(split),
    )


def _accuracy(metrics: dict[str, float], classes: pd.DataFrame) -> Section:
    def measured(name: str, low: str, high: str) -> str:
        return interval(metrics[name], metrics[low], metrics[high])

    table = classes.copy()
    for name in ("precision", "recall", "f1"):
        table[name] = [accuracy(value) for value in table[name]]
    balanced = measured("balanced_accuracy", "balanced_accuracy_low", "balanced_accuracy_high")
    return Section(
        "Accuracy",
        (
            f"On {plural(int(metrics['images']), 'test image')}, with 95 % intervals: accuracy "
            f"{measured('accuracy', 'low', 'high')}, balanced accuracy {balanced}, macro F1 "
            f"{measured('macro_f1', 'macro_f1_low', 'macro_f1_high')}.",
        ),
        table,
    )


def _confusions(confusion: pd.DataFrame, predictions: pd.DataFrame) -> Section:
    names = list(confusion.columns)
    matrix = confusion.to_numpy().copy()
    totals = matrix.sum(axis=1)
    np.fill_diagonal(matrix, 0)
    wrong = predictions[~predictions["correct"]].sort_values("confidence", ascending=False)
    rows = []
    for place in np.argsort(-matrix, axis=None, kind="stable")[:SHOWN_CONFUSIONS]:
        true, predicted = divmod(int(place), len(names))
        if not matrix[true, predicted]:
            break
        same = (wrong["class"] == names[true]) & (wrong["predicted"] == names[predicted])
        rows.append(
            {
                "true class": names[true],
                "predicted": names[predicted],
                "images": f"{matrix[true, predicted]} of {totals[true]}",
                "example": wrong.loc[same, "file"].iloc[0],
            }
        )
    if not rows:
        return Section("What it confuses", ("It made no mistake on the test images.",))
    text = "The most frequent mistakes on test images, each with the one of highest confidence."
    return Section("What it confuses", (text,), pd.DataFrame(rows))


def _calibration(facts: ModelFacts, predictions: pd.DataFrame) -> Section:
    confidence = predictions["confidence"].to_numpy(dtype=float)
    correct = predictions["correct"].to_numpy(dtype=bool)
    error = calibration(confidence, correct)[1]
    learned = facts.calibration
    more = []
    if learned.temperature:
        more.append(
            f"Temperature, from held-out images: {learned.temperature:.3g}; above 1 the model is "
            "too sure, below 1 not sure enough. The model file gives probabilities without it, and "
            "scenery predict gives them with it."
        )
    return Section(
        "Calibration",
        (
            f"On test images the mean confidence is {confidence.mean():.3f} and the accuracy "
            f"{correct.mean():.3f}. The expected calibration error is {error:.3f} (10 bins; 0 is "
            "perfect).",
            *more,
        ),
    )


def _choice(choice: Choice) -> Section:
    among = f"among {plural(choice.candidates, 'setting')}"
    text = f"This setting was chosen {among} by {choice.rule}, on validation images alone"
    if choice.repeats > 1:
        text += f", with {plural(choice.repeats, 'repeat')} of each setting"
    found = accuracy(choice.validation_accuracy)
    return Section(
        "How it was chosen",
        (
            f"{text}. Its validation accuracy is {found}. A value that won a choice is "
            "optimistic; the accuracy above is of images that had no part in it.",
        ),
    )


def _limits(facts: ModelFacts, classes: pd.DataFrame) -> Section:
    texts = [
        "It answers with one of its classes for every image, also for images that show none of "
        "them.",
        "It was measured on images of the same source as its training images. Photographs of "
        "another camera, place or season may give other results.",
    ]
    weak = [str(name) for name in classes.loc[classes["recall"] < LOW_RECALL, "class"]]
    if weak:
        texts.append(
            f"It finds fewer than half of the test images of these classes: {', '.join(weak)}."
        )
    few = [str(name) for name in classes.loc[classes["images"] < FEW_IMAGES, "class"]]
    if few:
        texts.append(
            f"Fewer than {FEW_IMAGES} test images, so little is known, of: {', '.join(few)}."
        )
    return Section("When not to use it", tuple(texts))


def _usage(facts: ModelFacts) -> Section:
    colors = "RGB" if facts.color_mode == "rgb" else "gray values in three equal channels"
    made = ", ".join(f"{name} {value}" for name, value in facts.versions.items())
    return Section(
        "How to run it",
        (
            "The folder of this file is all that is needed:",
            f"model.json says how to use the model without Scenery: {colors}, the file rotated as "
            f"EXIF says, made square by {facts.resize} with Pillow's {facts.interpolation} filter, "
            f"values from 0 to 255; {facts.source.preprocessing}. labels.txt has the classes in "
            "order.",
            f"Made with {made}.",
        ),
        code="scenery predict . PHOTOS --out answers.csv",
    )


# Markdown


def _front_matter(facts: ModelFacts) -> str:
    library = "keras" if facts.kind == "network" else "sklearn"
    return (
        f"---\nlibrary_name: {library}\npipeline_tag: image-classification\nlicense: unknown\n"
        "tags: [image-classification, transfer-learning, scenery]\nmetrics: [accuracy]\n---\n"
    )


def write_card(files: CardFiles, out: Path) -> None:
    """Write README.md, and keep what a user wrote outside its generated part.

    Args:
        files: What the card is made of.
        out: The card; it may exist.
    """
    generated = markdown(card_sections(files))
    facts = read_facts(files.model.parent, check=False)
    before, after = _front_matter(facts), NOTES
    if out.is_file():
        text = out.read_text(encoding="utf-8")
        if START in text and END in text:
            before, rest = text.split(START, 1)
            after = rest.split(END, 1)[1].lstrip("\n")
        else:
            # A file that is all the user's own.
            before, after = _front_matter(facts), text
    write_text(f"{before}{generated}\n{after}", out)


def rewrite_card(results: Path, folder: Path) -> Path:
    """Write the card of a model in the results of a study again.

    Args:
        results: The results folder.
        folder: The folder of one of its models.

    Returns:
        The card.

    Raises:
        UserError: The folder is not of a study, or the study has not ended.
    """
    layout = Layout(str(results))
    files = CardFiles.of(layout, layout.experiment(folder.parent.name))
    missing = [path for path in vars(files).values() if not path.is_file()]
    if missing:
        raise UserError(
            f"{missing[0]}: does not exist; a card is written from the results folder of a study "
            "that has run to its end"
        )
    write_card(files, folder / CARD)
    return folder / CARD
