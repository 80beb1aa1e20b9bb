# Numbers that others published, beside ours. No trial and no choice depends on them.

PUBLISHED = [
    name for name, e in STUDY.experiments.items() if e.reference_results is not None
]


def published_of(wildcards):
    """The table of published numbers of an experiment, if it has any."""
    folder = f"{R}/experiments/{wildcards.experiment}"
    return [f"{folder}/published.csv"] if wildcards.experiment in PUBLISHED else []


def published_start(wildcards):
    """The choice that the experiment starts from, if it comes after another one."""
    after = STUDY.experiments[wildcards.experiment].start_from
    if after is None:
        return []
    return checkpoints.choose.get(experiment=after).output.chosen


localrules:
    compare_published,
    plot_published,
    plot_all_published,


rule compare_published:
    input:
        start=published_start,
        trials=f"{R}/experiments/{{experiment}}/trials.csv",
        chosen=f"{R}/experiments/{{experiment}}/chosen.yaml",
    output:
        table=f"{R}/experiments/{{experiment}}/published.csv",
    log:
        f"{LOGS}/compare_published/{{experiment}}.log",
    params:
        code=code("compare_published"),
        rows=lambda w: PLAN.published(w.experiment),
    message:
        "Putting published numbers beside those of {wildcards.experiment}"
    script:
        "../scripts/compare_published.py"


rule plot_published:
    input:
        f"{R}/experiments/{{experiment}}/published.csv",
    output:
        **pictures(
            f"{FIGURES}/published",
            "published",
            category,
            "published numbers and ours",
            VALIDATION,
        ),
    log:
        f"{LOGS}/plot_published/{{experiment}}.log",
    params:
        code=code("plot_published"),
        title=title,
        titles=lambda w: [title(w)],
    message:
        "Drawing published numbers beside those of {wildcards.experiment}"
    script:
        "../scripts/plot_published.py"


rule plot_all_published:
    input:
        [f"{R}/experiments/{experiment}/published.csv" for experiment in PUBLISHED],
    output:
        **pictures(
            f"{R}/figures/published",
            "published",
            OVERVIEW,
            "published numbers and ours",
            VALIDATION,
        ),
    log:
        f"{LOGS}/plot_all_published.log",
    params:
        code=code("plot_published"),
        title="Published numbers and ours",
        titles=lambda w: [STUDY.experiments[name].title or name for name in PUBLISHED],
    message:
        "Drawing published numbers beside ours"
    script:
        "../scripts/plot_published.py"


def published_pictures(wildcards):
    """The figures of published numbers, of each experiment that has some and of all together."""
    files = [f"{R}/experiments/{name}/figures/published.png" for name in PUBLISHED]
    return files + ([f"{R}/figures/published.png"] if len(PUBLISHED) > 1 else [])
