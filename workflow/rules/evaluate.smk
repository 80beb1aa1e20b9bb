# What was chosen is trained once more and scored: the only rules downstream of a choice that end
# in a test result, and `evaluate` the only one that reads test images.


def choice(wildcards):
    """The record of what an experiment chose."""
    path = checkpoints.choose.get(experiment=wildcards.experiment).output.chosen
    return yaml.safe_load(Path(path).read_text(encoding="utf-8"))


def refit_params(wildcards, refit=STUDY.refit):
    """What a refit needs of the choice; the rest of its record makes no refit stale."""
    record = choice(wildcards)
    wanted = ("trial", "settings", "learning_rates")
    return {name: record[name] for name in wanted} | {"refit": refit}


def refit_partitions(settings, refit=STUDY.refit):
    """Partitions that the final model learns from, and is chosen by without a refit.

    A small subset stays as small as it says: its refit sees no validation images.
    """
    return ["train"] if refit and settings.subset != "full" else ["train", "validation"]


def refit_head_features(wildcards):
    """Tables and features for the refit of a head."""
    settings = wait_for_choice(wildcards.experiment)
    files = [training_table(settings)]
    files += feature_files(training_features(settings), "train")
    if "validation" in refit_partitions(settings):
        kind = training_features(settings) if STUDY.refit else plain_features(settings)
        files += feature_files(kind, "validation")
    return files


rule refit_head:
    input:
        split=f"{R}/data/split.csv",
        features=refit_head_features,
        weights=lambda w: weights_inputs(
            wait_for_choice(w.experiment).backbone,
            wait_for_choice(w.experiment).weights,
        ),
    output:
        model=f"{R}/experiments/{{experiment}}/refit_head/model.keras",
        record=f"{R}/experiments/{{experiment}}/refit_head/record.json",
    log:
        f"{LOGS}/refit_head/{{experiment}}.log",
    resources:
        mem_mb=lambda w, attempt: 4000 * attempt,
        runtime=lambda w, attempt: 60 * attempt,
    params:
        code=code("refit_head"),
        choice=refit_params,
        files=lambda w: refit_files(wait_for_choice(w.experiment)),
    message:
        "Training the chosen head of {wildcards.experiment} for the final score"
    script:
        "../scripts/refit_head.py"


rule refit_classifier:
    input:
        split=f"{R}/data/split.csv",
        features=refit_head_features,
    output:
        model=f"{R}/experiments/{{experiment}}/refit_classifier/model.skops",
        record=f"{R}/experiments/{{experiment}}/refit_classifier/record.json",
    log:
        f"{LOGS}/refit_classifier/{{experiment}}.log",
    resources:
        mem_mb=lambda w, attempt: 4000 * attempt,
        runtime=lambda w, attempt: 60 * attempt,
    params:
        code=code("refit_classifier"),
        choice=refit_params,
        files=lambda w: refit_files(wait_for_choice(w.experiment)),
    message:
        "Fitting the chosen classifier of {wildcards.experiment} for the final score"
    script:
        "../scripts/refit_classifier.py"


def refit_files(settings, refit=STUDY.refit):
    """Where a refit finds what it reads."""
    training, plain = training_features(settings), plain_features(settings)
    partitions = refit_partitions(settings, refit)
    second = training if refit else plain
    return {
        "table": training_table(settings),
        "training": f"{R}/features/{training.id}/train",
        "validation": (
            f"{R}/features/{second.id}/validation" if len(partitions) > 1 else None
        ),
        "plain": f"{R}/features/{plain.id}",
        "data": f"{R}/data",
        "weights": weights_file(settings),
        "backbone": plain.as_params(),
    }


