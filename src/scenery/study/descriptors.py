"""Local descriptors: what the config alone says of whether an encoding fits them."""

from scenery.config.settings import Settings
from scenery.errors import UserError
from scenery.image_size import ImageSize
from scenery.registry import architecture_outlines
from scenery.registry.backbone_facts import facts
from scenery.registry.custom_architectures import ARCHITECTURES, GLOBAL, HANDCRAFTED


def check_descriptors(settings: Settings, layer: str, image_size: ImageSize, place: str) -> None:
    """Refuse an encoding that does not fit the local descriptors.

    Args:
        settings: Of a trial.
        layer: Where its backbone ends.
        image_size: Size of its images in pixels.
        place: Where the settings were written, for the message.

    Raises:
        UserError: With the numbers.
    """
    wrong = _mistake(settings, layer, image_size)
    if wrong is not None:
        raise UserError(f"{place}: {wrong}")


def _mistake(settings: Settings, layer: str, image_size: ImageSize) -> str | None:
    encoding = settings.encoding
    if settings.backbone in GLOBAL:
        if encoding is not None:
            return (
                f"encoding: {settings.backbone} gives one vector for an image, and an encoding is "
                "for local descriptors; leave it out"
            )
        if settings.classifier is None:
            return (
                f"backbone: {settings.backbone} gives a vector for a classifier, and there is none "
                "(such as svm)"
            )
        return None
    if encoding is None:
        if settings.backbone in HANDCRAFTED:
            return (
                f"backbone: {settings.backbone} gives local descriptors, which need an encoding "
                "(such as bag_of_words) and a classifier"
            )
        return None
    if settings.classifier is None:
        return f"encoding: the vectors of {encoding.name} are for a classifier, and there is none"
    positions, values = _shape(settings, layer, image_size)
    finest = max(encoding.pyramid)
    if positions is not None and finest > positions:
        return (
            f"encoding.pyramid: a level of {finest} x {finest} cells has empty ones; "
            f"{settings.backbone} gives descriptors at {positions} x {positions} positions"
        )
    if values is not None and (encoding.components or 0) > values:
        return (
            f"encoding.components: found {encoding.components}, but the descriptors of "
            f"{settings.backbone} at {layer} have {values} values"
        )
    return None


def _shape(settings: Settings, layer: str, image_size: ImageSize) -> tuple[int | None, int | None]:
    """Positions along the smaller side and values of the descriptors, as far as they are known."""
    if settings.backbone in ARCHITECTURES:
        for step in architecture_outlines.architecture_outline(
            settings.backbone, settings.network, image_size
        ):
            if step.layer == layer:
                return step.size, step.channels
        return None, None
    known = facts(settings.backbone, settings.network)
    for point in (*known.cut_points, *known.dense_layers):
        if point.layer == layer:
            # At another than the native size there are other positions.
            native = image_size == known.size
            return point.size if native else None, point.channels
    return None, None
