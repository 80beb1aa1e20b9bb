"""Classical models on learned and handcrafted features: jobs, and a small study with report."""

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest
import yaml
from checkout import Checkout, check_out
from course_photographs import write_shared_files
from forms import form

from scenery.cli import main

SMALL = Path(__file__).with_name("features.yaml")
CLASSICAL = {"classifiers": 5, "views": 4, "search": 3, "mlp": 0, "inner": 2, "words": 2}


FIGURES = [
    f"experiments/{name}/figures/{picture}.png"
    for name in CLASSICAL
    for picture in ("learning_curves", "settings", "best", "confusion")
]
PREDICTED = ("search", "mlp", "words")
# The short form draws the figures of one experiment, and makes no slides and no report.
FILES = form(
    ["summary.html", *FIGURES[:4]],
    ["report.html", "slides.pdf", "slides.pptx", "summary.html", *FIGURES],
)
MODELS = [f"experiments/{name}/model/model.json" for name in PREDICTED]
OTHERS = ["experiments/mlp/explain/layers.csv", *MODELS]
TARGETS = form([f"results/{file}" for file in (*FILES, *OTHERS)], [])


def small(folder: Path) -> Checkout:
    checkout = check_out(folder)
    shutil.copy2(SMALL, checkout.folder / checkout.config)
    return checkout


def test_the_jobs_of_the_shipped_study(fresh: Checkout) -> None:
    write_shared_files(fresh)
    found = Checkout(fresh.folder, "config/features.yaml").dry_run().jobs
    # What comes after a choice is not known yet, but every experiment ends in a score.
    expected = {
        # Heads of MobileNet: one of all images, and with views and without of three drawings.
        "train_heads": 2, "draw_subset": 3,
        # 5 networks on small images, 7 on patches.
        "fine_tune": 12,
        # deep, deep_svm, views, sift_words, sift_fisher, filter_banks; fifty trials to a job.
        "fit_classifiers": 6,
        # Words and two sizes of mixtures of MobileNet's activations; words and Gaussians of SIFT.
        "learn_codebook": 5,
        # Plain features and maps of an inner layer, dense SIFT (two partitions each); views.
        "extract_features": 9,
        "choose": 13, "evaluate": 13, "plot_best": 13, "report": 1,
    }  # fmt: skip
    assert {name: found.get(name) for name in expected} == expected


def test_the_jobs_of_its_small_variant(tmp_path: Path) -> None:
    found = small(tmp_path / "fresh").dry_run().jobs
    expected = {"fit_classifiers": 3, "train_heads": 1, "fine_tune": 1, "learn_codebook": 1}
    assert {name: found.get(name) for name in expected} == expected


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    checkout = small(tmp_path_factory.mktemp("features") / "finished")
    checkout.snakemake(*TARGETS)
    # All is made, and nothing of it is stale.
    assert checkout.dry_run(*TARGETS).jobs == {}
    return checkout.folder / "results"


@pytest.mark.parametrize("file", FILES)
def test_it_ends_in_pages_and_figures(results: Path, file: str) -> None:
    assert (results / file).stat().st_size > 10_000


def test_every_trial_has_a_result(results: Path) -> None:
    summary = pd.read_csv(results / "summary.csv")
    assert set(summary["status"]) == {"completed"}
    assert summary["validation_accuracy"].notna().all()
    classical = summary[summary["rule"] == "fit_classifiers"]
    assert classical.groupby("experiment")["trial"].count().to_dict() == {
        name: count for name, count in CLASSICAL.items() if count
    }
    assert (classical["best_epoch"] == 0).all()
    assert (summary.loc[summary["rule"] != "fit_classifiers", "best_epoch"] > 0).all()
    assert (classical["trained_parameters"] > 0).all()
    assert (classical["parameters"] >= classical["trained_parameters"]).all()


def test_final_models_are_kept_without_code(results: Path) -> None:
    from scenery.classical.classifiers import load

    for name, count in CLASSICAL.items():
        folder = results / "experiments" / name
        metrics = json.loads((folder / "test/metrics.json").read_text())
        owner = results / "experiments" / metrics["scored_in"]
        models = sorted(path.name for path in owner.glob("refit_*/model.*"))
        assert models == (["model.skops"] if count else ["model.keras"])
        if count:
            assert load(owner / "refit_classifier/model.skops").classes_.tolist() == [*range(8)]
            assert (owner / "history.csv").is_file()
        assert metrics["training_images"] == (16 if name == "views" else metrics["training_images"])
    pickles = [p for p in results.rglob("*") if p.suffix in (".pkl", ".pickle", ".joblib")]
    assert pickles == []


@pytest.mark.parametrize("experiment", PREDICTED)
def test_predict_answers_as_evaluate(
    results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, experiment: str
) -> None:
    monkeypatch.chdir(results.parent)
    # TensorFlow refuses another number of threads once it has begun.
    monkeypatch.setattr("scenery.inference.prediction.set_up", lambda threads: None)
    expected = pd.read_csv(f"results/experiments/{experiment}/test/predictions.csv")
    files = tmp_path / "test_images.csv"
    images = results.parent / "results/data/generated"
    pd.DataFrame({"file": [str(images / file) for file in expected["file"]]}).to_csv(files)
    out = tmp_path / "answers.csv"
    options = ["--experiment", experiment, "--out", str(out), "--top", "1"]
    assert main(["predict", "results", str(files), *options]) == 0
    found = pd.read_csv(out)
    assert list(found["class"]) == list(expected["predicted"])
    shares = expected[[name for name in expected if name.startswith("calibrated:")]].to_numpy()
    assert (found["probability"] - shares.max(axis=1)).abs().max() < 1e-6


def test_views_make_more_rows_of_the_same_images(results: Path) -> None:
    trials = pd.read_csv(results / "experiments/views/trials.csv")
    facts = [json.loads(path.read_text()) for path in results.glob("features/*views*/train.json")]
    # Two images of eight classes in two views, drawn anew for the second repeat.
    assert [found["shape"][:2] for found in facts] == [[2, 16], [2, 16]]
    assert len(trials) == 4


def test_only_networks_are_looked_into(results: Path) -> None:
    looked_into = {path.parent.parent.name for path in results.glob("experiments/*/explain/*.dot")}
    assert looked_into == {"mlp"}
    assert "explain" not in Checkout(results.parent).dry_run().jobs


def test_a_choice_without_epochs_has_no_learning_rates(results: Path) -> None:
    chosen = yaml.safe_load((results / "experiments/classifiers/chosen.yaml").read_text())
    assert (chosen["learning_rates"], chosen["best_epoch"]) == ({}, 0)
    assert chosen["settings"]["classifier"]["kernel"] == "rbf"
