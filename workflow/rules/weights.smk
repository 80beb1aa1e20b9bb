# Weights of backbones: fetched or taken from a file once, and checked before anything is trained.


# Needs the network, which on a cluster only the login node may have.
localrules:
    provide_weights,


rule provide_weights:
    input:
        INPUTS.weights.source,
    output:
        weights=LAYOUT.weights(),
    log:
        LAYOUT.log("provide_weights", "{weights}"),
    params:
        code=CODE.of_rule("provide_weights"),
        spec=INPUTS.weights.spec,
    message:
        "Providing the weights {wildcards.weights}"
    script:
        "../scripts/provide_weights.py"


rule check_weights:
    input:
        weights=rules.provide_weights.output.weights,
    output:
        facts=LAYOUT.weights_check(),
    log:
        LAYOUT.log("check_weights", "{weights}"),
    params:
        # Not the code: nothing learns from a check, and while it waits to run again Snakemake does
        # not see what else is stale behind the choices.
        job=INPUTS.weights.check,
    message:
        "Checking that the weights {wildcards.weights} cover the layers in use"
    script:
        "../scripts/check_weights.py"
