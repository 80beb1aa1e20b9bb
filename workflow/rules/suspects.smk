# Labels that are probably wrong. Nothing of the study depends on them: a person looks at them.

from scenery.pipeline.report_items import DATA, TRAIN_VALIDATION, item


localrules:
    tabulate_suspects,


rule find_suspects:
    input:
        split=LAYOUT.split,
        arrays=INPUTS.suspects.arrays,
    output:
        suspects=LAYOUT.suspects,
    log:
        LAYOUT.log("find_suspects"),
    resources:
        mem_mb=per_attempt(4000),
        runtime=per_attempt(60),
    params:
        code=CODE.of_rule("find_suspects"),
        job=INPUTS.suspects.job,
    message:
        "Comparing labels with predictions of models that have not seen the image"
    script:
        "../scripts/find_suspects.py"


rule tabulate_suspects:
    input:
        suspects=rules.find_suspects.output.suspects,
    output:
        html=item(
            LAYOUT.suspects_page,
            "../report/suspects.rst",
            DATA,
            "suspicious labels",
            TRAIN_VALIDATION,
        ),
    log:
        LAYOUT.log("tabulate_suspects"),
    params:
        code=CODE.of_rule("tabulate_suspects"),
        root=INPUTS.data.root,
        reading=INPUTS.suspects.reading,
    message:
        "Showing the most suspicious labels"
    script:
        "../scripts/tabulate_suspects.py"
