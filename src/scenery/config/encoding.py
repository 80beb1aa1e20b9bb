"""The settings of an encoding: how the local descriptors of an image become one vector."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from scenery.registry.options import Bool, Int, Record, choice_of

# The options that the codebook depends on. The others concern the vectors that it gives.
OF_CODEBOOK = ("name", "size", "components", "samples")

Size = Annotated[Int, Field(ge=2, le=65536)]


class EncodingRecord(Record):
    """A codebook of local descriptors and how it encodes an image.

    Attributes:
        entry: What the codebook consists of.
    """

    entry: ClassVar[str]

    size: Size
    components: Annotated[Int, Field(ge=1, le=65536)] | None = Field(
        None, description="Principal components to which descriptors are reduced; unset: all."
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
        "l2", description="Norm of the whole vector that becomes 1: its sum, its length, or none."
    )

    def problem(self) -> str | None:
        """More entries than samples, or a level of the pyramid twice."""
        if self.size > self.samples:
            return (
                f"size: {self.size} {self.entry} cannot be learned from {self.samples} "
                "descriptors (samples)"
            )
        if len(set(self.pyramid)) < len(self.pyramid):
            return f"pyramid: {list(self.pyramid)} has a level twice"
        return None


class BagOfWords(EncodingRecord):
    """How often each visual word occurs (Csurka et al. 2004)."""

    entry = "words"
    size: Size = Field(400, description="words")


class FisherVectors(EncodingRecord):
    """How descriptors differ from a mixture of Gaussians (Perronnin et al. 2010)."""

    entry = "Gaussians"
    size: Size = Field(32, description="Gaussians of the mixture")


ENCODINGS: dict[str, type[EncodingRecord]] = {
    "bag_of_words": BagOfWords,
    "fisher_vectors": FisherVectors,
}
_NAME = (
    "bag_of_words: how often each visual word occurs; fisher_vectors: how the descriptors differ "
    "from a mixture of Gaussians."
)


class Encoding(choice_of(ENCODINGS, "bag_of_words", _NAME)):  # type: ignore[misc]
    """How local descriptors, a feature map's vector at each position, become one vector."""

    renamed_keys: ClassVar[dict[str, str]] = {"normalise": "normalize"}

    @property
    def of_codebook(self) -> "Encoding":
        """The options that the codebook depends on; all others are at their defaults."""
        return Encoding(**self.model_dump(include=set(OF_CODEBOOK)))

    @property
    def cells(self) -> int:
        """Cells of the pyramid, each with a part of the vector."""
        return sum(level * level for level in self.pyramid)
