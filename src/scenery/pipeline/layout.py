"""Every path below results/ and logs/. No other module spells one.

Arguments default to Snakemake's wildcards, so that a rule names its outputs by the same functions
by which input functions name the files of one experiment or trial.
"""

from dataclasses import dataclass
from typing import NamedTuple

from scenery.image_size import ImageSize, size_name


class ArrayPaths(NamedTuple):
    """An array and the facts beside it, which hold the digest of its content."""

    array: str
    facts: str


class FoldPaths(NamedTuple):
    """What a fine-tuned trial gave in one fold."""

    outcome: str
    history: str
    predictions: str


class TrialTables(NamedTuple):
    """The tables that a job of trials writes."""

    metrics: str
    history: str
    predictions: str


class DivisionFiles(NamedTuple):
    """The results of an experiment in one division into training and test images."""

    choice: str
    predictions: str


@dataclass(frozen=True)
class Layout:
    """The paths of one study.

    Attributes:
        results: Folder of everything that the study makes: results, or a folder below it.
    """

    results: str

    # Logs

    def log(self, rule: str, *wildcards: str) -> str:
        """Log file of a rule's job."""
        folder = f"logs{self.results.removeprefix('results')}"
        return "/".join((folder, rule, *wildcards)) + ".log"

    # Data

    @property
    def catalogue(self) -> str:
        """One row for each image file."""
        return f"{self.results}/data/catalogue.csv"

    @property
    def embeddings(self) -> ArrayPaths:
        """Feature vectors of all images, by which groups are proposed."""
        stem = f"{self.results}/data/embeddings"
        return ArrayPaths(f"{stem}.npy", f"{stem}.json")

    @property
    def similar_pictures(self) -> str:
        """Small pictures of the images that look alike."""
        return f"{self.results}/data/similar_images.npz"

    @property
    def split(self) -> str:
        """One row for each image in use, with its partition."""
        return f"{self.results}/data/split.csv"

    def division(self, division: int | str = "{division}") -> str:
        """The images in another division; division 0 is the split."""
        return (
            self.split if division in (0, "0") else f"{self.results}/data/divisions/{division}.csv"
        )

    @property
    def divisions(self) -> str:
        """One row for each experiment and division into training and test images."""
        return f"{self.results}/divisions.csv"

    @property
    def suspects(self) -> str:
        """Training and validation images, the most suspicious label first."""
        return f"{self.results}/data/suspects.csv"

    @property
    def suspects_page(self) -> str:
        """The same with pictures, as an HTML page."""
        return f"{self.results}/data/suspects.html"

    @property
    def data_page(self) -> str:
        """HTML page of images, problems and duplicates."""
        return f"{self.results}/data/data.html"

    def data_figure(self, name: str) -> str:
        """Stem of a figure of the images."""
        return f"{self.results}/data/{name}"

    def made_dataset(self, dataset: str = "{dataset}") -> str:
        """Folder of a data set that the workflow draws or fetches."""
        return f"{self.results}/data/{dataset}"

    def subset(self, subset: str = "{subset}") -> str:
        """Table of a subset's training images; the split for the full training set."""
        if subset == "full":
            return self.split
        return f"{self.results}/data/subsets/{subset}.csv"

    def packed(self, partition: str = "{partition}", size: ImageSize | None = None) -> ArrayPaths:
        """Images of a partition, decoded and resized; None: a wildcard for the size."""
        stem = f"{self.results}/data/{partition}/{'{size}' if size is None else size_name(size)}"
        return ArrayPaths(f"{stem}.npy", f"{stem}.json")

    # Weights, features, codebooks

    def weights(self, weights: str = "{weights}") -> str:
        """Weights of a backbone."""
        return f"{self.results}/weights/{weights}.weights.h5"

    def weights_check(self, weights: str = "{weights}") -> str:
        """The layers for which the weights were checked."""
        return f"{self.results}/weights/{weights}.checked.json"

    def speed(self, network: str = "{network}") -> str:
        """Time of a prediction of a network."""
        return f"{self.results}/speed/{network}.json"

    def features(self, features: str = "{features}", partition: str = "{partition}") -> ArrayPaths:
        """Activations of a frozen backbone, or descriptors."""
        stem = f"{self.results}/features/{features}/{partition}"
        return ArrayPaths(f"{stem}.npy", f"{stem}.json")

    def codebook(self, codebook: str = "{codebook}") -> ArrayPaths:
        """A codebook and its facts."""
        stem = f"{self.results}/codebooks/{codebook}/codebook"
        return ArrayPaths(f"{stem}.skops", f"{stem}.json")

    # Trials

    def experiment(self, experiment: str = "{experiment}") -> "ExperimentLayout":
        """The paths of an experiment."""
        return ExperimentLayout(f"{self.results}/experiments/{experiment}")

    def checkpoints(self, *parts: str) -> str:
        """Folder of the states of unfinished training."""
        return "/".join((self.results, "checkpoints", *parts))

    # The whole study

    @property
    def config(self) -> str:
        """The config with every default."""
        return f"{self.results}/config.yaml"

    @property
    def record(self) -> str:
        """What the results were made with."""
        return f"{self.results}/record.json"

    @property
    def trials(self) -> str:
        """One row for each trial, with its settings."""
        return f"{self.results}/trials.csv"

    @property
    def summary(self) -> str:
        """One row for each trial, with settings and results."""
        return f"{self.results}/summary.csv"

    @property
    def summary_page(self) -> str:
        """The same as an HTML page."""
        return f"{self.results}/summary.html"

    @property
    def slides_pdf(self) -> str:
        """Slides as PDF."""
        return f"{self.results}/slides.pdf"

    @property
    def slides_pptx(self) -> str:
        """Slides as PPTX."""
        return f"{self.results}/slides.pptx"

    @property
    def conclusions(self) -> str:
        """What the study found, which the report shows first."""
        return f"{self.results}/conclusions.rst"

    @property
    def report(self) -> str:
        """The HTML report."""
        return f"{self.results}/report.html"

    @property
    def tensorboard(self) -> str:
        """Folder of TensorBoard logs."""
        return f"{self.results}/tensorboard"

    @property
    def augmentations(self) -> str:
        """Archive of rendered augmentations."""
        return f"{self.results}/figures/augmentations.npz"

    def figure(self, name: str) -> str:
        """Stem of a figure of the whole study."""
        return f"{self.results}/figures/{name}"


