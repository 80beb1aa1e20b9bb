# Pictures and tables of single experiments, all from tables on disk: restyling retrains nothing.

from scenery.study.further_figures import further_figures, trend_settings
from scenery.study.subsets import images_per_class

OVERVIEW = "Overview"
DATA = "Data"
# What a result was measured on, as the report says it beside each item.
TRAIN_VALIDATION, VALIDATION, TEST = "train, validation", "validation", "test"
ALL_IMAGES, NO_IMAGES = "all images", ""


def title(wildcards):
    """The experiment's title."""
    return STUDY.experiments[wildcards.experiment].title or wildcards.experiment


def category(wildcards):
    """Where the experiment's results stand in the report: its title, with its name if need be."""
    name = wildcards.experiment
    titles = [e.title or other for other, e in STUDY.experiments.items()]
    text = title(wildcards)
    if titles.count(text) > 1 or text in (OVERVIEW, DATA):
        text += f" ({name})"
    # Snakemake would look for wildcards behind a brace; the mark after it is not seen.
    return text.replace("{", "{\u2060")


def shown(path, caption, where, content, images):
    """An output that the report shows, with what it was measured on, and in which experiment.

    All in one label: of several the report makes switches where two values are equally frequent,
    and ends in an empty page where the switches do not fit. The experiment is in it since items of
    the same label are one item in the report's search.
    """
    label = f"{content} ({images})" if images else content
    if callable(where):
        label += ", {experiment}"
    return report(
        path,
        caption=f"../report/{caption}.rst",
        category=where,
        labels={"content": label},
    )


def pictures(stem, caption, where, content, images, svg=True):
    """A figure as PNG, which looks the same in every report, and as SVG beside it."""
    name = stem.rsplit("/", 1)[-1]
    files = {f"{name}_png": shown(f"{stem}.png", caption, where, content, images)}
    return files | ({f"{name}_svg": f"{stem}.svg"} if svg else {})


FIGURES = f"{R}/experiments/{{experiment}}/figures"


localrules:
    plot_experiment,
    plot_test,
    plot_best,
    plot_regimes,
    plot_unfrozen,
    plot_trends,
    tabulate_experiment,


rule plot_experiment:
    input:
        trials=f"{R}/experiments/{{experiment}}/trials.csv",
        history=f"{R}/experiments/{{experiment}}/history.csv",
        chosen=f"{R}/experiments/{{experiment}}/chosen.yaml",
    output:
        **pictures(
            f"{FIGURES}/learning_curves",
            "learning_curves",
            category,
            "learning curves",
            TRAIN_VALIDATION,
        ),
        **pictures(
            f"{FIGURES}/settings", "settings", category, "all trials", VALIDATION
        ),
    log:
        f"{LOGS}/plot_experiment/{{experiment}}.log",
    params:
        code=code("plot_experiment"),
        title=title,
    message:
        "Drawing the trials of {wildcards.experiment}"
    script:
        "../scripts/plot_experiment.py"


rule plot_test:
    input:
        metrics=f"{R}/experiments/{{experiment}}/test/metrics.json",
        predictions=f"{R}/experiments/{{experiment}}/test/predictions.csv",
        confusion=f"{R}/experiments/{{experiment}}/test/confusion.csv",
        classes=f"{R}/experiments/{{experiment}}/test/classes.csv",
        mistakes=f"{R}/experiments/{{experiment}}/test/mistakes.npz",
    output:
        **pictures(
            f"{FIGURES}/confusion", "confusion", category, "confusion matrix", TEST
        ),
        **pictures(
            f"{FIGURES}/classes", "classes", category, "score of each class", TEST
        ),
        **pictures(
            f"{FIGURES}/roc", "roc", category, "ROC and precision-recall curves", TEST
        ),
        **pictures(
            f"{FIGURES}/reliability", "reliability", category, "calibration", TEST
        ),
        **pictures(
            f"{FIGURES}/mistakes",
            "mistakes",
            category,
            "most confident mistakes",
            TEST,
            svg=False,
        ),
    log:
        f"{LOGS}/plot_test/{{experiment}}.log",
    params:
        code=code("plot_test"),
        title=title,
    message:
        "Drawing the test result of {wildcards.experiment}"
    script:
        "../scripts/plot_test.py"


