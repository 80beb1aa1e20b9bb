"""What a study found, as the first section of the report: reStructuredText."""

import re
from collections.abc import Sequence

import numpy as np
import pandas as pd

from scenery.evaluation.confusion import confused_pairs
from scenery.evaluation.result_tables import completed, count_failed
from scenery.reporting.conclusions import (
    Comparison,
    ExperimentResult,
    best_result,
    compare_experiments,
    divided,
    sureness,
    too_few_members,
)
from scenery.reporting.labels import accuracy, plural, shorten
from scenery.study.advice import rule_of_thumb

PAIRS = 3
TITLE_WIDTH = 60
# A class of which fewer test images are found is named.
LOW_RECALL = 0.8


def escape(text: str) -> str:
    """Text that reStructuredText shows as it is, on one line."""
    return re.sub(r"([^\w\s])", r"\\\1", " ".join(text.split()))


def report_conclusions(results: Sequence[ExperimentResult]) -> str:
    """The answers that a reader looks for first, in reStructuredText.

    Args:
        results: The results of all experiments, at least one, in the order of the config.
    """
    best = best_result(results)
    comparisons = [one for one in compare_experiments(results) if not one.same]
    confusion = _confusion(best)
    sections = [
        _winner(best),
        _table(results),
        _section(
            "Is the difference real?",
            [*map(_compared, comparisons), *map(escape, too_few_members(results))],
        ),
        _section("How sure is each choice?", [escape(sureness(r)) for r in results if _chose(r)]),
        _section(
            "Would another split say the same?",
            [escape(divided(result)) for result in results if result.divisions is not None],
        ),
        _section("What does the best model confuse?", _confused(confusion)),
        _section("What to do next", _advice(results, best, comparisons, confusion)),
    ]
    return "\n\n".join(section for section in sections if section) + "\n"


def _title(result: ExperimentResult) -> str:
    return escape(shorten(result.title, TITLE_WIDTH))


def _chose(result: ExperimentResult) -> bool:
    return result.selection is not None


def _section(heading: str, lines: Sequence[str]) -> str:
    if not lines:
        return ""
    return f"**{heading}**\n\n" + "\n".join(f"* {line}" for line in lines)


def _winner(best: ExperimentResult) -> str:
    value = f"validation accuracy {accuracy(best.choice.validation_accuracy)}"
    if best.score is not None:
        images = plural(int(best.score["test_images"]), "test image")
        value = f"test accuracy {best.tested} on {images}"
    return (
        f"**Best model.** {_title(best)}\\: **{escape(value)}**. This experiment has the highest "
        f"validation accuracy. Its setting was chosen from {escape(best.tried)}\\: "
        f"{escape(shorten(best.name_of(best.choice.setting), 2 * TITLE_WIDTH))}. Values in "
        "parentheses are 95 % intervals."
    )


def _table(results: Sequence[ExperimentResult]) -> str:
    head = ("experiment", "chosen setting", "images", "validation", "corrected", "test")
    rows = [head]
    for result in results:
        images = "" if result.score is None else str(int(result.score["training_images"]))
        rows.append(
            (
                _title(result),
                escape(shorten(result.name_of(result.choice.setting), TITLE_WIDTH)),
                images,
                accuracy(result.choice.validation_accuracy),
                _corrected(result),
                escape(result.tested),
            )
        )
    lines = [
        ".. list-table:: Accuracy of the chosen settings, and the number of training images",
        "   :header-rows: 1",
        "   :widths: auto",
        "",
    ]
    for row in rows:
        lines += [f"   {'* -' if number == 0 else '  -'} {cell}" for number, cell in enumerate(row)]
    return "\n".join(lines)


def _corrected(result: ExperimentResult) -> str:
    """Validation accuracy corrected for the choice, without its interval: the page is narrow."""
    if result.selection is None:
        return "\\-"
    return accuracy(result.selection["corrected_accuracy"])


def _compared(one: Comparison) -> str:
    images = plural(one.training_images, "training image")
    return escape(
        f'"{shorten(one.result.title, 44)}" against {one.against}, {images}: {one.verdict}.'
    )


