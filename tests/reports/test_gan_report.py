"""The report of a search of GANs: what it says, its drawings, and that it is whole."""

import itertools
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from fake_gan_runs import METHODS, make_gan_run
from fake_runs import make_run
from test_report import Page, change, report, words

from graftwork.errors import InputError
from reports import write_report
from reports.gan_cell_drawing import draw_cell
from reports.gan_cells import loose_ends, operation_words, read_cell

RUNS: dict[str, dict[str, Any]] = {
    "three seeds": {},
    "one seed": {"seeds": 1, "nodes": 2},
    "five nodes and a discriminator": {"nodes": 5, "discriminator": True, "seeds": 2},
    "a shared cell": {"shared_cell": True},
    "unfinished": {"finished": False},
}


@pytest.fixture(scope="module", params=RUNS)
def any_report(request, tmp_path_factory) -> str:
    return report(make_gan_run(tmp_path_factory.mktemp("runs") / "run", **RUNS[request.param]))


def journal(run: Path) -> list[dict[str, Any]]:
    lines = (run / "journal.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


def write_journal(run: Path, events: list[dict[str, Any]]) -> Path:
    (run / "journal.jsonl").write_text("".join(json.dumps(event) + "\n" for event in events))
    return run


def test_nothing_is_loaded_and_nothing_runs(any_report):
    tags = Page(any_report).tags
    for tag, attributes in tags:
        assert tag not in {"script", "link", "iframe", "object", "embed", "base"}
        assert not [name for name in attributes if name.startswith("on")]
        assert attributes.get("src", "data:image/png;base64,").startswith("data:image/png;base64,")
        assert attributes.get("href", "#").startswith("#")
    assert not re.search(r"url\((?!#)", any_report)
    ids = [attributes["id"] for _, attributes in tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'(?:href="|url\()#([^")]+)', any_report)) <= set(ids)


def test_drawings_take_their_colours_from_the_page(any_report):
    svg = "".join(re.findall(r"<svg.*?</svg>", any_report, re.DOTALL))
    assert not re.search(r"#[0-9a-f]{6}\b", svg)


def test_contents_of_a_finished_run(tmp_path):
    run = make_gan_run(tmp_path / "run")
    text = words(report(run))
    result = json.loads((run / "result.json").read_text())
    for method in result["methods"]:
        row = f"{method['name']} {1000 * method['kid']:.2f} "
        low, high = (1000 * bound for bound in method["kid_interval"])
        assert f"{row}{low:.2f} to {high:.2f} {method['fid']:.2f} 1.41 0.62 0.47 612,345" in text
    for expected in (
        "about 3.97 × 10¹³ different generators, with a cell in each of 3 stages and 3 nodes",
        "17,000 for training, 3,600 for validation, 3,606 for testing",
        result["comparisons"][0]["statement"],
        "0.67 times the training of one generator (25 min 0 s)",
        "It rewarded 300 generators, 1,080 an hour",
        "the mean reward (−KID) of 30 candidates of the search is −48.00·10⁻³, that of 300 uniform "
        "draws −90.00·10⁻³ (means over 3 seeds) (95 % interval of the difference 37.03·10⁻³ to "
        "46.97·10⁻³, paired, p < 0.001): the candidates are better by more than chance. The best "
        "of 30 candidates has a reward (−KID) of −21.00·10⁻³, the best of 300 uniform draws "
        "−19.00·10⁻³ (first seed): of more draws the best is better by chance alone.",
        "τ of this reward and −KID of the trained generators is 0.41, over 24 generators; 0.22",
        "collapsed and began anew once",
        "the search and its rewards saw validation images only",
        "IS over attributes",
        "5,000 images of each generator against 3,606 real ones",
        "resize: none",
        "p = 0.004, 3 seeds",
        "the discriminator’s loss stood still for 200 steps",
        "Stage 2: 8×8 to 16×16, 48 channels",
        "The cells of another seed (seed 2)",
        "--out 'runs/my glyphs'",
        "ab12cd34ef56",
    ):
        assert expected in text
    assert "This is one seed" not in text
    assert "unfinished" not in text


def test_the_floor_is_the_last_row(tmp_path):
    html = report(make_gan_run(tmp_path / "run"))
    table = re.search(r'aria-label="Table of methods">(.*?)</table>', html, re.DOTALL)
    assert table
    names = re.findall(r'<th scope="row">([^<]*)', table[1])
    assert names == [name for name, *_ in METHODS] + ["real training images"]
    assert "0.90<small>± 0.40</small>" in table[1]


