"""The reports of transfer: what they say and do not say, and that they are whole."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from fake_runs import make_run
from fake_transfer_runs import (
    DIGITS,
    EVALUATIONS,
    LOWER,
    METHODS,
    NEGATIVE,
    make_apply_run,
    make_learn_run,
    make_leave_one_out,
)
from test_report import Page, change, words

from graftwork.errors import InputError
from reports import save_transfer_report
from reports.run_folder import read_run_folder
from reports.transfer_charts import alone_chart
from reports.transfer_differences import DISAGREE, NOT_SHOWN, difference_of
from reports.transfer_tables import TrainedNetwork, trained_networks

NASTY = "<script>alert(1)</script> & $x^2$"
RUNS: dict[str, tuple[Any, dict[str, Any]]] = {
    "apply": (make_apply_run, {}),
    "apply, one seed, nothing trained": (make_apply_run, {"seeds": 1, "trained": False}),
    "apply, two attributes": (make_apply_run, {"attributes": ["a", NASTY]}),
    "apply, forty attributes": (make_apply_run, {"attributes": [f"a{i}" for i in range(40)]}),
    "apply, unfinished": (make_apply_run, {"finished": False, "methods": 2}),
    "learn": (make_learn_run, {}),
    "learn, two domains, unfinished": (
        make_learn_run,
        {"domains": ("glyphs", "emoji"), "finished": False},
    ),
    "leave-one-out": (make_leave_one_out, {}),
    "leave-one-out, unfinished": (make_leave_one_out, {"done": 1}),
}


def report(run: Path) -> str:
    return save_transfer_report(run).read_text(encoding="utf-8")


def compared(run: Path, **differences: Any) -> Path:
    """Changes entries of the comparison."""
    comparison = json.loads((run / "result.json").read_text())["comparison"]
    return change(run, comparison=comparison | differences)


@pytest.fixture(scope="module", params=RUNS)
def any_report(request, tmp_path_factory) -> str:
    make, arguments = RUNS[request.param]
    return report(make(tmp_path_factory.mktemp("runs") / "run", **arguments))


def test_nothing_is_loaded_and_nothing_runs(any_report):
    tags = Page(any_report).tags
    for tag, attributes in tags:
        assert tag not in {"script", "link", "iframe", "object", "embed", "base", "img"}
        assert not [name for name in attributes if name.startswith("on")]
        assert re.match("#|without-[^:]*/apply/report.html$", attributes.get("href", "#"))
    assert not re.search(r"url\((?!#)", any_report)
    ids = [attributes["id"] for _, attributes in tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'(?:href="|url\()#([^")]+)', any_report)) <= set(ids)


def test_charts_take_their_colours_from_the_page(any_report):
    svg = "".join(re.findall(r"<svg.*?</svg>", any_report, re.DOTALL))
    assert not re.search(r"#[0-9a-f]{6}\b", svg)


def test_contents_of_a_finished_application(tmp_path):
    run = make_apply_run(tmp_path / "run")
    result = json.loads((run / "result.json").read_text())
    html = report(run)
    text = words(html)
    methods = {method["name"]: method for method in result["methods"]}
    match = result["comparison"]["match"]["evaluations"]
    low, high = result["comparison"]["transferred"]["interval"]
    assert 0 < low < high
    for expected in (
        "learned on “glyphs” chose networks for the attributes of “digits”: 7 attributes and 3",
        f"mean reward of {methods['transferred']['expected']:.4f}; random architectures have "
        f"{methods['random']['expected']:.4f}",
        f"(95% interval {low:.4f} to {high:.4f} over 7 attributes; paired t-test, p = ",
        "the transferred strategy beats the mean random architecture over these attributes (above "
        "0 in 3 of 3 seeds, over seeds −0.0033 to 0.0266, p = 0.079).",
        f"mean reward of {methods['transferred']['shuffled']:.4f}. The difference is",
        "the attribute guides what is drawn over these attributes",
        f"Transfer hurts in 1 of 7 attributes: “{NEGATIVE}” (paired t-test over seeds, corrected "
        "by Holm’s method); lower for 1 other attribute, by no more than chance.",
        "by seed 3, 7, 5; 95% interval over seeds 1.0 to 10.0",
        "Random search is at no time where the controller from scratch ends (by seed 20, never,",
        "told the attribute − told another",
        "final reward: from scratch − random search",
        "final reward: fine-tuned − random search",
        "test, trained alone: fine-tuned − from scratch",
        f"reward of {methods['fine-tuned']['final']:.4f} with fine-tuning and of "
        f"{methods['from scratch']['final']:.4f} with the controller from scratch",
        f"ends after {match} of its {EVALUATIONS} evaluations, at most half of them",
        f"as many random architectures has {methods['random']['final']:.4f}.",
        "by +0.0110, +0.0180, +0.0060: it is ahead in 3 of 3.",
        "inside attributes, is 0.37 (p = 0.012)",
        "Rewards are from validation images",
        "Test images are read once",
        "serif of glyphs, 0.80",
        "graftwork transfer apply 'runs/my source' \\ --dataset digits",
        "--no-augment",
        "ab12cd34ef56",
        "▼ hurts",
    ):
        assert expected in text
    for forbidden in (
        "unfinished",
        "one seed",
        "--resume",
        "--source",
        "no difference is shown: ",
        "Time ended",
        "no finite numbers",
    ):
        assert forbidden not in text
    for method in methods.values():
        test = f"{method['test_score']:.4f}" if method["test_score"] else "–"
        assert test in text
    for row in methods["fine-tuned"]["attributes"]:
        assert f"{row['final']:.3f}" in text
        assert f"{row['area']:.3f}" in text


def test_only_the_attribute_that_transfer_hurts_is_marked(tmp_path):
    html = report(make_apply_run(tmp_path / "run"))
    table = re.search(r'aria-label="Table of attributes">(.*?)</table>', html, re.DOTALL)
    assert table
    rows = re.findall(r'<tr><th scope="row">(.*?)</th>(.*?)</tr>', table[1], re.DOTALL)
    assert [name for name, _ in rows] == DIGITS
    assert [name for name, cells in rows if "hurts" in cells] == [NEGATIVE]


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        ([0.001, 0.03], "the transferred strategy beats the mean random architecture over"),
        ([-0.001, 0.03], "no difference is shown over"),
        ([0.0, 0.03], "no difference is shown over"),
        ([-0.03, -0.001], "the transferred strategy is worse than drawing at random over"),
        (None, "there is no interval for it, so that it cannot be told from chance."),
    ],
    ids=["above", "around", "from zero", "below", "none"],
)
def test_the_claim_follows_the_interval(tmp_path, limits, said):
    run = make_apply_run(tmp_path / "run")
    difference = {"mean": 0.012, "interval": limits, "p_value": 0.03 if limits else None}
    run = compared(run, transferred=difference)
    text = words(report(run))
    sentence = re.search(r"random architectures have 0\.\d+\. (The difference.*?\.) The one", text)
    assert sentence
    assert sentence[1].startswith("The difference is +0.0120")
    assert sentence[1].removesuffix(" these attributes.").endswith(said)


@pytest.mark.parametrize(
    ("seeds", "verdict"),
    [
        ((0.01, 0.02, 0.001), "more"),
        ((0.01, 0.02, -0.001), DISAGREE),
        ((0.01, 0.0), DISAGREE),
        ((0.01,), "more"),
        ((), "more"),
    ],
    ids=["agree", "one below", "one at zero", "one seed", "unknown"],
)
def test_a_claim_needs_every_seed(seeds, verdict):
    entry = {"mean": 0.01, "interval": [0.001, 0.03], "by_seed": list(seeds)}
    assert difference_of(entry).verdict == verdict
    below = {"mean": -0.01, "interval": [-0.03, -0.001], "by_seed": [-value for value in seeds]}
    assert difference_of(below).verdict == verdict.replace("more", "less")
    around = {"mean": 0.01, "interval": [-0.001, 0.03], "by_seed": list(seeds)}
    assert difference_of(around).verdict == NOT_SHOWN


def test_seeds_that_disagree_and_differences_that_are_equal_are_said(tmp_path):
    seeds = {"by_seed": [0.03, 0.02, -0.01], "seed_interval": [-0.038, 0.065]}
    ahead = {"mean": 0.012, "interval": [0.001, 0.03], "p_value": 0.03, "attributes": 7}
    run = compared(make_apply_run(tmp_path / "run"), transferred=ahead | seeds)
    text = words(report(run))
    assert (
        "the seeds disagree: no difference is shown over these attributes (above 0 in 2 of" in text
    )
    assert "beats" not in text
    same = {"mean": 0.25, "interval": None, "p_value": None, "attributes": 7}
    text = words(report(compared(run, transferred=same)))
    assert "is +0.2500 for every attribute: where all are the same there is no interval." in text
    assert "cannot be told from chance" not in text


def test_a_result_without_tests_of_negative_transfer_names_no_attribute(tmp_path):
    run = make_apply_run(tmp_path / "run")
    result = json.loads((run / "result.json").read_text())
    for key in ("lower_by_chance", "negative_transfer_test"):
        del result[key]
    del result["comparison"]["guidance"], result["comparison"]["random_match"]
    for method in result["methods"]:
        for row in [method, *method["attributes"]]:
            row.pop("shuffled", None)
    result["negative_transfer"] = [NEGATIVE, LOWER]
    (run / "result.json").write_text(json.dumps(result))
    html = report(run)
    text = words(html)
    assert "It is lower for 2 of 7 attributes; no test says whether by more than chance." in text
    assert "<small>▼ hurts" not in html
    assert "Told of other attributes" not in text


def test_searches_cut_short_and_missing_rewards_are_said(tmp_path):
    run = make_apply_run(tmp_path / "run")
    methods = json.loads((run / "result.json").read_text())["methods"]
    methods[3] |= {"cut_short": [False, True, False], "evaluations": [24, 5, 24], "missing": 4}
    text = words(report(change(run, methods=methods, evaluations=5)))
    assert "Time ended some searches early: fine-tuned in seed 1 after 5 evaluations" in text
    assert "final rewards are after 5 of every method" in text
    assert "were no finite numbers count as 0.5, chance: 4 of fine-tuned." in text


def test_a_network_that_several_methods_chose_is_shown_once(tmp_path):
    run = read_run_folder(make_apply_run(tmp_path / "run", seeds=2))
    every = trained_networks(run)
    # The fake trains what random search chose a second time, as the random architecture.
    assert len(every) == 2 * len(METHODS) * len(DIGITS)
    for event in run.of_kind("trained"):
        for row in event["attributes"]:
            row["architecture"] = [0] * 7
    once = trained_networks(run)
    assert len(once) == len({network.group for network in once}) == 2 * len(DIGITS)


@pytest.mark.parametrize(
    ("reached", "said"),
    [
        (EVALUATIONS // 2, f"after {EVALUATIONS // 2} of its {EVALUATIONS} evaluations, at most"),
        (EVALUATIONS // 2 + 1, "evaluations, more than half of them"),
        (None, "does not reach the final reward of the controller from scratch within its 24"),
    ],
    ids=["half", "more", "never"],
)
def test_when_fine_tuning_catches_up(tmp_path, reached, said):
    run = make_apply_run(tmp_path / "run")
    run = compared(run, match={"evaluations": reached, "of": EVALUATIONS})
    assert said in words(report(run))


def test_a_random_search_that_is_ahead_is_named(tmp_path):
    run = make_apply_run(tmp_path / "run")
    methods = json.loads((run / "result.json").read_text())["methods"]
    methods[0]["final"] = 0.99
    text = words(report(change(run, methods=methods)))
    assert "has 0.9900. That is more than either controller." in text


def test_data_that_the_strategy_has_seen_are_said(tmp_path):
    run = make_apply_run(tmp_path / "run")
    said = "The strategy was learned on these very data"
    assert said not in words(report(run))
    assert said in words(report(change(run, seen=True)))


def test_networks_are_shown_inside_their_seed_and_attribute(tmp_path):
    networks = [
        TrainedNetwork("random", (seed, name), level + 0.1 * place, level - 0.1 * place)
        for seed, name, level in ((0, "a", 0.2), (0, "b", 0.5), (1, "a", 0.8))
        for place in range(3)
    ]
    figure = alone_chart(networks, "ROC AUC")
    (line,) = (line for line in figure.axes[0].lines if line.get_label() == "random")
    assert sorted(line.get_xdata()) == pytest.approx([-0.1] * 3 + [0.0] * 3 + [0.1] * 3)
    assert line.get_ydata() == pytest.approx([-x for x in line.get_xdata()])


def test_one_seed_and_no_training_are_said(tmp_path):
    text = words(report(make_apply_run(tmp_path / "run", seeds=1, trained=False)))
    assert "This is one seed: the intervals are over attributes, and there is none over" in text
    assert "No chosen network was trained by itself" in text
    assert "No test image was read." in text


def test_an_unfinished_application_compares_only_whole_seeds(tmp_path):
    run = make_apply_run(tmp_path / "run", seeds=2, finished=False, methods=2)
    whole = make_apply_run(tmp_path / "whole", seeds=1, finished=False)
    text, alone = words(report(run)), words(report(whole))
    assert "This run is unfinished: it has no result.json. Its journal holds 6 finished" in text
    assert "beats" not in text
    # The score is that of the source run, which this one does not say before its end.
    assert "ROC AUC" not in text

    def table(text: str) -> str:
        return text[text.index("search time") : text.index("Differences Paired")]

    assert table(text) == table(alone)
    assert all(name in table(text) for name in METHODS)


def test_a_configuration_alone_gives_a_report(tmp_path):
    for make in (make_apply_run, make_learn_run, make_leave_one_out):
        run = make(tmp_path / make.__name__)
        (run / "result.json").unlink()
        (run / "journal.jsonl").unlink()
        assert "unfinished" in words(report(run))


@pytest.mark.parametrize("kept", ["methods", "comparison", "attributes", "seeds", "nearest"])
def test_a_result_without_its_other_keys_gives_a_report(tmp_path, kept):
    run = make_apply_run(tmp_path / "run")
    result = json.loads((run / "result.json").read_text())
    (run / "result.json").write_text(json.dumps({"format": 1, kept: result[kept]}))
    assert "Transfer from glyphs to digits" in words(report(run))


def test_names_are_shown_as_text(tmp_path):
    run = make_apply_run(tmp_path / "run", attributes=[NASTY, "b", "c"])
    html = report(change(run, "config.json", source={"domains": ["<b>x</b>"], "path": "a b"}))
    assert "<script" not in html
    assert "<b>x" not in html
    assert html.count("&lt;script&gt;alert(1)&lt;/script&gt; &amp; $x^2$") >= 4


def test_architectures_are_lines_in_words(tmp_path):
    run = make_apply_run(tmp_path / "run")
    events = [json.loads(line) for line in (run / "journal.jsonl").read_text().splitlines()]
    for event in events:
        for row in event.get("attributes", []):
            # Operations of four stages, with skips from 1 to 3, and from 1 and 2 to 4.
            row["architecture"] = [0, 5, 3, 1, 6, 0, 1]
    (run / "journal.jsonl").write_text("".join(json.dumps(event) + "\n" for event in events))
    text = words(report(run))
    line = "conv 3×3 → max pool → separable 5×5 (and 1) → identity (and 2)"
    assert text.count(line) == len(METHODS) * len(DIGITS)


def test_an_architecture_of_another_space_is_left_out(tmp_path):
    run = make_apply_run(tmp_path / "run")
    config = json.loads((run / "config.json").read_text())
    config["space"]["decisions"].pop()
    (run / "config.json").write_text(json.dumps(config))
    assert "Chosen architectures" not in words(report(run))


def test_a_time_budget_is_said(tmp_path):
    run = change(make_apply_run(tmp_path / "run"), status="time budget")
    assert "This run stopped before its end: time budget." in words(report(run))


def test_contents_of_learning(tmp_path):
    text = words(report(make_learn_run(tmp_path / "run", domains=("glyphs", "emoji"))))
    for expected in (
        "learns on “glyphs” and “emoji”, 12 attributes in all, 3 seeds.",
        "random architectures have 0.9000 under the same weights, which favour no network.",
        "In 2 of 12 attributes it is below random architectures.",
        "not that it helps another domain",
        "No test image was read.",
        "monospace emoji 31.0% 0.9000 0.8920 −0.0080 ▼ below random",
        "graftwork transfer learn \\ --dataset glyphs \\ --dataset emoji \\ --out",
    ):
        assert expected in text


def test_held_out_domains_link_to_their_reports(tmp_path):
    run = make_leave_one_out(tmp_path / "run")
    html = report(run)
    links = re.findall(r'href="([^"]+)">([^<]+)', html)
    assert links == [
        ("without-digits/apply/report.html", "digits"),
        ("without-my%20emoji/apply/report.html", "my emoji"),
    ]
    for name in ("digits", "my emoji"):
        for part in ("learn", "apply"):
            assert (run / f"without-{name}" / part / "report.html").is_file()
    assert "in 2 of 2 held-out domains (“digits”, “my emoji”) and is worse in 0." in words(html)


def test_an_unfinished_leave_one_out_shows_what_is_done(tmp_path):
    run = make_leave_one_out(tmp_path / "run", done=1)
    text = words(report(run))
    assert "1 of 2 held-out domains have a result." in text
    assert "my emoji not done yet" in text
    assert f"of {EVALUATIONS}" in text


def test_a_domain_does_not_lead_out_of_the_run(tmp_path):
    make_apply_run(tmp_path / "elsewhere" / "apply")
    run = make_leave_one_out(tmp_path / "run", done=0)
    (run / "without-..").mkdir()
    rows = [{"name": "../../../elsewhere", "result": {}}]
    (run / "result.json").write_text(json.dumps({"format": 1, "domains": rows}))
    html = report(run)
    assert "not done yet" in html
    assert "elsewhere/apply" not in html


def test_the_same_run_gives_the_same_bytes(tmp_path):
    run = make_apply_run(tmp_path / "run")
    assert report(run) == report(run)


def test_a_run_of_another_command_is_refused(tmp_path):
    run = make_run(tmp_path / "run")
    with pytest.raises(InputError, match=r"is no run of transfer.*Received: 'trees search'"):
        save_transfer_report(run)
    with pytest.raises(InputError, match="not a run folder"):
        save_transfer_report(tmp_path)


def test_reports_of_transfer_need_no_tensorflow(tmp_path):
    run = make_apply_run(tmp_path / "run")
    code = (
        "import sys; sys.modules['tensorflow'] = None; sys.modules['keras'] = None; "
        "import reports; reports.save_transfer_report(sys.argv[1])"
    )
    subprocess.run([sys.executable, "-c", code, str(run)], check=True)
