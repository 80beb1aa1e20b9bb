# Final models for use without the study.


rule export_model:
    input:
        model=INPUTS.final_models.final_model,
        split=LAYOUT.split,
        frozen=INPUTS.final_models.frozen_parts,
    output:
        facts=EXPERIMENT.exported("model.json"),
        labels=EXPERIMENT.exported("labels.txt"),
    log:
        LAYOUT.log("export_model", "{experiment}"),
    resources:
        mem_mb=per_attempt(4000),
        runtime=per_attempt(60),
    params:
        code=CODE.of_rule("export_model"),
        job=INPUTS.export.export,
    message:
        "Exporting the final model of {wildcards.experiment}"
    script:
        "../scripts/export_model.py"
