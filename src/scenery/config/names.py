"""Names of experiments and training sets."""

import re
from typing import Annotated

from pydantic import AfterValidator, Field

MAX_NAME_LENGTH = 60
NAME = r"[A-Za-z][A-Za-z0-9_]*"
# Subsets that need no definition: so many images of each class.
PER_CLASS = re.compile(r"per_class_([1-9][0-9]*)")


def _name(value: str) -> str:
    # Names become folders, file names and Slurm comments.
    if not re.fullmatch(NAME, value):
        raise ValueError("a name starts with a letter and has letters, digits and _ only")
    if len(value) > MAX_NAME_LENGTH:
        raise ValueError(f"a name has at most {MAX_NAME_LENGTH} characters; found {len(value)}")
    return value


def _not_full(value: str) -> str:
    if value == "full":
        raise ValueError("full is the name of the whole training set; take another one")
    if value.startswith("per_class_"):
        raise ValueError(
            "per_class_N needs no definition: it is N images of each class; take another name"
        )
    return value


Name = Annotated[str, AfterValidator(_name)]
SubsetName = Annotated[str, AfterValidator(_name), AfterValidator(_not_full)]
ColumnName = Annotated[str, Field(min_length=1)]
