# Trials. Those on features of a frozen backbone are batched; those that fine-tune get one job each,
# or one for each fold.


localrules:
    join_folds,


rule train_heads:
    input:
        split=LAYOUT.split,
        features=INPUTS.trials.batch_features("train_heads"),
    output:
        **EXPERIMENT.batch("train_heads")._asdict(),
    log:
        LAYOUT.log("train_heads", "{experiment}", "{shard}"),
    threads: INPUTS.trials.batch_threads("train_heads")
    resources:
        mem_mb=per_attempt(4000),
        runtime=per_attempt(60),
    params:
        code=CODE.of_rule("train_heads"),
        job=INPUTS.trials.batch("train_heads"),
    message:
        "Training the heads of {wildcards.experiment}, part {wildcards.shard}"
    script:
        "../scripts/train_heads.py"


rule fit_classifiers:
    input:
        split=LAYOUT.split,
        features=INPUTS.trials.batch_features("fit_classifiers"),
    output:
        **EXPERIMENT.batch("fit_classifiers")._asdict(),
    log:
        LAYOUT.log("fit_classifiers", "{experiment}", "{shard}"),
    resources:
        mem_mb=per_attempt(4000),
        runtime=per_attempt(60),
    params:
        code=CODE.of_rule("fit_classifiers"),
        job=INPUTS.trials.batch("fit_classifiers"),
    message:
        "Fitting the classifiers of {wildcards.experiment}, part {wildcards.shard}"
    script:
        "../scripts/fit_classifiers.py"


rule fine_tune:
    input:
        split=LAYOUT.split,
        files=INPUTS.trials.network_files,
        before=INPUTS.halving.rung_before,
    output:
        **EXPERIMENT.fine_tuned()._asdict(),
        record=EXPERIMENT.fine_tuned_record(),
    log:
        LAYOUT.log("fine_tune", "{experiment}", "{trial}"),
    threads: INPUTS.trials.threads
    resources:
        gpu=1,
        mem_mb=per_attempt(8000),
        runtime=per_attempt(240),
    params:
        code=CODE.of_rule("fine_tune"),
        job=INPUTS.trials.fine_tune,
        gpu_missing=STUDY.gpu_missing,
    message:
        "Fine-tuning {wildcards.trial} of {wildcards.experiment}"
    script:
        "../scripts/fine_tune.py"


rule fine_tune_fold:
    input:
        split=LAYOUT.split,
        files=INPUTS.trials.fold_network_files,
    output:
        **EXPERIMENT.fold()._asdict(),
    log:
        LAYOUT.log("fine_tune_fold", "{experiment}", "{trial}", "{fold}"),
    threads: INPUTS.trials.threads
    resources:
        gpu=1,
        mem_mb=per_attempt(8000),
        runtime=per_attempt(240),
    params:
        code=CODE.of_rule("fine_tune_fold"),
        job=INPUTS.trials.fine_tune_fold,
        gpu_missing=STUDY.gpu_missing,
    message:
        "Fine-tuning {wildcards.trial} of {wildcards.experiment}, fold {wildcards.fold}"
    script:
        "../scripts/fine_tune_fold.py"


rule join_folds:
    input:
        split=LAYOUT.split,
        folds=INPUTS.trials.fold_results,
    output:
        **EXPERIMENT.folded()._asdict(),
        record=EXPERIMENT.folded_record(),
    log:
        LAYOUT.log("join_folds", "{experiment}", "{trial}"),
    params:
        code=CODE.of_rule("join_folds"),
        job=INPUTS.trials.join_folds,
    message:
        "Joining the folds of {wildcards.trial} of {wildcards.experiment}"
    script:
        "../scripts/join_folds.py"
