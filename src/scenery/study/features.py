"""Which activations of a frozen backbone a trial needs, and what they are called."""

import hashlib
import re
from dataclasses import dataclass, field, fields, replace
from functools import cached_property, lru_cache
from typing import get_args

from scenery.config.encoding import OF_CODEBOOK, Encoding
from scenery.config.head import Head
from scenery.config.setting_values import WEIGHTS_FROM_EXPERIMENT
from scenery.config.settings import Augment, Settings
from scenery.image_size import ImageSize, size_name
from scenery.registry.backbone_facts import in_dense_layers
from scenery.registry.custom_architectures import HANDCRAFTED, Network
from scenery.registry.presets import PRESET
from scenery.study.resampling import FoldSpec
from scenery.study.subsets import training_subset
from scenery.study.trial_network import cut_layer, image_size

# What features are, as the names of their folders say it: a pooling, maps, or augmented views.
FEATURE_KINDS = (*get_args(Head.model_fields["pooling"].annotation), "map", "views")


@dataclass(frozen=True)
class FeatureSet:
    """Frozen activations of one backbone at one layer, of plain images or of augmented views.

    Attributes:
        backbone: A name of the backbone table.
        weights: imagenet, none, a weights file, or preset:NAME_OR_FOLDER.
        image_size: Size of the input in pixels.
        layer: The layer whose activations are kept.
        pooling: average, max, std or moments over positions, or map for all of them; class_token
            or both of a transformer.
        subset: Training images that are rendered; plain features serve every subset.
        augment: How views are rendered; None for the plain images.
        views: Renderings of each image; 0 for the plain images.
        seed: Seed of random weights and of the views; 0 where neither is used.
        network: Options of one of Scenery's own networks.
        encoding: How the positions of a map become one vector; None: not at all.
        codebook: What that encoding has learned; None without an encoding.
    """

    backbone: str
    weights: str
    image_size: ImageSize
    layer: str
    pooling: str
    subset: str = "full"
    augment: Augment | None = None
    views: int = 0
    seed: int = 0
    network: Network = field(default_factory=Network)
    encoding: Encoding | None = None
    codebook: "CodebookSpec | None" = None

    @cached_property
    def id(self) -> str:
        """Folder below results/features."""
        values = {part.name: getattr(self, part.name) for part in fields(self)}
        if self.network.alpha == 1:
            values["network"] = self.network.model_copy(update={"alpha": None})
        # What is left at its default is not in the name, so that older features keep theirs.
        network = values.pop("network")
        if network != Network():
            values["network"] = network.model_dump(exclude_defaults=True)
        if self.augment is not None:
            values["augment"] = self.augment.model_dump(exclude_defaults=True)
        if self.encoding is None or self.codebook is None:
            del values["encoding"], values["codebook"]
        else:
            values["encoding"] = self.encoding.model_dump(exclude_defaults=True)
            values["codebook"] = self.codebook.id
        digest = hashlib.sha256(repr(sorted(values.items())).encode()).hexdigest()[:8]
        kind = "views" if self.views else self.pooling
        if self.encoding is not None:
            kind = str(self.encoding.name)
        return f"{self.backbone}-{self.layer}-{size_name(self.image_size)}px-{kind}-{digest}"

    @property
    def raw(self) -> "FeatureSet":
        """The maps that are encoded; of what is not encoded, itself."""
        return replace(self, encoding=None, codebook=None)

    def in_fold(self, fold: FoldSpec) -> "FeatureSet":
        """The features by the codebook of a fold; without a codebook, itself."""
        if self.codebook is None:
            return self
        return replace(self, codebook=replace(self.codebook, fold=fold))

    @property
    def weights_spec(self) -> "WeightsSpec | None":
        """The weights of the backbone; None for random ones."""
        if self.weights == "none":
            return None
        top = self.weights == "imagenet" and in_dense_layers(self.backbone, self.layer)
        size = self.image_size if self.weights.startswith(PRESET) else None
        return WeightsSpec(self.backbone, self.weights, top, self.network.width, size)


