"""Which activations of a frozen backbone a trial needs, and what they are called."""

import hashlib
import re
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from scenery.study.experiments import cut_layer, image_size
from scenery.study.networks import Network
from scenery.study.settings import Augment, Settings
from scenery.study.subsets import training_subset


@dataclass(frozen=True)
class FeatureSet:
    """Frozen activations of one backbone at one layer, of plain images or of augmented views.

    Attributes:
        backbone: A name of the backbone table.
        weights: imagenet, none, or a weights file.
        image_size: Side of the input in pixels.
        layer: The layer whose activations are kept.
        pooling: average or max over positions, or map for all of them.
        subset: Training images that are rendered; plain features serve every subset.
        augment: How views are rendered; None for the plain images.
        views: Renderings of each image; 0 for the plain images.
        seed: Seed of random weights and of the views; 0 where neither is used.
        network: Options of one of Scenery's own networks.
    """

    backbone: str
    weights: str
    image_size: int
    layer: str
    pooling: str
    subset: str = "full"
    augment: Augment | None = None
    views: int = 0
    seed: int = 0
    network: Network = field(default_factory=Network)

    @property
    def id(self) -> str:
        """Folder below results/features."""
        values = asdict(self)
        # What is left at its default is not in the name, so that older features keep theirs.
        if values.pop("network") != Network():
            values["network"] = self.network.model_dump(exclude_defaults=True)
        if self.augment is not None:
            values["augment"] = self.augment.model_dump(exclude_defaults=True)
        digest = hashlib.sha256(repr(sorted(values.items())).encode()).hexdigest()[:8]
        kind = "views" if self.views else self.pooling
        return f"{self.backbone}-{self.layer}-{self.image_size}px-{kind}-{digest}"

    def as_params(self) -> dict[str, Any]:
        """Plain values, as a rule hands them to its script."""
        values = asdict(self)
        values["augment"] = self.augment.model_dump() if self.augment is not None else None
        values["network"] = self.network.model_dump(mode="json")
        return values


def plain_features(settings: Settings) -> FeatureSet:
    """The features of the plain images at the end of the settings' backbone."""
    positions = settings.head.pooling == "flatten" or settings.head.merge != "none"
    pooling = "map" if positions else settings.head.pooling
    return FeatureSet(
        backbone=settings.backbone,
        weights=settings.weights,
        image_size=image_size(settings),
        layer=cut_layer(settings),
        pooling=pooling,
        seed=settings.seed if settings.weights == "none" else 0,
        network=settings.network,
    )


def training_features(settings: Settings) -> FeatureSet:
    """The features that a head learns from: augmented views where the settings augment."""
    plain = plain_features(settings)
    if not settings.augment.active:
        return plain
    return replace(
        plain,
        subset=training_subset(settings),
        augment=settings.augment,
        views=settings.views,
        seed=settings.seed,
    )


def weights_id(backbone: str, weights: str) -> str:
    """Name of a backbone's weights below results/weights."""
    if weights in ("imagenet", "none"):
        return f"{backbone}-{weights}"
    stem = re.sub(r"[^A-Za-z0-9_]+", "_", weights.rsplit("/", 1)[-1].rsplit(".", 1)[0])
    digest = hashlib.sha256(weights.encode()).hexdigest()[:6]
    return f"{backbone}-{stem}-{digest}"
