# What a final model sees and how it is made: computed once as arrays and tables, then drawn.


rule explain:
    input:
        model=INPUTS.final_models.final_model,
        split=LAYOUT.split,
        images=INPUTS.explanation.images,
        files=INPUTS.explanation.files,
    output:
        answers=EXPERIMENT.explanation("answers.csv"),
        grad_cam=EXPERIMENT.explanation("grad_cam.npz"),
        feature_maps=EXPERIMENT.explanation("feature_maps.npz"),
        patches=EXPERIMENT.explanation("patches.npz"),
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
        job=INPUTS.explanation.explain,
    message:
        "Looking inside the final model of {wildcards.experiment}"
    script:
        "../scripts/explain.py"


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
