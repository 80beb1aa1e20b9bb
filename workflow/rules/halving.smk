# Successive halving: fine-tuned trials of a random search are compared half-way, rung by rung, and
# most of them end there. Heads do the same within their one job.


def rung_folder(experiment, rung):
    """Where the results of one rung stand."""
    return f"{R}/experiments/{experiment}/halving/{rung}"


def trials_of_rung(experiment, rung):
    """The fine-tuned trials that reach a rung, by id; Snakemake waits for the one before."""
    if int(rung) == 0:
        return [trial.id for trial in PLAN.fine_tuned(experiment)]
    before = checkpoints.promote.get(experiment=experiment, rung=int(rung) - 1)
    return yaml.safe_load(Path(before.output.promoted).read_text(encoding="utf-8"))


def rung_before(wildcards):
    """A trial's results of the rung before, whose state it goes on from."""
    rungs = len(PLAN.rungs(wildcards.experiment))
    number = int(wildcards.get("rung", rungs))
    if number == 0:
        return []
    folder = rung_folder(wildcards.experiment, number - 1)
    return f"{folder}/{wildcards.trial}/metrics.csv"


def results_of_fine_tuned(experiment):
    """Folders with the results of the fine-tuned trials: of each its last rung, or its end."""
    folders = {
        trial.id: f"{R}/experiments/{PLAN.runs_in(experiment, trial)}/fine_tune/{trial.id}"
        for trial in PLAN.fine_tuned(experiment)
    }
    rungs = PLAN.rungs(experiment) if folders else ()
    for rung, _ in enumerate(rungs):
        goes_on = trials_of_rung(experiment, rung + 1)
        for trial in trials_of_rung(experiment, rung):
            if trial not in goes_on:
                folders[trial] = f"{rung_folder(experiment, rung)}/{trial}"
    return list(folders.values())


use rule fine_tune as fine_tune_rung with:
    output:
        metrics=f"{R}/experiments/{{experiment}}/halving/{{rung}}/{{trial}}/metrics.csv",
        history=f"{R}/experiments/{{experiment}}/halving/{{rung}}/{{trial}}/history.csv",
        predictions=f"{R}/experiments/{{experiment}}/halving/{{rung}}/{{trial}}/predictions.csv",
        record=f"{R}/experiments/{{experiment}}/halving/{{rung}}/{{trial}}/record.json",
    log:
        f"{LOGS}/fine_tune_rung/{{experiment}}/{{rung}}/{{trial}}.log",
    params:
        code=code("fine_tune"),
        trial=lambda w: described(PLAN.trial(w.experiment, w.trial)),
        data=f"{R}/data",
        weights=lambda w: weights_file(PLAN.trial(w.experiment, w.trial).settings),
        checkpoints=lambda w: f"{R}/checkpoints/{w.experiment}/{w.trial}",
        keep_weights=True,
        until=lambda w: PLAN.rungs(w.experiment)[int(w.rung)],
        gpu_missing=STUDY.gpu_missing,
    message:
        "Fine-tuning {wildcards.trial} of {wildcards.experiment} up to comparison {wildcards.rung}"


localrules:
    promote,


checkpoint promote:
    input:
        metrics=lambda w: [
            f"{rung_folder(w.experiment, w.rung)}/{trial}/metrics.csv"
            for trial in trials_of_rung(w.experiment, w.rung)
        ],
    output:
        promoted=f"{R}/experiments/{{experiment}}/halving/{{rung}}/promoted.yaml",
    log:
        f"{LOGS}/promote/{{experiment}}/{{rung}}.log",
    params:
        code=code("promote"),
        halving=halving_params,
    message:
        "Comparing the trials of {wildcards.experiment} half-way, {wildcards.rung}"
    script:
        "../scripts/promote.py"
