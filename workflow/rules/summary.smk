# What a study ends in: tables, comparison, slides and the report.

from scenery.pipeline.inputs.results import digests_of_numbers


localrules:
    write_config,
    write_record,
    list_trials,
    summarize,
    plot_study,
    tabulate,
    tabulate_data,
    plot_examples,
    make_slides,
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
        INPUTS.results.of_each("chosen"),
        INPUTS.results.all_choices,
    output:
        trials=LAYOUT.trials,
    log:
        LAYOUT.log("list_trials"),
    params:
        code=CODE.of_rule("list_trials"),
        trials=INPUTS.results.trial_rows,
    message:
        "Listing all trials"
    script:
        "../scripts/list_trials.py"


rule summarize:
    input:
        listed=rules.list_trials.output.trials,
        trials=INPUTS.results.of_each("trials"),
        metrics=INPUTS.results.tests_of_each("metrics.json"),
        published=INPUTS.results.reference_tables,
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


rule plot_study:
    input:
        summary=rules.summarize.output.summary,
    output:
        **figure(
            LAYOUT.figure("comparison"),
            "comparison",
            OVERVIEW,
            "all experiments",
            VALIDATION_TEST,
        ),
        **figure(
            LAYOUT.figure("parameters"),
            "parameters",
            OVERVIEW,
            "accuracy and parameters",
            VALIDATION,
        ),
        **figure(
            LAYOUT.figure("time"), "time", OVERVIEW, "accuracy and time", VALIDATION
        ),
    log:
        LAYOUT.log("plot_study"),
    params:
        code=CODE.of_rule("plot_study"),
    message:
        "Drawing the comparison of all experiments"
    script:
        "../scripts/plot_study.py"


rule tabulate:
    input:
        summary=rules.summarize.output.summary,
    output:
        html=item(
            LAYOUT.summary_page,
            "summary",
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
        split=LAYOUT.split,
    output:
        html=item(
            LAYOUT.data_page,
            "data",
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


rule plot_examples:
    input:
        split=LAYOUT.split,
    output:
        **figure(
            LAYOUT.examples,
            "examples",
            DATA,
            "examples of the classes",
            "train",
            svg=False,
        ),
    log:
        LAYOUT.log("plot_examples"),
    params:
        code=CODE.of_rule("plot_examples"),
        root=INPUTS.data.image_root,
    message:
        "Drawing examples of the classes"
    script:
        "../scripts/plot_examples.py"


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
        histories=INPUTS.results.of_each("history"),
        predictions=INPUTS.results.tests_of_each("predictions.csv"),
        figures=INPUTS.results.figures_of_each("settings"),
        confusion=INPUTS.results.figures_of_each("confusion"),
        examples=f"{LAYOUT.examples}.png",
        published=INPUTS.results.reference_tables,
        published_figures=INPUTS.results.reference_figures,
        further=INPUTS.results.further_figures,
        inside=INPUTS.explanation.files("grad_cam.png", "channels.png", "embedding.png"),
    output:
        pdf=item(LAYOUT.slides_pdf, "slides", OVERVIEW, "slides (PDF)", VALIDATION_TEST),
        pptx=item(
            LAYOUT.slides_pptx,
            "slides",
            OVERVIEW,
            "slides to edit (PPTX)",
            VALIDATION_TEST,
        ),
    log:
        LAYOUT.log("make_slides"),
    params:
        code=CODE.of_rule("make_slides"),
        study_title=INPUTS.results.study_title,
        dataset=INPUTS.results.dataset,
        command=INPUTS.results.command,
        versions=INPUTS.results.versions,
    message:
        "Making the slides"
    script:
        "../scripts/make_slides.py"


# Everything but the report, which is made of it.
rule results:
    input:
        rules.write_config.output.config,
        rules.write_record.output.record,
        rules.summarize.output.summary,
        rules.plot_study.output,
        rules.tabulate.output.html,
        rules.tabulate_data.output.html,
        rules.make_slides.output,
        INPUTS.results.figures_of_each("learning_curves", "svg"),
        INPUTS.results.figures_of_each("confusion", "svg"),
        INPUTS.results.figures_of_each("best", "svg"),
        INPUTS.results.of_each("trials_page"),
        INPUTS.explanation.files("grad_cam.png", "layers.html"),
        INPUTS.explanation.augmentation_sheet,
        INPUTS.results.further_figures,
        INPUTS.results.reference_figures,
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
        captions=CODE.of_captions(WORKFLOW / "report"),
        config=rules.write_config.output.config,
    message:
        "Making the report"
    script:
        "../scripts/make_report.py"
