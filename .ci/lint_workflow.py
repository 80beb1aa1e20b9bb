"""Run `snakemake --lint` and fail on whatever is not among the exceptions below.

python .ci/lint_workflow.py
"""

import re
import subprocess
import sys

# Start of a lint's title, and why Scenery does not follow it.
EXCEPTIONS = {
    "Specify a conda environment or container for each rule": "one hash-pinned requirements file "
    "holds the software of all rules, so that results do not depend on which rule made them",
    "Mixed rules and functions in same snakefile": "the input functions of a rule stand beside it; "
    "what can be tested without Snakemake is in src/scenery/study",
    "Environment variable PYTHONPATH used": "it is set here, not needed from outside",
    "Environment variable PATH used": "it is set here, not needed from outside",
    "Param": "jobs share a file system, on Slurm too, and the params in question name folders that "
    "hold many inputs",
}


def main() -> int:
    """Exit status: 0 if there is nothing but exceptions."""
    command = [sys.executable, "-m", "snakemake", "--lint", "--configfile", "config/config.yaml"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    output = done.stdout + done.stderr
    titles = re.findall(r"^    \* (.+)$", output, re.MULTILINE)
    if not titles and "Congratulations" not in output:
        print(output)
        return 1
    refused = [title for title in titles if not title.startswith(tuple(EXCEPTIONS))]
    for title in refused:
        print(f"snakemake --lint: {title}")
    if refused:
        print(output)
    else:
        print(f"snakemake --lint: {len(titles)} remarks, all of them known exceptions")
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(main())
