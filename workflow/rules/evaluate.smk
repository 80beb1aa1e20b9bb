# The chosen setting is trained once more and scored. `evaluate` is the only rule that gives test
# images to a model.


rule refit_head:
    input:
        split=LAYOUT.split,
        features=INPUTS.final_models.refit_features,
        weights=INPUTS.final_models.refit_weights,
    output:
        model=EXPERIMENT.final_model("refit_head"),
        record=EXPERIMENT.final_record("refit_head"),
    log:
        LAYOUT.log("refit_head", "{experiment}"),
    resources:
        mem_mb=per_attempt(4000),
        runtime=per_attempt(60),
    params:
        code=CODE.of_rule("refit_head"),
        job=INPUTS.final_models.refit_head,
    message:
        "Training the chosen head of {wildcards.experiment} for the final score"
    script:
        "../scripts/refit_head.py"


rule refit_classifier:
    input:
        split=LAYOUT.split,
        features=INPUTS.final_models.refit_features,
    output:
        model=EXPERIMENT.final_model("refit_classifier", "skops"),
        record=EXPERIMENT.final_record("refit_classifier"),
    log:
        LAYOUT.log("refit_classifier", "{experiment}"),
    resources:
        mem_mb=per_attempt(4000),
        runtime=per_attempt(60),
    params:
        code=CODE.of_rule("refit_classifier"),
        job=INPUTS.final_models.refit_classifier,
    message:
        "Fitting the chosen classifier of {wildcards.experiment} for the final score"
    script:
        "../scripts/refit_classifier.py"


rule refit_network:
    input:
        split=LAYOUT.split,
        files=INPUTS.final_models.refit_network_files,
    output:
        model=EXPERIMENT.final_model("refit_network"),
        record=EXPERIMENT.final_record("refit_network"),
    log:
        LAYOUT.log("refit_network", "{experiment}"),
    threads: INPUTS.final_models.refit_threads
    resources:
        gpu=1,
        mem_mb=per_attempt(8000),
        runtime=per_attempt(240),
    params:
        code=CODE.of_rule("refit_network"),
        job=INPUTS.final_models.refit_network,
        gpu_missing=STUDY.gpu_missing,
    message:
        "Fine-tuning the chosen network of {wildcards.experiment} for the final score"
    script:
        "../scripts/refit_network.py"


# The chosen network as its trial left it, for experiments that take its weights: those of the
# final model have seen the validation images by which such experiments choose.
use rule refit_network as keep_network with:
    input:
        split=LAYOUT.split,
        files=INPUTS.final_models.kept_network_files,
    output:
        model=EXPERIMENT.final_model("keep_network"),
        record=EXPERIMENT.final_record("keep_network"),
    log:
        LAYOUT.log("keep_network", "{experiment}"),
    params:
        code=CODE.of_rule("refit_network"),
        job=INPUTS.final_models.keep_network,
        gpu_missing=STUDY.gpu_missing,
    message:
        "Keeping the network that {wildcards.experiment} chose, as it was trained on the training images"


rule evaluate:
    input:
        model=INPUTS.final_models.final_model,
        split=LAYOUT.split,
        images=INPUTS.final_models.test_images,
        frozen=INPUTS.final_models.frozen_parts,
    output:
        metrics=EXPERIMENT.test("metrics.json"),
        predictions=EXPERIMENT.test("predictions.csv"),
        confusion=EXPERIMENT.test("confusion.csv"),
        classes=EXPERIMENT.test("classes.csv"),
        mistakes=EXPERIMENT.test("mistakes.npz"),
    log:
        LAYOUT.log("evaluate", "{experiment}"),
    resources:
        mem_mb=per_attempt(4000),
        runtime=per_attempt(60),
    params:
        code=CODE.of_rule("evaluate"),
        job=INPUTS.final_models.evaluate,
    message:
        "Scoring the chosen model of {wildcards.experiment} on the test images"
    script:
        "../scripts/evaluate.py"
