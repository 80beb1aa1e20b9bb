# Reference results beside those of the study. No trial and no choice depends on them.


localrules:
    compare_published,
    plot_published,
    plot_all_published,


rule compare_published:
    input:
        start=INPUTS.results.reference_start,
        trials=EXPERIMENT.trials,
        chosen=EXPERIMENT.chosen,
    output:
        table=EXPERIMENT.reference_results,
    log:
        LAYOUT.log("compare_published", "{experiment}"),
    params:
        code=CODE.of_rule("compare_published"),
        rows=INPUTS.results.reference_rows,
    message:
        "Putting published numbers beside those of {wildcards.experiment}"
    script:
        "../scripts/compare_published.py"


rule plot_published:
    input:
        EXPERIMENT.reference_results,
    output:
        **figure(
            EXPERIMENT.figure("published"),
            "published",
            CATEGORY,
            "published numbers and ours",
            VALIDATION,
        ),
    log:
        LAYOUT.log("plot_published", "{experiment}"),
    params:
        code=CODE.of_rule("plot_published"),
        title=INPUTS.results.title,
        titles=INPUTS.results.reference_titles,
    message:
        "Drawing published numbers beside those of {wildcards.experiment}"
    script:
        "../scripts/plot_published.py"


rule plot_all_published:
    input:
        INPUTS.results.reference_tables,
    output:
        **figure(
            LAYOUT.figure("published"),
            "published",
            OVERVIEW,
            "published numbers and ours",
            VALIDATION,
        ),
    log:
        LAYOUT.log("plot_all_published"),
    params:
        code=CODE.of_rule("plot_published"),
        title="Published numbers and ours",
        titles=INPUTS.results.reference_titles,
    message:
        "Drawing published numbers beside ours"
    script:
        "../scripts/plot_published.py"
