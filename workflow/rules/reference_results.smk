# Reference results beside those of the study. No trial and no choice depends on them.


localrules:
    compare_reference_results,


rule compare_reference_results:
    input:
        start=INPUTS.results.reference_start,
        trials=EXPERIMENT.trials,
        chosen=EXPERIMENT.chosen,
    output:
        table=EXPERIMENT.reference_results,
    log:
        LAYOUT.log("compare_reference_results", "{experiment}"),
    params:
        code=CODE.of_rule("compare_reference_results"),
        rows=INPUTS.results.reference_rows,
    message:
        "Comparing with the reference results of {wildcards.experiment}"
    script:
        "../scripts/compare_reference_results.py"
