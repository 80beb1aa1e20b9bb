"""Synthetic tables of a study, of any size and with names meant to break a page."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from scenery.config.settings import Settings
from scenery.reporting.reading import Choice, read_choice, read_history, read_trials

HOSTILE = [
    "<script>alert('x')</script>",
    'a "quoted" & *starred* `class`',
    "\u5c71\u8109\u4e0e\u6d77\u5cb8",
    "a very long class name that goes on and on until it has reached eighty letters..",
    "$x^2$ costs 5$",
    "../../etc/passwd",
    "None",
]
PLAIN = [
    "coast", "forest", "highway", "inside_city", "mountain", "Opencountry", "street",
    "tallbuilding",
]  # fmt: skip


def class_names(number: int, hostile: bool = False) -> list[str]:
    first = HOSTILE if hostile else PLAIN
    return [*first, *(f"scene_{index:02d}" for index in range(number))][:number]


def nested(flat: dict[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, value in flat.items():
        *path, last = name.split(".")
        inner = values
        for part in path:
            # A group that is unset in the base may be set in a trial.
            inner[part] = inner.get(part) or {}
            inner = inner[part]
        inner[last] = value
    return values


@dataclass
class Experiment:
    """The files of one experiment."""

    folder: Path
    name: str

    def trials(self) -> pd.DataFrame:
        return read_trials(self.folder / "trials.csv")

    def history(self) -> pd.DataFrame:
        return read_history(self.folder / "history.csv")

    def choice(self) -> Choice:
        return read_choice(self.folder / "chosen.yaml")


def write_experiment(
    folder: Path,
    name: str,
    settings: list[dict[str, Any]],
    strategy: str,
    title: str,
    repeats: int = 1,
    diverged: tuple[int, ...] = (),
    constant: bool = False,
    epochs: int = 12,
    two_steps: bool = False,
    seed: int = 0,
) -> Experiment:
    """Trials, history and choice; `settings` holds dotted names, one dictionary per setting."""
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(seed)
    base = Settings(head={"solver": "epochs"}).flat()
    rows, epochs_rows = [], []
    for number, own in enumerate(settings):
        level = 0.9 if constant else 0.8 + 0.15 * random.random()
        for repeat in range(1, repeats + 1):
            trial = f"{name[:4]}{number:03d}r{repeat}"
            failed = number in diverged
            value = level if constant else min(level + random.normal(0, 0.004), 0.99)
            rows.append(
                {
                    "experiment": name, "trial": trial,
                    "name": ", ".join(f"{k}={v}" for k, v in own.items()) or "unchanged",
                    "setting": f"{name}-{number:03d}", "repeat": repeat,
                    **{key: json.dumps(item) if isinstance(item, list | tuple) else item
                       for key, item in {**base, **own, "seed": repeat}.items()},
                    "rule": "train_heads", "status": "diverged" if failed else "completed",
                    "reason": "the loss became NaN in epoch 3" if failed else "",
                    "parameters": int(10 ** random.uniform(5.5, 7.3)),
                    "trained_parameters": 8200, "epochs_run": epochs, "best_epoch": epochs - 1,
                    "train_accuracy": None if failed else min(value + 0.03, 1),
                    "train_loss": None if failed else 0.1,
                    "validation_accuracy": None if failed else value,
                    "gap": None if failed else min(value + 0.03, 1) - value, "overfitting": False,
                    "validation_loss": "nan" if failed else 0.4 - 0.3 * value,
                    "seconds": float(random.uniform(1, 400)), "peak_memory_mb": 900.0,
                }
            )  # fmt: skip
            for epoch in range(1, (3 if failed else epochs) + 1):
                part = value * (1 - 0.5 * np.exp(-epoch / 3))
                second = two_steps and epoch > 4
                epochs_rows.append(
                    {
                        "trial": trial, "step": "network" if second else "head",
                        "epoch": epoch - 4 if second else epoch, "learning_rate": 0.001,
                        "loss": 1.5 * np.exp(-epoch / 4),
                        "accuracy": min(part + 0.03, 1.0),
                        "validation_loss": "nan" if failed and epoch == 3
                        else 1.6 * np.exp(-epoch / 5) + 0.1,
                        "validation_accuracy": part, "seconds": 1.0,
                    }
                )  # fmt: skip
    table = pd.DataFrame(rows)
    means = table.groupby("setting")["validation_accuracy"].mean()
    best = str(means.idxmax())
    table["chosen"] = table["setting"] == best
    table.to_csv(folder / "trials.csv", index=False)
    pd.DataFrame(epochs_rows).to_csv(folder / "history.csv", index=False)
    chosen = table[table["chosen"]].iloc[0]
    own = settings[int(best.rsplit("-", 1)[1])]
    keys = list(dict.fromkeys(key for item in settings for key in item))
    choice = {
        "experiment": name, "title": title, "trial": chosen["trial"], "name": chosen["name"],
        "setting": best, "repeats": repeats, "rule": "best validation accuracy",
        "candidates": len(settings), "failed": len(diverged),
        "validation_accuracy": float(means.max()), "validation_loss": 0.12,
        "validation_images": 376, "parameters": int(chosen["parameters"]),
        "calibration": {"temperature": 1.5, "set_probability": 0.2, "calibration_error": 0.1,
                        "calibration_error_scaled": 0.05},
        "best_epoch": int(chosen["best_epoch"]), "varied": keys, "strategy": strategy,
        "warnings": [],
        "settings": json.loads(json.dumps(nested({**base, **own}))), "learning_rates": [0.001],
    }  # fmt: skip
    text = yaml.safe_dump(choice, allow_unicode=True, sort_keys=False)
    (folder / "chosen.yaml").write_text(text, encoding="utf-8")
    return Experiment(folder, name)


def write_test(
    folder: Path, experiment: str, trial: str, classes: list[str], per_class: int = 40,
    right: float = 0.9, seed: int = 0,
) -> None:  # fmt: skip
    """The four test tables of one experiment, consistent with each other."""
    test = folder / "test"
    test.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(seed)
    true = np.repeat(np.arange(len(classes)), per_class)
    logits = random.normal(0, 1, (len(true), len(classes)))
    hit = random.random(len(true)) < right
    aimed = np.where(hit, true, (true + 1) % len(classes))
    logits[np.arange(len(true)), aimed] += 5
    p_values = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    predicted = p_values.argmax(axis=1)
    table = pd.DataFrame(
        {
            "file": [f"test/{classes[c].replace('/', '_')}/image_{i:04d}.jpg"
                     for i, c in enumerate(true)],
            "class": [classes[c] for c in true], "predicted": [classes[c] for c in predicted],
            "correct": true == predicted, "confidence": p_values.max(axis=1),
            **{f"probability:{name}": p_values[:, index] for index, name in enumerate(classes)},
        }
    )  # fmt: skip
    table.to_csv(test / "predictions.csv", index=False)
    counts = np.zeros((len(classes), len(classes)), dtype=int)
    np.add.at(counts, (true, predicted), 1)
    confusion = pd.DataFrame(counts, columns=classes)
    confusion.insert(0, "class", classes, allow_duplicates=True)
    confusion.to_csv(test / "confusion.csv", index=False)
    hits = np.diag(counts)
    precision, recall = hits / np.maximum(counts.sum(0), 1), hits / counts.sum(1)
    f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-9)
    pd.DataFrame(
        {"class": classes, "precision": precision, "recall": recall,
         "recall_low": recall * 0.9, "recall_high": 0.1 + recall * 0.9, "f1": f1,
         "images": counts.sum(1)}
    ).to_csv(test / "classes.csv", index=False)  # fmt: skip
    from scenery.evaluation.intervals import wilson

    correct = int(hits.sum())
    low, high = wilson(correct / len(true), len(true))
    metrics = {
        "accuracy": correct / len(true), "correct": correct, "images": len(true), "low": low,
        "high": high, "macro_f1": float(f1.mean()), "macro_f1_low": 0.1, "macro_f1_high": 0.97,
        "balanced_accuracy": float(recall.mean()), "balanced_accuracy_low": 0.2,
        "balanced_accuracy_high": 0.98, "loss": 0.3, "trial": trial,
        "experiment": experiment, "scored_in": experiment, "refit": False,
        "training_images": 1505,
    }  # fmt: skip
    (test / "metrics.json").write_text(json.dumps(metrics), encoding="utf-8")
    write_scores(test, experiment, trial, table["correct"].to_numpy(dtype=float))


def write_scores(test: Path, experiment: str, trial: str, correct: np.ndarray) -> None:
    """The tables of scored settings: the chosen one and a control that is a little worse."""
    from scenery.evaluation.final_scores import ScoredModels, comparison_table, score_table

    worse = correct.copy()
    worse[:10] = 0
    number = trial[4:7]
    scored = [
        ScoredModels(experiment, setting, roles, "full", (name,), values[None], 1505)
        for setting, roles, name, values in (
            (f"{experiment}-{number}", ("chosen",), trial, correct),
            (f"{experiment}-control", ("control",), "control", worse),
        )
    ]
    score_table(scored, None).to_csv(test / "scores.csv", index=False)
    comparison_table(scored, [], None).to_csv(test / "comparisons.csv", index=False)


def write_data(folder: Path, classes: list[str], per_class: int = 60, flawed: bool = True) -> None:
    """A catalogue with duplicates, a leak, a conflict and a broken file, and its split."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for label, name in enumerate(classes):
        for index in range(per_class):
            partition = "train" if index < per_class * 2 // 3 else "test"
            rows.append(
                {
                    "file": f"{partition}/c{label}/image_{index:04d}.jpg", "class": name,
                    "given_partition": partition, "given_group": "", "proposed_group": "",
                    "weight": 1.0,
                    "width": 200,
                    "height": 200, "mode": "RGB", "format": "JPEG", "bytes": 9000 + index,
                    "digest": f"{label:02x}{index:04x}",
                    "problem": "", "duplicate_group": "0", "duplicate_kind": "", "group": "0",
                    "similar_to": "", "similar_distance": "",
                    "kept": True, "reason": "",
                }
            )  # fmt: skip
    if flawed:
        rows[0].update(problem="truncated file", kept=False, reason="can't be read")
        for index, reason in ((1, ""), (per_class - 1, "also in train")):
            rows[index].update(duplicate_group="1", duplicate_kind="exact", kept=not reason,
                               reason=reason)  # fmt: skip
        for index in (2, per_class + 2):
            rows[index].update(duplicate_group="2", duplicate_kind="near", kept=False,
                               reason="same picture under two classes")  # fmt: skip
    catalogue = pd.DataFrame(rows)
    catalogue.to_csv(folder / "catalogue.csv", index=False)
    split = catalogue[catalogue["kept"]][["file", "class", "given_partition"]].copy()
    split["label"] = split["class"].map({name: i for i, name in enumerate(classes)})
    train = split["given_partition"] == "train"
    fifth = np.arange(len(split)) % 5 == 0
    split["partition"] = np.where(~train, "test", np.where(fifth, "validation", "train"))
    split["row"] = split.groupby("partition").cumcount()
    split.drop(columns="given_partition").to_csv(folder / "split.csv", index=False)


