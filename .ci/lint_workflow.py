"""Run `snakemake --lint` and fail on every remark that is not listed below.

python .ci/lint_workflow.py
"""

import re
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

from scenery.reporting.figures import figures_by_rule

SOFTWARE = "Specify a conda environment or container for each rule."
# One hash-pinned requirements file holds the software of all rules, so that results do not depend
# on the rule that made them. Each rule is listed, so that a new one is a decision.
WITHOUT_ENVIRONMENT = [
    "draw_scenes",
    "fetch_dataset",
    "embed_images",
    "catalogue",
    "split",
    "draw_subset",
    "pack",
    "provide_weights",
    "check_weights",
    "extract_features",
    "learn_codebook",
    "encode_features",
    "train_heads",
    "fit_classifiers",
    "fine_tune",
    "fine_tune_fold",
    "join_folds",
    "fine_tune_rung",
    "promote",
    "promote_in_round",
    "propose",
    "write_optuna",
    "time_network",
    "choose",
    "assess_choice",
    "refit_head",
    "refit_classifier",
    "refit_network",
    "keep_network",
    "evaluate",
    "refit_compared_head",
    "refit_compared_classifier",
    "refit_compared_network",
    "evaluate_compared",
    "average_weights",
    "evaluate_soup",
    "compare_settings",
    "split_again",
    "extract_test_features",
    "score_division",
    "compare_divisions",
    "score_grouping",
    "find_suspects",
    "tabulate_suspects",
    "tabulate_experiment",
    "compare_reference_results",
    "export_model",
    "write_card",
    "explain",
    "render_augmentations",
    "write_config",
    "list_trials",
    "summarize",
    "write_record",
    "tabulate",
    "tabulate_data",
    "write_tensorboard",
    "make_slides",
    "write_conclusions",
    "report",
]
EXCEPTIONS = {(rule, SOFTWARE) for rule in (*WITHOUT_ENVIRONMENT, *figures_by_rule())} | {
    # The config is an input already, and its name is needed for a command line.
    ("report", "Param config is a prefix of input or output file but hardcoded"),
}


def remarks(output: str) -> list[tuple[str, str]]:
    """Rule (or file) and title of every remark in Snakemake's output."""
    found, place = [], ""
    for line in output.splitlines():
        if header := re.match(r"Lints for (?:rule (\w+)|(?:snakefile )?(\S+))", line):
            place = header[1] or header[2]
        elif title := re.match(r"    \* (.+?):?$", line):
            found.append((place, title[1]))
    return found


def main() -> int:
    """Exit status: 0 if every remark is an exception."""
    command = [sys.executable, "-m", "snakemake", "--lint", "--configfile", "config/config.yaml"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    output = done.stdout + done.stderr
    found = remarks(output)
    if not found and "Congratulations" not in output:
        print(output)
        return 1
    refused = [remark for remark in found if remark not in EXCEPTIONS]
    for rule, title in refused:
        print(f"snakemake --lint: {rule}: {title}")
    stale = sorted(rule for rule, title in EXCEPTIONS - set(found))
    for rule in stale:
        print(f"snakemake --lint: the exception for {rule} is not needed any more; remove it")
    if not refused and not stale:
        print(f"snakemake --lint: {len(found)} remarks, all of them listed")
    return 1 if refused or stale else 0


if __name__ == "__main__":
    sys.exit(main())
