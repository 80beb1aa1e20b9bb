"""The content of a study's slides."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from scenery.data.review import loss_warnings
from scenery.evaluation.columns import column_label
from scenery.evaluation.result_tables import count_failed
from scenery.reporting.conclusions import (
    SAME_SETTING,
    Comparison,
    ExperimentResult,
    compare_experiments,
    conclusions,
    format_p_value,
    sureness_on_slide,
    tested_score,
)
from scenery.reporting.configuration import configuration
from scenery.reporting.data_tables import class_counts, findings
from scenery.reporting.figures import Figure, Section, slides_in
from scenery.reporting.labels import (
    accuracy,
    count,
    is_missing,
    plural,
    setting_value,
    short_count,
    shorten,
    shorten_all,
)
from scenery.reporting.many_classes import MAX_NAMED
from scenery.reporting.ranking import rank_settings, varied_columns
from scenery.reporting.reference_results import reference_results_slide_table, source_note
from scenery.reporting.slide_curves import chosen_curves
from scenery.reporting.slides import Chart, Slide, Table, readable_pages
from scenery.study.scored import CHOSEN, REGIME

SHOWN = 12
INSIDE = (
    "On validation images, from which the final model may have learned: examples, not a measure."
)
CHARTED_CLASSES = 40
BESIDE_TABLE = 14
# With scores of further training sets, the rest of a slide would not fit.
MAX_TRAINING_SETS = 3
# With more classes a matrix cannot be read from afar.
MATRIX_CLASSES = 20


# PNG files by figure and experiment; the experiment is "" for a figure of the whole study.
Pictures = Mapping[str, Mapping[str, Path]]


def study_slides(
    study_title: str,
    dataset: str,
    results: Sequence[ExperimentResult],
    catalogue: pd.DataFrame,
    split: pd.DataFrame,
    pictures: Pictures,
    command: str,
    versions: Mapping[str, str],
    short: bool = False,
) -> list[Slide]:
    """All slides in order.

    An experiment has a slide with its best result, configuration and learning curve, one with its
    trials, and one for each of its figures that has a slide title. In a short deck it has the first
    of them alone, and the study has an opening, a comparison and conclusions.
    """
    opening = _opening(study_title, dataset, results, split)
    if short:
        return [opening, *_short(results)]
    slides = [opening, *_data(catalogue, split)]
    for figure in slides_in(Section.DATA):
        if figure.slide and (path := pictures.get(figure.name, {}).get("")):
            slides.append(Slide(title=figure.slide.title, figure=path))
    titles = {result.choice.experiment: result.title for result in results}
    for result in results:
        slides += _experiment(result, titles.get(result.final_model, ""), pictures)
    if len(results) > 1:
        slides.extend(_comparison(results))
    slides.extend(_conclusions(results))
    slides.append(_appendix(command, versions))
    return slides


def _short(results: Sequence[ExperimentResult]) -> list[Slide]:
    """One slide for each experiment, then one comparison and the conclusions."""
    titles = {result.choice.experiment: result.title for result in results}
    best = [_best(result, titles.get(result.final_model, "")) for result in results]
    compared = _comparison(results)[:1] if len(results) > 1 else []
    return [*best, *compared, *_conclusions(results)]


def _experiment(result: ExperimentResult, model_of: str, pictures: Pictures) -> list[Slide]:
    """The slides of one experiment; `model_of` as of `_best`."""

    def figures(section: Section) -> list[Slide]:
        made = [_figure(figure, result, pictures) for figure in slides_in(section)]
        return [slide for slide in made if slide is not None]

    settings = pictures.get("settings", {}).get(result.choice.experiment)
    return [
        _best(result, model_of),
        *figures(Section.TRIED),
        # With one setting the figure is beside the table.
        _trials(result, settings if result.choice.candidates == 1 else None),
        *_tested(result),
        *figures(Section.TEST),
        *figures(Section.INSIDE),
    ]


def _figure(figure: Figure, result: ExperimentResult, pictures: Pictures) -> Slide | None:
    """The slide of a figure; None if the experiment does not have it."""
    assert figure.slide is not None
    path = pictures.get(figure.name, {}).get(result.choice.experiment)
    title = _headed(result, figure.slide.title)
    if figure.name == "reference_results":
        return _reference_results(result, title, path)
    if path is None:
        return None
    if figure.name == "settings":
        return _settings(result, title, path)
    if figure.name == "confusion":
        return _confusion(result, title, path)
    notes = INSIDE if figure.slide.section is Section.INSIDE else ""
    return Slide(title=title, figure=path, notes=notes)


def _headed(result: ExperimentResult, words: str) -> str:
    """A slide's title; the titles of many experiments are questions."""
    if result.title.endswith(("?", "!", ".")):
        return f"{result.title} {words[:1].upper()}{words[1:]}"
    return f"{result.title}: {words}"


