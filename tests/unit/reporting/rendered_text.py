"""Text of the report as a browser gets it."""

from docutils.core import publish_parts


def as_html(text: str) -> str:
    """The text as Snakemake renders it; a warning is an error."""
    settings = {"halt_level": 2, "report_level": 2, "raw_enabled": False}
    parts: dict[str, str] = publish_parts(text, writer="html", settings_overrides=settings)
    return parts["html_body"]
