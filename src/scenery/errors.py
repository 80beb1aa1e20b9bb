"""The one exception for a user's mistake."""

from scenery.redact import redact


class UserError(Exception):
    """A mistake in a config, a data set or a weights file.

    The message stands alone: it names the file or key, the value found and what is allowed.
    Scripts print it as one line and exit with status 1; no traceback is shown. Passwords and
    tokens in addresses are masked.
    """

    def __init__(self, message: str) -> None:
        super().__init__(redact(message))