rule refit_network:
    input:
        split=f"{R}/data/split.csv",
        files=lambda w: network_inputs(
            wait_for_choice(w.experiment),
            refit_partitions(wait_for_choice(w.experiment)),
        ),
    output:
        model=f"{R}/experiments/{{experiment}}/refit_network/model.keras",
        record=f"{R}/experiments/{{experiment}}/refit_network/record.json",
    log:
        f"{LOGS}/refit_network/{{experiment}}.log",
    threads: lambda w: forward_threads(image_size(wait_for_choice(w.experiment)))
    resources:
        gpu=1,
        mem_mb=lambda w, attempt: 8000 * attempt,
        runtime=lambda w, attempt: 240 * attempt,
    params:
        code=code("refit_network"),
        choice=refit_params,
        files=lambda w: refit_files(wait_for_choice(w.experiment)),
        checkpoints=lambda w: f"{R}/checkpoints/{w.experiment}",
        gpu_missing=STUDY.gpu_missing,
    message:
        "Fine-tuning the chosen network of {wildcards.experiment} for the final score"
    script:
        "../scripts/refit_network.py"


# The chosen network as its trial left it, for experiments that take its weights: those of the
# final model have seen the validation images by which such experiments choose.
use rule refit_network as keep_network with:
    input:
        split=f"{R}/data/split.csv",
        files=lambda w: network_inputs(
            wait_for_choice(w.experiment), ["train", "validation"]
        ),
    output:
        model=f"{R}/experiments/{{experiment}}/keep_network/model.keras",
        record=f"{R}/experiments/{{experiment}}/keep_network/record.json",
    log:
        f"{LOGS}/keep_network/{{experiment}}.log",
    params:
        code=code("refit_network"),
        choice=lambda w: refit_params(w, refit=False),
        files=lambda w: refit_files(wait_for_choice(w.experiment), refit=False),
        checkpoints=lambda w: f"{R}/checkpoints/{w.experiment}",
        gpu_missing=STUDY.gpu_missing,
    message:
        "Keeping the network that {wildcards.experiment} chose, as it was trained on the training images"


def final_model(wildcards):
    """The model to be scored and its record; experiments that chose the same share one."""
    experiment = PLAN.refit_in(wildcards.experiment)
    settings = wait_for_choice(experiment)
    folder = f"{R}/experiments/{experiment}/{settings.refit_rule}"
    kind = "keras" if settings.classifier is None else "skops"
    return [f"{folder}/model.{kind}", f"{folder}/record.json"]


def vectors_of_final_model(wildcards):
    """How images become what the final model takes; None where it takes images."""
    settings = wait_for_choice(wildcards.experiment)
    if settings.classifier is None:
        return None
    features = plain_features(settings)
    return {
        "features": features.as_params(),
        "weights": weights_file(settings),
        "codebook": codebook_file(features.codebook),
    }


def frozen_of_final_model(wildcards):
    """The weights and the codebook that are no part of the final model's file."""
    settings = wait_for_choice(wildcards.experiment)
    if settings.classifier is None:
        return []
    codebook = plain_features(settings).codebook
    return weights_inputs(settings.backbone, settings.weights) + codebook_files(
        codebook
    )


rule evaluate:
    input:
        model=final_model,
        split=f"{R}/data/split.csv",
        images=lambda w: packed("test", image_size(wait_for_choice(w.experiment))),
        frozen=frozen_of_final_model,
    output:
        metrics=f"{R}/experiments/{{experiment}}/test/metrics.json",
        predictions=f"{R}/experiments/{{experiment}}/test/predictions.csv",
        confusion=f"{R}/experiments/{{experiment}}/test/confusion.csv",
        classes=f"{R}/experiments/{{experiment}}/test/classes.csv",
        mistakes=f"{R}/experiments/{{experiment}}/test/mistakes.npz",
    log:
        f"{LOGS}/evaluate/{{experiment}}.log",
    resources:
        mem_mb=lambda w, attempt: 4000 * attempt,
        runtime=lambda w, attempt: 60 * attempt,
    params:
        code=code("evaluate"),
        experiment=lambda w: w.experiment,
        scored_in=lambda w: PLAN.refit_in(w.experiment),
        vectors=vectors_of_final_model,
    message:
        "Scoring the chosen model of {wildcards.experiment} on the test images"
    script:
        "../scripts/evaluate.py"