def _confusion(result: ExperimentResult) -> pd.DataFrame | None:
    """Counts of test images, true classes as rows; None where the model was not tested."""
    if result.predictions is None or result.predictions.empty:
        return None
    table = result.predictions
    classes = sorted(set(table["class"]) | set(table["predicted"]))
    return pd.crosstab(table["class"], table["predicted"]).reindex(
        index=classes, columns=classes, fill_value=0
    )


def _confused(confusion: pd.DataFrame | None) -> list[str]:
    if confusion is None:
        return []
    totals = confusion.sum(axis=1)
    return [
        escape(
            f"{shorten(str(row['class']), 40)}, taken for {shorten(str(row['predicted']), 40)}: "
            f"{row['images']} of {plural(int(totals[row['class']]), 'image')}"
        )
        for _, row in confused_pairs(confusion).head(PAIRS).iterrows()
    ]


def _advice(
    results: Sequence[ExperimentResult],
    best: ExperimentResult,
    comparisons: Sequence[Comparison],
    confusion: pd.DataFrame | None,
) -> list[str]:
    """What the numbers suggest, each by a stated rule."""
    lines = [
        *_of_training(best),
        *_of_classes(confusion),
        *_of_depth(results, best),
    ]
    unclear = [one for one in comparisons if not one.significant]
    if unclear:
        lines.append(
            f"No difference is shown in {len(unclear)} of "
            f"{plural(len(comparisons), 'comparison')}. More test images, or more repeats, show "
            "smaller differences."
        )
    failed = sum(count_failed(result.trials) for result in results)
    if failed:
        lines.append(f"{plural(failed, 'trial')} failed. The tables give the reasons.")
    lines.append(
        "Use the best model on other photographs\\: ``scenery predict``. Read the pages of its "
        "mistakes first."
    )
    return lines


def _of_training(best: ExperimentResult) -> list[str]:
    chosen = best.trials[best.trials["chosen"] & completed(best.trials)]
    lines = []
    if "undertrained" in chosen and chosen["undertrained"].any():
        lines.append("The best model was still improving at its last epochs. Raise ``epochs``.")
    if "overfitting" in chosen and len(chosen) and chosen["overfitting"].all():
        lines.append(
            "The best model fits its training images better than others. Try ``augment``, "
            "``head.dropout`` or ``head.l2``, or add photographs."
        )
    return lines


def _of_depth(results: Sequence[ExperimentResult], best: ExperimentResult) -> list[str]:
    """The rule of thumb for pre-trained networks."""
    trials = pd.concat([result.trials for result in results], ignore_index=True)
    pretrained = trials[completed(trials) & (trials["weights"] != "none")]
    if pretrained.empty or best.score is None or best.predictions is None:
        return []
    classes = best.predictions["class"].nunique()
    images = float(best.score["training_images"]) / max(classes, 1)
    return [escape(rule_of_thumb(images, _is_similar(pretrained)))]


def _is_similar(trials: pd.DataFrame) -> bool | None:
    """Whether lower layers of frozen backbones are worse than the last; None without such trials.

    For each backbone and training set, the best trial of the whole network is compared with the
    best one that ends below.
    """
    frozen = trials[trials["trainable"] == "head"]
    lower = (frozen["remove_stages"] > 0) | (frozen["cut"].fillna("") != "")
    kept = frozen.assign(lower=lower).groupby(["backbone", "subset", "lower"], dropna=False)
    best = kept["validation_accuracy"].max().unstack("lower").reindex(columns=[False, True])
    both = best.dropna()
    if both.empty:
        return None
    return bool((both[False] > both[True]).all())


def _of_classes(confusion: pd.DataFrame | None) -> list[str]:
    if confusion is None:
        return []
    counts = confusion.to_numpy()
    totals = counts.sum(axis=1)
    found = np.divide(np.diag(counts), totals, out=np.ones(len(counts)), where=totals > 0)
    worst = int(np.argmin(found))
    if found[worst] >= LOW_RECALL:
        return []
    name = escape(shorten(str(confusion.index[worst]), 40))
    return [
        f"The class {name} has the lowest recall, {accuracy(found[worst])}. Look at its mistakes, "
        "and add photographs of it."
    ]
