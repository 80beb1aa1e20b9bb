"""The folder of an exported model: its files, and model.json, which says how to use them.

Light: `scenery predict` finds and checks a folder before TensorFlow is imported.
"""

import json
import shutil
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from scenery.config.encoding import Encoding
from scenery.errors import UserError
from scenery.files import file_digest, write_text
from scenery.messages import suggestions
from scenery.pipeline.jobs.export import ModelSource
from scenery.pipeline.jobs.features import VectorsSpec
from scenery.pipeline.layout import Layout
from scenery.registry.custom_architectures import HANDCRAFTED, Network

FACTS = "model.json"
LABELS = "labels.txt"
CARD = "README.md"
CARD_PAGE = "card.html"
NETWORK = "model.keras"
CLASSIFIER = "model.skops"
FEATURE_NETWORK = "features.keras"
CODEBOOK = "codebook.skops"
REFERENCES = "training_images.npz"
# Further formats of a model, by their names in the config.
FORMAT_FILES = {"onnx": "model.onnx", "tflite": "model.tflite", "saved_model": "saved_model"}
# A larger file is not one of ours.
MAX_BYTES = 4_000_000
Side = Annotated[int, Field(ge=1, le=4096)]


class _Facts(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, defer_build=True)


class HandcraftedFacts(_Facts):
    """Handcrafted descriptors: their name in the table of backbones, and their options."""

    name: Literal[HANDCRAFTED]  # type: ignore[valid-type]
    network: Network


class FormatCheck(_Facts):
    """How a further format agrees with the model itself.

    Attributes:
        file: Its file or folder.
        images: Images on which both were asked.
        largest_difference: Of a probability.
        class_changes: Images with another predicted class.
        problem: Why there is no such file; empty where there is one.
    """

    file: str = ""
    images: int = 0
    largest_difference: float = 0.0
    class_changes: int = 0
    problem: str = ""


class CalibrationFacts(_Facts):
    """What held-out images say about the probabilities; None where it is not known.

    Attributes:
        temperature: The logarithms of the probabilities are to be divided by it, before they are
            normalized again, so that confidence equals accuracy.
        set_probability: Classes of at least this probability, with the temperature, are the
            prediction set, which has the true class for 95 % of images.
        calibration_error: Expected calibration error.
        calibration_error_scaled: The same with the temperature.
    """

    temperature: float | None = None
    set_probability: float | None = None
    calibration_error: float | None = None
    calibration_error_scaled: float | None = None


class ModelFacts(_Facts):
    """The content of model.json.

    Attributes:
        version: Of this format.
        kind: network: `model.keras` takes images. classifier: `model.skops` takes features.
        classes: In the order of the model's output.
        image_size: Size of the input in pixels: a side, or height and width.
        resize: How an image gets that aspect ratio.
        interpolation: Filter of Pillow with which it is resized, in small letters.
        color_mode: rgb; grayscale: three equal channels of its luma.
        input: The array that the model takes, in words.
        max_pixels: Images of more pixels are not decoded.
        white_level: The 16-bit value that becomes 255.
        temperature: By which the model has divided its scores before its probabilities.
        calibration: What held-out images say about the probabilities.
        encoding: How a map of features becomes one vector; None: it is one, or is flattened.
        handcrafted: The handcrafted descriptors; None: the features are of `features.keras`.
        source: Where the model comes from.
        trial: The trial that was chosen.
        training_images: Number of images that it learned from.
        data_digest: SHA-256 of the table of images and partitions.
        files: SHA-256 of each file.
        formats: Further formats.
        versions: Of the libraries that made it.
    """

    version: Literal[1] = 1
    kind: Literal["network", "classifier"]
    classes: Annotated[tuple[str, ...], Field(min_length=2)]
    image_size: Side | tuple[Side, Side]
    resize: Literal["stretch", "crop", "pad"]
    interpolation: Literal["nearest", "bilinear", "bicubic", "lanczos", "hamming", "box"] = (
        "bilinear"
    )
    color_mode: Literal["rgb", "grayscale"] = "rgb"
    input: str
    max_pixels: Annotated[int, Field(ge=1)]
    white_level: Annotated[int, Field(ge=255, le=65535)]
    temperature: float = 1.0
    calibration: CalibrationFacts = CalibrationFacts()
    encoding: Encoding | None = None
    handcrafted: HandcraftedFacts | None = None
    source: ModelSource
    trial: str
    training_images: int
    data_digest: str
    files: dict[str, str]
    formats: dict[str, FormatCheck] = {}
    versions: dict[str, str] = {}

    @model_validator(mode="after")
    def _plain_file_names(self) -> "ModelFacts":
        for name in self.files:
            if Path(name).name != name or name.startswith("."):
                raise ValueError(f"files: {name!r} is not the name of a file in this folder")
        return self


def write_facts(facts: ModelFacts, out: Path) -> None:
    """Write model.json."""
    text = json.dumps(facts.model_dump(mode="json"), indent=1, ensure_ascii=False)
    write_text(text + "\n", out)


