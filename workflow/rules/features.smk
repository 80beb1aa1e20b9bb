# What is frozen gives the same activations in every epoch and trial: computed once, kept as files.


def forward_threads(size):
    """Processors of a job that runs a whole network on images of `size` pixels.

    On few cores such a job would leave the others idle when it is alone; on many, one job for
    each core would need the memory of as many networks. Small images leave threads nothing to
    share, and most of the job's time is its start: there, jobs side by side are faster.
    """
    return 4 if size >= 128 else 1


def feature_images(wildcards):
    """The packed images and the table of those that a feature set renders."""
    features = PLAN.feature_set(wildcards.features)
    if features.subset == "full" or wildcards.partition != "train":
        table = f"{R}/data/split.csv"
    else:
        table = f"{R}/data/subsets/{features.subset}.csv"
    return [table, *packed(wildcards.partition, features.image_size)]


def feature_weights(wildcards):
    """The weights of a feature set's backbone."""
    features = PLAN.feature_set(wildcards.features)
    return weights_inputs(features.backbone, features.weights)


def feature_files(features, partition):
    """The inputs of a job that reads features; see `packed` for why the array is ancient."""
    stem = f"{R}/features/{features.id}/{partition}"
    return [ancient(f"{stem}.npy"), f"{stem}.json"]


rule extract_features:
    input:
        images=feature_images,
        weights=feature_weights,
    output:
        array=f"{R}/features/{{features}}/{{partition}}.npy",
        facts=f"{R}/features/{{features}}/{{partition}}.json",
    log:
        f"{LOGS}/extract_features/{{features}}/{{partition}}.log",
    wildcard_constraints:
        # Test images meet a network in `evaluate` alone.
        partition="train|validation",
    threads: lambda w: forward_threads(PLAN.feature_set(w.features).image_size)
    resources:
        gpu=1,
        mem_mb=lambda w, attempt: 6000 * attempt,
        runtime=lambda w, attempt: 60 * attempt,
    params:
        code=code("extract_features"),
        partition=lambda w: w.partition,
        features=lambda w: PLAN.feature_set(w.features).as_params(),
        weights=lambda w: weights_file(PLAN.feature_set(w.features)),
    message:
        "Computing the features {wildcards.features} of the {wildcards.partition} images"
    script:
        "../scripts/extract_features.py"
