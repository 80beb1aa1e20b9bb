"""What the `config.json` of a preset of KerasHub says of a vision transformer.

One model for each class of KerasHub that Scenery reads. Values are checked and bounded here, before
any library builds something from them.
"""

from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

Activation = Literal["gelu", "gelu_approximate", "quick_gelu"]
MAX_SIDE, MAX_PATCH, MAX_BLOCKS, MAX_UNITS, MAX_REGISTERS = 2048, 128, 256, 65_536, 64


def _one_side(value: Any) -> Any:
    """The side of a square patch, which KerasHub writes as a number or as a list of two."""
    if isinstance(value, list) and len(value) == 2 and value[0] == value[1]:
        return value[0]
    return value


Side = Annotated[int, Field(ge=1, le=MAX_SIDE)]
Units = Annotated[int, Field(ge=1, le=MAX_UNITS)]
Patch = Annotated[int, BeforeValidator(_one_side), Field(ge=1, le=MAX_PATCH)]
Epsilon = Annotated[float, Field(gt=0, le=1e-2)]


class PresetNetwork(BaseModel):
    """The network of a preset, as any of the classes describes it.

    Attributes:
        backbone: Name of the backbone in Scenery.
        image_size: Side of the preset's images in pixels.
        patch: Side of a patch in pixels.
        class_token: Whether the first token stands for the image.
    """

    model_config = ConfigDict(frozen=True, defer_build=True)

    backbone: str
    image_size: int
    patch: int
    class_token: bool = True


class Transformer(PresetNetwork):
    """A plain vision transformer: all blocks have the same tokens and channels.

    Attributes:
        positions: Side of the grid of patches that the preset's table of positions is for.
        antialias: Whether the table is smoothed where it is made smaller.
        blocks: Number of blocks.
        heads: Heads of an attention layer.
        width: Channels of a token.
        units: Units of the dense layer inside a block; of each half, where it is gated.
        activation: Of that layer.
        gated: Whether half of it is multiplied by the other half (SwiGLU).
        prefix: Tokens before those of the patches: class token, registers, distillation token.
        patch_bias: Whether the convolution of the patches has a bias.
        attention_bias: Whether the attention layers have biases.
        dense_bias: Whether the dense layers have biases.
        first_norm: Whether tokens are normalized before the first block.
        epsilon: Of the layer norms in the blocks.
        end_epsilon: Of the layer norm after the last block.
    """

    positions: int
    antialias: bool = False
    blocks: int
    heads: int
    width: int
    units: int
    activation: Activation = "gelu"
    gated: bool = False
    prefix: int = 1
    patch_bias: bool = True
    attention_bias: bool = True
    dense_bias: bool = True
    first_norm: bool = False
    epsilon: float = 1e-6
    end_epsilon: float = 1e-6


