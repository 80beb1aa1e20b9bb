"""Outputs that the report shows, with their captions, categories and labels."""

from collections.abc import Callable
from typing import Any

from snakemake.io import report

from scenery.config.study import Study

OVERVIEW = "Overview"
DATA = "Data"
# The images that a result was measured on.
TRAIN = "train"
TRAIN_VALIDATION = "train, validation"
VALIDATION = "validation"
VALIDATION_TEST = "validation, test"
TEST = "test"
ALL_PARTITIONS = "train, validation, test"
ALL_IMAGES = "all images"
NO_IMAGES = ""

Category = str | Callable[[Any], str]


def category_of(study: Study) -> Callable[[Any], str]:
    """Gives the category of an experiment's results: its title, with its name if need be."""
    titles = [e.title or name for name, e in study.experiments.items()]

    def category(wildcards: Any) -> str:
        name = wildcards.experiment
        text = study.experiments[name].title or name
        if titles.count(text) > 1 or text in (OVERVIEW, DATA):
            text += f" ({name})"
        # Snakemake would look for wildcards behind a brace. The mark after it is invisible.
        return text.replace("{", "{\u2060")

    return category


def item(path: str, caption: str, category: Category, content: str, images: str) -> Any:
    """An output that the report shows.

    Everything is one label. From several labels the report makes switches where two values are
    equally frequent, and ends in an empty page where the switches do not fit. The experiment is
    part of it, since items of the same label are one item in the report's search.

    Args:
        path: The file.
        caption: Path of the caption, absolute or below workflow/rules.
        category: Where it stands in the report.
        content: What it is.
        images: The images that it was measured on.
    """
    label = f"{content} ({images})" if images else content
    if callable(category):
        label += ", {experiment}"
    return report(
        path,
        caption=caption,
        category=category,
        labels={"content": label},
    )
