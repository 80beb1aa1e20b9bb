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
# Snakemake itself does not use these; it sets them for its jobs.
THREAD_SUFFIXES = ("_NUM_THREADS", "_MAXIMUM_THREADS")
# What Slurm tells each job about itself. No library reads it at import time.
SLURM_PREFIXES = ("SLURM", "SRUN_")
SLURM_VARIABLES = {
    "ENVIRONMENT", "HOSTNAME", "CUDA_VISIBLE_DEVICES", "GPU_DEVICE_ORDINAL",
    "ROCR_VISIBLE_DEVICES", "ZE_AFFINITY_MASK",
}  # fmt: skip


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
        """Jobs of Slurm share one, and Snakemake's calls with other numbers of threads do."""
        early = {
            name: value
            for name, value in super().early_variables(environment, kind).items()
            if name not in SLURM_VARIABLES and not name.startswith(SLURM_PREFIXES)
        }
        if kind == "job":
            return early
        return {key: v for key, v in early.items() if not key.endswith(THREAD_SUFFIXES)}

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
