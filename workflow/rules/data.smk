# From images on disk to arrays that every job memory-maps.

from scenery.registry.datasets import NAMED_DATASETS


localrules:
    draw_scenes,
    fetch_dataset,
    split,
    draw_subset,


rule draw_scenes:
    output:
        folder=directory(LAYOUT.made_dataset("generated")),
    log:
        LAYOUT.log("draw_scenes"),
    params:
        **STUDY.dataset.generated.model_dump(),
        code=CODE.of_rule("draw_scenes"),
    message:
        "Drawing {params.per_class} scenes of each class"
    script:
        "../scripts/draw_scenes.py"


# Needs the network, which on a cluster only the login node may have.
rule fetch_dataset:
    output:
        folder=directory(LAYOUT.made_dataset()),
    log:
        LAYOUT.log("fetch_dataset", "{dataset}"),
    wildcard_constraints:
        dataset="|".join(NAMED_DATASETS),
    params:
        code=CODE.of_rule("fetch_dataset"),
        name=INPUTS.data.fetched_dataset,
    message:
        "Fetching the data set {wildcards.dataset}"
    script:
        "../scripts/fetch_dataset.py"


rule embed_images:
    input:
        INPUTS.data.made_images,
    output:
        array=LAYOUT.embeddings.array,
        facts=LAYOUT.embeddings.facts,
    log:
        LAYOUT.log("embed_images"),
    threads: INPUTS.data.embedding_threads
    resources:
        mem_mb=per_attempt(4000),
        runtime=per_attempt(120),
    params:
        code=CODE.of_rule("embed_images"),
        images=INPUTS.data.images_digest,
        how=INPUTS.data.embed,
        source=INPUTS.data.source,
        root=INPUTS.data.root,
    message:
        "Computing feature vectors to find images that show the same"
    script:
        "../scripts/embed_images.py"


rule catalogue:
    input:
        images=INPUTS.data.made_images,
        embeddings=INPUTS.data.embeddings,
    output:
        catalogue=LAYOUT.catalogue,
        pictures=LAYOUT.similar_pictures,
    log:
        LAYOUT.log("catalogue"),
    # All other jobs wait for it.
    threads: 4
    params:
        code=CODE.of_rule("catalogue"),
        images=INPUTS.data.images_digest,
        how=INPUTS.data.catalogue,
        source=INPUTS.data.source,
        root=INPUTS.data.root,
    message:
        "Checking the images"
    script:
        "../scripts/catalogue.py"


rule split:
    input:
        catalogue=rules.catalogue.output.catalogue,
    output:
        split=LAYOUT.split,
    log:
        LAYOUT.log("split"),
    params:
        code=CODE.of_rule("split"),
        job=INPUTS.data.split,
    message:
        "Dividing the images into train, validation and test"
    script:
        "../scripts/split.py"


rule draw_subset:
    input:
        split=LAYOUT.split,
    output:
        subset=LAYOUT.subset(),
    log:
        LAYOUT.log("draw_subset", "{subset}"),
    params:
        code=CODE.of_rule("draw_subset"),
        how=INPUTS.data.subset,
    message:
        "Drawing the subset {wildcards.subset}"
    script:
        "../scripts/draw_subset.py"


rule pack:
    input:
        split=LAYOUT.split,
    output:
        array=LAYOUT.packed().array,
        facts=LAYOUT.packed().facts,
    log:
        LAYOUT.log("pack", "{partition}_{size}"),
    params:
        code=CODE.of_rule("pack"),
        job=INPUTS.data.pack,
        root=INPUTS.data.root,
    message:
        "Packing the {wildcards.partition} images at {wildcards.size} pixels"
    script:
        "../scripts/pack.py"
