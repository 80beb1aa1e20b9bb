# What a final model sees and how it is made: computed once as arrays and tables, then drawn.


localrules:
    plot_explanation,
    plot_augmentations,


rule explain:
    input:
        model=INPUTS.final_models.final_model,
        split=LAYOUT.split,
        images=INPUTS.explanation.images,
    output:
        answers=EXPERIMENT.explanation("answers.csv"),
        grad_cam=EXPERIMENT.explanation("grad_cam.npz"),
        feature_maps=EXPERIMENT.explanation("feature_maps.npz"),
        filters=EXPERIMENT.explanation("filters.npz"),
        layers=EXPERIMENT.explanation("layers.csv"),
        architecture=EXPERIMENT.explanation("architecture.dot"),
        layers_dot=EXPERIMENT.explanation("layers.dot"),
        facts=EXPERIMENT.explanation("facts.json"),
    log:
        LAYOUT.log("explain", "{experiment}"),
    resources:
        mem_mb=per_attempt(4000),
        runtime=per_attempt(60),
    params:
        code=CODE.of_rule("explain"),
        images=STUDY.explain.images,
        learned=INPUTS.explanation.learned,
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
        **figure(
            EXPERIMENT.explanation("grad_cam"),
            "grad_cam",
            CATEGORY,
            "Grad-CAM",
            VALIDATION,
            svg=False,
        ),
        **figure(
            EXPERIMENT.explanation("feature_maps"),
            "feature_maps",
            CATEGORY,
            "feature maps",
            VALIDATION,
            svg=False,
        ),
        **figure(
            EXPERIMENT.explanation("channels"),
            "channels",
            CATEGORY,
            "feature maps, by channel",
            VALIDATION,
            svg=False,
        ),
        **figure(
            EXPERIMENT.explanation("filters"),
            "filters",
            CATEGORY,
            "filters of the first layer",
            NO_IMAGES,
            svg=False,
        ),
        **figure(
            EXPERIMENT.explanation("embedding"),
            "embedding",
            CATEGORY,
            "PCA and t-SNE of features",
            VALIDATION,
        ),
        **figure(
            EXPERIMENT.explanation("architecture"),
            "architecture",
            CATEGORY,
            "architecture by stages",
            NO_IMAGES,
        ),
        layers_svg=item(
            EXPERIMENT.explanation("layers.svg"),
            "architecture",
            CATEGORY,
            "architecture by layers",
            NO_IMAGES,
        ),
        layers_html=item(
            EXPERIMENT.explanation("layers.html"),
            "layers",
            CATEGORY,
            "table of all layers",
            NO_IMAGES,
        ),
    log:
        LAYOUT.log("plot_explanation", "{experiment}"),
    params:
        code=CODE.of_rule("plot_explanation"),
        title=INPUTS.results.title,
        # Installed later, Graphviz draws what it could not draw before.
        graphviz=INPUTS.explanation.graphviz,
    message:
        "Drawing what is inside the final model of {wildcards.experiment}"
    script:
        "../scripts/plot_explanation.py"


rule render_augmentations:
    input:
        split=LAYOUT.split,
        images=INPUTS.explanation.augmentation_images,
    output:
        archive=LAYOUT.augmentations,
    log:
        LAYOUT.log("render_augmentations"),
    params:
        code=CODE.of_rule("render_augmentations"),
        augmentations=INPUTS.explanation.augmentations,
    message:
        "Rendering the augmentations in use"
    script:
        "../scripts/render_augmentations.py"


rule plot_augmentations:
    input:
        archive=rules.render_augmentations.output.archive,
    output:
        **figure(
            LAYOUT.figure("augmentations"),
            "augmentations",
            OVERVIEW,
            "augmentations in use",
            "train",
            svg=False,
        ),
    log:
        LAYOUT.log("plot_augmentations"),
    params:
        code=CODE.of_rule("plot_augmentations"),
    message:
        "Drawing the augmentations in use"
    script:
        "../scripts/plot_augmentations.py"
