"""Downloading a published preset of KerasHub, through kagglehub as KerasHub does it."""

from pathlib import Path

from scenery.errors import UserError
from scenery.installation import missing_packages
from scenery.messages import short_repr, suggestions
from scenery.registry.presets import published_presets, read_preset


def download_preset(name: str) -> Path:
    """Download a preset unless it is there, and check it; the folder with its files.

    Args:
        name: Its published name.

    Raises:
        UserError: The name is not known, packages are missing, the download failed, or what was
            downloaded is no preset that can be read.
    """
    if name not in published_presets():
        raise UserError(
            f"preset: {short_repr(name)} is not known; {suggestions(name, published_presets())}"
        )
    if missing := missing_packages("hub"):
        raise UserError(f"preset: the download {missing}")
    import kagglehub

    try:
        folder = kagglehub.model_download(published_presets()[name]["handle"])
    # kagglehub raises errors of its own, of requests and of tarfile, with no common base.
    except Exception as error:
        reason = " ".join(str(error).split())[:300]
        raise UserError(
            f"preset: {name} could not be downloaded ({reason}); run this where there is network "
            "access, or give a folder (weights: preset:FOLDER)"
        ) from error
    read_preset(name)
    return Path(folder)
