# Other divisions into training and test images, in which experiments on features choose and test
# again. The first division is that of the study. No trial, choice or final model depends on them.


localrules:
    split_again,
    compare_divisions,


use rule split as split_again with:
    output:
        split=LAYOUT.division(),
    log:
        LAYOUT.log("split_again", "{division}"),
    message:
        "Dividing the images again, division {wildcards.division}"


# Of images that are test images in one division and training images in others.
use rule extract_features as extract_test_features with:
    log:
        LAYOUT.log("extract_test_features", "{features}", "{partition}"),
    wildcard_constraints:
        partition="test",


rule score_division:
    input:
        split=LAYOUT.split,
        division=INPUTS.divisions.division,
        features=INPUTS.divisions.features,
    output:
        **EXPERIMENT.division()._asdict(),
    log:
        LAYOUT.log("score_division", "{experiment}", "{division}"),
    resources:
        mem_mb=per_attempt(4000),
        runtime=per_attempt(60),
    params:
        code=CODE.of_rule("score_division"),
        job=INPUTS.divisions.score,
    message:
        "Choosing and testing in division {wildcards.division} of {wildcards.experiment}"
    script:
        "../scripts/score_division.py"


rule compare_divisions:
    input:
        choices=INPUTS.divisions.choices,
    output:
        divisions=LAYOUT.divisions,
    log:
        LAYOUT.log("compare_divisions"),
    params:
        code=CODE.of_rule("compare_divisions"),
        job=INPUTS.divisions.compare,
    message:
        "Comparing the divisions of the images"
    script:
        "../scripts/compare_divisions.py"


# The price of leakage: what folds that part groups of images would promise.
rule score_grouping:
    input:
        split=LAYOUT.split,
        features=INPUTS.divisions.grouping_features,
    output:
        grouping=EXPERIMENT.grouping,
    log:
        LAYOUT.log("score_grouping", "{experiment}"),
    resources:
        mem_mb=per_attempt(4000),
        runtime=per_attempt(60),
    params:
        code=CODE.of_rule("score_grouping"),
        job=INPUTS.divisions.grouping,
    message:
        "Scoring the choice of {wildcards.experiment} in folds with and without groups"
    script:
        "../scripts/score_grouping.py"
