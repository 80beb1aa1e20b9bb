# The study as all other rules see it: the checked config, the plan of its trials, and the digest
# of the code that each rule runs.

import hashlib
import os
import sys
from pathlib import Path

import yaml

sys.path.insert(0, str(Path(workflow.basedir) / "src"))
# Scripts run in processes of their own, on other machines too.
os.environ["PYTHONPATH"] = os.pathsep.join(
    [str(Path(workflow.basedir) / "src"), os.environ.get("PYTHONPATH", "")]
).rstrip(os.pathsep)
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from scenery.study.trial_network import cut_layer, image_size
from scenery.pipeline.preflight import (
    chosen_settings,
    local_gpus,
    open_study,
    start_run,
)
from scenery.pipeline.run_lock import end, find_other_runs
from scenery.pipeline.code_digest import CodeDigests
from scenery.study.features import plain_features, training_features, weights_id
from scenery.study.plan import BATCHED_RULES, NotChosenYet, Plan
from scenery.config.settings import WEIGHTS_FROM_EXPERIMENT
from scenery.study.subsets import training_subset

# Seen from here, so that neither messages nor slides hold the folders of one machine.
CONFIG_FILE = str(workflow.configfiles[-1]) if workflow.configfiles else "--config"
if Path(CONFIG_FILE).is_relative_to(Path.cwd()):
    CONFIG_FILE = str(Path(CONFIG_FILE).relative_to(Path.cwd()))
STUDY = open_study(
    config, CONFIG_FILE, workflow.configfiles, check=workflow.is_main_process
)
R = STUDY.results
LOGS = f"logs{R.removeprefix('results')}"


def wait_for_choice(experiment):
    """The settings that an experiment chose; Snakemake waits for its checkpoint if need be."""
    return chosen_settings(checkpoints.choose.get(experiment=experiment).output.chosen)


def known_choice(experiment):
    """The same, from what is on disk by now."""
    return chosen_settings(f"{R}/experiments/{experiment}/chosen.yaml")


PLAN = Plan(STUDY, CONFIG_FILE, chosen=wait_for_choice, known=known_choice)


CODE = CodeDigests(Path(".snakemake/scenery_code.json"))


def code(script):
    """Digest of a rule's script and of all that it imports from this project."""
    return CODE.of(Path(workflow.basedir) / "workflow" / "scripts" / f"{script}.py")


def captions_digest():
    """Digest of the report's captions, so that a changed one renews the report and nothing else."""
    captions = sorted((Path(workflow.basedir) / "workflow" / "report").glob("*.rst"))
    return hashlib.sha256(
        b"\0".join(path.read_bytes() for path in captions)
    ).hexdigest()[:16]


# Snakemake sets `nodes` where it submits jobs to a cluster.
SUBMITS = workflow.resource_settings.nodes is not None

if workflow.is_main_process:
    find_other_runs()
    if SUBMITS:
        # `cores: all` means this machine's, of which a job elsewhere knows nothing.
        workflow.resource_settings.cores = None
        workflow.global_resources["_cores"] = None
        os.environ["PATH"] = os.pathsep.join(
            [str(Path(workflow.basedir) / "workflow" / "slurm"), os.environ["PATH"]]
        )
    elif local_gpus() and workflow.global_resources.get("gpu") is None:
        # Jobs that fine-tune ask for a GPU each. Where the jobs run on this machine and it has
        # GPUs, no more of them run at once than it has; where it has none, they run on its
        # processor.
        workflow.global_resources["gpu"] = local_gpus()


onstart:
    start_run(SUBMITS, R)


onsuccess:
    end(failed=False, submits=SUBMITS)


onerror:
    end(failed=True, submits=SUBMITS)


wildcard_constraints:
    experiment="|".join(STUDY.experiments),
    subset="|".join([*STUDY.subsets, r"per_class_\d+_seed_\d+"]),
    partition="train|validation|test",
    size=r"\d+",
    shard=r"\d+",
    rung=r"\d+",
    trial=r"[A-Za-z0-9+-]+",
    features=r"[A-Za-z0-9_-]+",
    codebook=r"[A-Za-z0-9_-]+",
    weights=r"[A-Za-z0-9_-]+",