def _opening(
    study_title: str, dataset: str, results: Sequence[ExperimentResult], split: pd.DataFrame
) -> Slide:
    counts = split["partition"].value_counts()
    parts = [f"{counts.get(name, 0):,} {name}" for name in ("train", "validation", "test")]
    trials = sum(len(result.trials) for result in results)
    failed = sum(count_failed(result.trials) for result in results)
    tried = plural(trials, "trial") + (f", {failed} of them failed" if failed else "")
    return Slide(
        title=study_title,
        subtitle=f"Data set: {dataset}",
        bullets=(
            f"{plural(len(split), 'image')} of {plural(split['class'].nunique(), 'class')}: "
            + ", ".join(parts),
            f"{plural(len(results), 'experiment')}, {tried}",
            "Choices are made without test images, which score chosen models only.",
        ),
        opening=True,
    )


def _data(catalogue: pd.DataFrame, split: pd.DataFrame) -> list[Slide]:
    """Findings and counts per class; many classes get a slide of their own."""
    counts = class_counts(split)
    shown = counts.head(CHARTED_CLASSES)
    many = len(shown) > BESIDE_TABLE
    partitions = [name for name in counts.columns if name not in ("class", "total")]
    chart = Chart(
        categories=shorten_all(shown["class"], 28),
        series=[(name, [float(value) for value in shown[name]]) for name in partitions],
        axis="images",
        stacked=True,
        upright=many,
    )
    rows = [(words, count(number)) for words, number in findings(catalogue, split)]
    left_out = len(counts) - len(shown)
    slide = Slide(
        title="The data set",
        chart=None if many else chart,
        bullets=[f"Warning: {text}" for text in loss_warnings(catalogue)],
        table=Table(head=("found", "number"), rows=rows, numeric=frozenset({1})),
        notes="Images per class and partition; duplicates are compared by content.",
    )
    if not many:
        return [slide]
    subtitle = f"{plural(left_out, 'further class')} not drawn" if left_out else ""
    return [slide, Slide(title="Images per class", subtitle=subtitle, chart=chart)]


def _best(result: ExperimentResult, model_of: str) -> Slide:
    """`model_of` is the title of the experiment for which its final model was trained."""
    choice = result.choice
    validation = f"Validation accuracy {accuracy(choice.validation_accuracy)}"
    if choice.repeats > 1:
        validation += f", mean of {choice.repeats} repeats"
    if result.score is None:
        tested = "Not tested"
    else:
        tested = (
            f"Test accuracy {result.tested}: 95 % interval, {independent_test_images(result.score)}"
        )
        if result.score["models"] > 1:
            tested += f", mean of {int(result.score['models'])} final models"
        if result.final_model != result.choice.experiment:
            tested += f'; the same final model as in "{shorten(model_of, 50)}"'
    if result.corrected:
        validation += f", corrected for the choice {result.corrected}"
    curves = chosen_curves(result)
    rows = configuration(choice.settings, choice.varied)
    table = Table(
        head=("setting", "value (bold: varied here)" if choice.varied else "value"),
        rows=[(label, value or "none") for label, value, _ in rows]
        + [("parameters", count(choice.parameters))],
        marked=frozenset(place for place, row in enumerate(rows) if row[2]),
    )
    return Slide(
        title=_headed(result, "best result and its configuration"),
        bullets=(
            tested,
            *_other_training_sets(result),
            validation,
            _chosen(result),
            *(f"Warning: {warning}" for warning in choice.warnings),
        ),
        table=table,
        chart=curves[0] if curves else None,
        second=curves[1] if len(curves) > 1 else None,
        notes=_training_note(result),
    )


def _chosen(result: ExperimentResult) -> str:
    """How the setting was chosen, and how sure the choice is."""
    text = f"Chosen among {result.tried}; rule: {result.choice.rule}"
    return text if result.selection is None else f"{text}; {sureness_on_slide(result)}"


def _other_training_sets(result: ExperimentResult) -> list[str]:
    """A line with the scores of the best settings on the other training sets; none of one set."""
    if result.scores is None:
        return []
    roles = result.scores["roles"].astype(str)
    others = result.scores[roles.str.contains(REGIME) & ~roles.str.contains(CHOSEN)]
    scores = [
        f"{shorten(str(row['training_set']), 30)} ({plural(int(row['training_images']), 'image')}) "
        + tested_score({str(name): value for name, value in row.items()})
        for _, row in others.head(MAX_TRAINING_SETS).iterrows()
    ]
    return [f"Test accuracy with other training sets: {', '.join(scores)}"] if scores else []


