# Successive halving: fine-tuned trials of a random search are compared rung by rung, and most of
# them end early. Heads do the same within their one job.


use rule fine_tune as fine_tune_rung with:
    output:
        **EXPERIMENT.rung()._asdict(),
        record=EXPERIMENT.rung_record(),
    log:
        LAYOUT.log("fine_tune_rung", "{experiment}", "{rung}", "{trial}"),
    params:
        code=CODE.of_rule("fine_tune"),
        job=INPUTS.trials.fine_tune_rung,
        gpu_missing=STUDY.gpu_missing,
    message:
        "Fine-tuning {wildcards.trial} of {wildcards.experiment} up to comparison {wildcards.rung}"


localrules:
    promote,


checkpoint promote:
    input:
        metrics=INPUTS.trials.rung_metrics,
    output:
        promoted=EXPERIMENT.promoted(),
    log:
        LAYOUT.log("promote", "{experiment}", "{rung}"),
    params:
        code=CODE.of_rule("promote"),
        halving=INPUTS.trials.halving,
    message:
        "Comparing the trials of {wildcards.experiment}, comparison {wildcards.rung}"
    script:
        "../scripts/promote.py"
