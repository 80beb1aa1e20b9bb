"""Predictions for photographs: the work of `scenery predict`."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import numpy as np

from scenery.data.images import Pixels
from scenery.files import atomic_path, writing
from scenery.inference.answers import UNLIKE, Answer, AnswerTable, best_classes
from scenery.inference.class_folders import ClassFolders
from scenery.inference.contact_sheet import ContactSheet
from scenery.inference.exported import ExportedModel
from scenery.inference.progress import Progress
from scenery.inference.reading_ahead import ReadPhotograph, read_batches
from scenery.training.hardware import set_up

# Among the class folders of copies.
UNLIKE_FOLDER = "unlike_training_images"


@dataclass(frozen=True)
class PredictOptions:
    """What a user asks for.

    Attributes:
        out: The CSV table; None: standard output.
        top: Classes in each row.
        jobs: Threads that read files and compute.
        html: The contact sheet; None: none.
        copy_to: Folder of copies in class folders; None: no copies.
    """

    out: Path | None = None
    top: int = 3
    jobs: int = 1
    html: Path | None = None
    copy_to: Path | None = None


@dataclass
class Counts:
    """How many photographs have an answer, and the first of those that have none."""

    answered: int = 0
    unlike: int = 0
    unreadable: int = 0
    example: Answer | None = None


def predict_files(
    folder: Path, files: Sequence[str], options: PredictOptions, messages: TextIO
) -> str:
    """Write one row for each file.

    Args:
        folder: The folder of an exported model.
        files: Names of files; one that cannot be read gets a row with its problem.
        options: What is asked for.
        messages: Where progress is written.

    Returns:
        A sentence about what was done.

    Raises:
        UserError: The model cannot be used, or something cannot be written.
    """
    set_up(options.jobs)
    model = ExportedModel(folder, len(files))
    classes = model.facts.classes
    top = min(options.top, len(classes))
    sheet = ContactSheet(f"Answers of {model.facts.source.experiment}") if options.html else None
    copies = ClassFolders(options.copy_to, (*classes, UNLIKE_FOLDER)) if options.copy_to else None
    counts = Counts()
    progress = Progress(len(files), messages)
    with ExitStack() as stack:
        table = AnswerTable(
            stack.enter_context(_opened(options.out)), top, model.has_sets, model.knows_novelty
        )
        for batch in read_batches(files, model.facts, model.batch, options.jobs):
            for answer, pixels in answers(model, batch, top):
                table.add(answer)
                _count(counts, answer)
                if sheet is not None:
                    sheet.add(answer, pixels)
                if copies is not None and not answer.problem:
                    copies.copy(answer.file, UNLIKE_FOLDER if answer.note else answer.classes[0])
            progress.add(len(batch))
    took = progress.end()
    if sheet is not None and options.html is not None:
        with writing(options.html):
            sheet.write(options.html)
    return _summary(counts, took)


def answers(
    model: ExportedModel, batch: Sequence[ReadPhotograph], top: int
) -> Iterator[tuple[Answer, Pixels | None]]:
    """The answers for some photographs, in their order, with the pixels that the model saw."""
    pixels = [one.pixels for one in batch if one.pixels is not None]
    found: Iterator[Answer] = iter(())
    if pixels:
        found = _answers(model, [one.file for one in batch if one.pixels is not None], pixels, top)
    for one in batch:
        if one.pixels is None:
            yield Answer(one.file, problem=one.problem), None
        else:
            yield next(found), one.pixels


def _answers(
    model: ExportedModel, files: Sequence[str], pixels: Sequence[Pixels], top: int
) -> Iterator[Answer]:
    probabilities, novelty = model.answers(np.stack(pixels))
    sets = model.prediction_sets(probabilities)
    probabilities = model.calibrated(probabilities)
    for place, file in enumerate(files):
        yield best_classes(
            file,
            probabilities[place],
            model.facts.classes,
            top,
            None if sets is None else sets[place],
            None if novelty is None else float(novelty[place]),
        )


def _count(counts: Counts, answer: Answer) -> None:
    if answer.problem:
        counts.unreadable += 1
        counts.example = counts.example or answer
    else:
        counts.answered += 1
        counts.unlike += bool(answer.note)


def _summary(counts: Counts, took: str) -> str:
    text = f"{counts.answered:,} photographs answered in {took}"
    if counts.unlike:
        text += f"; {counts.unlike:,} are {UNLIKE}"
    if counts.example is None:
        return text
    first = f"{counts.example.file}: {counts.example.problem}"
    return f"{text}; {counts.unreadable:,} cannot be read, the first is {first}"


@contextmanager
def _opened(out: Path | None) -> Iterator[TextIO]:
    """The table, which appears under its name when it is complete; or standard output."""
    if out is None:
        # Names of files may have bytes that are no text.
        sys.stdout.reconfigure(errors="surrogateescape")  # type: ignore[union-attr]
        yield sys.stdout
        return
    with (
        writing(out),
        atomic_path(out) as partial,
        partial.open("w", encoding="utf-8", errors="surrogateescape", newline="") as content,
    ):
        yield content