def test_one_seed_says_so_and_shows_no_interval(tmp_path):
    html = report(make_gan_run(tmp_path / "run", seeds=1))
    text = words(html)
    assert "This is one seed: with another, any order of methods here may turn." in text
    assert "uniform draws −90.00·10⁻³; 1 seed gives no interval." in text
    assert "(first seed)" not in text
    assert "± 0.40" in text


def test_older_runs_tell_the_best_alone(tmp_path):
    run = make_gan_run(tmp_path / "run")
    events = journal(run)
    for event in events:
        event.pop("candidates", None)
        event.pop("candidates_mean", None)
    text = words(report(write_journal(run, events)))
    assert "The best of the search has a reward (−KID) of −21.00·10⁻³" in text
    assert "mean reward" not in text


@pytest.mark.parametrize("finished", [True, False])
def test_captions_name_the_images_that_the_search_saw(tmp_path, finished):
    run = make_gan_run(tmp_path / "run", finished=finished)
    seen = "validation images (and training images where those are few)"
    if finished:
        seen = "validation and training images"
        change(run, chosen_by=seen)
    text = words(report(run))
    for caption in ("the search saw {} only.", "time, on {}. Later", "both values from {}; up"):
        assert caption.format(seen) in text
    assert "interval of the mean over seeds, of each the mean of its trainings" in text


def test_a_better_control_is_named(tmp_path):
    run = make_gan_run(tmp_path / "run")
    methods = json.loads((run / "result.json").read_text())["methods"]
    methods[3]["kid"] = 0.002
    text = words(report(change(run, methods=methods)))
    assert "not the searched generator’s: “DCGAN” has 2.00·10⁻³." in text


def test_class_scores_and_missing_metrics(tmp_path):
    run = make_gan_run(tmp_path / "run")
    result = json.loads((run / "result.json").read_text())
    methods = [m | {"fid": None, "reasons": {"fid": "too few images."}} for m in result["methods"]]
    floor = result["floor"] | {"inception_kind": "classes"}
    text = words(report(change(run, methods=methods, floor=floor, constant_reward=True)))
    assert "IS over attributes" not in text
    assert "No fid: too few images." in text
    assert "the choice among them is arbitrary" in text


def test_samples_are_embedded_and_missing_ones_left_out(tmp_path):
    run = make_gan_run(tmp_path / "run")
    (run / "samples" / "seed0-sngan-final.png").write_bytes(b"torn")
    images = [attributes for tag, attributes in Page(report(run)).tags if tag == "img"]
    assert [image["alt"] for image in images] == [
        "Samples of searched cells (agan)",
        "Samples of DCGAN",
        "Samples of random cells 1",
    ]
    assert {(image["width"], image["height"]) for image in images} == {("66", "66")}


def test_an_unfinished_run_says_what_is_missing(tmp_path):
    text = words(report(make_gan_run(tmp_path / "run", finished=False)))
    assert "This run is unfinished: it has no result.json." in text
    assert "30 search rounds, 1 finished search, 3 trained generators" in text
    assert "Still missing: some or all trainings of the comparison." in text
    assert "Stage 1: 4×4 to 8×8" in text
    assert "better by more than chance" not in text


@pytest.mark.parametrize("kept", [0, 1, 2, 5])
def test_any_beginning_of_a_journal_gives_a_report(tmp_path, kept):
    run = make_gan_run(tmp_path / "run")
    (run / "result.json").unlink()
    text = words(report(write_journal(run, journal(run)[:kept])))
    assert "No search has ended yet" in text
    assert ("what real images get" in text) == (kept < 2)
    assert ("The journal has no search rounds yet." in text) == (kept < 3)


@pytest.mark.parametrize("kept", [set(), {"methods"}, {"floor", "cells"}, {"comparisons"}])
def test_a_result_without_its_other_keys_gives_a_report(tmp_path, kept):
    run = make_gan_run(tmp_path / "run")
    content = json.loads((run / "result.json").read_text())
    content = {key: value for key, value in content.items() if key in kept}
    (run / "result.json").write_text(json.dumps({"format": 1, "status": "time budget"} | content))
    assert "This run stopped before its end: time budget." in words(report(run))


def test_rewards_that_are_not_finite_and_kids_below_zero_are_drawn(tmp_path):
    run = make_gan_run(tmp_path / "run")
    events = journal(run)
    for event in events:
        if event["event"] == "round":
            event["score"] = None
    change(run, floor=events[1]["test"] | {"kid": -0.0001})
    text = words(report(write_journal(run, events)))
    assert "real training images get −0.10·10⁻³" in text


