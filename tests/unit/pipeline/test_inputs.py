"""What each rule reads and what it hands to its script, without Snakemake running."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from PIL import Image

from scenery.config.validation import read_study
from scenery.errors import UserError
from scenery.pipeline.inputs import Inputs
from scenery.pipeline.jobs.choice import ChooseJob
from scenery.pipeline.jobs.data import PackJob, SplitJob
from scenery.pipeline.jobs.divisions import CompareDivisionsJob, DivisionJob, GroupingJob
from scenery.pipeline.jobs.final_models import (
    AverageWeightsJob,
    CompareJob,
    EvaluateJob,
    RefitFeaturesJob,
    RefitNetworkJob,
)
from scenery.pipeline.jobs.halving import PromoteJob
from scenery.pipeline.jobs.rounds import ProposeJob
from scenery.pipeline.jobs.speeds import TimeNetworkJob
from scenery.pipeline.jobs.suspects import SuspectsJob
from scenery.pipeline.jobs.trials import (
    FeatureTrialsJob,
    FineTuneFoldJob,
    FineTuneJob,
    JoinFoldsJob,
)
from scenery.pipeline.layout import Layout
from scenery.study.checks import check_study
from scenery.study.expansions import Expansions
from scenery.study.rounds import Round, next_basis, write_round
from scenery.study.trials import ResolvedTrial

BASE = {"backbone": "SqueezeNet", "weights": "none", "image_size": 64, "epochs": 2}
EXPERIMENTS = {
    "heads": {"grid": {"head.dropout": [0, 0.5, 0.9]}},
    "views": {"start_from": "heads", "overrides": {"augment.zoom": 0.1, "views": 2}},
    "networks": {"start_from": "heads", "list": [{"trainable": "head+1"}, {"trainable": "all"}]},
    "classical": {"start_from": "heads", "grid": {"classifier.name": ["svm"]}},
    "search": {
        "overrides": {"trainable": "all", "epochs": 18},
        "random": {
            "n_trials": 3,
            "space": {"optimizer.learning_rate": {"loguniform": [1e-4, 1e-2]}},
            "halving": {"factor": 3, "first_epochs": 2},
        },
    },
}


class NotReady(Exception):
    """Raised for a checkpoint that has not run, as Snakemake does."""


class Checkpoints:
    """The part of Snakemake's `checkpoints` that input functions use."""

    def __init__(self, layout: Layout) -> None:
        self.choose = SimpleNamespace(get=self._choose)
        self.promote = SimpleNamespace(get=self._promote)
        self.propose = SimpleNamespace(get=self._propose)
        self.promote_in_round = SimpleNamespace(get=self._promote_in_round)
        self.layout = layout

    def _choose(self, experiment: str) -> Any:
        return self._file("chosen", self.layout.experiment(experiment).chosen)

    def _promote(self, experiment: str, rung: int) -> Any:
        return self._file("promoted", self.layout.experiment(experiment).promoted(rung))

    def _propose(self, experiment: str, round: int) -> Any:
        return self._file("proposals", self.layout.experiment(experiment).proposals(round))

    def _promote_in_round(self, experiment: str, round: int, rung: int) -> Any:
        path = self.layout.experiment(experiment).promoted_in_round(round, rung)
        return self._file("promoted", path)

    @staticmethod
    def _file(name: str, path: str) -> Any:
        if not Path(path).exists():
            raise NotReady(path)
        return SimpleNamespace(output=SimpleNamespace(**{name: path}))


class Workflow:
    """Input functions of a small study in a folder of its own."""

    def __init__(self, **config: Any) -> None:
        values = {"base": BASE, "experiments": EXPERIMENTS, "trials_per_job": 2,
                  "slides": "full", **config}  # fmt: skip
        self.study = read_study(values, "study.yaml")
        expansions = Expansions(self.study, "study.yaml")
        check_study(self.study, "study.yaml", expansions)
        self.layout = Layout("results")
        self.inputs = Inputs(expansions, self.layout, Checkpoints(self.layout))

    def choose(self, experiment: str, number: int = 0) -> ResolvedTrial:
        """Choose one of an experiment's trials."""
        trial = self.inputs.trials.plan.trials(experiment)[number]
        record = {
            "experiment": experiment, "trial": trial.id, "validation_accuracy": 0.5,
            "learning_rates": {"head": [0.1]}, "settings": trial.settings.model_dump(mode="json"),
            "calibration": {"temperature": 1.5, "set_probability": None},
        }  # fmt: skip
        others = [one for one in self.inputs.trials.plan.trials(experiment) if one.id != trial.id]
        record["scored"] = [
            {
                "setting": one.setting, "roles": [role], "training_set": one.settings.subset,
                "trials": [{
                    "trial": one.id, "learning_rates": {"head": [0.2]},
                    "settings": one.settings.model_dump(mode="json"),
                }],
            }
            for role, one in zip(("chosen", "control"), (trial, *others), strict=False)
        ]  # fmt: skip
        path = Path(self.layout.experiment(experiment).chosen)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(yaml.safe_dump(record))
        return trial


@pytest.fixture
def workflow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workflow:
    monkeypatch.chdir(tmp_path)
    return Workflow()


def of(**wildcards: Any) -> Any:
    """Wildcards, with the `get` of Snakemake's."""
    return SimpleNamespace(**wildcards, get=wildcards.get, keys=wildcards.keys)


