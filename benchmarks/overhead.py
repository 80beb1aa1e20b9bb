"""The overhead of a job: imports, opening files, building and loading the network.

The overhead is the lifetime of the process minus the time of its training, feature or evaluation
steps, which is in its log. It is compared with a bare `import tensorflow`.
"""

import re
import shutil
import sys

from benchmarks.material import Material
from benchmarks.measuring import Spread, seconds
from benchmarks.results import Row
from benchmarks.watching import watch

CONFIG = "overhead.yaml"
RULES = ("extract_features", "train_heads", "fine_tune", "evaluate")
STEPS = re.compile(r"([0-9.]+) s in training, feature or evaluation steps")


def run(material: Material) -> list[Row]:
    """One row per kind of job."""
    targets = _prepare(material)
    # One job at a time, so that jobs do not share processors.
    command = material.snakemake("--cores", "1", "--allowed-rules", *RULES, config=CONFIG)
    command[3:3] = ["--force", *targets]
    bare: list[float] = []
    rest: dict[str, list[float]] = {rule: [] for rule in RULES}
    for _ in range(material.rounds):
        bare.append(seconds(lambda: material.run([sys.executable, "-c", "import tensorflow"])))
        _forget(material)
        jobs = {job.rule: job for job in watch(command, material.folder)}
        for rule in RULES:
            rest[rule].append(jobs[rule].seconds - _steps(material, rule))
    imports = Spread.of(bare)
    return [_row(rule, rest[rule], bare, imports) for rule in RULES]


def _forget(material: Material) -> None:
    """Remove the files of finished trials outside the outputs, so that they train again."""
    results = material.folder / "results" / "overhead"
    shutil.rmtree(results / "checkpoints", ignore_errors=True)
    for folder in results.glob("experiments/*/train_heads/finished"):
        shutil.rmtree(folder)


def _row(rule: str, rest: list[float], bare: list[float], imports: Spread) -> Row:
    times = Spread.of([own / other for own, other in zip(rest, bare, strict=True)])
    return Row(
        work=f"a job of `{rule}` without its training, feature or evaluation steps",
        compared="bare `import tensorflow`",
        measured=f"{times} times as long",
        target="≤ 1.6",
        met=times.median <= 1.6,
        note=f"{Spread.of(rest)} s against {imports} s",
    )


def _steps(material: Material, rule: str) -> float:
    logs = list((material.folder / "logs" / "overhead" / rule).rglob("*.log"))
    newest = max(logs, key=lambda path: path.stat().st_mtime)
    return float(STEPS.findall(newest.read_text(encoding="utf-8"))[-1])


def _prepare(material: Material) -> list[str]:
    """Run everything before these jobs; return one output of each kind of job."""
    images = material.folders(material.small_part) / "train"
    few = {"subset": "few", "epochs": 1}
    study = material.search() | {
        "results": "results/overhead",
        # Few and small images, because their passes are not measured here.
        "dataset": {"path": str(images)},
        "base": material.base() | {"image_size": min(64, material.size)},
        "subsets": {"few": {"per_class": min(4, material.per_class), "seed": 1}},
        "experiments": {
            "heads": {"overrides": few, "grid": {"head.dropout": [0.5]}},
            "networks": {"overrides": few, "grid": {"trainable": ["all"]}},
        },
    }
    material.write(CONFIG, study)
    folder = "results/overhead/experiments"
    metrics = f"{folder}/heads/test/metrics.json"
    material.run(material.snakemake(metrics, f"{folder}/networks/chosen.yaml", config=CONFIG))
    root = material.folder
    features = next((root / "results/overhead/features").glob("*/validation.npy"))
    trained = next((root / folder / "networks/fine_tune").glob("*/metrics.csv"))
    heads = f"{folder}/heads/train_heads/0/metrics.csv"
    return [str(features.relative_to(root)), heads, str(trained.relative_to(root)), metrics]