def read_facts(folder: Path, check: bool = True) -> ModelFacts:
    """Read model.json and compare the digests of the files.

    Args:
        folder: The folder of an exported model.
        check: Whether the files are read to compare their digests.

    Raises:
        UserError: A file is missing, damaged, or not the one that was exported.
    """
    path = folder / FACTS
    try:
        if path.stat().st_size > MAX_BYTES:
            raise UserError(f"{path}: is larger than {MAX_BYTES:,} bytes, so it is no model.json")
        facts = ModelFacts.model_validate(json.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from None
    except ValidationError as error:
        first = error.errors()[0]
        # Pydantic names the members of a union, too.
        kinds = ("constrained-", "tuple[")
        place = ".".join(part for part in map(str, first["loc"]) if not part.startswith(kinds))
        raise UserError(f"{path}: is not as Scenery writes it: {place}: {first['msg']}") from None
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path}: is not as Scenery writes it: {error}") from None
    if check:
        for name, digest in facts.files.items():
            _check_file(folder / name, digest)
    return facts


def _check_file(path: Path, digest: str) -> None:
    again = f"copy the whole folder again, or remove {FACTS} and run the study again"
    try:
        found = file_digest(path)
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}; {again}") from None
    if found != digest:
        raise UserError(f"{path}: is not the file that {FACTS} describes; {again}")


def remove(path: Path) -> None:
    """Remove a file or folder, if it is there."""
    if path.is_dir():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)


def format_problem(vectors: VectorsSpec | None) -> str:
    """Why a model cannot be written as one network, for other programs; empty where it can.

    Args:
        vectors: How images become the input of a classical model; None for a network.
    """
    if vectors is None:
        return ""
    features, what = vectors.features, ""
    if features.backbone in HANDCRAFTED:
        what = f"features of {features.backbone}"
    elif features.encoding is not None:
        what = f"the encoding {features.encoding.name}"
    return f"no network computes {what}; the model exists in its own format only" if what else ""


def find_model(results: Path, experiment: str | None = None) -> tuple[Path, str]:
    """Find the folder of a final model.

    Args:
        results: A results folder, or the folder of an exported model.
        experiment: The experiment that chose the model; None: of a results folder the one with
            the highest validation accuracy, of equally good ones the first.

    Returns:
        The folder, and one sentence about which model it is.

    Raises:
        UserError: There is no such folder or experiment, or it has no exported model yet.
    """
    if (results / FACTS).is_file():
        source = read_facts(results, check=False).source
        if experiment not in (None, source.experiment):
            raise UserError(
                f"{results}: is the model of experiment {source.experiment}, not of {experiment}"
            )
        return results, f"the model of experiment {source.experiment} in {results}"
    layout = Layout(str(results))
    accuracies = _accuracies(results, layout)
    if experiment is None:
        experiment = max(accuracies, key=lambda name: accuracies[name])
        why = f", the best of {len(accuracies)} by validation accuracy" * (len(accuracies) > 1)
    elif experiment not in accuracies:
        hint = suggestions(experiment, accuracies)
        raise UserError(f"--experiment: {results} has no experiment {experiment!r}; {hint}")
    else:
        why = ""
    folder = _exported(results, layout, experiment)
    return folder, f"the model of experiment {experiment}{why}"


def _accuracies(results: Path, layout: Layout) -> dict[str, float]:
    """Validation accuracy of what each experiment chose, in the order of the config."""
    found = {}
    for chosen in sorted(results.glob("experiments/*/chosen.yaml")):
        record = _yaml(chosen)
        found[chosen.parent.name] = float(record.get("validation_accuracy") or 0.0)
    if not found:
        raise UserError(
            f"{results}: is neither a results folder with finished experiments nor the folder of "
            f"an exported model (it has no {FACTS})"
        )
    config = Path(layout.config)
    order = list(_yaml(config).get("experiments", {})) if config.is_file() else []
    known = [name for name in order if name in found]
    return {name: found[name] for name in dict.fromkeys([*known, *found])}


def _exported(results: Path, layout: Layout, experiment: str) -> Path:
    """The folder of an experiment's model; experiments that chose the same share one."""
    paths = layout.experiment(experiment)
    metrics = Path(paths.test("metrics.json"))
    owner = experiment
    if metrics.is_file():
        owner = str(json.loads(metrics.read_text(encoding="utf-8")).get("scored_in", experiment))
    path = Path(layout.experiment(owner).exported(FACTS))
    if not path.is_file():
        raise UserError(
            f"{path}: does not exist: experiment {experiment} has no exported model. Run the study "
            "to its end (scenery run), with export: [keras] or more in its config"
        )
    return path.parent


def _yaml(path: Path) -> dict[str, Any]:
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise UserError(f"{path}: cannot be read: {error}") from None
    return found if isinstance(found, dict) else {}
