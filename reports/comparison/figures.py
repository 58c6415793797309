"""The figures of a comparison as files: pictures (PNG) and vector graphics (PDF, SVG)."""

import io
import re
from collections.abc import Callable, Iterator

import matplotlib
from jinja2 import Environment, PackageLoader
from matplotlib.figure import Figure

from graftwork.files import atomic_file, write_text
from reports.comparison.browser import Browser, BrowserError
from reports.comparison.document import Chart, Document, Drawing, Picture
from reports.comparison.output import ReportFolder

FOLDER = "figures"
DOTS = 200
"""Dots an inch of a chart as PNG."""
_DARK = re.compile(r"@media screen and \(prefers-color-scheme: dark\) \{.*?\n\}\n", re.DOTALL)
_STYLES = ("style.css", "gan_cell.css", "comparison.css")


class Figures:
    """Writes the figures of one document, each at most once in each format.

    Args:
        document: The comparison.
        folder: Where the files go.

    Attributes:
        notices: What could not be made, in sentences.
    """

    def __init__(self, document: Document, folder: ReportFolder) -> None:
        self.document = document
        self.notices: list[str] = []
        self._folder = folder
        self._browser: Browser | None = None
        self._made: dict[tuple[str, str], bytes] = {}
        self._style = _style()

    def __enter__(self) -> "Figures":
        return self

    def __exit__(self, *_: object) -> None:
        if self._browser is not None:
            self._browser.close()

    def browser(self) -> Browser:
        """Returns the browser, started at the first call.

        Raises:
            BrowserError: If there is none.
        """
        if self._browser is None:
            self._browser = Browser()
        return self._browser

    def write(self, format: str, kind: str) -> dict[str, str]:
        """Writes every figure.

        A picture of pixels is PNG in any case. A drawing is SVG where it would need a browser
        and there is none.

        Args:
            format: The format of the report that the files belong to.
            kind: `"png"` or `"pdf"`.

        Returns:
            For the name of every figure the path of its file inside the report's folder.
        """
        files = {}
        for block in figures(self.document):
            ending, data = self._make(block, kind)
            name = f"{FOLDER}/{block.name}.{ending}"
            if ending == "svg":
                write_text(self._folder.file(format, name), data.decode())
            else:
                with atomic_file(self._folder.file(format, name), "wb") as file:
                    file.write(data)
            files[block.name] = name
        return files

    def _make(self, block: Chart | Drawing | Picture, kind: str) -> tuple[str, bytes]:
        if isinstance(block, Picture):
            return "png", block.png
        if isinstance(block, Drawing):
            return self._draw(block, kind)
        return kind, self._once(block.name, kind, lambda: _saved(block.figure, kind))

    def _draw(self, drawing: Drawing, kind: str) -> tuple[str, bytes]:
        if kind == "png" and drawing.png is not None:
            return "png", drawing.png
        page = (
            f'<!doctype html><meta charset="utf-8"><style>{self._style}\n'
            "body { margin: 0; padding: 0; max-width: none; }\n"
            "body > div { width: max-content; padding: 6px; }\n"
            "svg { max-width: none !important; max-height: none !important; }</style>"
            f"<body><div>{drawing.svg}</div></body>"
        )
        try:
            browser = self.browser()
            make = browser.picture if kind == "png" else browser.print_drawing
            return kind, self._once(drawing.name, kind, lambda: make(page))
        except BrowserError as error:
            notice = f"Trees and cells are SVG instead of {kind.upper()}: {error}"
            if notice not in self.notices:
                self.notices.append(notice)
            return "svg", standalone_svg(drawing.svg, self._style).encode()

    def _once(self, name: str, kind: str, make: Callable[[], bytes]) -> bytes:
        if (name, kind) not in self._made:
            self._made[name, kind] = make()
        return self._made[name, kind]


def figures(document: Document) -> Iterator[Chart | Drawing | Picture]:
    """Yields the figures of a document, in order."""
    for section in document.sections:
        for block in section.blocks:
            if isinstance(block, Chart | Drawing | Picture):
                yield block


def standalone_svg(svg: str, style: str) -> str:
    """Returns a drawing of a page as a file of its own, with the page's style sheet inside."""
    svg = svg[svg.index("<svg") :]
    if "xmlns=" not in svg.split(">", 1)[0]:
        svg = svg.replace("<svg", '<svg xmlns="http://www.w3.org/2000/svg"', 1)
    start, rest = svg.split(">", 1)
    return f"{start}><style><![CDATA[{style}]]></style>{rest.strip()}\n"


def _style() -> str:
    """Returns the style sheets of a page, always light."""
    environment = Environment(loader=PackageLoader("reports"))
    assert environment.loader is not None
    texts = (environment.loader.get_source(environment, name)[0] for name in _STYLES)
    return _DARK.sub("", "\n".join(texts))


def _saved(figure: Figure, kind: str) -> bytes:
    buffer = io.BytesIO()
    # Type 42 keeps texts as texts: journals refuse matplotlib's own choice, type 3.
    undated = {"CreationDate": None} if kind == "pdf" else {}
    with matplotlib.rc_context({"pdf.fonttype": 42}):
        figure.savefig(buffer, format=kind, dpi=DOTS, facecolor="white", metadata=undated)
    return buffer.getvalue()
