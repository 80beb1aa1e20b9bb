"""Two runs of a study side by side: which trials changed, and by how much."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from scenery.errors import UserError
from scenery.evaluation.paired import holm
from scenery.evaluation.statistics import mcnemar
from scenery.pipeline.layout import Layout
from scenery.reporting.labels import plural, shorten, shorten_all
from scenery.reporting.reading import read_predictions, read_trials
from scenery.reporting.study_figures import experiment_rows
from scenery.reporting.style import BLUE, CHOSEN, GRAY, new_figure, save, set_title, styled

LEVEL = 0.05
SAME = 1e-9
_MEASURES = ("validation_accuracy", "test_accuracy", "seconds", "chosen", "status")


def compare(first: Path, second: Path, out: Path) -> list[str]:
    """Compare two results folders and write trials.csv, experiments.csv, comparison.svg and .png.

    Trials are matched by experiment and id; the id follows from the settings alone, so the same
    id is the same trial in both. Experiments that both tested are compared on the same test
    images by McNemar's exact test, adjusted by Holm's method.

    Args:
        first: A results folder with summary.csv.
        second: Another one.
        out: Folder of what is written; made if it is not there.

    Returns:
        What changed, as sentences.

    Raises:
        UserError: A folder has no summary.csv.
    """
    before, after = _summary(first), _summary(second)
    trials = compared_trials(before, after)
    experiments = compared_experiments(before, after, first, second)
    out.mkdir(parents=True, exist_ok=True)
    trials.to_csv(out / "trials.csv", index=False)
    experiments.to_csv(out / "experiments.csv", index=False)
    figure = comparison_figure(trials, experiments, (str(first), str(second)))
    save(figure, out / "comparison.svg", out / "comparison.png")
    return describe_changes(trials, experiments)


def _summary(folder: Path) -> pd.DataFrame:
    path = folder / "summary.csv"
    if not path.is_file():
        raise UserError(
            f"{folder}: there is no summary.csv; give the results folders of two finished "
            "studies, such as results/mit_scenes"
        )
    return read_trials(path)


def compared_trials(first: pd.DataFrame, second: pd.DataFrame) -> pd.DataFrame:
    """One row per trial of either study.

    Columns: experiment, trial, name, found (both, only A, only B), change (of validation accuracy,
    B minus A), changed, and each measure with _a and _b.
    """
    keys = ["experiment", "trial"]
    sides = []
    for table, side in ((first, "a"), (second, "b")):
        kept = table[[*keys, "name", *(name for name in _MEASURES if name in table)]]
        sides.append(kept.rename(columns={name: f"{name}_{side}" for name in (*_MEASURES, "name")}))
    joined = sides[0].merge(sides[1], on=keys, how="outer", indicator="found")
    joined = _in_order(joined, keys, pd.concat([first[keys], second[keys]]))
    joined["found"] = joined["found"].astype(str).map(
        {"both": "both", "left_only": "only A", "right_only": "only B"}
    )  # fmt: skip
    joined["name"] = joined["name_a"].where(joined["name_a"].notna(), joined["name_b"])
    change = joined["validation_accuracy_b"] - joined["validation_accuracy_a"]
    both = joined["found"] == "both"
    otherwise = both & (joined["status_a"] != joined["status_b"])
    joined["change"] = change
    joined["changed"] = both & ((change.abs() > SAME) | otherwise)
    first_columns = [*keys, "name", "found", "changed", "change"]
    rest = [f"{name}_{side}" for name in _MEASURES for side in "ab"]
    return joined[first_columns + [name for name in rest if name in joined]]


def compared_experiments(
    first: pd.DataFrame, second: pd.DataFrame, first_folder: Path, second_folder: Path
) -> pd.DataFrame:
    """One row per experiment of either study, in the order of A.

    Columns: experiment, title, trials_a, trials_b, chosen_changed, validation and test accuracy of
    each side with its interval, difference (test accuracy, B minus A), p (McNemar, adjusted; NaN
    where the test images differ or are missing), significant (whether the difference is).
    """
    rows_a, rows_b = experiment_rows(first), experiment_rows(second)
    joined = rows_a.merge(rows_b, on="experiment", how="outer", suffixes=("_a", "_b"))
    joined = _in_order(joined, ["experiment"], pd.concat([rows_a, rows_b]))
    joined["title"] = joined["title_a"].where(joined["title_a"].notna(), joined["title_b"])
    picked = [
        table[table["chosen"]].groupby("experiment")["setting"].first() for table in (first, second)
    ]
    chosen = [joined["experiment"].map(one) for one in picked]
    joined["chosen_changed"] = chosen[0].ne(chosen[1]) & chosen[0].notna() & chosen[1].notna()
    joined["difference"] = joined["test_accuracy_b"] - joined["test_accuracy_a"]
    p_values = [_p_value(first_folder, second_folder, name) for name in joined["experiment"]]
    adjusted = iter(holm([one for one in p_values if one is not None]))
    joined["p"] = [np.nan if one is None else next(adjusted) for one in p_values]
    apart = (joined["test_low_a"] > joined["test_high_b"]) | (
        joined["test_low_b"] > joined["test_high_a"]
    )
    joined["significant"] = (joined["p"] < LEVEL).where(joined["p"].notna(), apart)
    columns = ["experiment", "title", "chosen_changed", "difference", "p", "significant"]
    measures = ("trials", "validation_accuracy", "test_accuracy", "test_low", "test_high")
    return joined[columns + [f"{name}_{side}" for name in measures for side in "ab"]]


def _in_order(joined: pd.DataFrame, keys: list[str], listed: pd.DataFrame) -> pd.DataFrame:
    """The rows in the order of A, then those that only B has; a merge sorts them by name."""
    order = pd.MultiIndex.from_frame(listed[keys].drop_duplicates())
    places = order.get_indexer(pd.MultiIndex.from_frame(joined[keys]))
    return joined.iloc[np.argsort(places, kind="stable")].reset_index(drop=True)


def _p_value(first: Path, second: Path, experiment: str) -> float | None:
    files = [
        Path(Layout(str(folder)).experiment(experiment).test("predictions.csv"))
        for folder in (first, second)
    ]
    if not all(file.is_file() for file in files):
        return None
    test = mcnemar(*(read_predictions(file) for file in files))
    return None if test is None else test[2]


def describe_changes(trials: pd.DataFrame, experiments: pd.DataFrame) -> list[str]:
    """What changed, each sentence from the numbers by a rule."""
    both = trials[trials["found"] == "both"]
    changed = both[both["changed"]]
    text = f"{plural(len(both), 'trial')} in both, {len(changed)} of them changed"
    size = changed["change"].abs()
    if size.notna().any():
        most = changed.iloc[int(np.nanargmax(size))]
        text += (
            f"; most: {most['change']:+.3f} validation accuracy "
            f"({most['experiment']}: {shorten(most['name'], 60)})"
        )
    counts = trials["found"].value_counts()
    sentences = [
        f"{text}. Only in A: {counts.get('only A', 0)}, only in B: {counts.get('only B', 0)}."
    ]
    for _, row in experiments.iterrows():
        if pd.isna(row["difference"]):
            continue
        how = "intervals" if pd.isna(row["p"]) else f"p = {row['p']:.3f}"
        verdict = "significant difference" if row["significant"] else "no significant difference"
        if row["chosen_changed"]:
            verdict += "; another setting was chosen"
        sentences.append(
            f'"{shorten(row["title"], 50)}": test accuracy {row["test_accuracy_a"]:.3f} in A, '
            f"{row['test_accuracy_b']:.3f} in B ({row['difference']:+.3f}, {how}): {verdict}."
        )
    return sentences


@styled
def comparison_figure(
    trials: pd.DataFrame, experiments: pd.DataFrame, names: Sequence[str]
) -> Figure:
    """Left: every trial that both have, A against B; right: test accuracy of each experiment."""
    figure = new_figure(16, max(6.5, 2.4 + 0.62 * len(experiments)))
    left, right = figure.subplots(1, 2, width_ratios=[1, 1.25])
    labels = shorten_all(names, 60)
    set_title(figure, "Two studies compared", f"A: {labels[0]}; B: {labels[1]}")
    _trial_dots(left, trials)
    _experiment_dots(right, experiments)
    return figure


def _trial_dots(axes: Axes, trials: pd.DataFrame) -> None:
    both = trials[trials["found"] == "both"].dropna(subset=["change"])
    for changed, color in ((False, GRAY), (True, BLUE)):
        part = both[both["changed"] == changed]
        label = f"{'changed' if changed else 'unchanged'} ({len(part)})"
        axes.scatter(part["validation_accuracy_a"], part["validation_accuracy_b"], s=45,
                     color=color, alpha=0.8, linewidths=0, label=label)  # fmt: skip
    axes.axline((0.5, 0.5), slope=1, color=GRAY, linestyle="--", linewidth=1.2, zorder=0)
    values = both[["validation_accuracy_a", "validation_accuracy_b"]].to_numpy(dtype=float)
    if values.size:
        margin = max(0.05 * float(np.ptp(values)), 0.005)
        ends = float(values.min()) - margin, float(values.max()) + margin
        axes.set_xlim(*ends)
        axes.set_ylim(*ends)
    axes.set_box_aspect(1)
    axes.set_xlabel("validation accuracy in A")
    axes.set_ylabel("validation accuracy in B")
    axes.set_title("trials that both have", loc="left")
    axes.legend(loc="upper left")


def _experiment_dots(axes: Axes, experiments: pd.DataFrame) -> None:
    places = np.arange(len(experiments))
    for side, shift, color in (("a", -0.14, BLUE), ("b", 0.14, CHOSEN)):
        values = experiments[f"test_accuracy_{side}"].to_numpy(dtype=float)
        ends = [experiments[f"test_{end}_{side}"].to_numpy(dtype=float) for end in ("low", "high")]
        reach = np.clip([values - ends[0], ends[1] - values], 0, None)
        axes.errorbar(values, places + shift, xerr=reach, fmt="o", color=color, capsize=4,
                      label=side.upper())  # fmt: skip
    for place, (_, row) in enumerate(experiments.iterrows()):
        text = "not in both"
        if pd.notna(row["difference"]):
            text = f"{row['difference']:+.3f}" + ("" if row["significant"] else ", not significant")
        axes.text(1.01, place, text, transform=axes.get_yaxis_transform(), va="center", fontsize=11)
    axes.set_yticks(places, shorten_all(experiments["title"], 34), fontsize=11)
    axes.set_ylim(len(experiments) - 0.4, -0.6)
    axes.set_xlabel("test accuracy, 95 % Wilson interval; at the right: B minus A")
    axes.set_title("experiments", loc="left")
    axes.legend(loc="lower left", bbox_to_anchor=(0.2, 1.0), ncols=2, borderaxespad=0.2)
