# What a study ends in: tables, comparison, slides and the report.

from scenery.pipeline.inputs.results import digests_of_numbers


localrules:
    write_config,
    write_record,
    list_trials,
    summarize,
    tabulate,
    tabulate_data,
    make_slides,
    write_conclusions,
    results,
    report,


rule write_config:
    output:
        config=LAYOUT.config,
    log:
        LAYOUT.log("write_config"),
    params:
        code=CODE.of_rule("write_config"),
        config=INPUTS.results.full_config,
    message:
        "Keeping the config beside the results"
    script:
        "../scripts/write_config.py"


rule list_trials:
    input:
        INPUTS.results.of_each("trials"),
    output:
        trials=LAYOUT.trials,
    log:
        LAYOUT.log("list_trials"),
    params:
        code=CODE.of_rule("list_trials"),
    message:
        "Listing all trials"
    script:
        "../scripts/list_trials.py"


rule summarize:
    input:
        listed=rules.list_trials.output.trials,
        trials=INPUTS.results.of_each("trials"),
        selections=INPUTS.results.of_each("selection"),
        scores=INPUTS.results.of_each("scores"),
        references=INPUTS.results.reference_tables,
    output:
        summary=LAYOUT.summary,
    log:
        LAYOUT.log("summarize"),
    params:
        code=CODE.of_rule("summarize"),
        titles=INPUTS.results.titles,
    message:
        "Joining the results of all experiments"
    script:
        "../scripts/summarize.py"


rule write_record:
    input:
        config=rules.write_config.output.config,
        catalogue=LAYOUT.catalogue,
        split=LAYOUT.split,
        summary=rules.summarize.output.summary,
        models=INPUTS.final_models.final_records,
    output:
        record=LAYOUT.record,
    log:
        LAYOUT.log("write_record"),
    params:
        code=CODE.of_rule("write_record"),
        scripts=digests_of_numbers(CODE),
        experiments=list(STUDY.experiments),
    message:
        "Keeping what the results were made with"
    script:
        "../scripts/write_record.py"


rule tabulate:
    input:
        summary=rules.summarize.output.summary,
    output:
        html=item(
            LAYOUT.summary_page,
            "../report/summary.rst",
            OVERVIEW,
            "table of all trials",
            ALL_PARTITIONS,
        ),
    log:
        LAYOUT.log("tabulate"),
    params:
        code=CODE.of_rule("tabulate"),
    message:
        "Tabulating all trials"
    script:
        "../scripts/tabulate.py"


rule tabulate_data:
    input:
        catalogue=LAYOUT.catalogue,
        pictures=LAYOUT.similar_pictures,
        split=LAYOUT.split,
    output:
        html=item(
            LAYOUT.data_page,
            "../report/data.rst",
            DATA,
            "images, problems and duplicates",
            ALL_IMAGES,
        ),
    log:
        LAYOUT.log("tabulate_data"),
    params:
        code=CODE.of_rule("tabulate_data"),
    message:
        "Tabulating the images"
    script:
        "../scripts/tabulate_data.py"


rule write_tensorboard:
    input:
        histories=INPUTS.results.of_each("history"),
    output:
        logs=directory(LAYOUT.tensorboard),
    log:
        LAYOUT.log("write_tensorboard"),
    params:
        code=CODE.of_rule("write_tensorboard"),
        experiments=list(STUDY.experiments),
    message:
        "Writing TensorBoard logs"
    script:
        "../scripts/write_tensorboard.py"


rule make_slides:
    input:
        summary=rules.summarize.output.summary,
        split=LAYOUT.split,
        catalogue=LAYOUT.catalogue,
        chosen=INPUTS.results.of_each("chosen"),
        metrics=INPUTS.results.tests_of_each("metrics.json"),
        scores=INPUTS.results.of_each("scores"),
        comparisons=INPUTS.results.of_each("comparisons"),
        histories=INPUTS.results.of_each("history"),
        predictions=INPUTS.results.tests_of_each("predictions.csv"),
        figures=INPUTS.figures.slide_files,
        references=INPUTS.results.reference_tables,
        divisions=INPUTS.divisions.table,
    output:
        pdf=item(
            LAYOUT.slides_pdf,
            "../report/slides.rst",
            OVERVIEW,
            "slides (PDF)",
            VALIDATION_TEST,
        ),
        pptx=item(
            LAYOUT.slides_pptx,
            "../report/slides.rst",
            OVERVIEW,
            "slides to edit (PPTX)",
            VALIDATION_TEST,
        ),
    log:
        LAYOUT.log("make_slides"),
    params:
        code=CODE.of_rule("make_slides"),
        figures=INPUTS.figures.slide_places,
        short=INPUTS.results.short_slides,
        with_references=INPUTS.results.with_references,
        study_title=INPUTS.results.study_title,
        dataset=INPUTS.results.dataset,
        command=INPUTS.results.command,
        versions=INPUTS.results.versions,
    message:
        "Making the slides"
    script:
        "../scripts/make_slides.py"


rule write_conclusions:
    input:
        summary=rules.summarize.output.summary,
        chosen=INPUTS.results.of_each("chosen"),
        metrics=INPUTS.results.tests_of_each("metrics.json"),
        scores=INPUTS.results.of_each("scores"),
        comparisons=INPUTS.results.of_each("comparisons"),
        histories=INPUTS.results.of_each("history"),
        predictions=INPUTS.results.tests_of_each("predictions.csv"),
        divisions=INPUTS.divisions.table,
    output:
        conclusions=LAYOUT.conclusions,
    log:
        LAYOUT.log("write_conclusions"),
    params:
        code=CODE.of_rule("write_conclusions"),
    message:
        "Writing the conclusions"
    script:
        "../scripts/write_conclusions.py"


# Everything but the report, which is made of it.
rule results:
    input:
        rules.write_config.output.config,
        rules.write_record.output.record,
        rules.summarize.output.summary,
        rules.tabulate.output.html,
        rules.tabulate_data.output.html,
        rules.make_slides.output,
        rules.write_conclusions.output.conclusions,
        INPUTS.results.of_each("trials_page"),
        INPUTS.figures.fixed_files,
        INPUTS.figures.files,
        INPUTS.figures.explanation_files,
        INPUTS.export.files,
        INPUTS.divisions.table,
        INPUTS.suspects.page,
        INPUTS.rounds.databases,
        INPUTS.results.tensorboard,


rule report:
    input:
        rules.results.input,
    output:
        html=LAYOUT.report,
    log:
        LAYOUT.log("report"),
    params:
        code=CODE.of_rule("make_report"),
        captions=CODE.of_captions(WORKFLOW / "report", CAPTIONS),
        config=rules.write_config.output.config,
    message:
        "Making the report"
    script:
        "../scripts/make_report.py"