def write_summary(path: Path, experiments: list[Experiment]) -> None:
    parts = []
    for experiment in experiments:
        table = pd.read_csv(experiment.folder / "trials.csv", keep_default_na=False)
        table["title"] = experiment.choice().title
        chosen = table.index[table["chosen"]][0]
        metrics = json.loads((experiment.folder / "test/metrics.json").read_text())
        for column, key in (("test_accuracy", "accuracy"), ("test_low", "low"),
                            ("test_high", "high"), ("test_images", "images")):  # fmt: skip
            table[column] = ""
            table[column] = table[column].astype(object)
            table.loc[chosen, column] = metrics[key]
        parts.append(table)
    pd.concat(parts).to_csv(path, index=False)


def grid(**values: list[Any]) -> list[dict[str, Any]]:
    """All combinations; two underscores in a name stand for a dot."""
    rows: list[dict[str, Any]] = [{}]
    for name, options in values.items():
        rows = [{**row, name.replace("__", "."): value} for row in rows for value in options]
    return rows


def draws(number: int, seed: int = 3) -> list[dict[str, Any]]:
    random = np.random.default_rng(seed)
    return [
        {
            "optimizer.learning_rate": float(10 ** random.uniform(-5, -1)),
            "head.dropout": float(random.uniform(0, 0.6)),
            "optimizer.name": str(random.choice(["SGD", "Adam", "RMSprop", "AdamW", "Nadam"])),
            "batch_size": int(random.choice([8, 16, 32, 64])),
            "head.l2": float(10 ** random.uniform(-6, -2)),
        }
        for _ in range(number)
    ]
