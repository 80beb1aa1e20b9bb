# Pictures and tables of single experiments, all from tables on disk: restyling retrains nothing.

OVERVIEW = "Overview"


def title(wildcards):
    """The experiment's title: its category in the report."""
    return STUDY.experiments[wildcards.experiment].title or wildcards.experiment


def pictures(stem, caption, category, **labels):
    """The SVG and the PNG of one figure, labelled for the report."""
    return {
        f"{stem.rsplit('/', 1)[-1]}_{form}": report(
            f"{stem}.{form}",
            caption=f"../report/{caption}.rst",
            category=category,
            labels={**labels, "format": form},
        )
        for form in ("svg", "png")
    }


FIGURES = f"{R}/experiments/{{experiment}}/figures"


localrules:
    plot_experiment,
    plot_test,
    plot_best,
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
            title,
            figure="learning curves",
        ),
        **pictures(f"{FIGURES}/settings", "settings", title, figure="all trials"),
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
    output:
        **pictures(
            f"{FIGURES}/confusion", "confusion", title, figure="confusion matrix"
        ),
        **pictures(f"{FIGURES}/classes", "classes", title, figure="score of each class"),
        **pictures(f"{FIGURES}/reliability", "reliability", title, figure="calibration"),
        mistakes_png=report(
            f"{FIGURES}/mistakes.png",
            caption="../report/mistakes.rst",
            category=title,
            labels={"figure": "most confident mistakes", "format": "png"},
        ),
    log:
        f"{LOGS}/plot_test/{{experiment}}.log",
    params:
        code=code("plot_test"),
        title=title,
        root=image_root(),
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
            f"{FIGURES}/best", "best", title, figure="best result and configuration"
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


rule tabulate_experiment:
    input:
        trials=f"{R}/experiments/{{experiment}}/trials.csv",
    output:
        html=report(
            f"{R}/experiments/{{experiment}}/trials.html",
            caption="../report/trials.rst",
            category=title,
            labels={"figure": "table of all trials", "format": "html"},
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
