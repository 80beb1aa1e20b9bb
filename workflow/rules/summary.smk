# What a study ends in: tables, comparison, slides and the report.

from importlib.metadata import version
from types import SimpleNamespace


def of_each_experiment(file):
    """One file of every experiment, in the order of the config."""
    return [f"{R}/experiments/{experiment}/{file}" for experiment in STUDY.experiments]


def all_choices(wildcards):
    """The choices of all experiments; only then is every trial known."""
    return [
        checkpoints.choose.get(experiment=experiment).output.chosen
        for experiment in STUDY.experiments
    ]


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
        config=f"{R}/config.yaml",
    log:
        f"{LOGS}/write_config.log",
    params:
        code=code("write_config"),
        config=lambda w: STUDY.spelled_out(),
    message:
        "Keeping the config beside the results"
    script:
        "../scripts/write_config.py"


rule list_trials:
    input:
        of_each_experiment("chosen.yaml"),
        all_choices,
    output:
        trials=f"{R}/trials.csv",
    log:
        f"{LOGS}/list_trials.log",
    params:
        code=code("list_trials"),
        trials=lambda w: [row for name in STUDY.experiments for row in PLAN.rows(name)],
    message:
        "Listing all trials"
    script:
        "../scripts/list_trials.py"


rule summarize:
    input:
        listed=rules.list_trials.output.trials,
        trials=of_each_experiment("trials.csv"),
        metrics=of_each_experiment("test/metrics.json"),
        published=[f"{R}/experiments/{name}/published.csv" for name in PUBLISHED],
    output:
        summary=f"{R}/summary.csv",
    log:
        f"{LOGS}/summarize.log",
    params:
        code=code("summarize"),
        titles=lambda w: {
            name: e.title or name for name, e in STUDY.experiments.items()
        },
    message:
        "Joining the results of all experiments"
    script:
        "../scripts/summarize.py"


def final_records(wildcards):
    """The record of every experiment's final model; experiments that chose the same share one."""
    return [
        final_model(SimpleNamespace(experiment=experiment))[1]
        for experiment in STUDY.experiments
    ]


def code_of_numbers():
    """Digest of the code of every script that makes numbers rather than shows them."""
    scripts = sorted((Path(workflow.basedir) / "workflow" / "scripts").glob("*.py"))
    return {path.stem: code(path.stem) for path in scripts if not CODE.presents(path)}


rule write_record:
    input:
        config=rules.write_config.output.config,
        catalogue=f"{R}/data/catalogue.csv",
        split=f"{R}/data/split.csv",
        summary=rules.summarize.output.summary,
        models=final_records,
    output:
        record=f"{R}/record.json",
    log:
        f"{LOGS}/write_record.log",
    params:
        code=code("write_record"),
        scripts=code_of_numbers(),
        experiments=list(STUDY.experiments),
    message:
        "Keeping what the results were made with"
    script:
        "../scripts/write_record.py"


rule plot_study:
    input:
        summary=rules.summarize.output.summary,
    output:
        **pictures(
            f"{R}/figures/comparison",
            "comparison",
            OVERVIEW,
            "all experiments",
            "validation, test",
        ),
        **pictures(
            f"{R}/figures/parameters",
            "parameters",
            OVERVIEW,
            "accuracy and parameters",
            VALIDATION,
        ),
        **pictures(
            f"{R}/figures/time", "time", OVERVIEW, "accuracy and time", VALIDATION
        ),
    log:
        f"{LOGS}/plot_study.log",
    params:
        code=code("plot_study"),
    message:
        "Drawing the comparison of all experiments"
    script:
        "../scripts/plot_study.py"


rule tabulate:
    input:
        summary=rules.summarize.output.summary,
    output:
        html=shown(
            f"{R}/summary.html",
            "summary",
            OVERVIEW,
            "table of all trials",
            "train, validation, test",
        ),
    log:
        f"{LOGS}/tabulate.log",
    params:
        code=code("tabulate"),
    message:
        "Tabulating all trials"
    script:
        "../scripts/tabulate.py"


