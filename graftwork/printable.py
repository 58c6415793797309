"""Texts from outside, made fit to print."""

import unicodedata

# Characters that would break a file (control codes, halves of surrogate pairs) or
# turn the text after them around (bidirectional overrides).
_UNFIT = {"Cc", "Cs"}
_TURNING = set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def printable(text: str) -> str:
    """Returns `text` with `�` for each character that cannot or must not be printed."""
    if text.isprintable():  # Nearly all text of long journals.
        return text
    return "".join(
        "\ufffd" if unicodedata.category(c) in _UNFIT or c in _TURNING else c for c in text
    )
