"""The comparison as a web page, in a real browser: it sorts, fits, reads well, loads nothing."""

import re
from pathlib import Path

import numpy as np
import pytest
from browsing import open_browser, resize
from fake_document import ATTRIBUTES, LONG, METHODS, NASTY, make_document

from reports.comparison.document import Cell, Column, Document, Drawing, Section, Table
from reports.comparison.html import _pieces, write_html

PAPER = 688  # Pixels: A4 without the page's margins.

# Yields all rendered elements that hold text themselves, with their colours and size.
TEXTS = """() => {
  const parse = (c) => (c.match(/[\\d.]+/g) || [0, 0, 0, 0]).map(Number);
  const found = [];
  for (const element of document.querySelectorAll("body *")) {
    const own = [...element.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
    if (!own || !element.getClientRects().length || element.closest(".unseen, script, title, desc"))
      continue;
    const style = getComputedStyle(element);
    const layers = [];
    for (let e = element; e; e = e.parentElement)
      layers.push(parse(getComputedStyle(e).backgroundColor));
    const svg = element.ownerSVGElement != null;
    found.push({ text: element.textContent.trim().slice(0, 40), layers,
                 colour: parse(svg ? style.fill : style.color), size: parseFloat(style.fontSize),
                 opacity: Number(style.opacity) });
  }
  return found;
}"""


@pytest.fixture(scope="module")
def browser():
    with open_browser() as browser:
        yield browser


@pytest.fixture(scope="module")
def report(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("comparison") / "report.html"
    write_html(make_document(), path)
    return path


@pytest.fixture
def show(browser):
    """Opens a page; afterwards there must be no error and no request but that for the file."""
    contexts, problems = [], []

    def show(path, width=1200, scheme="light", media="screen"):
        context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, reduced_motion="reduce"
        )
        contexts.append(context)

        def judge(route):
            if route.request.url == path.as_uri():
                return route.continue_()
            problems.append(route.request.url)
            return route.abort()

        context.route("**/*", judge)
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.on("console", lambda message: problems.append(message.text))
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("dialog", lambda dialog: problems.append(dialog.message))
        page.emulate_media(media=media, color_scheme=scheme)
        page.goto(path.as_uri())
        return page

    yield show
    for context in contexts:
        context.close()
    assert problems == []


def column(page, table: str, place: int) -> list[str]:
    cells = f"#{table} .scroll tbody tr > :nth-child({place + 1})"
    return page.locator(f"{cells} .text").all_inner_texts()


def heads(page, table: str):
    return page.locator(f"#{table} .scroll thead th")


def test_everything_is_there_and_nothing_runs_or_loads(show, report):
    page = show(report, width=1500)
    text = page.inner_text("body")
    document = make_document()
    for expected in (document.title, *document.summary, document.about, document.command):
        assert expected in text
    assert NASTY in text
    assert page.evaluate("document.querySelectorAll('script').length") == 1
    links = page.locator("nav a")
    assert links.all_inner_texts() == [section.title for section in document.sections]
    for place in range(links.count()):
        assert page.locator(links.nth(place).get_attribute("href")).count() == 1
    ids = page.evaluate("[...document.querySelectorAll('[id]')].map((e) => e.id)")
    assert len(ids) == len(set(ids))


def test_the_policy_stops_requests_and_other_scripts(browser, report, tmp_path):
    # What a text would do if it were ever written unescaped.
    bad = "<script>window.ran = 1</script><img src='https://example.com/a.png' onerror='ran = 1'>"
    path = tmp_path / "injected.html"
    path.write_text(report.read_text("utf-8").replace("<header>", f"<header>{bad}", 1), "utf-8")
    context = browser.new_context()
    requested, refused = [], []
    context.route("**/*", lambda route: (requested.append(route.request.url), route.continue_()))
    page = context.new_page()
    page.on("console", lambda message: refused.append(message.text))
    page.goto(path.as_uri())
    assert page.evaluate("window.ran") is None
    assert requested == [path.as_uri()]
    assert any("Content Security Policy" in message for message in refused)
    # Ours does run.
    assert page.locator("#methods button").count() == 10
    context.close()


