# What is frozen gives the same activations in every epoch and trial: computed once, kept as files.

from scenery.config.encoding import ENCODINGS
from scenery.registry.custom_architectures import HANDCRAFTED


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
    subset = features.subset if wildcards.partition == "train" else "full"
    return [subset_table(subset), *packed(wildcards.partition, features.image_size)]


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
        features=r"[A-Za-z0-9_-]+-(average|max|map|views)-[0-9a-f]{8}",
    threads: lambda w: forward_threads(PLAN.feature_set(w.features).image_size)
    resources:
        # What is made by hand is made on processors.
        gpu=lambda w: int(PLAN.feature_set(w.features).backbone not in HANDCRAFTED),
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


def codebook_file(codebook):
    """Where a job finds what an encoding has learned; None without an encoding."""
    return codebook and f"{R}/codebooks/{codebook.id}/codebook.skops"


def codebook_files(codebook):
    """The inputs of a job that reads a codebook; its facts hold the digest of its content."""
    if codebook is None:
        return []
    return [
        ancient(codebook_file(codebook)),
        f"{R}/codebooks/{codebook.id}/codebook.json",
    ]


# Local descriptors, such as dense SIFT, become one vector by a codebook of the training images.
rule learn_codebook:
    input:
        maps=lambda w: feature_files(PLAN.codebook(w.codebook).maps, "train"),
        table=lambda w: subset_table(PLAN.codebook(w.codebook).subset),
    output:
        codebook=f"{R}/codebooks/{{codebook}}/codebook.skops",
        facts=f"{R}/codebooks/{{codebook}}/codebook.json",
    log:
        f"{LOGS}/learn_codebook/{{codebook}}.log",
    resources:
        mem_mb=lambda w, attempt: 4000 * attempt,
        runtime=lambda w, attempt: 60 * attempt,
    params:
        code=code("learn_codebook"),
        encoding=lambda w: PLAN.codebook(w.codebook).encoding.model_dump(mode="json"),
        seed=lambda w: PLAN.codebook(w.codebook).seed,
    message:
        "Learning the codebook {wildcards.codebook}"
    script:
        "../scripts/learn_codebook.py"


rule encode_features:
    input:
        maps=lambda w: feature_files(PLAN.feature_set(w.features).raw, w.partition),
        codebook=lambda w: codebook_files(PLAN.feature_set(w.features).codebook),
    output:
        array=f"{R}/features/{{features}}/{{partition}}.npy",
        facts=f"{R}/features/{{features}}/{{partition}}.json",
    log:
        f"{LOGS}/encode_features/{{features}}/{{partition}}.log",
    wildcard_constraints:
        partition="train|validation",
        features=rf"[A-Za-z0-9_-]+-({'|'.join(ENCODINGS)})-[0-9a-f]{{8}}",
    resources:
        mem_mb=lambda w, attempt: 4000 * attempt,
        runtime=lambda w, attempt: 60 * attempt,
    params:
        code=code("encode_features"),
        encoding=lambda w: PLAN.feature_set(w.features).encoding.model_dump(mode="json"),
    message:
        "Encoding the {wildcards.partition} images as {wildcards.features}"
    script:
        "../scripts/encode_features.py"
