# The choice, by validation results alone. It is a checkpoint, since what comes after an experiment
# depends on what it chose.


localrules:
    choose,
    assess_choice,


checkpoint choose:
    input:
        split=LAYOUT.split,
        tables=INPUTS.final_models.training_tables,
        metrics=INPUTS.trials.result_tables("metrics"),
        history=INPUTS.trials.result_tables("history"),
        predictions=INPUTS.trials.predictions_for_costs,
        speeds=INPUTS.speeds.of_trials,
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


rule assess_choice:
    input:
        split=LAYOUT.split,
        trials=EXPERIMENT.trials,
        history=EXPERIMENT.history,
        predictions=INPUTS.trials.result_tables("predictions"),
    output:
        selection=EXPERIMENT.selection,
    log:
        LAYOUT.log("assess_choice", "{experiment}"),
    params:
        code=CODE.of_rule("assess_choice"),
        job=INPUTS.final_models.assess,
    message:
        "Estimating how sure the choice of {wildcards.experiment} is"
    script:
        "../scripts/assess_choice.py"
