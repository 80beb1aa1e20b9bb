# Activations of frozen backbones, and descriptors: computed once, kept as files.

from scenery.config.encoding import ENCODINGS
from scenery.study.features import FEATURE_KINDS


rule extract_features:
    input:
        images=INPUTS.features.images,
        weights=INPUTS.features.weights,
    output:
        array=LAYOUT.features().array,
        facts=LAYOUT.features().facts,
    log:
        LAYOUT.log("extract_features", "{features}", "{partition}"),
    wildcard_constraints:
        # Only `evaluate` gives test images to a network.
        partition="train|validation",
        features=f"[A-Za-z0-9_-]+-({'|'.join(FEATURE_KINDS)})-[0-9a-f]{{8}}",
    threads: INPUTS.features.threads
    resources:
        gpu=INPUTS.features.gpus,
        mem_mb=per_attempt(6000),
        runtime=per_attempt(60),
    params:
        code=CODE.of_rule("extract_features"),
        job=INPUTS.features.extract,
    message:
        "Computing the features {wildcards.features} of the {wildcards.partition} images"
    script:
        "../scripts/extract_features.py"


# Local descriptors, such as dense SIFT, become one vector by a codebook of the training images.
rule learn_codebook:
    input:
        maps=INPUTS.features.codebook_maps,
        table=INPUTS.features.codebook_table,
        split=INPUTS.features.codebook_split,
    output:
        codebook=LAYOUT.codebook().array,
        facts=LAYOUT.codebook().facts,
    log:
        LAYOUT.log("learn_codebook", "{codebook}"),
    resources:
        mem_mb=per_attempt(4000),
        runtime=per_attempt(60),
    params:
        code=CODE.of_rule("learn_codebook"),
        job=INPUTS.features.learn_codebook,
    message:
        "Learning the codebook {wildcards.codebook}"
    script:
        "../scripts/learn_codebook.py"


rule encode_features:
    input:
        maps=INPUTS.features.maps,
        codebook=INPUTS.features.codebook,
    output:
        array=LAYOUT.features().array,
        facts=LAYOUT.features().facts,
    log:
        LAYOUT.log("encode_features", "{features}", "{partition}"),
    wildcard_constraints:
        partition="train|validation",
        features=rf"[A-Za-z0-9_-]+-({'|'.join(ENCODINGS)})-[0-9a-f]{{8}}",
    resources:
        mem_mb=per_attempt(4000),
        runtime=per_attempt(60),
    params:
        code=CODE.of_rule("encode_features"),
        encoding=INPUTS.features.encoding,
    message:
        "Encoding the {wildcards.partition} images as {wildcards.features}"
    script:
        "../scripts/encode_features.py"
