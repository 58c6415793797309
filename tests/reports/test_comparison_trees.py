"""Trees of a comparison: readable with 40 attributes, beside the dendrogram of the labels."""

import itertools

import fake_comparison_runs as fake
import numpy as np
import pytest
from browsing import open_browser, resize
from fake_runs import NASTY, make_run
from scipy.cluster import hierarchy
from scipy.spatial import distance

from reports.comparison.dendrogram import agreement, cluster, read_correlations
from reports.comparison.document import Document, Drawing, Paragraphs
from reports.comparison.html import write_html
from reports.comparison.runs import read_runs
from reports.comparison.trees import trees_section
from reports.layout import lay_out


def texts(section) -> str:
    return " ".join(t for b in section.blocks if isinstance(b, Paragraphs) for t in b.texts)


def drawings(section) -> dict[str, Drawing]:
    return {block.name: block for block in section.blocks if isinstance(block, Drawing)}


@pytest.fixture(scope="module")
def celeba(tmp_path_factory):
    return fake.make_celeba_run(tmp_path_factory.mktemp("celeba") / "celeba")


def test_the_tree_names_all_attributes_in_the_drawing_and_in_words(celeba):
    found = drawings(trees_section(read_runs([celeba])))
    assert list(found) == ["tree-1", "dendrogram-1"]
    for name in fake.CELEBA["attributes"]:
        for drawing in found.values():
            assert name in drawing.svg
            assert name in drawing.alternative
    assert "branch 3: Eyeglasses" in found["tree-1"].alternative
    assert "Eyeglasses (3)" in found["dendrogram-1"].svg
    assert "below the drawing" not in found["tree-1"].svg  # There is no list here.


