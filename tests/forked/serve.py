"""The product's server for all studies of a test run, and for their calls of Snakemake too.

    python serve.py FOLDER

listens on FOLDER/socket until its standard input is closed.
"""

import socket
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "src"))

from scenery.pipeline.job_server.server import Server
from scenery.pipeline.job_server.starting import third_party_modules

# What a dry run imports; Snakemake imports most of it late.
SNAKEMAKE_MODULES = [
    "snakemake.cli", "snakemake.api", "snakemake.report", "snakemake.executors.local",
    "snakemake_executor_plugin_slurm", "numpy", "pandas", "psutil", "pydantic", "yaml", "PIL.Image",
]  # fmt: skip
# What Python and Snakemake read as they start. Calls differ in other variables, such as those that
# Slurm or a test sets.
START_PREFIXES = ("HOME", "LANG", "LC_", "PYTHON", "XDG_")
# What Slurm tells each job about itself, and a test's proxy. No library reads them at import time.
LATE_IN_JOBS = {
    "ENVIRONMENT", "HOSTNAME", "CUDA_VISIBLE_DEVICES", "GPU_DEVICE_ORDINAL",
    "ROCR_VISIBLE_DEVICES", "ZE_AFFINITY_MASK", "https_proxy",
}  # fmt: skip
LATE_IN_JOBS_PREFIXES = ("SLURM", "SRUN_")


class TestServer(Server):
    """Forks for scripts, benchmarks and calls of Snakemake, from every checkout.

    A request waits for its template process, so that a test does not depend on how fast it is.
    """

    max_templates = 8
    patient = True
    refused = 0

    def kind_of(self, arguments: list[str]) -> str:
        """`snakemake`, or `job` for scripts and benchmarks."""
        command_line = arguments[0] == "-m" and arguments[1].split(".")[0] != "benchmarks"
        return "snakemake" if command_line else "job"

    def modules_of(self, kind: str) -> list[str]:
        """The modules that the template process of a kind imports."""
        return SNAKEMAKE_MODULES if kind == "snakemake" else self.modules

    def early_variables(self, environment: dict[str, str], kind: str) -> dict[str, str]:
        """Few template processes serve all tests: each takes ten seconds to import libraries."""
        early = super().early_variables(environment, kind)
        if kind == "snakemake":
            return {name: v for name, v in early.items() if name.startswith(START_PREFIXES)}
        return {
            name: value
            for name, value in early.items()
            if name not in LATE_IN_JOBS and not name.startswith(LATE_IN_JOBS_PREFIXES)
        }

    def link(self, kind: str, environment: dict[str, str]) -> socket.socket | None:
        """Count what starts as a process of its own, which makes tests slow."""
        link = super().link(kind, environment)
        self.refused += link is None
        return link


if __name__ == "__main__":
    server = TestServer(Path(sys.argv[1]), third_party_modules())
    server.serve()
    if server.refused:
        print(f"\n{server.refused} requests had no template process", file=sys.stderr)
