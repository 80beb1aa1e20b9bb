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
    promote_in_round,


checkpoint promote:
    input:
        metrics=INPUTS.halving.rung_metrics,
    output:
        promoted=EXPERIMENT.promoted(),
    log:
        LAYOUT.log("promote", "{experiment}", "{rung}"),
    params:
        code=CODE.of_rule("promote"),
        job=INPUTS.halving.promote,
    message:
        "Comparing the trials of {wildcards.experiment}, comparison {wildcards.rung}"
    script:
        "../scripts/promote.py"


# The same in a round of a search: its trials are compared with those of earlier rounds, too.
checkpoint promote_in_round:
    input:
        metrics=INPUTS.halving.rung_metrics,
        earlier=INPUTS.halving.earlier_metrics,
    output:
        promoted=EXPERIMENT.promoted_in_round(),
    log:
        LAYOUT.log("promote_in_round", "{experiment}", "{round}", "{rung}"),
    params:
        code=CODE.of_rule("promote"),
        job=INPUTS.halving.promote,
    message:
        "Comparing the trials of {wildcards.experiment}, round {wildcards.round}, comparison {wildcards.rung}"
    script:
        "../scripts/promote.py"