rule tabulate_data:
    input:
        catalogue=f"{R}/data/catalogue.csv",
        split=f"{R}/data/split.csv",
    output:
        html=shown(
            f"{R}/data/data.html",
            "data",
            DATA,
            "images, problems and duplicates",
            ALL_IMAGES,
        ),
    log:
        f"{LOGS}/tabulate_data.log",
    params:
        code=code("tabulate_data"),
    message:
        "Tabulating the images"
    script:
        "../scripts/tabulate_data.py"


rule plot_examples:
    input:
        split=f"{R}/data/split.csv",
    output:
        **pictures(
            f"{R}/data/examples",
            "examples",
            DATA,
            "examples of the classes",
            "train",
            svg=False,
        ),
    log:
        f"{LOGS}/plot_examples.log",
    params:
        code=code("plot_examples"),
        root=lambda w: image_root(),
    message:
        "Drawing examples of the classes"
    script:
        "../scripts/plot_examples.py"


def tensorboard_logs(wildcards):
    """The TensorBoard logs, if the study asks for them."""
    return [f"{R}/tensorboard"] if STUDY.tensorboard else []


rule write_tensorboard:
    input:
        histories=of_each_experiment("history.csv"),
    output:
        logs=directory(f"{R}/tensorboard"),
    log:
        f"{LOGS}/write_tensorboard.log",
    params:
        code=code("write_tensorboard"),
        experiments=list(STUDY.experiments),
    message:
        "Writing TensorBoard logs"
    script:
        "../scripts/write_tensorboard.py"


rule make_slides:
    input:
        summary=rules.summarize.output.summary,
        split=f"{R}/data/split.csv",
        catalogue=f"{R}/data/catalogue.csv",
        chosen=of_each_experiment("chosen.yaml"),
        metrics=of_each_experiment("test/metrics.json"),
        histories=of_each_experiment("history.csv"),
        predictions=of_each_experiment("test/predictions.csv"),
        figures=of_each_experiment("figures/settings.png"),
        confusion=of_each_experiment("figures/confusion.png"),
        examples=f"{R}/data/examples.png",
        published=[f"{R}/experiments/{name}/published.csv" for name in PUBLISHED],
        published_figures=published_pictures,
        further=further_pictures,
        inside=of_explained(
            "explain/grad_cam.png", "explain/channels.png", "explain/embedding.png"
        ),
    output:
        pdf=shown(
            f"{R}/slides.pdf", "slides", OVERVIEW, "slides (PDF)", "validation, test"
        ),
        pptx=shown(
            f"{R}/slides.pptx",
            "slides",
            OVERVIEW,
            "slides to edit (PPTX)",
            "validation, test",
        ),
    log:
        f"{LOGS}/make_slides.log",
    params:
        code=code("make_slides"),
        # Functions, since Snakemake takes braces in a plain text for wildcards.
        study_title=lambda w: STUDY.title,
        dataset=lambda w: STUDY.dataset.path,
        command=lambda w: f"snakemake --configfile {CONFIG_FILE}",
        versions={
            name: version(name)
            for name in ("snakemake", "keras", "numpy", "scikit-learn")
        },
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
        of_each_experiment("figures/learning_curves.svg"),
        of_each_experiment("figures/confusion.svg"),
        of_each_experiment("figures/best.svg"),
        of_each_experiment("trials.html"),
        of_explained("explain/grad_cam.png", "explain/layers.html"),
        augmentation_sheet,
        further_pictures,
        published_pictures,
        tensorboard_logs,


rule report:
    input:
        rules.results.input,
    output:
        html=f"{R}/report.html",
    log:
        f"{LOGS}/report.log",
    params:
        code=code("make_report"),
        captions=captions_digest(),
        config=rules.write_config.output.config,
    message:
        "Making the report"
    script:
        "../scripts/make_report.py"