def independent_test_images(score: Mapping[str, Any]) -> str:
    """The number of test images, and how many of them are independent: "538 images"."""
    images, independent = int(score["test_images"]), int(score["independent_images"])
    text = plural(images, "image")
    return text if independent == images else f"{text}, {independent:,} of them independent"


def _settings(result: ExperimentResult, title: str, figure: Path) -> Slide | None:
    names = [column_label(name) for name in result.choice.varied]
    if result.choice.candidates == 1:
        return None
    return Slide(title, figure=figure, notes=f"Varied: {', '.join(names)}." if names else "")


def _reference_results(result: ExperimentResult, title: str, figure: Path | None) -> Slide | None:
    reference = result.reference_results
    if reference is None:
        return None
    # The figure has the numbers, too.
    table = None if figure else reference_results_slide_table(reference)
    return Slide(title, bullets=(source_note(reference),), figure=figure, table=table)


def _confusion(result: ExperimentResult, title: str, figure: Path) -> Slide | None:
    """The confusion matrix; with many classes also the most frequent confusions as a table.

    Experiments that share a final model show it once.
    """
    if not result.metrics or result.final_model != result.choice.experiment:
        return None
    table = None
    answers = result.predictions
    # With more than MAX_NAMED the figure itself lists them.
    if answers is not None and MATRIX_CLASSES < answers["class"].nunique() <= MAX_NAMED:
        wrong = answers[~answers["correct"]]
        pairs = wrong.groupby(["class", "predicted"]).size().rename("images").reset_index()
        pairs = pairs.sort_values("images", ascending=False, kind="stable").head(SHOWN)
        table = Table(
            head=("true class", "predicted", "images"),
            rows=[
                (str(row["class"]), str(row["predicted"]), count(row["images"]))
                for _, row in pairs.iterrows()
            ],
            numeric=frozenset({2}),
            note="the most frequent confusions",
        )
    notes = f"Test accuracy {result.tested}; rows: true class, columns: predicted class."
    return Slide(title, figure=figure, table=table, notes=notes)


def _training_note(result: ExperimentResult) -> str:
    metrics = result.metrics or {}
    epoch = result.choice.best_epoch
    # A classical model has no epochs.
    parts = [f"Trial {result.choice.trial}" + (f", best epoch {epoch:.0f}." if epoch else ".")]
    if "training_images" in metrics:
        again = ", trained again on train and validation" if metrics.get("refit") else ""
        parts.append(f"Trained on {plural(int(metrics['training_images']), 'image')}{again}.")
    return " ".join(parts)


def _trials(result: ExperimentResult, figure: Path | None) -> Slide:
    choice = result.choice
    ranked = rank_settings(result.trials, choice)
    shown = ranked.head(SHOWN)
    if not shown["chosen"].any():
        shown = pd.concat([shown.head(SHOWN - 1), ranked[ranked["chosen"]]])
    varied = varied_columns(result.trials, choice)
    named = choice.arrangement == "list" or not varied or len(varied) > 8
    head = ["#", *(["setting"] if named else [column_label(name) for name in varied])]
    head += ["validation"] + (["repeats"] if choice.repeats > 1 else []) + ["parameters"]
    rows = [
        _trial_row(place, row, varied, named, choice.repeats) for place, row in shown.iterrows()
    ]
    numbers = range(len(head) - (3 if choice.repeats > 1 else 2), len(head))
    return Slide(
        title=_headed(result, "all trials"),
        bullets=(f"{result.tried[:1].upper()}{result.tried[1:]}",),
        table=Table(
            head=head,
            rows=rows,
            marked=frozenset(place for place, flag in enumerate(shown["chosen"]) if flag),
            note=_rest(ranked, len(shown)),
            numeric=frozenset({0, *numbers}),
        ),
        figure=figure,
    )


def _trial_row(
    place: object, row: pd.Series, varied: list[str], named: bool, repeats: int
) -> list[str]:
    score = "failed"
    if not is_missing(row["validation_accuracy"]):
        score = accuracy(row["validation_accuracy"])
    cells = [str(int(str(place)) + 1)]
    cells += [row["label"]] if named else [setting_value(row[name]) for name in varied]
    cells += [score] + ([str(row["repeats"])] if repeats > 1 else [])
    return [*cells, short_count(row["parameters"])]