@dataclass(frozen=True)
class ExperimentLayout:
    """The paths of one experiment.

    Attributes:
        folder: Its folder.
    """

    folder: str

    @property
    def chosen(self) -> str:
        """The chosen setting."""
        return f"{self.folder}/chosen.yaml"

    @property
    def trials(self) -> str:
        """One row for each trial."""
        return f"{self.folder}/trials.csv"

    @property
    def history(self) -> str:
        """One row for each trial and epoch."""
        return f"{self.folder}/history.csv"

    @property
    def selection(self) -> str:
        """How sure the choice is."""
        return f"{self.folder}/selection.csv"

    @property
    def trials_page(self) -> str:
        """The trials as an HTML page."""
        return f"{self.folder}/trials.html"

    @property
    def reference_results(self) -> str:
        """Reference results beside those of the study."""
        return f"{self.folder}/reference_results.csv"

    def batch(self, rule: str, shard: int | str = "{shard}") -> TrialTables:
        """Results of one batch of trials on features."""
        return _tables(f"{self.folder}/{rule}/{shard}")

    def finished(self, rule: str) -> str:
        """Folder of the trials of a rule that are done; no output of a job."""
        return f"{self.folder}/{rule}/finished"

    def fine_tuned(self, trial: str = "{trial}") -> TrialTables:
        """Results of a fine-tuned trial."""
        return _tables(f"{self.folder}/fine_tune/{trial}")

    def fine_tuned_record(self, trial: str = "{trial}") -> str:
        """What a fine-tuned trial was made with."""
        return f"{self.folder}/fine_tune/{trial}/record.json"

    def fold(self, trial: str = "{trial}", fold: str = "{fold}") -> FoldPaths:
        """Results of a fine-tuned trial in one fold."""
        folder = f"{self.folder}/fine_tune_folds/{trial}/{fold}"
        return FoldPaths(
            f"{folder}/outcome.json", f"{folder}/history.csv", f"{folder}/predictions.npy"
        )

    def folded(self, trial: str = "{trial}") -> TrialTables:
        """Results of a fine-tuned trial that is scored in folds."""
        return _tables(f"{self.folder}/fine_tune_folds/{trial}")

    def folded_record(self, trial: str = "{trial}") -> str:
        """What they were made with."""
        return f"{self.folder}/fine_tune_folds/{trial}/record.json"

    def rung(self, rung: int | str = "{rung}", trial: str = "{trial}") -> TrialTables:
        """Results of a fine-tuned trial up to one comparison of successive halving."""
        return _tables(f"{self.folder}/halving/{rung}/{trial}")

    def rung_record(self, rung: int | str = "{rung}", trial: str = "{trial}") -> str:
        """What they were made with."""
        return f"{self.folder}/halving/{rung}/{trial}/record.json"

    def promoted(self, rung: int | str = "{rung}") -> str:
        """The trials that are trained beyond a comparison."""
        return f"{self.folder}/halving/{rung}/promoted.yaml"

    @property
    def optuna_database(self) -> str:
        """The trials of a search as a study of Optuna."""
        return f"{self.folder}/optuna.db"

    @property
    def importance(self) -> str:
        """How much the results of a search depend on each setting."""
        return f"{self.folder}/importance.csv"

    def proposals(self, number: int | str = "{round}") -> str:
        """The proposals of a round of a search."""
        return f"{self.folder}/rounds/{number}/proposals.json"

    def promoted_in_round(self, number: int | str = "{round}", rung: int | str = "{rung}") -> str:
        """The trials of a round of a search that are trained beyond a comparison."""
        return f"{self.folder}/rounds/{number}/halving/{rung}/promoted.yaml"

    def final_model(self, rule: str, suffix: str = "keras") -> str:
        """The model that a refit makes."""
        return f"{self.folder}/{rule}/model.{suffix}"

    def final_record(self, rule: str) -> str:
        """What the final model was made with."""
        return f"{self.folder}/{rule}/record.json"

    def exported(self, file: str) -> str:
        """A file of the folder that holds the final model for use without the study."""
        return f"{self.folder}/model/{file}"

    def test(self, file: str) -> str:
        """A file of the score on the test images."""
        return f"{self.folder}/test/{file}"

    @property
    def scores(self) -> str:
        """The test scores of the chosen setting and of those that it is compared with."""
        return self.test("scores.csv")

    @property
    def comparisons(self) -> str:
        """The comparisons of the chosen setting on test images."""
        return self.test("comparisons.csv")

    @property
    def grouping(self) -> str:
        """The chosen setting in folds with whole groups, and in folds that part them."""
        return f"{self.folder}/grouping.csv"

    def division(self, division: int | str = "{division}") -> DivisionFiles:
        """What the experiment chooses in one division, and how that is tested."""
        folder = f"{self.folder}/divisions/{division}"
        return DivisionFiles(f"{folder}/choice.json", f"{folder}/predictions.csv")

    def compared(self, trial: str = "{trial}") -> "ExperimentLayout":
        """The paths of a final model that is trained for comparison."""
        return ExperimentLayout(f"{self.folder}/compared/{trial}")

    def soup(self, repeat: int | str = "{repeat}") -> "ExperimentLayout":
        """The paths of the mean of the weights of final models, one of each setting."""
        return ExperimentLayout(f"{self.folder}/soup/{repeat}")

    def explanation(self, file: str) -> str:
        """A file of what is inside the final model."""
        return f"{self.folder}/explain/{file}"

    def figure(self, name: str) -> str:
        """Stem of a figure of the experiment."""
        return f"{self.folder}/figures/{name}"


def _tables(folder: str) -> TrialTables:
    return TrialTables(
        f"{folder}/metrics.csv", f"{folder}/history.csv", f"{folder}/predictions.csv"
    )