def test_batch_trials_are_split_into_jobs(workflow: Workflow) -> None:
    trials = workflow.inputs.trials
    jobs = [
        FeatureTrialsJob.model_validate(
            trials.batch("train_heads")(of(experiment="heads", shard=n))
        )
        for n in (0, 1)
    ]
    assert [len(job.trials) for job in jobs] == [2, 1]
    assert jobs[0].halving is None
    assert str(jobs[0].finished) == "results/experiments/heads/train_heads/finished"
    first = jobs[0].trials[0]
    files = trials.batch_features("train_heads")(of(experiment="heads", shard=0))
    assert files[0] == str(first.table) == "results/data/split.csv"
    assert {str(first.training.array), str(first.validation.facts)} <= set(map(str, files))
    assert len(files) == len(set(files)) == 5


def test_batch_in_folds_reads_plain_features_and_views_of_all_images(workflow: Workflow) -> None:
    workflow.choose("heads")
    inputs = workflow.inputs.trials
    where = of(experiment="views", shard=0)
    trial = FeatureTrialsJob.model_validate(inputs.batch("train_heads")(where)).trials[0]
    assert trial.folds is not None and trial.folds.resampling.folds == 5
    arrays = {
        trial.training.array, trial.validation.array,
        trial.folds.training.array, trial.folds.validation.array,
    }  # fmt: skip
    assert len(arrays) == 4
    files = set(map(str, inputs.batch_features("train_heads")(where)))
    assert {str(array) for array in arrays} <= files
    assert {str(facts) for facts in trial.dependencies} <= files


def test_batch_of_a_study_without_folds_has_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    inputs = Workflow(validation={"folds": "none"}).inputs.trials
    where = of(experiment="heads", shard=0)
    trial = FeatureTrialsJob.model_validate(inputs.batch("train_heads")(where)).trials[0]
    assert trial.folds is None


def test_trials_with_a_codebook_read_the_vectors_of_each_fold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    encoded = {"classifier": {"name": "svm"}, "encoding": {"name": "bag_of_words", "size": 8}}
    base = {"backbone": "SqueezeNet", "weights": "none", "image_size": 64, **encoded}
    workflow = Workflow(
        validation={"folds": 2, "trials": "all"},
        base=base,
        experiments={"words": {"grid": {"classifier.C": [1, 10]}}},
    )
    where = of(experiment="words", shard=0)
    job = workflow.inputs.trials.batch("fit_classifiers")(where)
    folds = FeatureTrialsJob.model_validate(job).trials[0].folds
    assert folds is not None and [len(repeat) for repeat in folds.of_folds] == [2]
    files = set(map(str, workflow.inputs.trials.batch_features("fit_classifiers")(where)))
    assert {str(one.array) for one in folds.files} <= files
    assert len({one.array for one in folds.files}) == 6
    known = workflow.inputs.trials.plan
    for one in folds.of_folds[0]:
        features = known.feature_set(one.plain[0].array.parent.name)
        assert features.codebook is not None and features.codebook.fold is not None
        learned = of(codebook=features.codebook.id)
        assert workflow.inputs.features.codebook_split(learned) == "results/data/split.csv"
        maps = workflow.inputs.features.codebook_maps(learned)
        assert [Path(path).stem for path in maps[::2]] == ["train", "validation"]


def test_fine_tuned_trials_in_folds_have_a_job_for_each_fold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    workflow = Workflow(
        validation={"folds": 2, "repeats": 2, "trials": "all"},
        experiments={"networks": {"grid": {"trainable": ["all", "scratch"]}}},
    )
    inputs = workflow.inputs.trials
    trial = inputs.plan.trials("networks")[0]
    folder = f"results/experiments/networks/fine_tune_folds/{trial.id}"
    assert inputs.result_tables("metrics")(of(experiment="networks"))[0] == f"{folder}/metrics.csv"
    where = of(experiment="networks", trial=trial.id)
    results = inputs.fold_results(where)
    assert len(results) == 12
    assert results[0] == f"{folder}/1-0/outcome.json"
    joined = JoinFoldsJob.model_validate(inputs.join_folds(where))
    assert [len(repeat) for repeat in joined.folds] == [2, 2]
    where = of(experiment="networks", trial=trial.id, fold="2-1")
    job = FineTuneFoldJob.model_validate(inputs.fine_tune_fold(where))
    assert (job.fold.seed, job.fold.number) == (2, 1)
    assert str(job.checkpoints) == f"results/checkpoints/networks/{trial.id}/2-1"


