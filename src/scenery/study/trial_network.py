"""The network that a trial's settings ask for: its input, its last layer, what it cannot have."""

from scenery.config.settings import Settings
from scenery.config.study import Study
from scenery.errors import UserError
from scenery.image_size import ImageSize, sides, size_name
from scenery.messages import short_repr, suggestions
from scenery.registry.backbone_facts import (
    BackboneFacts,
    check_dense_size,
    facts,
    resolve_cut,
    stage_count,
)
from scenery.registry.custom_architectures import (
    HANDCRAFTED,
    NATIVE_SIZES,
    Network,
    auxiliary_layers,
)
from scenery.registry.presets import PRESET_BACKBONES, TOKEN_POOLINGS, read_preset
from scenery.registry.transformer_facts import check_image_size
from scenery.study.subsets import subset_exists

# Backbones whose layers and weights depend on the image size and their options.
SIZED = frozenset({*NATIVE_SIZES, *PRESET_BACKBONES})
# Image size and options, which decide the layers of such a backbone; None for the others.
OwnNetwork = tuple[ImageSize, Network] | None


def network_facts(settings: Settings) -> BackboneFacts:
    """What is known of the settings' backbone; UserError where there is no such network."""
    size = None if settings.image_size == "native" else settings.image_size
    return facts(settings.backbone, settings.network, size)


def image_size(settings: Settings) -> ImageSize:
    """Size of the input in pixels."""
    if settings.image_size == "native":
        return network_facts(settings).size
    return settings.image_size


def own_network(settings: Settings) -> OwnNetwork:
    """What decides the layers of the network, if not its name alone."""
    return (image_size(settings), settings.network) if settings.backbone in SIZED else None


def cut_layer(settings: Settings) -> str:
    """The layer at which the settings end the backbone."""
    return resolve_cut(network_facts(settings), settings.cut, settings.remove_stages)


def cut_is_possible(settings: Settings) -> bool:
    """Whether the backbone has the stages that the settings take off or train."""
    try:
        check_network(settings, "")
    except UserError:
        return False
    return True


def check_network(settings: Settings, place: str) -> None:
    """Refuse a cut that the backbone does not have.

    Raises:
        UserError: Naming the setting, its value and what is allowed.
    """
    try:
        layer = cut_layer(settings)
        check_dense_size(settings.backbone, layer, image_size(settings))
    except UserError as error:
        raise UserError(f"{place}: {error}") from None
    _check_first_trained(settings, layer, place)
    _check_auxiliary_outputs(settings, layer, place)
    stages = stage_count(network_facts(settings), layer)
    if (settings.trainable_stages or 0) > stages:
        raise UserError(
            f"{place}: trainable: {settings.trainable} asks for {settings.trainable_stages} "
            f"stages, but {settings.backbone} up to {layer} has {stages}"
        )


def _check_first_trained(settings: Settings, end: str, place: str) -> None:
    """Refuse to train from a layer that the backbone, which ends at `end`, does not have."""
    first = settings.first_trained_layer
    layers = network_facts(settings).layers
    layers = layers[: layers.index(end) + 1]
    if first is not None and first not in layers:
        raise UserError(
            f"{place}: trainable: {settings.backbone} up to {end} has no layer "
            f"{short_repr(first)}; {suggestions(first, layers)}"
        )


def _check_auxiliary_outputs(settings: Settings, end: str, place: str) -> None:
    """Refuse outputs on layers that are not below the end of the backbone."""
    layers = network_facts(settings).layers
    below = layers[: layers.index(end)]
    for layer in auxiliary_layers(settings.backbone, settings.network):
        if layer not in below:
            raise UserError(
                f"{place}: network.auxiliary_outputs: {settings.backbone} up to {end} does not "
                f"reach beyond {layer}, which has one of the "
                f"{getattr(settings.network, 'auxiliary_outputs', 0)} outputs; give fewer of them, "
                "or fewer stages or blocks instead of a cut"
            )


def _check_tokens(settings: Settings, place: str) -> None:
    """Refuse a size that does not fit the preset, and a class token that there is not."""
    if settings.backbone not in PRESET_BACKBONES or settings.network.preset is None:
        return
    network = read_preset(settings.network.preset).network
    try:
        check_image_size(network, image_size(settings))
    except UserError as error:
        raise UserError(f"{place}: {error}") from None
    if settings.head.pooling in TOKEN_POOLINGS and not network.class_token:
        raise UserError(
            f"{place}: head.pooling: {settings.backbone} has no class token; found "
            f"{settings.head.pooling}"
        )


def check_fit(study: Study, settings: Settings, place: str) -> None:
    """Refuse settings that are fine one by one but do not fit the study or the backbone.

    Raises:
        UserError: Naming the setting, its value and what is allowed.
    """
    try:
        known = network_facts(settings)
    except UserError as error:
        raise UserError(f"{place}: {error}") from None
    if not subset_exists(study, settings.subset):
        raise UserError(
            f"{place}: subset: there is no subset {short_repr(settings.subset)}; "
            f"{suggestions(settings.subset, (*study.subset_names, 'per_class_N'))}"
        )
    neighbors = settings.classifier is not None and settings.classifier.name == "nearest_neighbors"
    if study.dataset.weight_col is not None and neighbors:
        raise UserError(
            f"{place}: classifier.name: nearest_neighbors cannot weight images, which "
            f"dataset.weight_col: {study.dataset.weight_col} asks for; leave one of them out"
        )
    if settings.weights != "none" and settings.backbone in HANDCRAFTED:
        raise UserError(
            f"{place}: weights: {settings.backbone} is made by hand and has none; give none; "
            f"found {settings.weights!r}"
        )
    built_anew = settings.backbone in NATIVE_SIZES and settings.weights_from is None
    if settings.weights != "none" and built_anew:
        raise UserError(
            f"{place}: weights: {settings.backbone} is built anew for each trial and there are no "
            f"weights for it; give none, trainable: scratch, or experiment:NAME; found "
            f"{settings.weights!r}"
        )
    _check_tokens(settings, place)
    if settings.weights == "imagenet" and settings.backbone in PRESET_BACKBONES:
        raise UserError(
            f"{place}: weights: {settings.backbone} has no weights imagenet; give "
            "preset:NAME_OR_FOLDER, a file, none or experiment:NAME"
        )
    if settings.weights == "imagenet" and not known.imagenet:
        raise UserError(
            f"{place}: weights: Keras has no ImageNet weights for {settings.backbone}; give the "
            "path of a weights file, or none"
        )
    size = image_size(settings)
    if min(sides(size)) < known.smallest_size:
        raise UserError(
            f"{place}: image_size: {settings.backbone} needs at least {known.smallest_size} "
            f"pixels; found {size_name(size)}"
        )