@pytest.fixture(scope="module")
def page(celeba, tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "report.html"
    section = trees_section(read_runs([celeba]))
    write_html(Document("Trees", ("A tree.",), (section,), "graftwork report", "1 run"), path)
    with open_browser() as browser:
        page = browser.new_page(viewport={"width": 1120, "height": 900})
        page.goto(path.as_uri())
        yield page


BOXES = """(selector) => [...document.querySelectorAll(selector)].map((e) => {
  const box = e.getBoundingClientRect();
  const size = parseFloat(getComputedStyle(e).fontSize) * (e.getScreenCTM()?.d ?? 1);
  return [e.textContent, box.left, box.top, box.right, box.bottom, size];
})"""


@pytest.mark.parametrize("drawing", ["tree", "dendrogram"])
def test_forty_attributes_can_be_read(page, drawing):
    page.set_viewport_size({"width": 1120, "height": 900})
    boxes = page.evaluate(BOXES, f"svg.{drawing} text")
    named = [box for box in boxes if box[0].split(" (")[0] in fake.CELEBA["attributes"]]
    assert len(named) == 40
    assert min(box[5] for box in named) >= 12.5  # Pixels.
    assert min(box[5] for box in boxes) >= 11.5
    for (a, *one, _), (b, *other, _) in itertools.combinations(boxes, 2):
        over = min(one[2], other[2]) - max(one[0], other[0])
        under = min(one[3], other[3]) - max(one[1], other[1])
        # The boxes of texts are a little higher than their letters.
        assert over <= 0.5 or under <= 3.5, (a, b)
    inside = page.evaluate(
        f"""() => {{ const box = document.querySelector("svg.{drawing}").getBoundingClientRect();
            return [box.left, box.right]; }}"""
    )
    assert all(inside[0] <= box[1] <= box[3] <= inside[1] + 0.5 for box in boxes)


def test_tree_and_dendrogram_stand_side_by_side(page):
    page.set_viewport_size({"width": 1120, "height": 900})
    tree = page.locator("#tree-1").bounding_box()
    beside = page.locator("#dendrogram-1").bounding_box()
    assert tree["x"] + tree["width"] <= beside["x"]
    assert abs(tree["y"] - beside["y"]) < 5
    assert beside["x"] + beside["width"] <= 1120
    # On a telephone one is below the other, and the page itself does not scroll sideways.
    assert resize(page, 390) == 390
    assert (
        page.locator("#dendrogram-1").bounding_box()["y"]
        > page.locator("#tree-1").bounding_box()["y"] + 500
    )


def test_the_dendrogram_is_scipys_in_the_order_of_the_tree():
    rng = np.random.default_rng(1)
    phi = np.corrcoef(rng.normal(size=(30, 9)).T)
    rows = rng.permutation(9).tolist()
    found = cluster(phi, rows)
    apart = 1 - abs(phi)
    np.fill_diagonal(apart, 0)
    linkage = hierarchy.linkage(distance.squareform(apart, checks=False), "average")
    heights = sorted(places[1] for _, places in found.joins)
    np.testing.assert_allclose(heights, linkage[:, 2])
    assert sorted(found.order) == list(range(9))
    # Every cluster is a run of rows, and of the two at the root the higher one is above.
    for cluster_ in hierarchy.to_tree(linkage, rd=True)[1]:
        places = sorted(found.order.index(leaf) for leaf in cluster_.pre_order())
        assert places == list(range(places[0], places[-1] + 1))
    root = hierarchy.to_tree(linkage)
    halves = [side.pre_order() for side in (root.left, root.right)]
    above = found.order[0] in halves[0]
    means = [np.mean([rows[leaf] for leaf in half]) for half in halves]
    assert above == (means[0] <= means[1])


def test_what_is_undefined_is_as_far_as_can_be():
    phi = read_correlations(
        {"label_correlations": [[1, 0.5, None], [0.5, 1, -1], [None, -1, 1]]}, 3
    )
    assert phi[0, 2] == 0
    found = cluster(phi, [0, 1, 2])
    assert {tuple(places) for _, places in found.joins} >= {(0.0, 0.0, 0.0, 0.0)}


@pytest.mark.parametrize(
    "value", [None, 3, [], [[1, 2]], [[1], [1]], [[1, 0], "x"], [[1, 0, 0], [0, 1, 0]]]
)
def test_correlations_that_are_none_are_left_out(value):
    assert read_correlations({"label_correlations": value}, 2) is None
    assert read_correlations({}, 2) is None


def test_agreement_is_high_where_the_tree_follows_the_labels():
    parents = fake.CELEBA["parents"]
    layout = lay_out(parents, fake.CELEBA["attributes"])
    close = agreement(layout, np.array(fake.correlated(parents, noise=2.0)))
    rng = np.random.default_rng(0)
    shuffled = [*parents[:-1], rng.permutation(parents[-1]).tolist()]
    far = agreement(lay_out(shuffled, layout.attributes), np.array(fake.correlated(parents)))
    assert close > 0.5
    assert abs(far) < 0.2
    assert agreement(lay_out([[0], [0, 0, 0]], ["a", "b", "c"]), np.eye(3)) is None


def test_older_runs_have_no_dendrogram_and_say_so(tmp_path):
    section = trees_section(read_runs([make_run(tmp_path / "old")]))
    assert list(drawings(section)) == ["tree-1"]
    assert "Without the dendrogram of the labels: old." in texts(section)


def test_names_are_text_and_nothing_else(tmp_path):
    run = make_run(tmp_path / "nasty", attributes=NASTY)
    correlations = np.eye(len(NASTY)).tolist()
    fake.edit(run / "config.json", lambda v: v["dataset"].update(label_correlations=correlations))
    for drawing in drawings(trees_section(read_runs([run]))).values():
        assert "<script" not in drawing.svg
        assert "&lt;script&gt;" in drawing.svg
        assert "<script>alert(1)</script>" in drawing.alternative


def test_a_tree_that_is_none_is_said_and_the_others_are_drawn(tmp_path, celeba):
    run = make_run(tmp_path / "bad")
    fake.edit(run / "result.json", lambda values: values.update(architecture=[[0, 7]]))
    section = trees_section(read_runs([run, celeba]))
    assert "The tree of bad cannot be shown" in texts(section)
    assert list(drawings(section)) == ["tree-2", "dendrogram-2"]
