# The choice, by validation results alone. It is a checkpoint, since what comes after an experiment
# depends on what it chose.


localrules:
    choose,


checkpoint choose:
    input:
        split=LAYOUT.split,
        tables=INPUTS.final_models.training_tables,
        metrics=INPUTS.trials.result_tables("metrics"),
        history=INPUTS.trials.result_tables("history"),
    output:
        chosen=EXPERIMENT.chosen,
        trials=EXPERIMENT.trials,
        history=EXPERIMENT.history,
    log:
        LAYOUT.log("choose", "{experiment}"),
    params:
        code=CODE.of_rule("choose"),
        job=INPUTS.final_models.choose,
    message:
        "Choosing among the trials of {wildcards.experiment}"
    script:
        "../scripts/choose.py"
