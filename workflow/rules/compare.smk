# The final models that the chosen setting is compared with, and the comparisons.


localrules:
    compare_settings,


use rule refit_head as refit_compared_head with:
    output:
        model=EXPERIMENT.compared().final_model("refit_head"),
        record=EXPERIMENT.compared().final_record("refit_head"),
    log:
        LAYOUT.log("refit_compared_head", "{experiment}", "{trial}"),
    message:
        "Training the head {wildcards.trial} of {wildcards.experiment} for comparison"


use rule refit_classifier as refit_compared_classifier with:
    output:
        model=EXPERIMENT.compared().final_model("refit_classifier", "skops"),
        record=EXPERIMENT.compared().final_record("refit_classifier"),
    log:
        LAYOUT.log("refit_compared_classifier", "{experiment}", "{trial}"),
    message:
        "Fitting the classifier {wildcards.trial} of {wildcards.experiment} for comparison"


use rule refit_network as refit_compared_network with:
    output:
        model=EXPERIMENT.compared().final_model("refit_network"),
        record=EXPERIMENT.compared().final_record("refit_network"),
    log:
        LAYOUT.log("refit_compared_network", "{experiment}", "{trial}"),
    message:
        "Fine-tuning the network {wildcards.trial} of {wildcards.experiment} for comparison"


use rule evaluate as evaluate_compared with:
    output:
        metrics=EXPERIMENT.compared().test("metrics.json"),
        predictions=EXPERIMENT.compared().test("predictions.csv"),
    log:
        LAYOUT.log("evaluate_compared", "{experiment}", "{trial}"),
    message:
        "Scoring the model {wildcards.trial} of {wildcards.experiment} on the test images"


# The mean of the weights of the final models of the best settings, for each repeat.
rule average_weights:
    input:
        models=INPUTS.final_models.soup_models,
    output:
        model=EXPERIMENT.soup().final_model("average_weights"),
        record=EXPERIMENT.soup().final_record("average_weights"),
    log:
        LAYOUT.log("average_weights", "{experiment}", "{repeat}"),
    resources:
        mem_mb=per_attempt(4000),
        runtime=per_attempt(60),
    params:
        code=CODE.of_rule("average_weights"),
        job=INPUTS.final_models.average_weights,
    message:
        "Averaging the weights of the best settings of {wildcards.experiment}"
    script:
        "../scripts/average_weights.py"


use rule evaluate as evaluate_soup with:
    output:
        metrics=EXPERIMENT.soup().test("metrics.json"),
        predictions=EXPERIMENT.soup().test("predictions.csv"),
    log:
        LAYOUT.log("evaluate_soup", "{experiment}", "{repeat}"),
    message:
        "Scoring the mean of the weights of the best settings of {wildcards.experiment} on the test images"


rule compare_settings:
    input:
        split=LAYOUT.split,
        scores=INPUTS.final_models.compared_scores,
    output:
        scores=EXPERIMENT.scores,
        comparisons=EXPERIMENT.comparisons,
    log:
        LAYOUT.log("compare_settings", "{experiment}"),
    params:
        code=CODE.of_rule("compare_settings"),
        job=INPUTS.final_models.compare,
    message:
        "Comparing the settings of {wildcards.experiment} on the test images"
    script:
        "../scripts/compare_settings.py"