def test_images_load_and_figures_have_alternatives(show, report):
    page = show(report)
    images = page.evaluate(
        "[...document.images].map((i) => [i.complete, i.naturalWidth, i.width > 0, i.alt])"
    )
    assert [image[1] for image in images] == [256, 256, 128]
    assert all(complete and shown and alt for complete, _, shown, alt in images)
    assert page.locator("figure").count() == page.locator("figure figcaption").count() == 15
    unnamed = page.evaluate(
        """[...document.querySelectorAll("figure svg")].filter((svg) => {
             const named = svg.closest("[role=img]");
             return !named || !(named.getAttribute("aria-label") || "").trim() &&
               !named.hasAttribute("aria-labelledby");
           }).length"""
    )
    assert unnamed == 0


def test_sorting_by_number_with_the_mouse(show, report):
    page = show(report)
    first = column(page, "methods", 0)
    head, button = heads(page, "methods").nth(7), heads(page, "methods").nth(7).locator("button")
    assert head.get_attribute("aria-sort") == "none"
    button.click()
    # As numbers, not as texts, and what has no number is last both ways.
    assert column(page, "methods", 7) == ["690", "760", "830", "900", "–", "–"]
    assert head.get_attribute("aria-sort") == "ascending"
    assert page.locator("[role=status]").inner_text() == "Rows by search (s), ascending."
    button.click()
    assert column(page, "methods", 7) == ["900", "830", "760", "690", "–", "–"]
    assert head.get_attribute("aria-sort") == "descending"
    heads(page, "methods").nth(4).locator("button").click()
    assert head.get_attribute("aria-sort") == "none"
    counts = [int(text.replace(",", "")) for text in column(page, "methods", 4)]
    assert counts == sorted(counts)
    heads(page, "methods").nth(4).locator("button").click(click_count=2, delay=5)
    assert column(page, "methods", 0) == first


def test_sorting_by_text_with_the_keyboard(show, report):
    page = show(report)
    page.locator("nav a").last.focus()
    for _ in range(12):  # Scrolling regions before the table take the focus too.
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.closest('#methods thead') !== null"):
            break
    assert page.evaluate("document.activeElement.textContent") == "method"
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"
    page.keyboard.press("Enter")
    assert column(page, "methods", 0) == sorted(METHODS)
    page.keyboard.press("Space")
    assert column(page, "methods", 0) == sorted(METHODS, reverse=True)
    page.keyboard.press("Enter")
    assert column(page, "methods", 0) == list(METHODS)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    assert column(page, "methods", 1)[0] == "10.23"


def test_sort_values_are_exact_and_odd_ones_stay_in_place(show, tmp_path):
    values = [1e-300, float("inf"), -0.5, float("nan"), None, float("-inf"), 10.0, np.float32(9)]
    rows = tuple(
        (Cell(f"Row {place}"), Cell("same text", value))
        for place, value in enumerate(values)
    )  # fmt: skip
    texts = tuple((Cell(text), Cell("–")) for text in ("b 10", "", "A 2", "b 9", "a 1", "É"))
    columns = (Column("name", numeric=False), Column("value"))
    tables = (Table("odd", "Odd.", columns, rows), Table("texts", "Texts.", columns, texts))
    one = Table("one", "One row.", columns, rows[:1])
    none = Table("none", "No row.", columns, ())
    path = tmp_path / "odd.html"
    sections = (Section("All", (*tables, one, none), "all"),)
    write_html(Document("Odd", ("Odd.",), sections, "graftwork report", "Graftwork"), path)
    page = show(path)
    heads(page, "odd").nth(1).locator("button").click()
    assert column(page, "odd", 0) == [f"Row {place}" for place in (5, 2, 0, 7, 6, 1, 3, 4)]
    heads(page, "odd").nth(1).locator("button").click()
    assert column(page, "odd", 0) == [f"Row {place}" for place in (1, 6, 7, 0, 2, 5, 3, 4)]
    heads(page, "texts").nth(0).locator("button").click()
    assert column(page, "texts", 0) == ["a 1", "A 2", "b 9", "b 10", "É", ""]
    assert heads(page, "one").locator("button").count() == 0


