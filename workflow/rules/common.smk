# What all other rule files use: the checked config (STUDY), its paths (LAYOUT), input functions
# (INPUTS), and the digest of the code that a rule runs (CODE).

import sys
from pathlib import Path

# In a clone the package is beside the workflow; elsewhere it is installed.
CLONE = Path(str(workflow.current_basedir)).parents[1] / "src"
if CLONE.is_dir():
    sys.path.insert(0, str(CLONE))

from scenery.pipeline.garbage_collection import collect_rarely

# Before the other modules, which have many objects.
collect_rarely()

from scenery.installation import SOURCE, WORKFLOW
from scenery.pipeline import snakemake_internals
from scenery.pipeline.code_digest import CodeDigests
from scenery.pipeline.inputs import Inputs
from scenery.pipeline.job_server.starting import start_server
from scenery.pipeline.layout import Layout
from scenery.pipeline.preflight import open_study, start_run
from scenery.pipeline.resources import per_attempt
from scenery.pipeline.run_lock import end, find_other_runs, name_results

snakemake_internals.plan_many_jobs_fast()
snakemake_internals.resolve_checkpoints_in_order()
snakemake_internals.look_behind_ancient_files()
snakemake_internals.look_again_when_limited()
snakemake_internals.prepare_environment(SOURCE)
CONFIG_FILE = snakemake_internals.config_file_name(workflow)
SUBMITS = snakemake_internals.submits_jobs(workflow)
EXPANSIONS = open_study(
    config, CONFIG_FILE, workflow.configfiles, check=workflow.is_main_process
)
STUDY = EXPANSIONS.study
# With every default, as the report's captions name them.
config.update(STUDY.spelled_out())
LAYOUT = Layout(STUDY.results)
EXPERIMENT = LAYOUT.experiment()
INPUTS = Inputs(EXPANSIONS, LAYOUT, checkpoints)
# The first page of the report shows them; the report's captions can read the config only.
config["conclusions"] = INPUTS.results.conclusions()
CODE = CodeDigests(Path(".snakemake/scenery_code.json"), WORKFLOW / "scripts")

if workflow.is_main_process:
    find_other_runs()
    snakemake_internals.drop_notices()
    snakemake_internals.prepare_resources(workflow, WORKFLOW / "slurm")


onstart:
    with snakemake_internals.keep_slurm_logs_if_refused(workflow):
        start_run(SUBMITS, STUDY.results)
    start_server(0 if SUBMITS else snakemake_internals.number_of_jobs(workflow))


onsuccess:
    end(failed=False, submits=SUBMITS)
    name_results(LAYOUT, exports=bool(STUDY.export))


onerror:
    end(failed=True, submits=SUBMITS)


wildcard_constraints:
    experiment="|".join(STUDY.experiments),
    subset="|".join([*STUDY.subsets, r"per_class_\d+_seed_\d+"]),
    partition="train|validation|test",
    size=r"\d+(x\d+)?",
    shard=r"\d+",
    rung=r"\d+",
    division=r"\d+",
    round=r"\d+",
    repeat=r"\d+",
    trial=r"[A-Za-z0-9+-]+",
    features=r"[A-Za-z0-9_-]+",
    network=r"[A-Za-z0-9_-]+",
    codebook=r"[A-Za-z0-9_-]+",
    weights=r"[A-Za-z0-9_-]+",
