"""What a case of bad input is, and a small good data set to spoil."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

USED = "used: "


@dataclass(frozen=True)
class Case:
    """One kind of bad input.

    Attributes:
        what: Its description, as docs/explanation/trust.md says it.
        make: Makes it in the current folder.
        says: What the message says; or, behind "used: ", what becomes of it.
    """

    what: str
    make: Callable[[], object]
    says: str

    @property
    def stops(self) -> bool:
        """Whether the study stops, before anything is trained."""
        return not self.says.startswith(USED)

    @property
    def row(self) -> str:
        """The case as a row of a table."""
        rest = "..." if self.says.count("(") != self.says.count(")") else ""
        outcome = f"stops: `{self.says}{rest}`" if self.stops else self.says
        cells = [" ".join(cell.split()).replace("|", r"\|") for cell in (self.what, outcome)]
        return f"| {' | '.join(cells)} |"


def noise(seed: int, height: int = 40, width: int = 40) -> Image.Image:
    """A picture that no other is like."""
    random = np.random.default_rng(seed)
    return Image.fromarray(random.integers(0, 256, (height, width, 3), dtype=np.uint8))


def picture(file: str, seed: int, image: Image.Image | None = None, **options: object) -> Path:
    """Save a picture below images/."""
    path = Path("images") / file
    path.parent.mkdir(parents=True, exist_ok=True)
    (image or noise(seed)).save(path, **options)  # type: ignore[arg-type]
    return path


def content(file: str, data: bytes) -> Path:
    """Save bytes below images/."""
    path = Path("images") / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def good(*classes: str) -> None:
    """A data set of four good pictures a class, the first with the seed 0, 10, 20, ..."""
    for number, name in enumerate(classes or ("coast", "forest")):
        for copy in range(4):
            picture(f"{name}/{copy}.png", 10 * number + copy)