@pytest.mark.parametrize(
    ("word", "pieces"),
    [
        ("label-correlation", ["label-", "correlation"]),
        ("final/seed_0", ["final/", "seed_", "0"]),
        ("hyperparameterization", ["hyperparameterization"]),
        ("1e-05", ["1e-05"]),
        ("--seeds", ["--seeds"]),
        ("", []),
        ("x" * 50, ["x" * 17, "x" * 17, "x" * 16]),
    ],
    ids=["hyphen", "path", "long", "number", "flag", "empty", "far too long"],
)
def test_words_break_where_a_reader_would_break_them(word, pieces):
    assert _pieces(word) == pieces


def test_rows_of_a_narrow_screen_are_not_tall_and_drawings_say_that_they_scroll(show, tmp_path):
    words = "no difference is shown between these two methods of the same run"
    columns = tuple(Column(name, numeric=False) for name in ("method", "against", "in words"))
    rows = tuple((Cell(f"m{i}"), Cell("yes"), Cell(words)) for i in range(3))
    svg = '<svg class="tree" width="900" height="40" viewBox="0 0 900 40"></svg>'
    blocks = (
        Table("wide", "A table.", columns, rows),
        Drawing("tree", "A tree.", "A tree.", svg),
        Drawing("small", "A leaf.", "A leaf.", svg.replace("900", "90")),
    )
    section = Section("Tables", blocks, "tables")
    path = tmp_path / "report.html"
    write_html(Document("T", (), (section,), "graftwork report", "x"), path)
    page = show(path, width=390)
    assert page.locator("#wide .scroll tbody tr").first.bounding_box()["height"] < 90
    hint = "(e) => getComputedStyle(e, '::after').content"
    assert "scrolls sideways" in page.locator("#tree figcaption").evaluate(hint)
    assert page.locator("#small figcaption").evaluate(hint) == "none"
    page.set_viewport_size({"width": 1200, "height": 900})
    assert page.locator("#tree figcaption").evaluate(hint) == "none"


def test_nothing_overflows(show, report):
    page = show(report)
    for width in (320, 390, 820, 1200, 1500):
        assert resize(page, width) == width
        # Texts of a chart may be wider in the page's type than matplotlib thought.
        outside = page.evaluate(
            """[...document.querySelectorAll("body *")].filter((e) => {
                 const box = e.getBoundingClientRect();
                 return box.width && (box.right > innerWidth + 1 || box.left < -1) &&
                   !e.closest(".scroll, .unseen, g");
               }).map((e) => e.outerHTML.slice(0, 80))"""
        )
        assert outside == [], width


def test_the_first_column_of_a_wide_table_stays_in_sight(show, report):
    page = show(report, width=390)
    box = page.locator("#attributes .scroll")
    assert box.get_attribute("tabindex") == "0"
    box.evaluate("(box) => { box.scrollLeft = box.scrollWidth; }")
    page.locator("#attributes .scroll.moved:not(.more)").wait_for()
    cell = page.locator("#attributes .scroll tbody th").first.bounding_box()
    last = page.locator("#attributes .scroll tbody tr").first.locator("td").last.bounding_box()
    assert 0 <= cell["x"] < 30
    assert cell["x"] + cell["width"] < last["x"] + last["width"] <= 391
    # Long names leave room for numbers.
    assert cell["width"] < 0.45 * 390


