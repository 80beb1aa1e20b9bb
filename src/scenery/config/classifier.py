"""The settings of a classical model that stands in for the softmax head."""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, model_validator

from scenery.registry.options import Int, Number, Strict, only_known_options

CLASSIFIERS = ("svm", "nearest_neighbors", "logistic_regression", "random_forest")
KERNELS = ("linear", "rbf", "histogram_intersection")
SCALINGS = ("none", "standard", "l1", "l2")

# Options that only some classifiers know, as for optimizers.
CLASSIFIER_OPTIONS: dict[str, tuple[str, ...]] = {
    "kernel": ("svm",),
    "gamma": ("svm",),
    "C": ("svm", "logistic_regression"),
    "n_neighbors": ("nearest_neighbors",),
    "n_estimators": ("random_forest",),
    "max_depth": ("random_forest",),
}
KERNEL_OPTIONS: dict[str, tuple[str, ...]] = {"gamma": ("rbf",)}
# What an unset option is.
DEFAULTS: dict[str, dict[str, Any]] = {
    "svm": {"kernel": "rbf", "C": 1.0},
    "nearest_neighbors": {"n_neighbors": 5},
    "logistic_regression": {"C": 1.0},
    "random_forest": {"n_estimators": 300},
}


class Classifier(Strict):
    """A classical model on the features of a frozen backbone, instead of the softmax head."""

    renamed_keys: ClassVar[dict[str, str]] = {
        "neighbours": "n_neighbors",
        "trees": "n_estimators",
        "depth": "max_depth",
    }

    name: Literal[CLASSIFIERS] = Field("svm", description="The model.")  # type: ignore[valid-type]
    kernel: Literal[KERNELS] | None = Field(  # type: ignore[valid-type]
        None, description="svm: how alike two vectors are (rbf if unset)."
    )
    C: Annotated[Number, Field(gt=0)] | None = Field(
        None, description="svm, logistic_regression: weight of the errors (1 if unset)."
    )
    gamma: Literal["scale"] | Annotated[Number, Field(gt=0)] | None = Field(
        None, description="rbf: 1/width² of the kernel; scale (if unset): 1/(size·variance)."
    )
    n_neighbors: Annotated[Int, Field(ge=1)] | None = Field(
        None, description="nearest_neighbors: how many vote (5 if unset)."
    )
    n_estimators: Annotated[Int, Field(ge=1, le=10_000)] | None = Field(
        None, description="random_forest: how many (300 if unset)."
    )
    max_depth: Annotated[Int, Field(ge=1)] | None = Field(
        None, description="random_forest: the deepest tree (as deep as it takes if unset)."
    )
    scaling: Literal[SCALINGS] | None = Field(  # type: ignore[valid-type]
        None,
        description="standard: each feature to mean 0, variance 1; l1, l2: each vector to length "
        "1. Unset: standard; l1 for histogram_intersection; none for random_forest and for the "
        "vectors of an encoding, which normalizes them itself.",
    )

    @model_validator(mode="after")
    def _options(self) -> "Classifier":
        only_known_options(self, self.name, CLASSIFIER_OPTIONS)
        # Said or unsaid, `kernel: rbf` is the same trial. Pydantic lets a validator complete an
        # object that nobody else has seen yet.
        for option, value in DEFAULTS[self.name].items():
            if getattr(self, option) is None:
                self.__dict__[option] = value
        if self.kernel is not None:
            only_known_options(self, self.kernel, KERNEL_OPTIONS)
        if self.kernel == "rbf" and self.gamma is None:
            self.__dict__["gamma"] = "scale"
        if self.kernel == "histogram_intersection" and self.scaling == "standard":
            raise ValueError(
                "the histogram_intersection kernel is for values from 0, which scaling: standard "
                "does not leave; allowed are none, l1 and l2"
            )
        return self

    def scaling_in_use(self, encoded: bool = False) -> str:
        """How vectors are scaled, where unset in the way that suits the model.

        Args:
            encoded: Whether the vectors are an encoding's, normalized already.
        """
        if self.scaling is not None:
            return str(self.scaling)
        if self.kernel == "histogram_intersection":
            return "l1"
        return "none" if encoded or self.name == "random_forest" else "standard"
