# Figures, one rule for each job of the records in scenery.reporting.figures, and the page of an
# experiment's trials. All are made from tables on disk: restyling retrains nothing.

from scenery.pipeline.inputs.figures import CAPTIONS
from scenery.pipeline.report_items import (
    ALL_IMAGES,
    ALL_PARTITIONS,
    DATA,
    OVERVIEW,
    TRAIN_VALIDATION,
    VALIDATION_TEST,
    category_of,
    item,
)
from scenery.reporting.figures import write_captions

write_captions(CAPTIONS)


localrules:
    tabulate_experiment,


for FIGURES in INPUTS.figures.rules:

    rule:
        name:
            FIGURES.name
        input:
            FIGURES.trials,
            **FIGURES.tables,
        output:
            **FIGURES.outputs,
        log:
            FIGURES.log,
        localrule: True
        params:
            code=CODE.of_rule("plot_figures", *FIGURES.modules),
            figures=FIGURES.params,
            root=INPUTS.data.root,
            caption=FIGURES.caption,
        message:
            FIGURES.message
        script:
            "../scripts/plot_figures.py"


rule tabulate_experiment:
    input:
        INPUTS.results.choice_before,
        trials=EXPERIMENT.trials,
        selection=EXPERIMENT.selection,
        references=INPUTS.results.reference_table,
    output:
        html=item(
            EXPERIMENT.trials_page,
            "../report/trials.rst",
            category_of(STUDY),
            "table of all trials",
            TRAIN_VALIDATION,
        ),
    log:
        LAYOUT.log("tabulate_experiment", "{experiment}"),
    params:
        code=CODE.of_rule("tabulate_experiment"),
        title=INPUTS.results.title,
        caption=INPUTS.figures.trial_counts,
    message:
        "Tabulating the trials of {wildcards.experiment}"
    script:
        "../scripts/tabulate_experiment.py"
