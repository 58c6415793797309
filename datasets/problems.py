"""What is wrong with the files of a dataset, counted, each with its place."""

import dataclasses

KEPT = 20
"""How many problems of one kind are kept in words; all are counted."""
LONGEST = 60
"""Characters of a file's content that a message quotes."""


def plain(text: str) -> str:
    """Returns a text on one line, with line breaks and what else cannot be printed escaped."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def quoted(text: str) -> str:
    """Returns what a file holds as messages show it: in quotes, escaped, cut where it is long."""
    return repr(text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…")


@dataclasses.dataclass
class Problems:
    """What was found wrong while a dataset was read.

    A problem of one row or one image is added here and the row is left out, or the label
    is taken as missing; what makes the whole file useless raises an `InputError` instead.

    Attributes:
        counts: How many there are of each kind, in the order in which kinds were met.
        first: The first few of each kind, in words, one line each: `"place: what is wrong"`.
        left_out_by_kind: How many images are left out for each kind.
    """

    counts: dict[str, int] = dataclasses.field(default_factory=dict)
    first: dict[str, list[str]] = dataclasses.field(default_factory=dict)
    left_out_by_kind: dict[str, int] = dataclasses.field(default_factory=dict)

    @property
    def left_out(self) -> int:
        """How many images that a table names are left out."""
        return sum(self.left_out_by_kind.values())

    def add(self, kind: str, place: str, text: str, *, left_out: bool = False) -> None:
        """Adds one problem.

        Args:
            kind: The kind, a few words in the plural: `"rows without an image"`.
            place: Where it is: `"attributes.csv, line 12"`, or the path of an image.
            text: What is wrong there, and what was expected.
            left_out: Whether an image is left out for it.
        """
        self.counts[kind] = self.counts.get(kind, 0) + 1
        if left_out:
            self.left_out_by_kind[kind] = self.left_out_by_kind.get(kind, 0) + 1
        kept = self.first.setdefault(kind, [])
        if len(kept) < KEPT:
            kept.append(plain(f"{place}: {text}"))
