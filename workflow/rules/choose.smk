# The choice, on validation results alone. It is a checkpoint, since what comes after an experiment
# depends on what it chose.


def trial_tables(kind):
    """The tables of all trials of an experiment, wherever they were run."""

    def files(wildcards):
        experiment = wildcards.experiment
        tables = [
            f"{R}/experiments/{experiment}/{rule}/{number}/{kind}.csv"
            for rule in BATCHED_RULES
            for number, _ in enumerate(PLAN.shards(experiment, rule))
        ]
        tables += [
            f"{folder}/{kind}.csv" for folder in results_of_fine_tuned(experiment)
        ]
        return tables

    return files


def rows_of_trials(wildcards):
    """The experiment's trials as rows: identity, settings, whether they may be chosen."""
    experiment = wildcards.experiment
    return [
        row | {"candidate": candidate}
        for row, candidate in zip(
            PLAN.rows(experiment), PLAN.choosable(experiment), strict=True
        )
    ]


localrules:
    choose,


checkpoint choose:
    input:
        split=f"{R}/data/split.csv",
        metrics=trial_tables("metrics"),
        history=trial_tables("history"),
    output:
        chosen=f"{R}/experiments/{{experiment}}/chosen.yaml",
        trials=f"{R}/experiments/{{experiment}}/trials.csv",
        history=f"{R}/experiments/{{experiment}}/history.csv",
    log:
        f"{LOGS}/choose/{{experiment}}.log",
    params:
        code=code("choose"),
        trials=rows_of_trials,
        how=lambda w: STUDY.experiments[w.experiment].choose.model_dump(mode="json"),
        title=lambda w: STUDY.experiments[w.experiment].title or w.experiment,
        kind=lambda w: STUDY.experiments[w.experiment].kind,
        settings=lambda w: {
            trial.id: trial.settings.model_dump(mode="json")
            for trial in PLAN.trials(w.experiment)
        },
        checkpoints=lambda w: f"{R}/checkpoints/{w.experiment}",
    message:
        "Choosing among the trials of {wildcards.experiment}"
    script:
        "../scripts/choose.py"
