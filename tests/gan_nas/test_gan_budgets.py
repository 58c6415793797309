"""Limits of `graftwork gans search` on the command line."""

import json

import pytest
import tiny
from tiny import journal

LIMIT = 600
FLAGS = ("--max-params", LIMIT, "--max-candidates", 4, "--max-latency-ms", "1e4", "--top", 1)


@pytest.fixture(scope="module")
def run(run_gans, tmp_path_factory):
    """A finished search with limits and all controls. Not to be written."""
    path = tmp_path_factory.mktemp("gans") / "limited"
    run_gans("search", "--out", path, *tiny.GAN_SEARCH, *FLAGS)
    return path


def test_what_is_found_and_drawn_keeps_the_limits(run):
    result = json.loads((run / "result.json").read_text())
    assert result["limits"] == {"candidates": 4, "parameters": LIMIT, "latency_ms": 1e4}
    rows = {row["name"]: row for row in result["methods"]}
    for name in ("searched cells (agan)", "random cells", "random search"):
        assert rows[name]["parameters"] <= LIMIT
        assert rows[name]["latency_ms"] <= 1e4
        assert "over_limits" not in rows[name]
    assert rows["SNGAN"]["over_limits"] == ["parameters"]
    assert "over the limit of 600 parameters" in rows["SNGAN"]["note"]
    assert "SNGAN" in (run / "report.html").read_text().split("for comparison only: ")[1][:60]


def test_random_search_has_as_many_candidates(run):
    (searched,) = (event for event in journal(run) if event["event"] == "searched")
    assert searched["evaluations"] == searched["random_search"]["evaluations"] <= 4


def test_limit_that_no_generator_keeps_is_refused_before_its_classifier_is_trained(
    run_gans, tmp_path, capsys
):
    with pytest.raises(SystemExit) as caught:
        run_gans("search", "--out", tmp_path / "run", *tiny.GAN_SEARCH, "--max-flops", 100)
    assert caught.value.code == 2
    printed = capsys.readouterr()
    assert "max-flops must be at least" in printed.err
    assert "Classifier" not in printed.out
    assert not (tmp_path / "run" / "config.json").exists()