class PresetConfig(BaseModel):
    """The keys that all classes share; what Scenery does not need is ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True, defer_build=True)
    backbone: ClassVar[str]

    image_shape: Annotated[list[Side], Field(min_length=3, max_length=3)]
    patch_size: Patch

    @model_validator(mode="after")
    def _square_image(self) -> Self:
        height, width, channels = self.image_shape
        if height != width or channels != 3:
            raise ValueError(
                f"image_shape: allowed are square images of 3 channels; found {self.image_shape}"
            )
        if height % self.patch_size:
            raise ValueError(
                f"image_shape: {height} pixels are no multiple of patch_size, {self.patch_size}"
            )
        return self

    def network(self) -> PresetNetwork:
        """The network that the config describes."""
        raise NotImplementedError


class PlainConfig(PresetConfig):
    """The keys of the classes whose blocks all have the same tokens and channels."""

    num_layers: Annotated[int, Field(ge=1, le=MAX_BLOCKS)]
    num_heads: Units
    hidden_dim: Units

    @model_validator(mode="after")
    def _equal_heads(self) -> Self:
        if self.hidden_dim % self.num_heads:
            raise ValueError(
                f"hidden_dim: {self.hidden_dim} is no multiple of num_heads, {self.num_heads}"
            )
        return self

    def network(self) -> Transformer:
        """The network in the terms that all classes share."""
        return Transformer(**self._shared(), **self._own())

    def _shared(self) -> dict[str, Any]:
        return {
            "backbone": self.backbone,
            "image_size": self.image_shape[0],
            "patch": self.patch_size,
            "blocks": self.num_layers,
            "heads": self.num_heads,
            "width": self.hidden_dim,
            "positions": self.image_shape[0] // self.patch_size,
        }

    def _own(self) -> dict[str, Any]:
        raise NotImplementedError


class ViT(PlainConfig):
    """Of `ViTBackbone`."""

    backbone: ClassVar[str] = "ViT"

    mlp_dim: Units
    layer_norm_epsilon: Epsilon = 1e-6
    use_mha_bias: bool = True
    use_mlp_bias: bool = True
    use_class_token: bool = True
    use_patch_bias: bool = True

    def _own(self) -> dict[str, Any]:
        return {
            "units": self.mlp_dim,
            "epsilon": self.layer_norm_epsilon,
            "end_epsilon": self.layer_norm_epsilon,
            "attention_bias": self.use_mha_bias,
            "dense_bias": self.use_mlp_bias,
            "class_token": self.use_class_token,
            "prefix": int(self.use_class_token),
            "patch_bias": self.use_patch_bias,
        }


class DeiT(PlainConfig):
    """Of `DeiTBackbone`, whose second token is that of the distillation."""

    backbone: ClassVar[str] = "DeiT"

    intermediate_dim: Units
    layer_norm_epsilon: Epsilon = 1e-6
    use_mha_bias: bool = True

    def _own(self) -> dict[str, Any]:
        return {
            "units": self.intermediate_dim,
            "epsilon": self.layer_norm_epsilon,
            "end_epsilon": self.layer_norm_epsilon,
            "attention_bias": self.use_mha_bias,
            "prefix": 2,
        }


class DINOv2(PlainConfig):
    """Of `DINOV2Backbone`."""

    backbone: ClassVar[str] = "DINOv2"

    intermediate_dim: Units
    num_register_tokens: Annotated[int, Field(ge=0, le=MAX_REGISTERS)] = 0
    use_swiglu_ffn: bool = False
    position_embedding_shape: Annotated[list[Side], Field(min_length=2, max_length=3)] = [518, 518]
    antialias_in_interpolation: bool = False

    @model_validator(mode="after")
    def _square_positions(self) -> Self:
        height, width = self.position_embedding_shape[:2]
        if height != width or height < self.patch_size:
            raise ValueError(
                "position_embedding_shape: allowed is a square of at least one patch; found "
                f"{self.position_embedding_shape}"
            )
        return self

    def _own(self) -> dict[str, Any]:
        units = self.intermediate_dim
        if self.use_swiglu_ffn:
            # As in KerasHub: two thirds, as a multiple of 8.
            units = (int(units * 2 / 3) + 7) // 8 * 8
        return {
            "units": units,
            "gated": self.use_swiglu_ffn,
            "prefix": 1 + self.num_register_tokens,
            "positions": self.position_embedding_shape[0] // self.patch_size,
            "antialias": self.antialias_in_interpolation,
        }

    def _shared(self) -> dict[str, Any]:
        return {key: value for key, value in super()._shared().items() if key != "positions"}


class CLIP(PlainConfig):
    """Of `CLIPVisionEncoder`."""

    backbone: ClassVar[str] = "CLIP"

    intermediate_dim: Units
    intermediate_activation: Activation = "quick_gelu"

    def _own(self) -> dict[str, Any]:
        return {
            "units": self.intermediate_dim,
            "activation": self.intermediate_activation,
            "patch_bias": False,
            "first_norm": True,
            "epsilon": 1e-5,
            "end_epsilon": 1e-5,
        }


class SigLIP(PlainConfig):
    """Of `SigLIPVisionEncoder`, of SigLIP and SigLIP 2, which has no class token."""

    backbone: ClassVar[str] = "SigLIP"

    intermediate_dim: Units
    intermediate_activation: Activation = "gelu_approximate"
    layer_norm_epsilon: Epsilon = 1e-6

    def _own(self) -> dict[str, Any]:
        return {
            "units": self.intermediate_dim,
            "activation": self.intermediate_activation,
            "class_token": False,
            "prefix": 0,
            "epsilon": self.layer_norm_epsilon,
        }
