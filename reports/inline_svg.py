"""A matplotlib figure as SVG inside a page: texts as texts, colours from the page."""

import io
import re

import matplotlib
from markupsafe import Markup, escape
from matplotlib.figure import Figure

from reports.palette import BRANCHES, INK, MUTED, RULE

# The page defines these; its dark mode gives them other values.
_COLOURS = {INK: "currentColor", MUTED: "var(--muted)", RULE: "var(--rule)"} | {
    colour: f"var(--b{index})" for index, colour in enumerate(BRANCHES)
}


def inline_svg(figure: Figure, name: str, label: str) -> Markup:
    """Returns a figure as an `<svg>` element for an HTML page.

    The same figure gives the same bytes. Ids begin with `name`, so that the figures of one
    page do not meet.

    Args:
        figure: The figure; its colours are those of `palette`.
        name: Word that no other figure of the page has.
        label: What the figure shows, for those who cannot see it.
    """
    buffer = io.StringIO()
    nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": name}):
        figure.savefig(buffer, format="svg", transparent=True, metadata=nothing)
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    # Inside HTML a style sheet would rule the whole page and the namespaces are known;
    # the page sets size and type.
    text = re.sub(r"<(metadata|style)\b.*?</\1>", "", text, flags=re.DOTALL)
    text = re.sub(r' xmlns(:xlink)?="[^"]*"', "", text).replace("xlink:href", "href")
    text = re.sub(r'<svg width="[^"]*" height="[^"]*"', "<svg", text, count=1)
    text = re.sub(r"(font: [^;\"']*?px)[^;\"]*", r"\1 inherit", text)
    text = re.sub(r'\bid="', f'id="{name}-', text)
    text = text.replace('href="#', f'href="#{name}-').replace("url(#", f"url(#{name}-")
    for colour, replacement in _COLOURS.items():
        text = text.replace(colour, replacement)
    return Markup(text.replace("<svg", f'<svg role="img" aria-label="{escape(label)}"', 1))
