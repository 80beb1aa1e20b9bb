"""Write the card of a final model.

In: model.json, the score on test images, the choice and the split. Out: card.html for the report,
and README.md beside it, in which the words of a user are kept.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from scenery.files import write_text
from scenery.pipeline.execution import script_log
from scenery.pipeline.model_folder import CARD
from scenery.reporting.card_pages import card_page
from scenery.reporting.model_card import CardFiles, card_sections, write_card

if TYPE_CHECKING:
    from snakemake.script import snakemake


def main(files: CardFiles, page: Path) -> None:
    """Write both."""
    write_text(card_page(card_sections(files)), page)
    write_card(files, files.model.with_name(CARD))


if __name__ == "__main__":
    with script_log(snakemake.log[0]):
        main(
            CardFiles(**{name: Path(path) for name, path in snakemake.input.items()}),
            Path(snakemake.output.page),
        )
