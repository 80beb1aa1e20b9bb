# Search in rounds: a round's trials are proposed from the results of earlier rounds. It is a
# checkpoint, since its trials are not known before.


localrules:
    propose,
    write_optuna,


checkpoint propose:
    input:
        metrics=INPUTS.rounds.metrics,
        predictions=INPUTS.rounds.predictions,
        known=INPUTS.rounds.known_trials,
        times=INPUTS.rounds.times,
    output:
        proposals=EXPERIMENT.proposals(),
    log:
        LAYOUT.log("propose", "{experiment}", "{round}"),
    params:
        code=CODE.of_rule("propose"),
        job=INPUTS.rounds.propose,
    message:
        "Proposing the trials of {wildcards.experiment}, round {wildcards.round}"
    script:
        "../scripts/propose.py"


# For optuna-dashboard and optuna.visualization. Nothing else reads it.
rule write_optuna:
    input:
        trials=EXPERIMENT.trials,
        history=EXPERIMENT.history,
    output:
        database=EXPERIMENT.optuna_database,
        importance=EXPERIMENT.importance,
    log:
        LAYOUT.log("write_optuna", "{experiment}"),
    params:
        code=CODE.of_rule("write_optuna"),
        job=INPUTS.rounds.optuna,
    message:
        "Writing {wildcards.experiment} as a study of Optuna"
    script:
        "../scripts/write_optuna.py"