def test_the_best_is_marked_with_more_than_colour(show, report):
    page = show(report)
    best, other = page.locator("#methods td.best .text").first, page.locator("#methods td .text")
    assert best.inner_text() == "8.13"
    style = "(e) => [getComputedStyle(e).fontWeight, getComputedStyle(e).borderTopStyle]"
    weight, frame = best.evaluate(style)
    assert int(weight) >= 600
    assert frame == "solid"
    assert other.nth(1).evaluate(style) == ["400", "none"]
    assert page.locator("#methods td.best").first.inner_text().split() == ["best:", "8.13"]
    # The frame does not move the digits out of their column.
    edges = page.evaluate(
        """[...document.querySelectorAll("#methods .scroll tbody tr > :nth-child(2) .text")]
             .map((e) => { const range = document.createRange(); range.selectNodeContents(e);
                           return range.getBoundingClientRect().right; })"""
    )
    assert max(edges) - min(edges) < 1


def luminance(colour: np.ndarray) -> float:
    """Relative luminance of WCAG 2 (section 1.4.3), of a colour with channels in [0, 255]."""
    part = colour / 255
    linear = np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def over(layer: list[float], below: np.ndarray, opacity: float = 1) -> np.ndarray:
    alpha = opacity * (layer[3] if len(layer) > 3 else 1)
    return alpha * np.array(layer[:3]) + (1 - alpha) * below


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_texts_stand_out_from_their_background(show, report, scheme):
    texts = show(report, scheme=scheme).evaluate(TEXTS)
    assert len(texts) > 500
    weak, pages = [], set()
    for text in texts:
        ground = np.array([255.0, 255.0, 255.0])
        for layer in reversed(text["layers"]):
            ground = over(layer, ground)
        pages.add(luminance(ground) > 0.5)
        high, low = sorted(
            (luminance(ground), luminance(over(text["colour"], ground, text["opacity"]))),
            reverse=True,
        )
        if (high + 0.05) / (low + 0.05) < 4.5:
            weak.append((text["text"], text["colour"], ground.tolist()))
    assert weak == []
    assert pages == {scheme == "light"}


def test_paper_shows_everything(show, report):
    page = show(report, width=PAPER, scheme="dark", media="print")
    assert page.evaluate("document.documentElement.scrollWidth") == PAPER
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    outside = page.evaluate(
        """[...document.querySelectorAll("main *")].filter((e) => {
             const box = e.getBoundingClientRect();
             return box.width && box.right > innerWidth + 1 && !e.closest(".unseen, g");
           }).map((e) => e.outerHTML.slice(0, 80))"""
    )
    assert outside == []
    for name in ATTRIBUTES:
        shown = page.locator("#attributes th .name:visible", has_text=name)
        assert shown.count() >= 1, name
    for section in make_document().sections:
        for table in section.blocks:
            if isinstance(table, Table):
                visible = page.locator(f"#{table.name} td .text:visible").all_inner_texts()
                expected = [cell.text for row in table.rows for cell in row[1:]]
                assert sorted(visible) == sorted(expected)
                names = set(page.locator(f"#{table.name} tbody th .text:visible").all_inner_texts())
                assert names == {row[0].text for row in table.rows}
    assert len(page.pdf(prefer_css_page_size=True)) > 50_000


def test_the_page_works_without_its_script(browser, report):
    context = browser.new_context(java_script_enabled=False, viewport={"width": 390, "height": 900})
    page = context.new_page()
    page.goto(report.as_uri())
    assert page.locator("#methods thead th").first.inner_text() == "method"
    assert page.locator("button").count() == 0
    context.close()


def test_the_same_document_gives_the_same_bytes_and_no_outside_address(tmp_path):
    for name in ("a", "b"):
        write_html(make_document(), tmp_path / name)
    text = (tmp_path / "a").read_text("utf-8")
    assert text == (tmp_path / "b").read_text("utf-8")
    assert not re.search(r"(?:https?:)?//[a-z]", re.sub(r"base64,[\w+/=]+", "", text))
    assert "<script>alert" not in text
    assert LONG in re.sub("<wbr>", "", text)
    # Charts follow the page into its dark mode.
    charts = "".join(re.findall(r'<div class="canvas[^>]*><svg.*?</svg>', text, re.DOTALL))
    assert not re.search(r"#[0-9a-f]{6}\b", charts)
