# What a final model sees and how it is made: computed once as arrays and tables, then drawn.

import shutil

EXPLAIN = f"{R}/experiments/{{experiment}}/explain"


def explained():
    """The experiments whose final models are looked into; those that share one count once.

    A classical model is no network: it has no layers to look into.
    """
    wanted = STUDY.explain.experiments
    if wanted == "none":
        return []
    if wanted == "best":
        chosen = [
            checkpoints.choose.get(experiment=name).output.chosen
            for name in STUDY.experiments
        ]
        records = [yaml.safe_load(Path(file).read_text("utf-8")) for file in chosen]
        networks = [r for r in records if r["settings"].get("classifier") is None]
        # The first of several that are equally good.
        networks.sort(key=lambda record: -record["validation_accuracy"])
        return [PLAN.refit_in(record["experiment"]) for record in networks[:1]]
    names = STUDY.experiments if wanted == "all" else wanted
    names = [name for name in names if wait_for_choice(name).classifier is None]
    return list(dict.fromkeys(PLAN.refit_in(name) for name in names))


def of_explained(*files):
    """Some files of every experiment that is looked into."""
    return lambda wildcards: [
        f"{R}/experiments/{experiment}/{file}"
        for experiment in explained()
        for file in files
    ]


localrules:
    plot_explanation,
    plot_augmentations,


rule explain:
    input:
        model=final_model,
        split=f"{R}/data/split.csv",
        images=lambda w: packed("validation", image_size(wait_for_choice(w.experiment))),
    output:
        answers=f"{EXPLAIN}/answers.csv",
        grad_cam=f"{EXPLAIN}/grad_cam.npz",
        feature_maps=f"{EXPLAIN}/feature_maps.npz",
        filters=f"{EXPLAIN}/filters.npz",
        layers=f"{EXPLAIN}/layers.csv",
        architecture=f"{EXPLAIN}/architecture.dot",
        layers_dot=f"{EXPLAIN}/layers.dot",
        facts=f"{EXPLAIN}/facts.json",
    log:
        f"{LOGS}/explain/{{experiment}}.log",
    resources:
        mem_mb=lambda w, attempt: 4000 * attempt,
        runtime=lambda w, attempt: 60 * attempt,
    params:
        code=code("explain"),
        images=STUDY.explain.images,
        learned=lambda w: STUDY.refit
        and "validation" in refit_partitions(wait_for_choice(w.experiment)),
    message:
        "Looking inside the final model of {wildcards.experiment}"
    script:
        "../scripts/explain.py"


rule plot_explanation:
    input:
        answers=rules.explain.output.answers,
        grad_cam=rules.explain.output.grad_cam,
        feature_maps=rules.explain.output.feature_maps,
        filters=rules.explain.output.filters,
        layers=rules.explain.output.layers,
        architecture=rules.explain.output.architecture,
        layers_dot=rules.explain.output.layers_dot,
        facts=rules.explain.output.facts,
    output:
        **pictures(
            f"{EXPLAIN}/grad_cam",
            "grad_cam",
            category,
            "Grad-CAM",
            VALIDATION,
            svg=False,
        ),
        **pictures(
            f"{EXPLAIN}/feature_maps",
            "feature_maps",
            category,
            "feature maps",
            VALIDATION,
            svg=False,
        ),
        **pictures(
            f"{EXPLAIN}/channels",
            "channels",
            category,
            "feature maps, by channel",
            VALIDATION,
            svg=False,
        ),
        **pictures(
            f"{EXPLAIN}/filters",
            "filters",
            category,
            "filters of the first layer",
            NO_IMAGES,
            svg=False,
        ),
        **pictures(
            f"{EXPLAIN}/embedding",
            "embedding",
            category,
            "PCA and t-SNE of features",
            VALIDATION,
        ),
        **pictures(
            f"{EXPLAIN}/architecture",
            "architecture",
            category,
            "architecture by stages",
            NO_IMAGES,
        ),
        layers_svg=shown(
            f"{EXPLAIN}/layers.svg",
            "architecture",
            category,
            "architecture by layers",
            NO_IMAGES,
        ),
        layers_html=shown(
            f"{EXPLAIN}/layers.html",
            "layers",
            category,
            "table of all layers",
            NO_IMAGES,
        ),
    log:
        f"{LOGS}/plot_explanation/{{experiment}}.log",
    params:
        code=code("plot_explanation"),
        title=title,
        # Installed later, Graphviz draws what it could not draw before.
        graphviz=shutil.which("dot") is not None,
    message:
        "Drawing what is inside the final model of {wildcards.experiment}"
    script:
        "../scripts/plot_explanation.py"


def augmentations(wildcards):
    """Every operation that any trial augments with, alone, by name; and an image size for them."""
    found, sizes = {}, []
    for experiment in STUDY.experiments:
        for trial in PLAN.trials(experiment):
            augment = trial.settings.augment
            if not augment.active:
                continue
            sizes.append(image_size(trial.settings))
            for name, value in augment.model_dump(exclude_defaults=True).items():
                if name != "fill_mode":
                    found.setdefault(
                        f"{name} {value}", {name: value, "fill_mode": augment.fill_mode}
                    )
    named = [
        {"name": name.replace("_", " ").replace(" True", ""), "augment": values}
        for name, values in sorted(found.items())
    ]
    return named, (sizes or [None])[0]


rule render_augmentations:
    input:
        split=f"{R}/data/split.csv",
        images=lambda w: packed("train", augmentations(w)[1]),
    output:
        archive=f"{R}/figures/augmentations.npz",
    log:
        f"{LOGS}/render_augmentations.log",
    params:
        code=code("render_augmentations"),
        augmentations=lambda w: augmentations(w)[0],
    message:
        "Rendering the augmentations in use"
    script:
        "../scripts/render_augmentations.py"


rule plot_augmentations:
    input:
        archive=rules.render_augmentations.output.archive,
    output:
        **pictures(
            f"{R}/figures/augmentations",
            "augmentations",
            OVERVIEW,
            "augmentations in use",
            "train",
            svg=False,
        ),
    log:
        f"{LOGS}/plot_augmentations.log",
    params:
        code=code("plot_augmentations"),
    message:
        "Drawing the augmentations in use"
    script:
        "../scripts/plot_augmentations.py"


def augmentation_sheet(wildcards):
    """The contact sheet, where anything is augmented."""
    return [f"{R}/figures/augmentations.png"] if augmentations(wildcards)[0] else []
