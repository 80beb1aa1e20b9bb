"""The answers of a model, as rows of a table."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TextIO

import numpy as np

DIGITS = 7


@dataclass(frozen=True)
class Answer:
    """What a model says of one photograph.

    Attributes:
        file: The file.
        classes: The most probable classes, most probable first; empty for an unreadable file.
        probabilities: Their probabilities, as many.
        problem: Why the file cannot be read; empty where it can.
    """

    file: str
    classes: tuple[str, ...] = ()
    probabilities: tuple[float, ...] = ()
    problem: str = ""


def best_classes(file: str, probabilities: np.ndarray, classes: Sequence[str], top: int) -> Answer:
    """The answer for one photograph; of equal probabilities the first class comes first.

    Args:
        file: The file.
        probabilities: Shape (classes,).
        classes: Their names, as many.
        top: Number of classes in the answer.
    """
    order = np.argsort(-probabilities, kind="stable")[:top]
    return Answer(
        file,
        tuple(classes[place] for place in order),
        tuple(float(probabilities[place]) for place in order),
    )


def header(top: int) -> list[str]:
    """The columns of the table: file, class, probability, class_2, ..., problem."""
    names = ["class", "probability"]
    for rank in range(2, top + 1):
        names += [f"class_{rank}", f"probability_{rank}"]
    return ["file", *names, "problem"]


class AnswerTable:
    """A CSV table that is written row by row.

    Args:
        out: An open text file.
        top: Classes in a row.
    """

    def __init__(self, out: TextIO, top: int) -> None:
        self._top = top
        self._writer = csv.writer(out, lineterminator="\n")
        self._writer.writerow(header(top))

    def add(self, answer: Answer) -> None:
        """Write one row."""
        cells: list[str] = []
        for name, value in zip(answer.classes, answer.probabilities, strict=True):
            cells += [name, f"{value:.{DIGITS}f}"]
        cells += [""] * (2 * self._top - len(cells))
        self._writer.writerow([answer.file, *cells, answer.problem])
