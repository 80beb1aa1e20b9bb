# Weights of backbones: fetched or taken from a file once, and checked before anything is trained.


def weights_source(wildcards):
    """The user's weights file, or the network that an experiment of the study trained."""
    _, weights = PLAN.weights(wildcards.weights)
    if weights.startswith(WEIGHTS_FROM_EXPERIMENT):
        experiment = weights.removeprefix(WEIGHTS_FROM_EXPERIMENT)
        return f"{R}/experiments/{experiment}/keep_network/model.keras"
    return [] if weights == "imagenet" else weights


def weights_inputs(backbone, weights):
    """The inputs of a job that needs a backbone's weights; none for random ones.

    The check is `ancient`: it comes first, but checking one layer more makes nothing stale.
    """
    if weights == "none":
        return []
    stem = f"{R}/weights/{weights_id(backbone, weights)}"
    return [f"{stem}.weights.h5", ancient(f"{stem}.checked.json")]


def weights_file(settings):
    """Where a job finds the weights of its backbone; None for random ones."""
    if settings.weights == "none":
        return None
    return f"{R}/weights/{weights_id(settings.backbone, settings.weights)}.weights.h5"


# Needs the network, which on a cluster only the login node may have.
localrules:
    provide_weights,


rule provide_weights:
    input:
        weights_source,
    output:
        weights=f"{R}/weights/{{weights}}.weights.h5",
    log:
        f"{LOGS}/provide_weights/{{weights}}.log",
    params:
        code=code("provide_weights"),
        backbone=lambda w: PLAN.weights(w.weights)[0],
        weights=lambda w: PLAN.weights(w.weights)[1],
    message:
        "Providing the weights {wildcards.weights}"
    script:
        "../scripts/provide_weights.py"


def own_network(weights):
    """Image size and options of one of Scenery's own networks; None for a published one."""
    found = PLAN.own_network(weights)
    if found is None:
        return None
    size, options = found
    return {"image_size": size, "options": options.model_dump(mode="json")}


rule check_weights:
    input:
        weights=rules.provide_weights.output.weights,
    output:
        facts=f"{R}/weights/{{weights}}.checked.json",
    log:
        f"{LOGS}/check_weights/{{weights}}.log",
    params:
        # Not the code: nothing learns from a check, and while it waits to run again Snakemake does
        # not see what else is stale behind the choices.
        backbone=lambda w: PLAN.weights(w.weights)[0],
        layers=lambda w: PLAN.layers_needed(w.weights),
        own=lambda w: own_network(w.weights),
    message:
        "Checking that the weights {wildcards.weights} cover the layers in use"
    script:
        "../scripts/check_weights.py"
