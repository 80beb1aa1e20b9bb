# Figures and tables of single experiments, all from tables on disk: restyling retrains nothing.

from scenery.pipeline.report_items import (
    ALL_IMAGES,
    ALL_PARTITIONS,
    DATA,
    NO_IMAGES,
    OVERVIEW,
    TEST,
    TRAIN,
    TRAIN_VALIDATION,
    VALIDATION,
    VALIDATION_TEST,
    category_of,
    figure,
    item,
)

CATEGORY = category_of(STUDY)


localrules:
    plot_experiment,
    plot_test,
    plot_best,
    plot_regimes,
    plot_unfrozen,
    plot_trends,
    tabulate_experiment,


rule plot_experiment:
    input:
        trials=EXPERIMENT.trials,
        history=EXPERIMENT.history,
        chosen=EXPERIMENT.chosen,
    output:
        **figure(
            EXPERIMENT.figure("learning_curves"),
            "learning_curves",
            CATEGORY,
            "learning curves",
            TRAIN_VALIDATION,
        ),
        **figure(
            EXPERIMENT.figure("settings"),
            "settings",
            CATEGORY,
            "all trials",
            VALIDATION,
        ),
    log:
        LAYOUT.log("plot_experiment", "{experiment}"),
    params:
        code=CODE.of_rule("plot_experiment"),
        title=INPUTS.results.title,
    message:
        "Drawing the trials of {wildcards.experiment}"
    script:
        "../scripts/plot_experiment.py"


rule plot_test:
    input:
        metrics=EXPERIMENT.test("metrics.json"),
        predictions=EXPERIMENT.test("predictions.csv"),
        confusion=EXPERIMENT.test("confusion.csv"),
        classes=EXPERIMENT.test("classes.csv"),
        mistakes=EXPERIMENT.test("mistakes.npz"),
    output:
        **figure(
            EXPERIMENT.figure("confusion"),
            "confusion",
            CATEGORY,
            "confusion matrix",
            TEST,
        ),
        **figure(
            EXPERIMENT.figure("classes"),
            "classes",
            CATEGORY,
            "score of each class",
            TEST,
        ),
        **figure(
            EXPERIMENT.figure("roc"),
            "roc",
            CATEGORY,
            "ROC and precision-recall curves",
            TEST,
        ),
        **figure(
            EXPERIMENT.figure("reliability"),
            "reliability",
            CATEGORY,
            "calibration",
            TEST,
        ),
        **figure(
            EXPERIMENT.figure("mistakes"),
            "mistakes",
            CATEGORY,
            "most confident mistakes",
            TEST,
            svg=False,
        ),
    log:
        LAYOUT.log("plot_test", "{experiment}"),
    params:
        code=CODE.of_rule("plot_test"),
        title=INPUTS.results.title,
    message:
        "Drawing the test result of {wildcards.experiment}"
    script:
        "../scripts/plot_test.py"


rule plot_best:
    input:
        trials=EXPERIMENT.trials,
        history=EXPERIMENT.history,
        chosen=EXPERIMENT.chosen,
        metrics=EXPERIMENT.test("metrics.json"),
    output:
        **figure(
            EXPERIMENT.figure("best"),
            "best",
            CATEGORY,
            "best result and configuration",
            VALIDATION_TEST,
        ),
    log:
        LAYOUT.log("plot_best", "{experiment}"),
    params:
        code=CODE.of_rule("plot_best"),
        title=INPUTS.results.title,
    message:
        "Drawing the best result of {wildcards.experiment}"
    script:
        "../scripts/plot_best.py"


rule plot_regimes:
    input:
        INPUTS.results.choice_before,
        trials=EXPERIMENT.trials,
        chosen=EXPERIMENT.chosen,
        split=LAYOUT.split,
    output:
        **figure(
            EXPERIMENT.figure("regimes"),
            "regimes",
            CATEGORY,
            "accuracy and number of images",
            VALIDATION,
        ),
    log:
        LAYOUT.log("plot_regimes", "{experiment}"),
    params:
        code=CODE.of_rule("plot_regimes"),
        title=INPUTS.results.title,
        per_class=INPUTS.results.images_per_class,
    message:
        "Drawing accuracy against the number of images in {wildcards.experiment}"
    script:
        "../scripts/plot_regimes.py"


rule plot_unfrozen:
    input:
        trials=EXPERIMENT.trials,
        chosen=EXPERIMENT.chosen,
    output:
        **figure(
            EXPERIMENT.figure("unfrozen"),
            "unfrozen",
            CATEGORY,
            "accuracy, parameters and time by what learns",
            VALIDATION,
        ),
    log:
        LAYOUT.log("plot_unfrozen", "{experiment}"),
    params:
        code=CODE.of_rule("plot_unfrozen"),
        title=INPUTS.results.title,
    message:
        "Drawing what learns in {wildcards.experiment}"
    script:
        "../scripts/plot_unfrozen.py"


rule plot_trends:
    input:
        INPUTS.results.choice_before,
        trials=EXPERIMENT.trials,
        chosen=EXPERIMENT.chosen,
    output:
        **figure(
            EXPERIMENT.figure("trends"),
            "trends",
            CATEGORY,
            "accuracy against numbers",
            TRAIN_VALIDATION,
        ),
    log:
        LAYOUT.log("plot_trends", "{experiment}"),
    params:
        code=CODE.of_rule("plot_trends"),
        title=INPUTS.results.title,
        settings=INPUTS.results.trend_settings,
    message:
        "Drawing accuracy against the numbers that {wildcards.experiment} varies"
    script:
        "../scripts/plot_trends.py"


rule tabulate_experiment:
    input:
        trials=EXPERIMENT.trials,
        published=INPUTS.results.reference_table,
    output:
        html=item(
            EXPERIMENT.trials_page,
            "trials",
            CATEGORY,
            "table of all trials",
            TRAIN_VALIDATION,
        ),
    log:
        LAYOUT.log("tabulate_experiment", "{experiment}"),
    params:
        code=CODE.of_rule("tabulate_experiment"),
        title=INPUTS.results.title,
    message:
        "Tabulating the trials of {wildcards.experiment}"
    script:
        "../scripts/tabulate_experiment.py"
