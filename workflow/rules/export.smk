# Final models for use without the study.

from scenery.pipeline.report_items import VALIDATION_TEST, category_of, item


localrules:
    write_card,


rule export_model:
    input:
        model=INPUTS.final_models.final_model,
        split=LAYOUT.split,
        frozen=INPUTS.final_models.frozen_parts,
        images=INPUTS.export.images,
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


# README.md is no output: Snakemake removes outputs before a job, and the words of a user with them.
rule write_card:
    input:
        model=rules.export_model.output.facts,
        metrics=EXPERIMENT.test("metrics.json"),
        classes=EXPERIMENT.test("classes.csv"),
        confusion=EXPERIMENT.test("confusion.csv"),
        predictions=EXPERIMENT.test("predictions.csv"),
        chosen=EXPERIMENT.chosen,
        split=LAYOUT.split,
    output:
        page=item(
            EXPERIMENT.exported("card.html"),
            "../report/card.rst",
            category_of(STUDY),
            "model card",
            VALIDATION_TEST,
        ),
    log:
        LAYOUT.log("write_card", "{experiment}"),
    params:
        code=CODE.of_rule("write_card"),
    message:
        "Writing the card of the final model of {wildcards.experiment}"
    script:
        "../scripts/write_card.py"