@dataclass(frozen=True)
class WeightsSpec:
    """Weights of one backbone.

    Attributes:
        backbone: A name of the backbone table.
        source: imagenet, the path of a weights file, experiment:NAME or preset:NAME_OR_FOLDER.
        top: Whether imagenet is to have the dense layers of the top, too.
        alpha: Width of a published network.
        image_size: Of a preset, whose table of positions depends on it; None: any.
    """

    backbone: str
    source: str
    top: bool = False
    alpha: float = 1.0
    image_size: ImageSize | None = None

    @property
    def id(self) -> str:
        """File name below results/weights."""
        name = self.backbone if self.alpha == 1 else f"{self.backbone}-alpha_{self.alpha:g}"
        if self.source == "imagenet":
            return f"{name}-{self.source}" + ("-dense_layers" if self.top else "")
        stem = self.source.rsplit("/", 1)[-1].rsplit(".", 1)[0]
        stem = re.sub(r"[^A-Za-z0-9_]+", "_", stem)
        digest = hashlib.sha256(self.source.encode()).hexdigest()[:6]
        if self.image_size is not None:
            return f"{name}-{stem}-{size_name(self.image_size)}px-{digest}"
        return f"{name}-{stem}-{digest}"

    @property
    def experiment(self) -> str | None:
        """The experiment whose chosen network has these weights; None where no one has."""
        if not self.source.startswith(WEIGHTS_FROM_EXPERIMENT):
            return None
        return self.source.removeprefix(WEIGHTS_FROM_EXPERIMENT)

    @property
    def preset(self) -> str | None:
        """Name or folder of the preset that has these weights; None where none has."""
        return self.source.removeprefix(PRESET) if self.source.startswith(PRESET) else None


@dataclass(frozen=True)
class CodebookSpec:
    """What an encoding learns of the local descriptors of training images.

    Attributes:
        maps: The descriptors: maps of the plain images.
        subset: Training images that it learns from.
        encoding: How; what does not concern the codebook is at its default.
        seed: Seed of the sample and of where learning starts.
        fold: The fold whose training images it learns from; None: it learns from the subset.
    """

    maps: FeatureSet
    subset: str
    encoding: Encoding
    seed: int
    fold: FoldSpec | None = None

    @cached_property
    def id(self) -> str:
        """Folder below results/codebooks."""
        parts = self.encoding.model_dump(include=set(OF_CODEBOOK), exclude_defaults=True)
        values: tuple[object, ...] = (self.maps.id, self.subset, sorted(parts.items()), self.seed)
        if self.fold is not None:
            values = (*values, self.fold.folds, self.fold.id)
        digest = hashlib.sha256(repr(values).encode()).hexdigest()[:8]
        maps = self.maps
        name = f"{maps.backbone}-{maps.layer}-{size_name(maps.image_size)}px"
        return f"{name}-{self.encoding.name}_{self.encoding.size}-{digest}"


@lru_cache(maxsize=1024)
def shared(features: FeatureSet) -> FeatureSet:
    """The first of equal feature sets, which knows its id."""
    return features


def plain_features(settings: Settings) -> FeatureSet:
    """The features of the plain images at the end of the settings' backbone."""
    head, encoding = settings.head, settings.encoding
    positions = head.pooling == "flatten" or head.aggregation != "none" or encoding is not None
    pooling = "map" if positions else head.pooling
    drawn = settings.weights == "none" and settings.backbone not in HANDCRAFTED
    plain = shared(
        FeatureSet(
            backbone=settings.backbone,
            weights=settings.weights,
            image_size=image_size(settings),
            layer=cut_layer(settings),
            pooling=pooling,
            seed=settings.seed if drawn else 0,
            network=settings.network,
        )
    )
    if encoding is None:
        return plain
    codebook = CodebookSpec(plain, training_subset(settings), encoding.of_codebook, settings.seed)
    return replace(plain, encoding=encoding, codebook=codebook)


def training_features(settings: Settings, plain: FeatureSet | None = None) -> FeatureSet:
    """The features that a head learns from: augmented views where the settings augment.

    Args:
        settings: The settings of a trial.
        plain: What `plain_features` gave for them, if it is known.
    """
    return _viewed(settings, plain, settings.views)


def first_step_features(settings: Settings, plain: FeatureSet | None = None) -> FeatureSet:
    """The features that a head learns from in the first of two steps. Arguments as above."""
    views = 0 if settings.first_step is None else settings.first_step.views
    return _viewed(settings, plain, views)


def _viewed(settings: Settings, plain: FeatureSet | None, views: int) -> FeatureSet:
    plain = plain or plain_features(settings)
    if not settings.augment.active or not views:
        return plain
    return replace(
        plain,
        subset=training_subset(settings),
        augment=settings.augment,
        views=views,
        seed=settings.seed,
    )
