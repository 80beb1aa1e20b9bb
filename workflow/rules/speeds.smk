# Times of predictions, for experiments that choose by them (`choose.by: [..., milliseconds]`).


rule time_network:
    output:
        speed=LAYOUT.speed(),
    log:
        LAYOUT.log("time_network", "{network}"),
    resources:
        gpu=1,
        mem_mb=per_attempt(6000),
        runtime=per_attempt(30),
    params:
        code=CODE.of_rule("time_network"),
        job=INPUTS.speeds.job,
    message:
        "Timing predictions of {wildcards.network}"
    script:
        "../scripts/time_network.py"
