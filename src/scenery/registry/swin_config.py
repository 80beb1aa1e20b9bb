"""What the `config.json` of a preset of KerasHub says of a Swin Transformer."""

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from scenery.registry.preset_configs import (
    MAX_BLOCKS,
    MAX_UNITS,
    PresetConfig,
    PresetNetwork,
    Units,
)

MAX_RESOLUTIONS, MAX_WINDOW, MAX_RATIO = 8, 64, 64

_OfEach = Field(min_length=1, max_length=MAX_RESOLUTIONS)


class SwinTransformer(PresetNetwork):
    """A Swin Transformer: its blocks attend inside windows, on maps that get smaller.

    After some blocks, four neighboring cells are merged into one with twice the channels. The
    blocks between two mergings have one resolution.

    Attributes:
        depths: Blocks of each resolution, from the largest map to the smallest.
        heads: Heads of an attention layer, for each resolution.
        width: Channels of the largest map.
        window: Side of a window in cells.
        ratio: Units of the dense layer inside a block, as a multiple of its channels.
        attention_bias: Whether queries, keys and values have biases.
        first_norm: Whether the embedded patches are normalized.
    """

    depths: tuple[int, ...]
    heads: tuple[int, ...]
    width: int
    window: int
    ratio: float
    attention_bias: bool = True
    first_norm: bool = True
    class_token: bool = False

    @property
    def blocks(self) -> int:
        """Number of blocks."""
        return sum(self.depths)

    @property
    def stride(self) -> int:
        """Pixels of a side that one cell of the smallest map stands for."""
        return int(self.patch * 2 ** (len(self.depths) - 1))

    def channels(self, resolution: int) -> int:
        """Channels of a resolution, counted from 0."""
        return int(self.width * 2**resolution)

    def units(self, resolution: int) -> int:
        """Units of the dense layer inside a block of a resolution, counted from 0."""
        return int(self.channels(resolution) * self.ratio)


class Swin(PresetConfig):
    """Of `SwinTransformerBackbone`."""

    backbone: ClassVar[str] = "Swin"

    embed_dim: Units
    depths: Annotated[list[Annotated[int, Field(ge=1, le=MAX_BLOCKS)]], _OfEach]
    num_heads: Annotated[list[Units], _OfEach]
    window_size: Annotated[int, Field(ge=1, le=MAX_WINDOW)]
    mlp_ratio: Annotated[float, Field(gt=0, le=MAX_RATIO)] = 4.0
    qkv_bias: bool = True
    patch_norm: bool = True
    data_format: Literal["channels_last"] | None = None

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        if len(self.num_heads) != len(self.depths):
            raise ValueError(
                f"num_heads: {len(self.num_heads)} numbers; depths has {len(self.depths)}"
            )
        if sum(self.depths) > MAX_BLOCKS:
            raise ValueError(
                f"depths: at most {MAX_BLOCKS} blocks are allowed; found {sum(self.depths)}"
            )
        network = self.network()
        for resolution, heads in enumerate(self.num_heads):
            channels = network.channels(resolution)
            if channels % heads:
                raise ValueError(
                    f"embed_dim: {channels} channels are no multiple of num_heads, {heads}"
                )
        units = [network.units(resolution) for resolution in range(len(self.depths))]
        if min(units) < 1 or max(units) > MAX_UNITS or channels > MAX_UNITS:
            raise ValueError(
                f"mlp_ratio: allowed are 1 to {MAX_UNITS} units of a dense layer; found "
                f"{min(units)} to {max(units)}"
            )
        return self

    @model_validator(mode="after")
    def _whole_windows(self) -> Self:
        network, side = self.network(), self.image_shape[0]
        smallest = network.stride * self.window_size
        if side % network.stride or side < smallest:
            raise ValueError(
                f"image_shape: allowed are multiples of {network.stride} from {smallest} on, so "
                f"that the smallest map has a window; found {side}"
            )
        return self

    def network(self) -> SwinTransformer:
        """The network that the config describes."""
        return SwinTransformer(
            backbone=self.backbone,
            image_size=self.image_shape[0],
            patch=self.patch_size,
            depths=tuple(self.depths),
            heads=tuple(self.num_heads),
            width=self.embed_dim,
            window=self.window_size,
            ratio=self.mlp_ratio,
            attention_bias=self.qkv_bias,
            first_norm=self.patch_norm,
        )
