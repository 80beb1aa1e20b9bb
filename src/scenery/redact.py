"""Secrets kept out of messages and logs."""

import re

# user:password@ of an address; what an address or a header gives for a word such as token.
_USER = re.compile(r"(?<=://)[^\s/@'\"]+@")
_WORDS = r"[\w-]*(?:token|secret|passw(?:or)?d|signature|credential|api-?_?key)[\w-]*"
_VALUE = re.compile(rf"(?i)([?&;]{_WORDS}=)[^\s&;'\"]+")
_HEADER = re.compile(r"(?i)(authorization['\"]?\s*[:=]\s*['\"]?(?:bearer|basic|token)\s+)[^\s'\"]+")


def redact(text: str) -> str:
    """A text in which *** stands for the passwords and tokens of addresses and headers.

    A download that fails names its address, and addresses may hold both: those of a proxy, or of
    a file that only some may fetch.
    """
    text = _USER.sub("***@", text)
    return _HEADER.sub(r"\1***", _VALUE.sub(r"\1***", text))
