"""Data regimes: accuracy against the number of training images."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter, NullLocator

from scenery.evaluation.columns import column_label
from scenery.evaluation.intervals import repeats_interval
from scenery.evaluation.learning_curve import Forecast, forecast
from scenery.evaluation.result_tables import completed
from scenery.reporting.labels import accuracy, plural, setting_label, shorten
from scenery.reporting.ranking import varied_columns
from scenery.reporting.reading import Choice
from scenery.reporting.style import COLORS, GRAY, MARKERS, new_figure, set_title, styled

# As many as there are colors that everybody can tell apart.
LINES = len(COLORS)


def sample_size_rows(
    trials: pd.DataFrame, choice: Choice, per_class: Mapping[str, float]
) -> pd.DataFrame:
    """Completed trials with the number of images of each class, and the line that they are on.

    Subsets of the same number of images are draws of one regime, like repeats.

    Args:
        trials: The experiment's trials.
        choice: What it chose.
        per_class: Images of each class (a mean for `full`) by subset.

    Returns:
        `trials` with the columns images and line: the other varied settings in words.
    """
    good = trials[completed(trials)].copy()
    others = [name for name in varied_columns(trials, choice) if name != "subset"]
    good["images"] = good["subset"].map(per_class)
    good["line"] = [
        setting_label({name: row[name] for name in others}) if others else ""
        for _, row in good.iterrows()
    ]
    if len(others) == 1:
        good["line"] = column_label(others[0]) + " " + good["line"]
    return good


@styled
def sample_size_figure(
    trials: pd.DataFrame, choice: Choice, per_class: Mapping[str, float], title: str
) -> Figure:
    """Validation accuracy against images of each class, a line for each other varied setting.

    Lines are means over repeats, bars their 95 % intervals, small dots the repeats. With more lines
    than colors those of the best mean accuracy are drawn, and the others counted. From three sizes
    on, the best line is carried on to two and four times the largest size.
    """
    rows = sample_size_rows(trials, choice, per_class)
    means = rows.groupby("line", sort=False)["validation_accuracy"].mean()
    lines = [line for line in means.index if line in set(means.nlargest(LINES).index)]
    figure = new_figure(11, 6)
    axes = figure.subplots()
    for place, line in enumerate(lines):
        own = rows[rows["line"] == line]
        _line(axes, own, line, (place, len(lines)), choice.validation_images)
    sizes = sorted(rows["images"].unique())
    whole = per_class.get("full")
    labels = [f"all\n({size:.0f})" if size == whole else f"{size:.0f}" for size in sizes]
    forecasts = _carried_on(axes, rows[rows["line"].isin(lines)], choice.validation_images)
    labels += [f"{one.size / sizes[-1]:.0f} times\n({one.size:.0f})" for one in forecasts]
    sizes += [one.size for one in forecasts]
    axes.set_xscale("log")
    axes.set_xticks(sizes, labels)
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel("training images of each class (logarithmic)")
    axes.set_ylabel("validation accuracy")
    if any(lines) or forecasts:
        axes.legend(loc="lower right")
    subtitle = "means over repeats" if _repeated(rows) else "one run of each"
    failed = len(trials) - len(rows)
    subtitle += f", {failed} failed" if failed else ""
    subtitle += f"; 95 % intervals ({plural(choice.validation_images, 'image')})"
    left_out = len(means) - len(lines)
    if left_out:
        subtitle += f"; {plural(left_out, 'line')} not drawn"
    set_title(figure, title, subtitle)
    return figure


def _carried_on(axes: Axes, rows: pd.DataFrame, images: int) -> list[Forecast]:
    """Draw what the best line would reach with more images; nothing with fewer than three sizes."""
    largest = float(rows["images"].max())
    at_largest = rows[rows["images"] == largest].groupby("line")["validation_accuracy"].mean()
    own = rows[rows["line"] == at_largest.idxmax()]
    forecasts = forecast(
        own["images"].to_numpy(dtype=float),
        own["validation_accuracy"].to_numpy(dtype=float),
        images,
        np.array([2 * largest, 4 * largest]),
    )
    if forecasts:
        values = [one.accuracy for one in forecasts]
        reach = [[one.accuracy - one.low for one in forecasts],
                 [one.high - one.accuracy for one in forecasts]]  # fmt: skip
        axes.errorbar(
            [one.size for one in forecasts], values, yerr=reach, fmt="D:", color=GRAY, capsize=4,
            markerfacecolor="white", label=f"carried on (power law): {values[0]:.3f} with twice, "
            f"{values[1]:.3f} with four times the images",
        )  # fmt: skip
    return forecasts


def _repeated(rows: pd.DataFrame) -> bool:
    return bool((rows.groupby(["line", "images"]).size() > 1).any())


def _line(
    axes: Axes, rows: pd.DataFrame, line: str, position: tuple[int, int], images: int
) -> None:
    """Draw one line; `position` is its place among so many lines."""
    place, lines = position
    groups = rows.groupby("images")["validation_accuracy"]
    means = groups.mean()
    ends = np.array([repeats_interval(group.tolist(), images) for _, group in groups])
    reach = np.abs(ends.T - means.to_numpy())
    # Beside each other, so that bars of different lines can be told apart.
    shift = 1.03 ** (place - (lines - 1) / 2)
    axes.scatter(
        rows["images"] * shift, rows["validation_accuracy"], s=14, color=COLORS[place], alpha=0.5,
        linewidths=0,
    )  # fmt: skip
    axes.errorbar(
        np.asarray(means.index, dtype=float) * shift, means.to_numpy(),
        yerr=reach, color=COLORS[place], marker=MARKERS[place], capsize=4,
        label=shorten(line, 60) or None,
    )  # fmt: skip
    if lines == 1:
        for size, value in means.items():
            axes.annotate(accuracy(value), (float(str(size)), value), xytext=(6, -14),
                          textcoords="offset points", fontsize=11)  # fmt: skip


def draw_sample_size(
    trials: pd.DataFrame,
    choice: Choice,
    split: pd.DataFrame,
    per_class: Mapping[str, int | None],
    title: str,
) -> Figure:
    """The figure; `per_class` holds images of each class by subset, None where they may differ."""
    train = split[split["partition"] == "train"]
    classes = train["class"].nunique()
    images = dict(zip(trials["subset"], trials["training_images"], strict=True))
    images["full"] = len(train)
    sizes = {
        name: images[name] / classes if size is None else float(size)
        for name, size in per_class.items()
    }
    return sample_size_figure(trials, choice, sizes, title)
