"""The settings of a classical model that replaces the softmax head.

To add a model, write a record here and its constructor in `scenery.classical.classifiers`.
"""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from scenery.registry.options import Int, Number, Record, choice_of, own_options

KERNELS = ("linear", "rbf", "histogram_intersection")
SCALINGS = ("none", "standard", "l1", "l2")

Cost = Annotated[Number, Field(gt=0)]

# A whole number is a number of components, and one below 1 a share of the variance.
Components = Annotated[Int, Field(ge=1, le=65536)] | Annotated[Number, Field(gt=0, lt=1)]

COST = "weight of the errors"


class ClassifierRecord(Record):
    """A classical model on vectors of features."""

    scaling: Literal[SCALINGS] | None = Field(  # type: ignore[valid-type]
        None,
        description="standard: each feature to mean 0, variance 1; l1, l2: each vector to length "
        "1. Unset: standard; l1 for histogram_intersection; none for random_forest, "
        "gradient_boosting and the vectors of an encoding, which normalizes them itself.",
    )

    pca: Components | None = Field(
        None,
        description="Principal components that replace the scaled features: their number, or the "
        "share of the variance that they keep. Unset: none.",
    )

    def default_scaling(self, encoded: bool) -> str:
        """The scaling that suits the model.

        Args:
            encoded: Whether the vectors are those of an encoding.
        """
        return "none" if encoded else "standard"


class SVM(ClassifierRecord):
    """Support vector machine."""

    kernel: Literal[KERNELS] = Field(  # type: ignore[valid-type]
        "rbf", description="similarity of two vectors"
    )
    C: Cost = Field(1.0, description=COST)
    gamma: Literal["scale"] | Annotated[Number, Field(gt=0)] | None = Field(
        None, description="rbf: 1/width² of the kernel; scale (if unset): 1/(size·variance)."
    )

    def implied(self) -> Mapping[str, Any]:
        """Only the kernel rbf has a gamma."""
        return {**super().implied(), "gamma": "scale" if self.kernel == "rbf" else None}

    def problem(self) -> str | None:
        """An option that the kernel does not have or allow."""
        if self.kernel != "rbf" and self.gamma is not None:
            return f"gamma is not used by {self.kernel}, only by rbf"
        if self.kernel == "histogram_intersection" and self.pca is not None:
            return "the histogram_intersection kernel needs values from 0, which pca does not give"
        if self.kernel == "histogram_intersection" and self.scaling == "standard":
            return (
                "the histogram_intersection kernel needs values from 0, which scaling: standard "
                "does not give; allowed are none, l1 and l2"
            )
        return None

    def default_scaling(self, encoded: bool) -> str:
        """L1 for histograms, whose sums are then equal."""
        if self.kernel == "histogram_intersection":
            return "l1"
        return super().default_scaling(encoded)


class NearestNeighbors(ClassifierRecord):
    """Majority vote of the nearest training vectors."""

    n_neighbors: Annotated[Int, Field(ge=1)] = Field(5, description="vectors that vote")


class LogisticRegressionRecord(ClassifierRecord):
    """Logistic regression."""

    C: Cost = Field(1.0, description=COST)


class RandomForest(ClassifierRecord):
    """Random forest."""

    n_estimators: Annotated[Int, Field(ge=1, le=10_000)] = Field(300, description="trees")
    max_depth: Annotated[Int, Field(ge=1)] | None = Field(
        None, description="largest depth of a tree; unlimited if unset"
    )

    def default_scaling(self, encoded: bool) -> str:
        """Trees do not depend on the scale."""
        return "none"


class GradientBoosting(ClassifierRecord):
    """Boosted trees on histograms of the features (Friedman 2001; Ke et al. 2017)."""

    max_iter: Annotated[Int, Field(ge=1, le=10_000)] = Field(
        100, description="rounds, each of which adds a tree for each class"
    )
    learning_rate: Annotated[Number, Field(gt=0, le=1)] = Field(
        0.1, description="share of each tree that is added"
    )
    max_depth: Annotated[Int, Field(ge=1)] | None = Field(
        None, description="largest depth of a tree; unlimited if unset"
    )

    def default_scaling(self, encoded: bool) -> str:
        """Trees do not depend on the scale."""
        return "none"


CLASSIFIERS: dict[str, type[ClassifierRecord]] = {
    "svm": SVM,
    "nearest_neighbors": NearestNeighbors,
    "logistic_regression": LogisticRegressionRecord,
    "random_forest": RandomForest,
    "gradient_boosting": GradientBoosting,
}
CLASSIFIER_OPTIONS = own_options(CLASSIFIERS)
# Options that only some kernels have.
KERNEL_OPTIONS: dict[str, tuple[str, ...]] = {"gamma": ("rbf",)}


class Classifier(choice_of(CLASSIFIERS, "svm", "The model.")):  # type: ignore[misc]
    """A classical model on the features of a frozen backbone, instead of the softmax head."""

    renamed_keys: ClassVar[dict[str, str]] = {
        "neighbours": "n_neighbors",
        "trees": "n_estimators",
        "depth": "max_depth",
    }