def test_a_shared_cell_is_drawn_once(tmp_path):
    html = report(make_gan_run(tmp_path / "run", seeds=1, shared_cell=True))
    assert html.count('<svg class="cell"') == 1
    assert "One cell for all 3 stages" in html


def test_the_discriminator_is_drawn_from_large_to_small(tmp_path):
    text = words(report(make_gan_run(tmp_path / "run", seeds=1, discriminator=True)))
    assert "Stage 1: 32×32 to 16×16, 32 channels" in text
    assert "Stage 3: 8×8 to 4×4, 64 channels" in text


def test_a_page_belongs_to_its_command(tmp_path):
    gan = report(make_gan_run(tmp_path / "gan"))
    trees = report(make_run(tmp_path / "trees"))
    assert "The found cells" in gan
    assert "The tree</h2>" not in gan
    assert "The tree</h2>" in trees
    assert "The found cells" not in trees


def test_names_are_shown_as_text_and_the_same_run_gives_the_same_bytes(tmp_path):
    run = make_gan_run(tmp_path / "run")
    methods = json.loads((run / "result.json").read_text())["methods"]
    methods[0]["name"] = "<b>$x$</b> & -->"
    html = report(change(run, methods=methods))
    assert "b" not in {tag for tag, _ in Page(html).tags}
    assert "<b>$x$</b> & -->" in Page(html).text
    assert html == report(run)


def test_loose_ends_make_the_output():
    cell = read_cell(
        [
            ["nearest_identity(input)", "transposed_3x3(input)"],
            ["conv_3x3(node 1)", "nearest_conv_3x3(input)"],
            ["identity(node 1)", "max_pool_3(node 1)"],
        ]
    )
    assert loose_ends(cell) == [2, 3]
    drawing = draw_cell(cell, "Stage 1")
    assert [box.text for box in drawing.boxes] == [
        "upsample (nearest)",
        "transposed conv 3×3",
        "conv 3×3",
        "upsample, conv 3×3",
        "identity",
        "max pool 3×3",
        "concatenate, conv 1×1",
    ]
    # Boxes have the colours of what they read: the input's is grey.
    assert [box.colour for box in drawing.boxes[:6]] == ["stem", "stem", "b0", "stem", "b0", "b0"]
    assert drawing.description.endswith("Output: nodes 2, 3, by a 1×1 convolution.")


@pytest.mark.parametrize("nodes", [1, 2, 5])
def test_boxes_of_a_cell_do_not_meet_and_stay_inside(nodes):
    cell = read_cell([["identity(input)", "conv_1x5_5x1_avg(input)"]] * nodes)
    drawing = draw_cell(cell, "Stage 1")
    ends = [(box.y, box.y + box.height) for box in drawing.boxes]
    assert all(first[1] < second[0] for first, second in itertools.pairwise(ends))
    assert ends[-1][1] < drawing.height
    assert drawing.width <= 370  # Fits a telephone.


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("conv_1x7_7x1", "conv 1×7 + 7×1"),
        ("nearest_max_pool_5", "upsample, max pool 5×5"),
        ("avg_pool_3", "avg pool 3×3"),
        ("avg_conv_1x3_3x1", "avg 2×2, conv 1×3 + 3×1"),
        ("conv_3x3_avg", "conv 3×3, avg 2×2"),
        ("something_new", "something new"),
    ],
)
def test_operations_in_words(name, expected):
    assert operation_words(name) == expected


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("cell", "must be a list with one pair"),
        ([["identity(input)"]], "node 1 of a cell must have two inputs"),
        ([["identity(input)", "identity(node 1)"]], "an earlier node"),
        ([["identity(input)", 3]], "Received: 3"),
    ],
)
def test_a_broken_cell_is_named_in_one_line(tmp_path, cell, message):
    run = make_gan_run(tmp_path / "run", seeds=1)
    events = journal(run)
    for event in events:
        if event["event"] == "searched":
            event["shortlist"][0]["cells"]["generator"] = [cell]
    with pytest.raises(InputError, match=message):
        write_report(write_journal(run, events))
    assert not (run / "report.html").exists()


def test_reports_of_gans_need_no_tensorflow(tmp_path):
    run = make_gan_run(tmp_path / "run")
    program = (
        "import sys; sys.modules.update(tensorflow=None, keras=None, gan_nas=None)\n"
        "import reports; reports.write_report(sys.argv[1])"
    )
    subprocess.run([sys.executable, "-c", program, str(run)], check=True, timeout=120)
    assert (run / "report.html").exists()
