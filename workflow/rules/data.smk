# From images on disk to arrays that every job memory-maps.

from scenery.registry.datasets import NAMED_DATASETS
from scenery.data.sources import dataset_digest
from scenery.study.subsets import drawn

# Drawn, or fetched by name: `generated`, `mnist`, ...
MADE = STUDY.dataset.made
IMAGES = f"{R}/data/{STUDY.dataset.path}" if MADE else STUDY.dataset.path


def image_root():
    """The folder that files in catalogue and split are relative to."""
    if STUDY.dataset.root is not None:
        return STUDY.dataset.root
    return IMAGES if MADE or os.path.isdir(IMAGES) else os.path.dirname(IMAGES) or "."


def images_digest(wildcards):
    """What the images are by content, so that copying them with new times reruns nothing."""
    if MADE:
        return STUDY.dataset.path
    return dataset_digest(
        IMAGES, STUDY.dataset.root, Path(".snakemake/scenery_digests.json")
    )


localrules:
    draw_scenes,
    fetch_dataset,
    split,
    draw_subset,


rule draw_scenes:
    output:
        folder=directory(f"{R}/data/generated"),
    log:
        f"{LOGS}/draw_scenes.log",
    params:
        **STUDY.dataset.generated.model_dump(),
        code=code("draw_scenes"),
    message:
        "Drawing {params.per_class} scenes of each class"
    script:
        "../scripts/draw_scenes.py"


# Needs the network, which on a cluster only the login node may have.
rule fetch_dataset:
    output:
        folder=directory(f"{R}/data/{{dataset}}"),
    log:
        f"{LOGS}/fetch_dataset/{{dataset}}.log",
    wildcard_constraints:
        dataset="|".join(NAMED_DATASETS),
    params:
        code=code("fetch_dataset"),
        name=lambda w: w.dataset,
    message:
        "Fetching the data set {wildcards.dataset}"
    script:
        "../scripts/fetch_dataset.py"


rule catalogue:
    input:
        IMAGES if MADE else [],
    output:
        catalogue=f"{R}/data/catalogue.csv",
    log:
        f"{LOGS}/catalogue.log",
    params:
        **STUDY.dataset.duplicates.model_dump(),
        code=code("catalogue"),
        images=images_digest,
        # Functions, since Snakemake takes braces in a plain text for wildcards.
        path=lambda w: IMAGES,
        root=lambda w: STUDY.dataset.root,
        on_problem=STUDY.dataset.on_problem,
        max_pixels=STUDY.dataset.max_pixels,
    message:
        "Checking the images of {params.path}"
    script:
        "../scripts/catalogue.py"


rule split:
    input:
        catalogue=rules.catalogue.output.catalogue,
    output:
        split=f"{R}/data/split.csv",
    log:
        f"{LOGS}/split.log",
    params:
        **STUDY.split.model_dump(),
        code=code("split"),
    message:
        "Dividing the images into train, validation and test"
    script:
        "../scripts/split.py"


rule draw_subset:
    input:
        split=rules.split.output.split,
    output:
        subset=f"{R}/data/subsets/{{subset}}.csv",
    log:
        f"{LOGS}/draw_subset/{{subset}}.log",
    params:
        code=code("draw_subset"),
        per_class=lambda w: drawn(STUDY, w.subset).per_class,
        seed=lambda w: drawn(STUDY, w.subset).seed,
    message:
        "Drawing the subset {wildcards.subset}"
    script:
        "../scripts/draw_subset.py"


rule pack:
    input:
        split=rules.split.output.split,
    output:
        array=f"{R}/data/{{partition}}/{{size}}.npy",
        facts=f"{R}/data/{{partition}}/{{size}}.json",
    log:
        f"{LOGS}/pack/{{partition}}_{{size}}.log",
    params:
        code=code("pack"),
        root=lambda w: image_root(),
        partition=lambda w: w.partition,
        size=lambda w: int(w.size),
        resize=STUDY.dataset.resize,
        max_pixels=STUDY.dataset.max_pixels,
    message:
        "Packing the {wildcards.partition} images at {wildcards.size} pixels"
    script:
        "../scripts/pack.py"


def subset_table(subset):
    """The table of a subset's images."""
    return (
        f"{R}/data/split.csv" if subset == "full" else f"{R}/data/subsets/{subset}.csv"
    )


def packed(partition, size):
    """The inputs of a job that reads packed images.

    The array is `ancient` and its small facts, which hold the digest of its content, are not:
    new times on a large file mean nothing, new content does.
    """
    stem = f"{R}/data/{partition}/{size}"
    return [ancient(f"{stem}.npy"), f"{stem}.json"]
