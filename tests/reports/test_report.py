"""The HTML report: what it says, that it is whole, that nothing in it is alive."""

import json
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from fake_runs import GLYPHS, METHODS, NASTY, make_run

from graftwork.errors import InputError
from reports import write_report

VOID = {"meta", "br", "img", "link", "input", "hr"}


class Page(HTMLParser):
    """Collects tags, attributes and text, and fails on tags that do not close in order."""

    def __init__(self, text: str):
        super().__init__()
        self.tags: list[tuple[str, dict]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if not self.open or self.open[-1] != "style":
            self.text += data + " "


def report(run: Path) -> str:
    return write_report(run).read_text(encoding="utf-8")


def words(html: str) -> str:
    return " ".join(Page(html).text.split())


def change(run: Path, name: str = "result.json", **values) -> Path:
    content = json.loads((run / name).read_text())
    (run / name).write_text(json.dumps(content | values))
    return run


RUNS: dict[str, dict[str, Any]] = {
    "three seeds": {},
    "one seed": {"seeds": 1, "exact": False},
    "unfinished": {"finished": False},
    "40 attributes": {
        "blocks": (2, 3, 10, 18, 33),
        "attributes": [f"attribute {i}" for i in range(40)],
    },
    "nasty": {"attributes": NASTY},
}


@pytest.fixture(scope="module", params=RUNS)
def any_report(request, tmp_path_factory) -> str:
    return report(make_run(tmp_path_factory.mktemp("runs") / "run", **RUNS[request.param]))


def test_nothing_is_loaded_and_nothing_runs(any_report):
    for tag, attributes in Page(any_report).tags:
        assert tag not in {"script", "link", "iframe", "object", "embed", "base", "img"}
        assert not [name for name in attributes if name.startswith("on")]
        assert "src" not in attributes
        assert attributes.get("href", "#").startswith("#")
    (style,) = re.findall(r"<style>(.*?)</style>", any_report, re.DOTALL)
    assert "url(" not in style
    assert "@import" not in style
    assert not re.search(r"url\((?!#)", any_report)


def test_ids_are_unique_and_references_lead_somewhere(any_report):
    tags = Page(any_report).tags
    ids = [attributes["id"] for _, attributes in tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    used = re.findall(r'(?:href="|url\()#([^")]+)', any_report)
    named = [i for _, a in tags for i in a.get("aria-labelledby", "").split()]
    assert {*used, *named} <= set(ids)


def test_charts_take_their_colours_from_the_page(any_report):
    svg = "".join(re.findall(r"<svg.*?</svg>", any_report, re.DOTALL))
    assert "currentColor" in svg
    assert not re.search(r"#[0-9a-f]{6}\b", svg)


def test_contents_of_a_finished_run(tmp_path):
    run = make_run(tmp_path / "run")
    text = words(report(run))
    result = json.loads((run / "result.json").read_text())
    for name in (*GLYPHS, *(method[0] for method in METHODS)):
        assert name in text
    for method in result["methods"]:
        assert f"{method['test_error']:.2f}%" in text
        assert f"{method['validation_error']:.2f}%" in text
    for expected in (
        "about 1.51 × 10²³ trees with layers of 2, 4, 8 blocks",
        "17,000 for training, 3,600 for validation, 3,600 for testing",
        "The difference is larger than chance. With 3 seeds, intervals are rough.",
        "paired t-test over seeds, p = 0.012",
        "lower test error than 27 of 30 random trees",
        "2.3 times the training of one final tree",
        "0.20 points of accuracy short of the best tree",
        "Kendall’s τ = 0.62, p < 0.001, over 36 trees",
        "one narrow network an attribute",
        "ab12cd34ef56",
        "--out 'runs/my glyphs'",
        "--blocks 2 4 8",
        "--no-mixed-precision",
        "The tree of another seed (seed 2)",
        "The exact optimum as a drawing",
    ):
        assert expected in text
    assert "--resume" not in text
    assert "unfinished" not in text


def test_the_same_run_gives_the_same_bytes(tmp_path):
    run = make_run(tmp_path / "run")
    assert report(run) == report(run)


def test_one_seed_makes_no_claim(tmp_path):
    text = words(report(make_run(tmp_path / "run", seeds=1, exact=False)))
    assert "One seed gives no interval and no test, so it cannot be told from chance." in text
    assert "larger than chance" not in text
    assert "There is no exact optimum for this run: the table of paths would need" in text


@pytest.mark.parametrize(
    ("interval", "p", "verdict"),
    [
        ([0.1, 0.9], 0.01, "The difference is larger than chance."),
        ([-0.1, 0.9], 0.01, "The interval includes zero: the difference may be chance."),
        ([0.1, 0.9], 0.2, "not shown to be larger than chance"),
        ([-0.9, -0.1], 0.01, "The searched tree is worse, by more than chance."),
    ],
)
def test_the_verdict_follows_interval_and_test(tmp_path, interval, p, verdict):
    difference = sum(interval) / 2
    comparison = {"difference": difference, "interval": interval, "p_value": p}
    text = words(report(change(make_run(tmp_path / "run"), comparison=comparison)))
    assert verdict in text
    assert ("Higher than random trees by" in text) == (difference < 0)


def test_no_claim_without_control(tmp_path):
    run = make_run(tmp_path / "run")
    methods = json.loads((run / "result.json").read_text())["methods"]
    text = words(report(change(run, methods=methods[:1], comparison=None)))
    assert "No random trees were trained" in text
    assert "larger than chance" not in text


def test_a_better_control_is_named(tmp_path):
    run = make_run(tmp_path / "run")
    methods = json.loads((run / "result.json").read_text())["methods"]
    methods[2]["test_error"] = 1.0
    text = words(report(change(run, methods=methods)))
    assert "not the searched tree’s: “one trunk” has 1.00%" in text


def test_an_unfinished_run_says_so(tmp_path):
    text = words(report(make_run(tmp_path / "run", finished=False)))
    assert "This run is unfinished: it has no result.json." in text
    assert "12 search rounds, 1 finished search, 3 trained models" in text
    assert "random trees" in text
    assert "larger than chance" not in text


def test_configuration_alone_gives_a_report(tmp_path):
    run = make_run(tmp_path / "run", finished=False)
    (run / "journal.jsonl").unlink()
    text = words(report(run))
    assert "unfinished" in text
    assert "No tree was recorded." in text
    assert "No model has been trained yet." in text


def test_a_run_in_the_middle_of_its_search_shows_the_current_tree(tmp_path):
    run = make_run(tmp_path / "run", finished=False)
    lines = (run / "journal.jsonl").read_text().splitlines()
    (run / "journal.jsonl").write_text("\n".join(lines[:5]) + "\n")
    text = words(report(run))
    assert "The tree after round 3. The search was not done" in text
    assert "serif" in text


@pytest.mark.parametrize(
    "kept", [set(), {"methods"}, {"methods", "attributes", "comparison"}, {"exact", "regret"}]
)
def test_a_result_without_its_other_keys_gives_a_report(tmp_path, kept):
    run = make_run(tmp_path / "run")
    content = json.loads((run / "result.json").read_text())
    content = {key: value for key, value in content.items() if key in kept}
    (run / "result.json").write_text(json.dumps({"format": 1, "status": "stopped"} | content))
    text = words(report(run))
    assert "This run stopped before its end: stopped." in text
    assert "ab12cd34ef56" in text


def test_every_key_of_a_run_folder_is_documented(tmp_path):
    page = Path(__file__).parents[2].joinpath("docs", "run-folder.md").read_text("utf-8")
    run = make_run(tmp_path / "run")
    config, result = (json.loads((run / f"{n}.json").read_text()) for n in ("config", "result"))
    events = map(json.loads, (run / "journal.jsonl").read_text().splitlines())
    tables = [config, config["dataset"], result, result["exact"], result["comparison"]]
    keys = {key for table in [*tables, *result["methods"], *events] for key in table}
    assert not {key for key in keys if f"`{key}`" not in page}


def test_names_are_shown_as_text(tmp_path):
    html = report(make_run(tmp_path / "run", attributes=NASTY))
    text = Page(html).text
    for name in ("<script>alert(1)</script>", "a & b", '" onload="x', "-->", "{{ 7 * 7 }}"):
        assert name in text
    assert "(no name)" in text
    assert "\x1b" not in html
    assert "\u202e" not in html


def test_names_of_methods_and_settings_are_escaped_in_charts_too(tmp_path):
    run = make_run(tmp_path / "run")
    methods = json.loads((run / "result.json").read_text())["methods"]
    methods[0]["name"] = "<b>$x$</b> & --><i>"
    change(run, methods=methods)
    change(run, "config.json", versions={"<u>": "</table><s>"})
    html = report(run)
    tags = {tag for tag, _ in Page(html).tags}
    assert not tags & {"b", "u", "s"}
    assert html.count("&lt;b&gt;$x$&lt;/b&gt; &amp; --&gt;&lt;i&gt;") >= 3


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("config.json", None, "is not a run folder"),
        ("config.json", "[1]", "config.json must hold a JSON object"),
        ("config.json", '{"format": 2}', "format 2, and this version of Graftwork reads"),
        ("result.json", "{", "result.json is not valid JSON"),
        ("journal.jsonl", '{"event": "start"}\nbroken\n{"a": 1}\n', "journal.jsonl, line 2"),
        ("journal.jsonl", "[1]\n", "journal.jsonl, line 1: expected a JSON object"),
        ("result.json", '{"architecture": [[0], [3]], "attributes": ["a"]}', "Received: 3"),
    ],
)
def test_a_broken_run_folder_is_named_in_one_line(tmp_path, name, content, message):
    run = make_run(tmp_path / "run")
    if content is None:
        (run / name).unlink()
    else:
        (run / name).write_text(content)
    with pytest.raises(InputError, match=message) as caught:
        write_report(run)
    assert "\n" not in str(caught.value)
    assert not (run / "report.html").exists()


def test_reports_need_no_tensorflow(tmp_path):
    run = make_run(tmp_path / "run")
    program = (
        "import sys; sys.modules.update(tensorflow=None, keras=None, multitask_nas=None)\n"
        "import reports; reports.write_report(sys.argv[1])"
    )
    subprocess.run([sys.executable, "-c", program, str(run)], check=True, timeout=120)
    assert (run / "report.html").exists()