rule plot_best:
    input:
        trials=f"{R}/experiments/{{experiment}}/trials.csv",
        history=f"{R}/experiments/{{experiment}}/history.csv",
        chosen=f"{R}/experiments/{{experiment}}/chosen.yaml",
        metrics=f"{R}/experiments/{{experiment}}/test/metrics.json",
    output:
        **pictures(
            f"{FIGURES}/best",
            "best",
            category,
            "best result and configuration",
            "validation, test",
        ),
    log:
        f"{LOGS}/plot_best/{{experiment}}.log",
    params:
        code=code("plot_best"),
        title=title,
    message:
        "Drawing the best result of {wildcards.experiment}"
    script:
        "../scripts/plot_best.py"


def further_pictures(wildcards):
    """The figures that only some experiments have, by what their trials vary."""
    return [
        f"{R}/experiments/{experiment}/figures/{figure}.png"
        for experiment in STUDY.experiments
        for figure in further_figures(STUDY, PLAN.trials(experiment))
    ]


def choice_before(wildcards):
    """Nothing to read: waits for the choice that the experiment's trials start from.

    What a rule's parameters say of the trials can only be asked for once its inputs have waited.
    """
    PLAN.trials(wildcards.experiment)
    return []


rule plot_regimes:
    input:
        choice_before,
        trials=f"{R}/experiments/{{experiment}}/trials.csv",
        chosen=f"{R}/experiments/{{experiment}}/chosen.yaml",
        split=f"{R}/data/split.csv",
    output:
        **pictures(
            f"{FIGURES}/regimes",
            "regimes",
            category,
            "accuracy and number of images",
            VALIDATION,
        ),
    log:
        f"{LOGS}/plot_regimes/{{experiment}}.log",
    params:
        code=code("plot_regimes"),
        title=title,
        per_class=lambda w: {
            name: images_per_class(STUDY, name)
            for name in sorted(
                {t.settings.subset for t in PLAN.trials(w.experiment)} | {"full"}
            )
        },
    message:
        "Drawing accuracy against the number of images in {wildcards.experiment}"
    script:
        "../scripts/plot_regimes.py"


rule plot_unfrozen:
    input:
        trials=f"{R}/experiments/{{experiment}}/trials.csv",
        chosen=f"{R}/experiments/{{experiment}}/chosen.yaml",
    output:
        **pictures(
            f"{FIGURES}/unfrozen",
            "unfrozen",
            category,
            "accuracy, parameters and time by what learns",
            VALIDATION,
        ),
    log:
        f"{LOGS}/plot_unfrozen/{{experiment}}.log",
    params:
        code=code("plot_unfrozen"),
        title=title,
    message:
        "Drawing what learns in {wildcards.experiment}"
    script:
        "../scripts/plot_unfrozen.py"


rule plot_trends:
    input:
        choice_before,
        trials=f"{R}/experiments/{{experiment}}/trials.csv",
        chosen=f"{R}/experiments/{{experiment}}/chosen.yaml",
    output:
        **pictures(
            f"{FIGURES}/trends",
            "trends",
            category,
            "accuracy against numbers",
            TRAIN_VALIDATION,
        ),
    log:
        f"{LOGS}/plot_trends/{{experiment}}.log",
    params:
        code=code("plot_trends"),
        title=title,
        settings=lambda w: trend_settings(STUDY, PLAN.trials(w.experiment)),
    message:
        "Drawing accuracy against the numbers that {wildcards.experiment} varies"
    script:
        "../scripts/plot_trends.py"


rule tabulate_experiment:
    input:
        trials=f"{R}/experiments/{{experiment}}/trials.csv",
        published=lambda w: published_of(w),
    output:
        html=shown(
            f"{R}/experiments/{{experiment}}/trials.html",
            "trials",
            category,
            "table of all trials",
            TRAIN_VALIDATION,
        ),
    log:
        f"{LOGS}/tabulate_experiment/{{experiment}}.log",
    params:
        code=code("tabulate_experiment"),
        title=title,
    message:
        "Tabulating the trials of {wildcards.experiment}"
    script:
        "../scripts/tabulate_experiment.py"
