"""The study: one config file as checked, typed values."""

import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from scenery.config.dataset import Dataset, Split, Subset, Validation
from scenery.config.experiment import Experiment
from scenery.config.names import MAX_NAME_LENGTH, ColumnName, Name, SubsetName
from scenery.config.settings import NETWORK_ONLY, Settings
from scenery.registry.options import Bool, Int, Strict

ExportFormat = Literal["keras", "onnx", "tflite", "saved_model", "novelty"]


class Explain(Strict):
    """Which final models are explained: feature maps, filters, Grad-CAM, layers."""

    experiments: Literal["best", "all", "none"] | list[Name] = Field(
        "best",
        description="best: the one of highest validation accuracy; all; none; or names of "
        "experiments. Experiments that share a final model share its pages.",
    )
    images: Annotated[Int, Field(ge=1, le=64)] = Field(
        8, description="Number of correct predictions shown, and of wrong ones."
    )
    layers: Annotated[tuple[ColumnName, ...], Field(max_length=12)] = Field(
        (),
        description="Layers whose feature maps are shown, and the patches that excite their "
        "channels most, such as block1_conv1. Empty: the ends of up to five stages.",
    )
    files: Annotated[tuple[ColumnName, ...], Field(max_length=8)] = Field(
        (),
        description="Images of one's own whose feature maps are shown. Empty: validation images.",
    )


def _results_folder(value: str) -> str:
    parts = Path(value).parts
    if not parts or parts[0] != "results" or ".." in parts:
        raise ValueError("it is results or a folder below it, such as results/mit_scenes")
    # Braces would be Snakemake's wildcards, and spaces the end of a path in a shell.
    if not all(re.fullmatch(r"[A-Za-z0-9_.-]+", part) for part in parts):
        raise ValueError("its parts have letters, digits, _, - and . only")
    if any(len(part) > MAX_NAME_LENGTH for part in parts):
        raise ValueError(f"its parts have at most {MAX_NAME_LENGTH} characters each")
    return Path(value).as_posix()


class Study(Strict):
    """The keys at the top level of a config."""

    title: str = Field("A transfer-learning study", description="Title of report and slides.")
    results: Annotated[str, AfterValidator(_results_folder)] = Field(
        "results", description="Folder of all results: results or a folder below it."
    )
    dataset: Dataset = Field(default_factory=Dataset, description="The images.")
    split: Split = Field(default_factory=Split, description="How the images are divided.")
    validation: Validation = Field(default_factory=Validation, description="How trials are scored.")
    subsets: dict[SubsetName, Subset] = Field(
        default_factory=dict, description="Named small training sets."
    )
    base: Settings = Field(
        default_factory=Settings, description="Settings that all trials start from."
    )
    experiments: dict[Name, Experiment] = Field(
        min_length=1, description="The experiments, in order."
    )
    slides: Literal["short", "full"] = Field(
        "short",
        description="short: one slide for each experiment, with its result and configuration, and "
        "the comparison. full: also trials, figures and tested settings.",
    )
    refit: Bool = Field(
        True,
        description="Train the chosen settings once more on train and validation images before "
        "the test images are touched.",
    )
    compare: Bool = Field(
        True,
        description="Also train and score final models for comparison: one for each repeat of the "
        "chosen setting, its control, and the best setting of each training set.",
    )
    trials_per_job: Annotated[Int, Field(ge=1)] = Field(
        50, description="Number of trials on a frozen backbone per job."
    )
    export: tuple[ExportFormat, ...] = Field(
        ("keras",),
        description="How final models are written for use without the study, into the folder "
        "model of their experiment. keras: the model itself, as scenery predict takes it; it is "
        "always there. onnx, tflite and saved_model: one network from image to probabilities, "
        "for other programs, compared with the model; classical models, too, except of DenseSIFT "
        "and encodings. onnx needs the packages of scenery[onnx]. novelty: training images "
        "to compare with, so that scenery predict says which photographs are unlike all of them. "
        "An empty list: no folder.",
    )
    gpu_missing: Literal["continue", "stop"] = Field(
        "continue", description="What a job does if it requested a GPU and finds none."
    )
    explain: Explain = Field(
        default_factory=Explain, description="Which final models are explained."
    )
    tensorboard: Bool = Field(
        False, description="Also write the learning curves as TensorBoard logs."
    )

    @model_validator(mode="after")
    def _members_are_compared(self) -> "Study":
        for name, one in self.experiments.items():
            wanted = {"ensemble": one.choose.ensemble, "soup": one.choose.soup}
            keys = [key for key, members in wanted.items() if members is not None]
            if keys and not self.compare:
                raise ValueError(
                    f"experiments.{name}.choose.{keys[0]} needs compare: true, since its members "
                    "are tested, too"
                )
        return self

    @model_validator(mode="after")
    def _explained_exist(self) -> "Study":
        wanted = self.explain.experiments
        unknown = [] if isinstance(wanted, str) else sorted(set(wanted) - set(self.experiments))
        if unknown:
            raise ValueError(
                f"explain.experiments: there is no experiment {unknown[0]}; give best, all, none "
                f"or some of {', '.join(self.experiments)}"
            )
        return self

    @property
    def shows_leakage(self) -> bool:
        """Whether chosen settings are also scored in folds that part groups of images."""
        if self.validation.ungrouped is not None:
            return self.validation.ungrouped
        return self.dataset.group is not None or self.dataset.groups == "auto"

    @property
    def lists_suspects(self) -> bool:
        """Whether images are listed by how probable their labels are, if there are features."""
        suspects = self.dataset.suspects
        return not self.dataset.made if suspects is None else suspects

    @property
    def subset_names(self) -> tuple[str, ...]:
        """Every name that `subset` may have, but for per_class_N."""
        return ("full", *self.subsets)

    def spelled_out(self) -> dict[str, Any]:
        """The config with its defaults, from which the same study can be read again."""
        config = self.model_dump(mode="json", by_alias=True)
        if self.base.classifier is not None:
            # Beside a classical model even a default of these would be refused as unused.
            for name in NETWORK_ONLY:
                del config["base"][name]
        return config