def test_folds_of_a_first_step_hold_out_plain_features(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    steps = {"trainable": "all", "augment.zoom": 0.1, "first_step.views": 3}
    workflow = Workflow(
        validation={"folds": 2, "trials": "all"}, experiments={"steps": {"overrides": steps}}
    )
    (trial,) = workflow.inputs.trials.plan.trials("steps")
    where = of(experiment="steps", trial=trial.id, fold="1-0")
    job = FineTuneFoldJob.model_validate(workflow.inputs.trials.fine_tune_fold(where))
    files = workflow.inputs.trials.fold_network_files(where)
    for data, partition in ((job.training, "train"), (job.validation, "validation")):
        assert data.features is not None and data.held_out is not None
        used = [str(one.array) for one in (data.features, data.held_out)]
        assert used == [
            f"results/features/{features.id}/{partition}.npy"
            for features in (trial.first_step_features, trial.plain_features)
        ]
        assert set(used) <= set(files)


def test_inputs_before_a_choice_wait_for_it(workflow: Workflow) -> None:
    with pytest.raises(NotReady):
        workflow.inputs.final_models.refit_features(of(experiment="heads"))
    with pytest.raises(NotReady):
        workflow.inputs.trials.result_tables("metrics")(of(experiment="views"))


def test_result_tables_name_every_job(workflow: Workflow) -> None:
    workflow.choose("heads")
    tables = workflow.inputs.trials.result_tables("history")
    assert tables(of(experiment="heads")) == [
        f"results/experiments/heads/train_heads/{n}/history.csv" for n in (0, 1)
    ]
    networks = workflow.inputs.trials.plan.trials("networks")
    assert tables(of(experiment="networks")) == [
        f"results/experiments/networks/fine_tune/{trial.id}/history.csv" for trial in networks
    ]


def test_fine_tune_job_holds_every_path(workflow: Workflow) -> None:
    workflow.choose("heads")
    trial = workflow.inputs.trials.plan.trials("networks")[0]
    wildcards = of(experiment="networks", trial=trial.id)
    job = FineTuneJob.model_validate(workflow.inputs.trials.fine_tune(wildcards))
    assert (job.trial, job.backbone.layer, job.backbone.image_size) == (trial.id, trial.layer, 64)
    assert str(job.training.images.array) == "results/data/train/64.npy"
    assert job.training.features is None
    assert str(job.checkpoints) == f"results/checkpoints/networks/{trial.id}"
    assert (job.keep_weights, job.until) == (False, None)
    assert workflow.inputs.trials.network_files(wildcards) == [
        "results/data/split.csv",
        "results/data/train/64.npy", "results/data/train/64.json",
        "results/data/validation/64.npy", "results/data/validation/64.json",
    ]  # fmt: skip


def test_first_step_learns_from_views_and_is_judged_on_plain_images(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    steps = {"trainable": "all", "augment.zoom": 0.1, "first_step.views": 3}
    workflow = Workflow(experiments={"steps": {"overrides": steps}})
    (trial,) = workflow.inputs.trials.plan.trials("steps")
    wildcards = of(experiment="steps", trial=trial.id)
    views, plain = trial.first_step_features, trial.plain_features
    assert (views.views, views.augment, plain.views) == (3, trial.settings.augment, 0)
    job = FineTuneJob.model_validate(workflow.inputs.trials.fine_tune(wildcards))
    assert job.training.features is not None and job.validation.features is not None
    used = [str(one.features.array) for one in (job.training, job.validation)]
    assert used == [
        f"results/features/{views.id}/train.npy", f"results/features/{plain.id}/validation.npy"
    ]  # fmt: skip
    assert set(used) <= set(workflow.inputs.trials.network_files(wildcards))
    workflow.inputs.trials.plan.feature_set(views.id)
    workflow.choose("steps")
    final = workflow.inputs.final_models
    refit = RefitNetworkJob.model_validate(final.refit_network(of(experiment="steps")))
    # The final model learns from the validation images, too.
    assert refit.validation is not None and refit.validation.features is not None
    array = str(refit.validation.features.array)
    assert array == f"results/features/{views.id}/validation.npy"
    assert array in final.refit_network_files(of(experiment="steps"))
    kept = RefitNetworkJob.model_validate(final.keep_network(of(experiment="steps")))
    assert kept.validation is not None and kept.validation.features is not None
    assert str(kept.validation.features.array) == used[1]


def test_halving_rungs_continue_the_ones_before(workflow: Workflow) -> None:
    trials = workflow.inputs.trials
    ids = [trial.id for trial in trials.plan.fine_tuned("search")]
    assert trials.plan.rungs("search") == (2, 6)
    first = of(experiment="search", rung=0, trial=ids[0])
    assert workflow.inputs.halving.rung_before(first) == []
    assert FineTuneJob.model_validate(trials.fine_tune_rung(first)).until == 2
    with pytest.raises(NotReady):
        workflow.inputs.halving.rung_metrics(of(experiment="search", rung=1))
    for rung, kept in ((0, ids[:2]), (1, ids[:1])):
        promoted = Path(workflow.layout.experiment("search").promoted(rung))
        promoted.parent.mkdir(parents=True, exist_ok=True)
        promoted.write_text(yaml.safe_dump(kept))
    folder = "results/experiments/search"
    assert trials.result_tables("metrics")(of(experiment="search")) == [
        f"{folder}/fine_tune/{ids[0]}/metrics.csv",
        f"{folder}/halving/1/{ids[1]}/metrics.csv",
        f"{folder}/halving/0/{ids[2]}/metrics.csv",
    ]
    end = of(experiment="search", trial=ids[0])
    assert workflow.inputs.halving.rung_before(end) == f"{folder}/halving/1/{ids[0]}/metrics.csv"


def test_trials_of_a_later_bracket_begin_at_a_later_comparison(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    search = EXPERIMENTS["search"]["random"] | {"n_trials": 6}
    search["halving"] = {"factor": 3, "first_epochs": 2, "brackets": 3}
    workflow = Workflow(experiments={"search": EXPERIMENTS["search"] | {"random": search}})
    trials, layout = workflow.inputs.trials, workflow.layout.experiment("search")
    by_bracket: dict[int, list[str]] = {}
    for trial, bracket in trials.plan.brackets("search").items():
        by_bracket.setdefault(bracket, []).append(trial)
    assert [len(by_bracket[bracket]) for bracket in range(3)] == [3, 2, 1]
    (first, *others), (second, early), (last,) = (by_bracket[bracket] for bracket in range(3))
    assert workflow.inputs.halving.rung_metrics(of(experiment="search", rung=0)) == [
        layout.rung(0, trial).metrics for trial in (first, *others)
    ]
    for rung, kept in ((0, [first]), (1, [first, second])):
        path = Path(layout.promoted(rung))
        path.parent.mkdir(parents=True)
        path.write_text(yaml.safe_dump(kept))
    compared = workflow.inputs.halving.rung_metrics(of(experiment="search", rung=1))
    assert set(compared) == {layout.rung(1, trial).metrics for trial in (first, second, early)}
    assert workflow.inputs.halving.rung_before(of(experiment="search", rung=1, trial=second)) == []
    assert workflow.inputs.halving.rung_before(of(experiment="search", trial=last)) == []
    assert workflow.inputs.halving.rung_before(of(experiment="search", rung=1, trial=first)) != []
    assert set(trials.result_tables("metrics")(of(experiment="search"))) == {
        *(layout.fine_tuned(trial).metrics for trial in (first, second, last)),
        *(layout.rung(0, trial).metrics for trial in others),
        layout.rung(1, early).metrics,
    }
    job = PromoteJob.model_validate(
        workflow.inputs.halving.promote(of(experiment="search", rung="1"))
    )
    assert (job.rung, job.brackets[second]) == (1, 1)


def test_choose_job_lists_trials_in_order(workflow: Workflow) -> None:
    job = ChooseJob.model_validate(workflow.inputs.final_models.choose(of(experiment="heads")))
    trials = workflow.inputs.trials.plan.trials("heads")
    assert [one.row["trial"] for one in job.trials] == [trial.id for trial in trials]
    assert [one.settings for one in job.trials] == [trial.settings for trial in trials]
    assert (job.experiment, job.title, job.strategy) == ("heads", "heads", "grid")


@pytest.mark.parametrize(("refit", "subset", "validation"), [
    (True, "full", True), (False, "full", True), (True, "per_class_3", False),
    (False, "per_class_3", True),
])  # fmt: skip
def test_refit_reads_validation_images_only_where_it_learns_from_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refit: bool, subset: str, validation: bool
) -> None:
    monkeypatch.chdir(tmp_path)
    workflow = Workflow(base={**BASE, "subset": subset}, refit=refit)
    trial = workflow.choose("heads", 1)
    wildcards = of(experiment="heads")
    job = RefitFeaturesJob.model_validate(workflow.inputs.final_models.refit_head(wildcards))
    assert (job.refit, job.validation is not None) == (refit, validation)
    assert (job.choice.trial, job.choice.settings) == (trial.id, trial.settings)
    assert job.backbone is not None and job.backbone.layer == trial.layer
    files = [str(file) for file in workflow.inputs.final_models.refit_features(wildcards)]
    assert any("/validation." in file for file in files) == validation
    classical = RefitFeaturesJob.model_validate(
        workflow.inputs.final_models.refit_classifier(wildcards)
    )
    assert classical.backbone is None


def test_kept_network_is_never_refitted(workflow: Workflow) -> None:
    workflow.choose("heads")
    workflow.choose("networks")
    final = workflow.inputs.final_models
    wildcards = of(experiment="networks")
    assert RefitNetworkJob.model_validate(final.refit_network(wildcards)).refit
    kept = RefitNetworkJob.model_validate(final.keep_network(wildcards))
    assert not kept.refit
    assert kept.validation is not None


def test_final_model_is_shared_where_the_choice_is_the_same(workflow: Workflow) -> None:
    workflow.choose("heads")
    workflow.choose("views")
    workflow.choose("classical")
    final = workflow.inputs.final_models
    assert final.final_model(of(experiment="heads")) == [
        f"results/experiments/heads/refit_head/{name}" for name in ("model.keras", "record.json")
    ]
    assert final.final_model(of(experiment="classical"))[0].endswith("refit_classifier/model.skops")
    job = EvaluateJob.model_validate(final.evaluate(of(experiment="classical")))
    assert job.vectors is not None and job.vectors.weights is None
    assert EvaluateJob.model_validate(final.evaluate(of(experiment="views"))).vectors is None
    assert final.test_images(of(experiment="heads")) == [
        "results/data/test/64.npy", "results/data/test/64.json",
    ]  # fmt: skip


def test_compared_models_are_made_and_scored_in_folders_of_their_own(workflow: Workflow) -> None:
    workflow.choose("heads", 1)
    control = workflow.inputs.trials.plan.trials("heads")[0]
    final = workflow.inputs.final_models
    wildcards = of(experiment="heads", trial=control.id)
    job = RefitFeaturesJob.model_validate(final.refit_head(wildcards))
    assert (job.choice.trial, job.choice.settings) == (control.id, control.settings)
    assert job.choice.learning_rates == {"head": [0.2]}
    folder = f"results/experiments/heads/compared/{control.id}"
    assert final.final_model(wildcards) == [
        f"{folder}/refit_head/{name}" for name in ("model.keras", "record.json")
    ]
    assert EvaluateJob.model_validate(final.evaluate(wildcards)).scored_in == "heads"


def test_compare_job_reads_each_score_where_it_was_made(workflow: Workflow) -> None:
    workflow.choose("heads", 1)
    chosen = workflow.inputs.trials.plan.trials("heads")[1]
    workflow.choose("views")
    final = workflow.inputs.final_models
    job = CompareJob.model_validate(final.compare(of(experiment="views")))
    assert [one.roles for one in job.before] == [("chosen",), ("control",)]
    paths = [str(trial.metrics) for one in (*job.scored, *job.before) for trial in one.trials]
    control = job.before[1].trials[0].trial
    assert paths == [
        "results/experiments/views/test/metrics.json",
        "results/experiments/heads/test/metrics.json",
        f"results/experiments/heads/compared/{control}/test/metrics.json",
    ]
    assert job.before[0].trials[0].trial == chosen.id
    files = final.compared_scores(of(experiment="views"))
    assert len(files) == 6 and set(paths) < set(files)
    first = CompareJob.model_validate(final.compare(of(experiment="heads")))
    assert first.before == ()


def test_choose_job_names_the_control_and_the_training_tables(workflow: Workflow) -> None:
    final = workflow.inputs.final_models
    job = ChooseJob.model_validate(final.choose(of(experiment="heads")))
    assert job.control == workflow.inputs.trials.plan.trials("heads")[0].setting
    assert final.training_tables(of(experiment="heads")) == ["results/data/split.csv"]
    assert {str(one.table) for one in job.trials} == {"results/data/split.csv"}


def test_explained_models_are_those_of_the_best_network(workflow: Workflow) -> None:
    for name in EXPERIMENTS:
        if name != "search":
            workflow.choose(name)
    for rung in (0, 1):
        promoted = Path(workflow.layout.experiment("search").promoted(rung))
        promoted.parent.mkdir(parents=True, exist_ok=True)
        promoted.write_text("[]")
    workflow.choose("search")
    assert workflow.inputs.explanation.explained() == ["heads"]
    files = workflow.inputs.figures.files(of())
    explained = workflow.inputs.figures.explanation_files(of())
    assert explained[0] == "results/experiments/heads/explain/grad_cam.png"
    assert {str(Path(file).parent) for file in explained} == {"results/experiments/heads/explain"}
    assert "results/figures/augmentations.png" in files
    assert set(workflow.inputs.figures.fixed_files) < set(files)
    places = workflow.inputs.figures.slide_places(of())
    assert len(places) == len(workflow.inputs.figures.slide_files(of()))
    assert ["examples", ""] in places
    shown = workflow.inputs.explanation.augmentations(of())
    assert [one["name"] for one in shown] == ["zoom 0.1"]


def test_packed_images_have_the_size_of_the_wildcard(workflow: Workflow) -> None:
    job = PackJob.model_validate(workflow.inputs.data.pack(of(partition="train", size="64")))
    assert (job.partition, job.size) == ("train", 64)
    assert workflow.inputs.data.root(of()) == Path("results/data/generated")
    assert workflow.inputs.data.made_images == ["results/data/generated"]


@pytest.mark.parametrize("manifest", [False, True])
def test_moved_images_change_only_params_that_snakemake_ignores(
    manifest: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    compared, places = [], []
    for folder in ("first", "second {x}"):
        for number, name in enumerate("ab"):
            image = Path(folder, name, "1.png")
            image.parent.mkdir(parents=True)
            Image.new("RGB", (8, 8), (number, 0, 0)).save(image)
        dataset: dict[str, str] = {"path": folder}
        if manifest:
            Path(f"{folder}.csv").write_text("file,class\na/1.png,x\nb/1.png,y\n")
            dataset = {"path": f"{folder}.csv", "root": folder}
        data = Workflow(dataset=dataset).inputs.data
        wildcards = of(partition="train", size="64")
        compared.append((data.images_digest(of()), data.catalogue(of()), data.pack(wildcards)))
        # Snakemake compares strings, numbers and their collections; a Path is none of them.
        assert isinstance(data.source(of()), Path) and isinstance(data.root(of()), Path)
        places.append((str(data.source(of())), str(data.root(of()))))
    assert compared[0] == compared[1]
    assert places[0] != places[1]
    assert places[1][1] == "second {x}"


def test_layout_logs_follow_the_results_folder() -> None:
    assert Layout("results").log("choose", "a") == "logs/choose/a.log"
    assert Layout("results/mine").log("choose", "a") == "logs/mine/choose/a.log"
    assert Layout("results").subset("full") == "results/data/split.csv"
    assert Layout("results").subset("small") == "results/data/subsets/small.csv"


@pytest.fixture
def divided(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workflow:
    monkeypatch.chdir(tmp_path)
    found = Workflow(split={"repeats": 3, "seed": 5})
    for name in EXPERIMENTS:
        found.choose(name)
    return found


def test_divisions_have_seeds_of_their_own_and_the_first_is_the_split(divided: Workflow) -> None:
    jobs = [
        SplitJob.model_validate(divided.inputs.data.split(of(**wildcards)))
        for wildcards in ({}, {"division": "1"}, {"division": "2"})
    ]
    assert [job.seed for job in jobs] == [5, 6, 7]
    assert [job.given_test for job in jobs] == ["keep", "refuse", "refuse"]
    assert divided.inputs.divisions.division(of(division="0")) == "results/data/split.csv"
    assert divided.inputs.divisions.division(of(division="2")) == "results/data/divisions/2.csv"
    again = Workflow(split={"repeats": 3, "repeat_given": True})
    job = SplitJob.model_validate(again.inputs.data.split(of(division="1")))
    assert job.given_test == "divide"


def test_divisions_of_features_are_jobs_and_those_that_fine_tune_are_left_out(
    divided: Workflow,
) -> None:
    inputs = divided.inputs.divisions
    table = CompareDivisionsJob.model_validate(inputs.compare(of()))
    assert [one.experiment for one in table.experiments] == ["heads", "views", "classical"]
    assert set(table.left_out) == {"networks", "search"}
    assert all(len(one.choices) == 3 for one in table.experiments)
    assert len(inputs.choices(of())) == 3 * (1 + 3)
    job = DivisionJob.model_validate(inputs.score(of(experiment="views", division="2")))
    assert (job.division, len(job.trials), job.resampling is not None) == (2, 1, True)
    files = inputs.features(of(experiment="views", division="2"))
    (trial,) = job.trials
    for one in (*trial.training, *trial.plain):
        assert str(one.array) in files and str(one.facts) in files
    assert trial.training != trial.plain
    assert sum("/test." in file for file in files) == 4


def test_divisions_one_is_the_default_and_makes_no_table(workflow: Workflow) -> None:
    assert workflow.inputs.divisions.table == []


def test_grouping_is_scored_where_the_config_asks_for_groups(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for config, wanted in (
        ({}, False),
        ({"dataset": {"path": "pictures", "groups": "auto"}}, True),
        ({"dataset": {"path": "t.csv", "group": "patient"}}, True),
        ({"dataset": {"path": "pictures", "groups": "auto"},
          "validation": {"ungrouped": False}}, False),
        ({"validation": {"ungrouped": True}}, True),
    ):  # fmt: skip
        assert Workflow(**config).study.shows_leakage is wanted
    found = Workflow(validation={"ungrouped": True})
    for name in EXPERIMENTS:
        found.choose(name)
    tables = found.inputs.divisions.groupings(of())
    assert [Path(table).parent.name for table in tables] == ["heads", "views", "classical"]
    job = GroupingJob.model_validate(found.inputs.divisions.grouping(of(experiment="heads")))
    assert job.trial.folds is not None
    assert (job.trial.folds.resampling.repeats, job.trial.folds.resampling.keep_given) == (5, False)
    files = found.inputs.divisions.grouping_features(of(experiment="heads"))
    assert str(job.trial.training.array) in files
    assert not any("/test" in file for file in files)


def test_round_is_proposed_from_the_results_of_those_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    search = {"n_trials": 5, "batch": 2, "space": {"epochs": {"integer": [1, 9]}}}
    search["warm_start"] = "heads"
    choose = {"by": "cost", "costs": {"a": {"b": 2}}}
    experiments = {
        "heads": {"grid": {"head.dropout": [0, 0.5]}},
        "learning": {"start_from": "heads", "search": search, "choose": choose},
    }
    workflow = Workflow(experiments=experiments)
    rounds, trials = workflow.inputs.rounds, workflow.inputs.trials
    with pytest.raises(NotReady, match="heads/chosen"):
        rounds.metrics(of(experiment="learning", round="0"))
    workflow.choose("heads", 1)
    first = of(experiment="learning", round="0")
    assert rounds.metrics(first) == rounds.predictions(first) == []
    assert rounds.known_trials(first) == ["results/experiments/heads/trials.csv"]
    with pytest.raises(NotReady, match="rounds/0/proposals"):
        trials.result_tables("metrics")(of(experiment="learning"))

    def propose(number: int, *epochs: int) -> ProposeJob:
        job = ProposeJob.model_validate(rounds.propose(of(experiment="learning", round=number)))
        assert job.count == len(epochs)
        path = Path(workflow.layout.experiment("learning").proposals(number))
        path.parent.mkdir(parents=True)
        path.write_text(write_round(Round(job.basis, tuple({"epochs": n} for n in epochs))))
        return job

    job = propose(0, 3, 4)
    assert (job.before, job.search.n_trials) == ((), 2)
    # The settings that the trials vary are those that were chosen.
    assert (job.start.head.dropout, job.base.head.dropout) == (0.5, 0)
    (shard,) = FeatureTrialsJob.model_validate(
        trials.batch("train_heads")(of(experiment="learning", shard="0"))
    ).trials[:1]
    assert shard.settings.epochs == 3
    second = of(experiment="learning", round="1")
    (metrics,) = rounds.metrics(second)
    (predictions,) = rounds.predictions(second)
    assert metrics.endswith("train_heads/0/metrics.csv")
    assert predictions.endswith("train_heads/0/predictions.csv")
    job = propose(1, 5, 6)
    assert [one.values for one in job.before[0]] == [{"epochs": 3}, {"epochs": 4}]
    assert job.before[0][0].trials == (shard.id,)
    propose(2, 7)
    tables = trials.result_tables("metrics")(of(experiment="learning"))
    assert len(tables) == 3
    assert len(workflow.inputs.final_models.plan.identities("learning")) == 5


def test_trials_of_one_network_share_its_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    by = {"choose": {"by": ["validation_accuracy", "milliseconds"]}}
    grid = {"head.dropout": [0, 0.5], "image_size": [64, 96]}
    timed = {"grid": grid} | by
    search = {"search": {"n_trials": 2, "batch": 1, "space": {"image_size": [64, 96]}}} | by
    workflow = Workflow(experiments={"timed": timed, "plain": {"grid": grid}, "search": search})
    speeds = workflow.inputs.speeds
    files = speeds.of_trials(of(experiment="timed"))
    assert len(files) == 2
    assert speeds.of_trials(of(experiment="plain")) == []
    job = ChooseJob.model_validate(workflow.inputs.final_models.choose(of(experiment="timed")))
    assert {str(path) for path in job.speeds.values()} == set(files)
    assert len(job.speeds) == 4
    network = Path(files[1]).stem
    timed_network = TimeNetworkJob.model_validate(speeds.job(of(network=network)))
    assert timed_network.image_size in (64, 96)
    with pytest.raises(UserError, match="no trial of this study has the network X-1"):
        speeds.job(of(network="X-1"))
    # The search knows the times of its earlier rounds.
    rounds = workflow.inputs.rounds
    first = ProposeJob.model_validate(rounds.propose(of(experiment="search", round=0)))
    path = Path(workflow.layout.experiment("search").proposals(0))
    path.parent.mkdir(parents=True)
    path.write_text(write_round(Round(first.basis, ({"image_size": 96},))))
    second = of(experiment="search", round=1)
    job = ProposeJob.model_validate(rounds.propose(second))
    assert [str(path) for path in job.speeds.values()] == rounds.times(second)
    assert rounds.times(second)[0] in files


def rounds_with_halving(trainable: str) -> Workflow:
    """A search of two rounds of three trials each, with two comparisons; both are proposed."""
    search = {
        "n_trials": 6, "batch": 3, "halving": {"factor": 3, "first_epochs": 2},
        "space": {"head.dropout": {"uniform": [0, 0.5]}},
    }  # fmt: skip
    overrides = {"trainable": trainable, "epochs": 18}
    workflow = Workflow(experiments={"learning": {"overrides": overrides, "search": search}})
    layout, plan = workflow.layout.experiment("learning"), workflow.inputs.rounds.plan
    basis = plan.first_basis("learning", None)
    for number in range(2):
        proposals = tuple({"head.dropout": (1 + number * 3 + n) / 20} for n in range(3))
        path = Path(layout.proposals(number))
        path.parent.mkdir(parents=True)
        path.write_text(write_round(Round(basis, proposals)))
        basis = next_basis(basis, proposals)
    return workflow


def test_heads_of_a_round_are_compared_with_earlier_rounds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    workflow = rounds_with_halving("head")
    layout = workflow.layout.experiment("learning")
    first, second = (
        FeatureTrialsJob.model_validate(
            workflow.inputs.trials.batch("train_heads")(of(experiment="learning", shard=number))
        ).halving
        for number in ("0", "1")
    )
    assert first is not None and second is not None
    # Later rounds change nothing in the jobs of earlier ones.
    assert (first.earlier, len(first.brackets)) == ((), 3)
    metrics = layout.batch("train_heads", 0).metrics
    assert ([str(path) for path in second.earlier], len(second.brackets)) == ([metrics], 6)
    files = workflow.inputs.trials.batch_features("train_heads")
    assert metrics in files(of(experiment="learning", shard="1"))
    assert metrics not in files(of(experiment="learning", shard="0"))


def test_fine_tuned_trials_of_a_round_are_compared_with_earlier_rounds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    workflow = rounds_with_halving("all")
    layout, halving = workflow.layout.experiment("learning"), workflow.inputs.halving
    ids = [trial.id for trial in workflow.inputs.rounds.plan.trials("learning")]
    second = of(experiment="learning", round="1", rung="0")
    assert halving.rung_metrics(second) == [layout.rung(0, trial).metrics for trial in ids[3:]]
    assert halving.earlier_metrics(second) == [layout.rung(0, trial).metrics for trial in ids[:3]]
    job = PromoteJob.model_validate(halving.promote(of(experiment="learning", round=0, rung=0)))
    assert set(job.brackets) == set(ids[:3])
    with pytest.raises(NotReady):
        halving.earlier_metrics(of(experiment="learning", round="1", rung="1"))
    # Of the first round one goes on; of the second none.
    for number, kept in ((0, ids[:1]), (1, [])):
        for rung in (0, 1):
            path = Path(layout.promoted_in_round(number, rung))
            path.parent.mkdir(parents=True)
            path.write_text(yaml.safe_dump(kept))
    before = workflow.inputs.rounds.metrics(of(experiment="learning", round="1"))
    early = {layout.rung(0, trial).metrics for trial in ids[1:]}
    assert set(before) == {layout.fine_tuned(ids[0]).metrics} | (
        early - {layout.rung(0, trial).metrics for trial in ids[3:]}
    )
    tables = workflow.inputs.trials.result_tables("metrics")(of(experiment="learning"))
    assert set(tables) == {layout.fine_tuned(ids[0]).metrics} | early


def test_suspects_come_from_the_best_choice_with_vectors_of_a_frozen_backbone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for dataset, wanted in (
        ({}, False),
        ({"suspects": True}, True),
        ({"path": "pictures"}, True),
        ({"path": "pictures", "suspects": False}, False),
    ):
        assert Workflow(dataset=dataset).study.lists_suspects is wanted
    found = Workflow(dataset={"path": "pictures"})
    with pytest.raises(NotReady):
        found.inputs.suspects.page(of())
    for name in EXPERIMENTS:
        found.choose(name)
    assert found.inputs.suspects.page(of()) == ["results/data/suspects.html"]
    features = found.inputs.suspects.context.choice("heads").plain_features
    job = SuspectsJob.model_validate(found.inputs.suspects.job(of()))
    parts = ("train", "validation")
    assert [str(one.array) for one in job.features] == [
        f"results/features/{features.id}/{part}.npy" for part in parts
    ]
    assert [str(one.array) for one in job.images] == [f"results/data/{p}/64.npy" for p in parts]
    files = found.inputs.suspects.arrays(of())
    assert all(str(one.facts) in files for one in (*job.features, *job.images))


def test_suspects_without_features_are_left_out_unless_they_are_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    networks = {"networks": {"list": [{"trainable": "all"}]}}
    found = Workflow(dataset={"path": "pictures"}, experiments=networks)
    found.choose("networks")
    assert found.inputs.suspects.page(of()) == []
    found = Workflow(dataset={"path": "pictures", "suspects": True}, experiments=networks)
    with pytest.raises(UserError, match=r"dataset\.suspects: true needs an experiment"):
        found.inputs.suspects.page(of())


SOUP = {
    "base": {"backbone": "MobileNet", "image_size": 64, "trainable": "all", "epochs": 2},
    "experiments": {
        "first": {},
        "mixed": {
            "start_from": "first",
            "list": [{"optimizer.learning_rate": 1e-5}, {}, {"epochs": 3}, {"trainable": "head"}],
            "repeats": 2, "choose": {"soup": 3},
        },
    },
}  # fmt: skip


@pytest.fixture
def soup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workflow:
    """A study whose second experiment chose its third setting and makes a soup of three."""
    monkeypatch.chdir(tmp_path)
    workflow = Workflow(**SOUP)
    workflow.choose("first")
    workflow.choose("mixed", 4)
    path = Path(workflow.layout.experiment("mixed").chosen)
    record = yaml.safe_load(path.read_text())
    trials = workflow.inputs.trials.plan.trials("mixed")
    record["scored"] = [
        {
            "setting": trials[number].setting, "roles": roles, "training_set": "full",
            "trials": [{"trial": trials[number + repeat].id} for repeat in (0, 1)],
        }
        for number, roles in ((4, ["chosen", "soup member"]), (6, ["control"]),
                              (2, ["soup member"]), (0, ["soup member"]))
    ]  # fmt: skip
    path.write_text(yaml.safe_dump(record))
    return workflow


def test_soup_groups_of_fine_tuned_settings(soup: Workflow) -> None:
    final, plan = soup.inputs.final_models, soup.inputs.trials.plan
    job = ChooseJob.model_validate(final.choose(of(experiment="mixed")))
    settings = list(dict.fromkeys(trial.setting for trial in plan.trials("mixed")))
    assert list(job.soup_groups) == settings[:3]
    assert len(set(job.soup_groups.values())) == 1
    assert ChooseJob.model_validate(final.choose(of(experiment="first"))).soup_groups == {}


def test_a_soup_is_made_of_the_final_models_of_a_repeat(soup: Workflow) -> None:
    final, trials = soup.inputs.final_models, soup.inputs.trials.plan.trials("mixed")
    jobs = [
        AverageWeightsJob.model_validate(
            final.average_weights(of(experiment="mixed", repeat=repeat))
        )
        for repeat in "01"
    ]
    for repeat, job in enumerate(jobs):
        ids = [trials[number + repeat].id for number in (0, 2, 4)]
        assert [one.trial for one in job.members] == sorted(ids)
    folder = "results/experiments"
    places = {one.trial: str(one.model) for job in jobs for one in job.members}
    compared = {
        trial.id: f"{folder}/mixed/compared/{trial.id}/refit_network/model.keras"
        for trial in trials[:6]
    }
    # The chosen model of each experiment lies in its own folder.
    compared[trials[4].id] = f"{folder}/mixed/refit_network/model.keras"
    compared[trials[2].id] = f"{folder}/first/refit_network/model.keras"
    assert places == compared
    files = final.soup_models(of(experiment="mixed", repeat="0"))
    assert set(files) == {
        file.replace("model.keras", name)
        for trial, file in compared.items()
        for name in ("model.keras", "record.json")
        if trial in {trials[number].id for number in (0, 2, 4)}
    }


def test_a_soup_is_scored_and_compared_like_a_setting(soup: Workflow) -> None:
    final = soup.inputs.final_models
    folder = "results/experiments/mixed/soup"
    wildcards = of(experiment="mixed", repeat="1")
    assert final.final_model(wildcards) == [
        f"{folder}/1/average_weights/{name}" for name in ("model.keras", "record.json")
    ]
    assert final.test_images(wildcards)[0] == "results/data/test/64.npy"
    job = EvaluateJob.model_validate(final.evaluate(wildcards))
    assert (job.scored_in, job.vectors, job.calibration) == ("mixed", None, {})
    compared = CompareJob.model_validate(final.compare(of(experiment="mixed"))).scored
    assert [one.roles[-1] for one in compared] == [
        "soup member", "control", "soup member", "soup member", "soup",
    ]  # fmt: skip
    assert [str(trial.metrics) for trial in compared[-1].trials] == [
        f"{folder}/{repeat}/test/metrics.json" for repeat in (0, 1)
    ]
    assert f"{folder}/1/test/predictions.csv" in final.compared_scores(of(experiment="mixed"))
    assert final.compare(of(experiment="first"))["scored"][-1]["roles"] == ["chosen"]


def test_one_member_makes_no_soup(soup: Workflow) -> None:
    path = Path(soup.layout.experiment("mixed").chosen)
    record = yaml.safe_load(path.read_text())
    del record["scored"][2:]
    path.write_text(yaml.safe_dump(record))
    job = CompareJob.model_validate(soup.inputs.final_models.compare(of(experiment="mixed")))
    assert [one.roles for one in job.scored] == [("chosen", "soup member"), ("control",)]
