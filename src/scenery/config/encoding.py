"""The settings of an encoding: how the local descriptors of an image become one vector."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from scenery.registry.options import Bool, Int, Strict

ENCODINGS = ("bag_of_words", "fisher_vectors")

# The size of a codebook where it is unset.
SIZES = {"bag_of_words": 400, "fisher_vectors": 32}

# What the codebook itself depends on; the rest is done with what it says of an image.
OF_CODEBOOK = ("name", "size", "components", "samples")


class Encoding(Strict):
    """How local descriptors, a feature map's vector at each position, become one vector."""

    renamed_keys: ClassVar[dict[str, str]] = {"normalise": "normalize"}

    name: Literal[ENCODINGS] = Field(  # type: ignore[valid-type]
        "bag_of_words",
        description="bag_of_words: how often each visual word occurs; fisher_vectors: how the "
        "descriptors differ from a mixture of Gaussians.",
    )
    size: Annotated[Int, Field(ge=2, le=65536)] | None = Field(
        None, description="Words (400 if unset), or Gaussians of the mixture (32 if unset)."
    )
    components: Annotated[Int, Field(ge=1, le=65536)] | None = Field(
        None, description="Descriptors are reduced to so many principal components; unset: as is."
    )
    samples: Annotated[Int, Field(ge=2, le=10_000_000)] = Field(
        100_000, description="Descriptors of training images that the codebook is learned from."
    )
    pyramid: Annotated[tuple[Annotated[Int, Field(ge=1, le=32)], ...], Field(min_length=1)] = Field(
        (1,),
        description="Spatial pyramid: [1, 2, 4] encodes the whole image, its quarters and its "
        "sixteenths, one after the other.",
    )
    power: Bool = Field(False, description="Signed square root of each value, first.")
    normalize: Literal["none", "l1", "l2"] = Field(
        "l2", description="What of the whole vector is made 1: its sum, its length, or nothing."
    )

    @model_validator(mode="after")
    def _enough(self) -> "Encoding":
        # Said or unsaid, the same size is the same trial. Pydantic lets a validator complete an
        # object that nobody else has seen yet.
        if self.size is None:
            self.__dict__["size"] = SIZES[self.name]
        if self.entries > self.samples:
            what = "words" if self.name == "bag_of_words" else "Gaussians"
            raise ValueError(
                f"size: {self.entries} {what} cannot be learned from {self.samples} descriptors "
                "(samples)"
            )
        if len(set(self.pyramid)) < len(self.pyramid):
            raise ValueError(f"pyramid: {list(self.pyramid)} has a level twice")
        return self

    @property
    def entries(self) -> int:
        """Words, or Gaussians."""
        return SIZES[self.name] if self.size is None else self.size

    @property
    def of_codebook(self) -> "Encoding":
        """The part that the codebook depends on, all else at its default."""
        return Encoding(**self.model_dump(include=set(OF_CODEBOOK)))

    @property
    def cells(self) -> int:
        """Cells of the pyramid, each with a part of the vector."""
        return sum(level * level for level in self.pyramid)
