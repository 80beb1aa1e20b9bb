"""What a message says of a name that is not known."""

import difflib
from collections.abc import Iterable

MAX_NAMES = 12


def suggestions(found: object, known: Iterable[str]) -> str:
    """The end of a message: the known names nearest to the one found, or the first of all."""
    known = list(known)
    # By lower case, since `mobilenet` for `MobileNet` is the likeliest mistake.
    lower = {name.lower(): name for name in reversed(known)}
    close = difflib.get_close_matches(str(found)[:100].lower(), lower, n=3, cutoff=0.7)
    if close:
        return f"did you mean {' or '.join(lower[name] for name in close)}?"
    more = ", ..." if len(known) > MAX_NAMES else ""
    return f"known are {', '.join(known[:MAX_NAMES])}{more}"


def one_line(name: object) -> str:
    """A name as a message shows it: on one line, without control characters, not too long."""
    text = " ".join(str(name).split())
    if not text.isprintable():
        text = ascii(text)[1:-1]
    return text if len(text) <= 60 else text[:57] + "..."


def short_repr(value: object) -> str:
    """A value as a message shows it, not too long."""
    # Digits of a number of thousands of them are more than Python turns into text.
    whole = isinstance(value, int) and abs(value) > 10**50
    text = "a number of more than 50 digits" if whole else repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
