"""Plain text as LaTeX that pdflatex can print, whatever is in it."""

import re
import unicodedata

LONG, BREAK = 22, 11
"""A word of more letters than the first may break after every so many: it is a hash, or a path."""

_SPECIAL = {
    **{"\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#"},
    **{"%": r"\%", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "|": r"\textbar{}"},
    # A long name may break behind these.
    **{"_": r"\_\allowbreak{}", "/": r"/\allowbreak{}"},
    # Behind the end of a line these would belong to it.
    **{"[": "{[}", "*": "{*}"},
    # Not as ligatures: << would become a quotation mark.
    **{"<": r"\textless{}", ">": r"\textgreater{}", '"': r"\textquotedbl{}"},
    **{"'": r"\textquotesingle{}", "`": r"\textasciigrave{}"},
}
_SIGNS = {
    **{"−": "-", "·": r"\cdot", "×": r"\times", "±": r"\pm", "≤": r"\leq", "≥": r"\geq"},
    **{"≈": r"\approx", "→": r"\rightarrow", "←": r"\leftarrow", "∞": r"\infty", "≠": r"\neq"},
    **{"√": r"\surd", "∈": r"\in", "∑": r"\sum", "⋅": r"\cdot", "↑": r"\uparrow"},
    **{"↓": r"\downarrow", "∅": r"\emptyset", "∝": r"\propto", "µ": r"\mu", "°": r"^\circ"},
}
_TEXTS = {
    **{"–": "--", "—": "---", "…": r"\ldots{}", "“": "``", "”": "''", "‘": "`", "’": "'"},
    **{"„": ",,", "\u00a0": "~", "\u202f": r"\,", "\u2009": r"\,", "•": r"\textbullet{}"},
    **{"€": r"\texteuro{}", "©": r"\textcopyright{}", "®": r"\textregistered{}", "§": r"\S{}"},
}
# Greek letters that look like Latin ones have no command of their own.
_LATIN = dict(zip("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧο", "ABEZHIKMNOPTYXo", strict=True))
# What T1-encoded fonts have beyond ASCII: Western and Central European letters.
_LETTERS = re.compile("[À-ÖØ-öø-ÿĀ-ćĊ-ďĒēĖ-ěĞ-ġĪīĮ-ıĶķĹ-ľŁ-ňŊ-ōŐ-śŞ-ťŪ-ūŮ-ųŸ-ž]")


def escape(text: str) -> str:
    """Returns a plain text as LaTeX that shows it, in one line.

    Signs of mathematics, Greek letters, and digits above or below the line become what LaTeX
    has for them. A character that its fonts lack is shown by its number, as `[U+6F22]`.
    """
    line = " ".join(text.split())
    return "".join(_piece(piece) for piece in re.split(r"(?<=[ _/])", line))


def _piece(piece: str) -> str:
    parts = []
    for place, character in enumerate(piece):
        if len(piece) > LONG and place and place % BREAK == 0:
            parts.append(r"\allowbreak{}")
        parts.append(_character(character))
        if character in "-," and piece[place + 1 : place + 2] == character:
            parts.append("{}")  # Two hyphens would become a dash, two commas a quotation mark.
    return "".join(parts)


def _character(character: str) -> str:
    if character in _SPECIAL:
        return _SPECIAL[character]
    if character.isascii() and character.isprintable():
        return character
    if character in _TEXTS:
        return _TEXTS[character]
    if character in _SIGNS:
        return rf"\ensuremath{{{_SIGNS[character]}}}"
    return _greek(character) or _raised(character) or _letter(character)


def _greek(character: str) -> str:
    if character in _LATIN:
        return rf"\ensuremath{{\mathrm{{{_LATIN[character]}}}}}"
    found = re.fullmatch(
        r"GREEK (SMALL|CAPITAL) LETTER (FINAL )?(\w+)", unicodedata.name(character, "")
    )
    if not found or not "α" <= character.lower() <= "ω":
        return ""
    name = {"LAMDA": "lambda"}.get(found[3], found[3].lower())
    if found[2]:
        name = "varsigma"
    return rf"\ensuremath{{\{name if found[1] == 'SMALL' else name.capitalize()}}}"


def _raised(character: str) -> str:
    """Returns a digit or sign above or below the line; else nothing."""
    for kind, mark in (("<super>", "^"), ("<sub>", "_")):
        if unicodedata.decomposition(character).startswith(kind):
            plain = unicodedata.normalize("NFKC", character).replace("−", "-")
            if plain.isascii():
                return rf"\ensuremath{{{mark}{{{plain}}}}}"
    return ""


def _letter(character: str) -> str:
    if _LETTERS.fullmatch(character):
        return character
    plain = unicodedata.normalize("NFKD", character).encode("ascii", "ignore").decode()
    if plain.strip() and plain.isprintable():
        return "".join(_SPECIAL.get(part, part) for part in plain)
    if unicodedata.category(character) in ("Mn", "Cf", "Zs", "Zl", "Zp"):
        return " " if unicodedata.category(character).startswith("Z") else ""
    return f"{{[}}U+{ord(character):04X}]"