def _tested(result: ExperimentResult) -> list[Slide]:
    """A slide with all settings that were tested, if there are others beside the chosen one."""
    if result.scores is None or len(result.scores) < 2:
        return []
    rows = [
        (
            shorten(result.name_of(str(row["setting"])), 60),
            _role(str(row["roles"]), str(row["training_set"])),
            count(row["training_images"]),
            tested_score({str(name): value for name, value in row.items()}),
            count(row["models"]),
        )
        for _, row in result.scores.iterrows()
    ]
    table = Table(
        head=("setting", "why tested", "training images", "test (95 % interval)", "models"),
        rows=rows,
        marked=frozenset({0}),
        numeric=frozenset({2, 3, 4}),
        note="bold: chosen; no test score affects a choice",
    )
    return [Slide(title=_headed(result, "tested settings"), table=table)]


def _role(roles: str, training_set: str) -> str:
    return roles.replace(REGIME, f"best with training set {training_set}")


def _rest(ranked: pd.DataFrame, shown: int) -> str:
    """How many settings the table leaves out and where they lie."""
    rest = ranked.iloc[shown:]
    text = "validation accuracy; bold: chosen"
    if len(rest) == 0:
        return text
    values = rest["validation_accuracy"].dropna()
    text = f"bold: chosen; {plural(len(rest), 'further setting')}"
    if len(values):
        text += f": {values.min():.3f} to {values.max():.3f}"
    failed = len(rest) - len(values)
    return text + (f", {failed} failed" if failed else "")


def _comparison(results: Sequence[ExperimentResult]) -> list[Slide]:
    rows = [
        (
            shorten(result.title, 60), str(len(result.trials)),
            count(result.score["training_images"]) if result.score else "",
            accuracy(result.choice.validation_accuracy), result.corrected, result.tested,
        )
        for result in results
    ]  # fmt: skip
    scores = [result.score for result in results]
    validation = [result.choice.validation_accuracy for result in results]
    series: list[tuple[str, Sequence[float]]] = [("validation", validation)]
    low: list[float] = []
    high: list[float] = []
    tested = [score for score in scores if score is not None]
    if len(tested) == len(results):
        series.append(("test", [float(score["test_accuracy"]) for score in tested]))
        low = [float(score["test_low"]) for score in tested]
        high = [float(score["test_high"]) for score in tested]
    table = Table(
        head=("experiment", "trials", "training images", "validation", "corrected",
              "test (95 % interval)"),
        rows=rows,
        numeric=frozenset({1, 2, 3, 4, 5}),
        note="training images: of the final model; corrected: validation accuracy without the "
        "luck of the best of many trials",
    )  # fmt: skip
    chart = Chart(
        categories=shorten_all([result.title for result in results], 40),
        series=series,
        axis="accuracy; black: 95 % interval" if low else "accuracy",
        low=low,
        high=high,
        number_format="0.000",
    )
    return [
        Slide(title="Experiments compared", table=table),
        *_steps(compare_experiments(results)),
        Slide(title="Experiments compared: validation and test accuracy", chart=chart),
    ]


def _steps(comparisons: Sequence[Comparison]) -> list[Slide]:
    """Each chosen setting beside the one before it, on the same training set."""
    if not comparisons:
        return []
    rows = [
        (
            shorten(one.result.title, 50), one.against, count(one.training_images),
            "0" if one.same else f"{one.difference:+.3f}", _shown(one),
        )
        for one in comparisons
    ]  # fmt: skip
    table = Table(
        head=("experiment", "compared with", "training images", "test accuracy", "difference"),
        rows=rows,
        numeric=frozenset({2, 3}),
        note="both models were trained on the same images and tested on the same images",
    )
    return [Slide(title="Each step beside the step before", table=table)]


def _shown(one: Comparison) -> str:
    if one.same:
        return SAME_SETTING
    if one.significant:
        return f"shown, p {format_p_value(one.p_value)}"
    return f"not shown; {one.smallest:.3f} would have been"


def _conclusions(results: Sequence[ExperimentResult]) -> list[Slide]:
    pages = readable_pages(conclusions(results))
    numbers = [f" ({place} of {len(pages)})" for place in range(1, len(pages) + 1)]
    notes = (
        "Compared on the same test images: McNemar's exact test, or a t test over repeats; "
        "p values adjusted by Holm's method."
    )
    return [
        Slide(title="What the numbers say" + number * (len(pages) > 1), bullets=page, notes=notes)
        for number, page in zip(numbers, pages, strict=True)
    ]


def _appendix(command: str, versions: Mapping[str, str]) -> Slide:
    return Slide(
        title="Appendix: how this was made",
        bullets=(f"Command: {command}",),
        table=Table(
            head=("software", "version"),
            rows=[(name, version) for name, version in versions.items()],
        ),
    )
