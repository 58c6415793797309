"""Colours of the reports, the same in the page and in the pictures.

The branch colours are those of Okabe and Ito, which people with any of the common forms of
colour blindness can tell apart. Their yellow is darkened, to be seen on white, and their
black is a grey, because ink and shared blocks are black already.
"""

INK = "#1b1f24"
MUTED = "#5c6570"
RULE = "#d9dee4"
BRANCHES = (
    "#0072b2",
    "#d55e00",
    "#009e73",
    "#cc79a7",
    "#e69f00",
    "#56b4e9",
    "#a89b00",
    "#878f99",
)
ACCENT = BRANCHES[0]


def branch_colour(branch: int | None) -> str:
    """Returns the colour of a branch; blocks above the branches are drawn in ink."""
    return MUTED if branch is None else BRANCHES[branch % len(BRANCHES)]
