# Trials: those on features of a frozen backbone share jobs, be it heads or classical models; those
# that fine-tune get one each.


def training_table(settings):
    """The table of the images that a trial learns from."""
    return subset_table(training_subset(settings))


def shard(rule):
    """The trials of one job of a rule, by its wildcards."""
    return lambda wildcards: PLAN.shards(wildcards.experiment, rule, wait=False)[
        int(wildcards.shard)
    ]


def shard_features(rule):
    """Features and tables that the trials of one job of a rule read, by its wildcards."""
    return lambda wildcards: features_of(shard(rule)(wildcards))


def features_of(trials):
    """Features and tables that some trials read, each once."""
    files = {}
    for trial in trials:
        settings = trial.settings
        files[training_table(settings)] = None
        files.update(dict.fromkeys(feature_files(training_features(settings), "train")))
        files.update(
            dict.fromkeys(feature_files(plain_features(settings), "validation"))
        )
    return list(files)


def described(trial):
    """A trial as a rule hands it to its script.

    Its readable name is not there: that changes when the experiment varies one setting more, and
    a trial whose settings stay the same must not run again for it.
    """
    settings = trial.settings
    return {
        "trial": trial.id,
        "settings": settings.model_dump(mode="json"),
        "table": training_table(settings),
        "training": f"{R}/features/{training_features(settings).id}/train",
        "validation": f"{R}/features/{plain_features(settings).id}/validation",
        "plain": f"{R}/features/{plain_features(settings).id}",
        "image_size": image_size(settings),
        "layer": cut_layer(settings),
    }


def halving_params(wildcards):
    """How the trials of an experiment are compared half-way; None where they are not."""
    experiment = STUDY.experiments[wildcards.experiment]
    if experiment.halving is None:
        return None
    return {
        "rungs": list(PLAN.rungs(wildcards.experiment)),
        "how": experiment.halving.model_dump(mode="json"),
        "choose": experiment.choose.model_dump(mode="json"),
    }


rule train_heads:
    input:
        split=f"{R}/data/split.csv",
        features=shard_features("train_heads"),
    output:
        metrics=f"{R}/experiments/{{experiment}}/train_heads/{{shard}}/metrics.csv",
        history=f"{R}/experiments/{{experiment}}/train_heads/{{shard}}/history.csv",
        predictions=f"{R}/experiments/{{experiment}}/train_heads/{{shard}}/predictions.csv",
    log:
        f"{LOGS}/train_heads/{{experiment}}/{{shard}}.log",
    resources:
        mem_mb=lambda w, attempt: 4000 * attempt,
        runtime=lambda w, attempt: 60 * attempt,
    params:
        code=code("train_heads"),
        trials=lambda w: [described(trial) for trial in shard("train_heads")(w)],
        finished=f"{R}/experiments/{{experiment}}/train_heads/finished",
        halving=halving_params,
    message:
        "Training the heads of {wildcards.experiment}, part {wildcards.shard}"
    script:
        "../scripts/train_heads.py"


rule fit_classifiers:
    input:
        split=f"{R}/data/split.csv",
        features=shard_features("fit_classifiers"),
    output:
        metrics=f"{R}/experiments/{{experiment}}/fit_classifiers/{{shard}}/metrics.csv",
        history=f"{R}/experiments/{{experiment}}/fit_classifiers/{{shard}}/history.csv",
        predictions=f"{R}/experiments/{{experiment}}/fit_classifiers/{{shard}}/predictions.csv",
    log:
        f"{LOGS}/fit_classifiers/{{experiment}}/{{shard}}.log",
    resources:
        mem_mb=lambda w, attempt: 4000 * attempt,
        runtime=lambda w, attempt: 60 * attempt,
    params:
        code=code("fit_classifiers"),
        trials=lambda w: [described(trial) for trial in shard("fit_classifiers")(w)],
        finished=f"{R}/experiments/{{experiment}}/fit_classifiers/finished",
    message:
        "Fitting the classifiers of {wildcards.experiment}, part {wildcards.shard}"
    script:
        "../scripts/fit_classifiers.py"


def network_inputs(settings, partitions):
    """What a job reads that trains a network on the images of some partitions."""
    size = image_size(settings)
    files = [training_table(settings)]
    for partition in partitions:
        files += packed(partition, size)
        if settings.first_step is not None:
            files += feature_files(plain_features(settings), partition)
    return files + weights_inputs(settings.backbone, settings.weights)


rule fine_tune:
    input:
        split=f"{R}/data/split.csv",
        files=lambda w: network_inputs(
            PLAN.trial(w.experiment, w.trial).settings, ["train", "validation"]
        ),
        before=lambda w: rung_before(w),
    output:
        metrics=f"{R}/experiments/{{experiment}}/fine_tune/{{trial}}/metrics.csv",
        history=f"{R}/experiments/{{experiment}}/fine_tune/{{trial}}/history.csv",
        predictions=f"{R}/experiments/{{experiment}}/fine_tune/{{trial}}/predictions.csv",
        record=f"{R}/experiments/{{experiment}}/fine_tune/{{trial}}/record.json",
    log:
        f"{LOGS}/fine_tune/{{experiment}}/{{trial}}.log",
    threads: lambda w: forward_threads(image_size(PLAN.trial(w.experiment, w.trial).settings))
    resources:
        gpu=1,
        mem_mb=lambda w, attempt: 8000 * attempt,
        runtime=lambda w, attempt: 240 * attempt,
    params:
        code=code("fine_tune"),
        trial=lambda w: described(PLAN.trial(w.experiment, w.trial)),
        data=f"{R}/data",
        weights=lambda w: weights_file(PLAN.trial(w.experiment, w.trial).settings),
        checkpoints=lambda w: f"{R}/checkpoints/{w.experiment}/{w.trial}",
        keep_weights=lambda w: not STUDY.refit
        or w.experiment in PLAN.sources_of_weights,
        until=None,
        gpu_missing=STUDY.gpu_missing,
    message:
        "Fine-tuning {wildcards.trial} of {wildcards.experiment}"
    script:
        "../scripts/fine_tune.py"
