"""Results from journals written by hand."""

import numpy as np
import pytest

from transfer_nas.chosen_networks import ChosenNetworks
from transfer_nas.differences import compared, matched
from transfer_nas.job_training import Job
from transfer_nas.method_table import best_so_far, mean_of
from transfer_nas.negative_transfer import OVER_DRAWS, OVER_SEEDS
from transfer_nas.results import application_result, correlation
from transfer_nas.sentences import application_lines, said

ATTRIBUTES = ("a", "b", "c", "d")
DATASET = {"name": "target", "fingerprint": "f", "attributes": list(ATTRIBUTES)}
SOURCE = {"path": "source", "domains": ["source"], "fingerprints": ["s"]}


def searched(seed, method, rows):
    """An event of a search: `rows` are rewards, score and expectation of every attribute."""
    return {
        "event": "searched",
        "seed": seed,
        "method": method,
        "search_seconds": 2.0 + seed,
        "attributes": [
            {
                "attribute": name,
                "rewards": rewards,
                "score": score,
                "expected": expected,
                "nearest": [{"domain": "source", "attribute": "x", "similarity": 0.5}],
            }
            for name, (rewards, score, expected) in zip(ATTRIBUTES, rows, strict=True)
        ],
    }


def trained(seed, method, scores, shared=0.5, architecture=None):
    """An event of trainings: test scores, the validation scores a tenth above."""
    # Every method has a network of its own, if not told otherwise.
    architecture = architecture or [ord(letter) for letter in method]
    return {
        "event": "trained",
        "seed": seed,
        "method": method,
        "attributes": [
            {
                "attribute": name,
                "test_score": score,
                "validation_score": score + 0.1,
                "shared_score": shared,
                "architecture": architecture,
            }
            for name, score in zip(ATTRIBUTES, scores, strict=True)
        ],
    }


def journal(seeds=(0, 1)):
    """A journal in which everything is known, and the second seed is 0.02 above the first."""
    events = []
    for seed in seeds:
        up = 0.02 * seed

        def rows(rewards, expected, up=up):
            return [
                ([r + up + 0.1 * i for r in rewards], rewards[-1] + up + 0.1 * i, more + up)
                for i, more in enumerate(expected)
            ]

        low = (0.5, 0.5, 0.5, 0.5)
        events += [
            searched(seed, "random", rows([0.4, 0.5, 0.45], low)),
            searched(
                seed,
                "transferred",
                [([], 0.55 + up + 0.1 * i, e + up) for i, e in enumerate((0.6, 0.7, 0.4, 0.65))],
            ),
            searched(seed, "from scratch", rows([0.3, 0.5, 0.55], low)),
            searched(seed, "fine-tuned", rows([0.5, 0.56, 0.6], low)),
            trained(seed, "random architecture", (0.5, 0.6, 0.7, 0.6)),
            trained(seed, "random search", (0.7, 0.7, 0.7, 0.7)),
            trained(seed, "transferred", (0.6, 0.8, 0.9, 0.7)),
            trained(seed, "from scratch", (0.6, 0.7, 0.8, 0.7)),
            trained(seed, "fine-tuned", (0.6, 0.7, 0.8, 0.9)),
        ]
    return events


def result(events, **changes):
    return application_result({**DATASET, **changes}, SOURCE, {"size": "8"}, "auc", events, "done")


def method(found, name):
    (one,) = [row for row in found["methods"] if row["name"] == name]
    return one


def test_the_best_so_far_passes_over_what_is_not_known():
    np.testing.assert_array_equal(best_so_far([0.3, None, 0.2, 0.5]), [0.3, 0.3, 0.3, 0.5])
    assert np.isnan(best_so_far([None, 0.1])[0])


def test_curves_are_means_over_attributes_and_seeds():
    found = result(journal())
    assert found["evaluations"] == 3
    assert found["seeds"] == [0, 1]
    # Attributes are 0, 0.1, 0.2 and 0.3 above the first, seeds 0 and 0.02: 0.16 in the mean.
    assert method(found, "random")["curve"] == pytest.approx([0.56, 0.66, 0.66])
    assert method(found, "from scratch")["final"] == pytest.approx(0.71)
    assert method(found, "from scratch")["area"] == pytest.approx((0.46 + 0.66 + 0.71) / 3)
    assert method(found, "transferred")["curve"] == pytest.approx([0.71] * 3)
    rows = method(found, "fine-tuned")["attributes"]
    assert [row["final"] for row in rows] == pytest.approx([0.61, 0.71, 0.81, 0.91])
    assert method(found, "fine-tuned")["seconds"] == 2.5


def test_intervals_are_over_attributes():
    found = result(journal())
    low, high = method(found, "random")["final_interval"]
    # By Student's t of four attributes, from 0.51 to 0.81.
    assert (low, high) == pytest.approx((0.66 - 0.2054, 0.66 + 0.2054), abs=1e-3)
    spans = method(found, "random")["curve_interval"]
    assert len(spans) == 3
    assert spans[1] == spans[2]


def test_random_search_and_one_random_architecture_are_two_rows():
    found = result(journal())
    assert method(found, "random")["test_score"] == pytest.approx(0.7)
    one = method(found, "random architecture")
    assert one["test_score"] == pytest.approx(0.6)
    assert one["final"] is None
    assert "curve" not in one


def test_differences_are_paired_by_attribute():
    comparison = result(journal())["comparison"]
    expected = comparison["transferred"]
    # 0.1, 0.2, −0.1 and 0.15, the same in both seeds.
    assert expected["mean"] == pytest.approx(0.0875)
    assert expected["by_seed"] == pytest.approx([0.0875, 0.0875])
    assert expected["attributes"] == 4
    low, high = expected["interval"]
    assert low < 0 < high
    assert 0.05 < expected["p_value"] < 1
    assert comparison["mode"]["mean"] == pytest.approx(0.71 - 0.51)
    assert comparison["fine_tuned"]["mean"] == pytest.approx(0.05)
    assert comparison["area"]["mean"] == pytest.approx((0.2 + 0.06 + 0.05) / 3)
    assert comparison["test"]["mean"] == pytest.approx((0.1 + 0.2 + 0.2 + 0.1) / 4)


def test_differences_are_taken_inside_seeds():
    # The second seed has trained one network of the two: it is compared with nothing.
    events = [
        event
        for event in journal()
        if event["event"] == "searched"
        or event["seed"] == 0
        or event["method"] != "random architecture"
    ]
    for event in events:
        if event["event"] == "trained" and event["seed"] == 1:
            for row in event["attributes"]:
                row["test_score"] += 10
    test = result(events)["comparison"]["test"]
    assert test["mean"] == pytest.approx(0.15)
    assert test["by_seed"] == [pytest.approx(0.15), None]


def test_equal_differences_have_no_interval_and_are_said():
    assert compared(np.array([[0.1], [0.2], [0.3]]))["interval"] is not None
    same = compared(np.full((3, 2), 0.25))
    assert same["interval"] is None
    assert same["mean"] == 0.25
    assert "+0.2500 against b, the same for each of 3 attributes" in said(same, "a", "b")
    few = compared(np.array([[0.1], [0.2]]))
    assert few["interval"] is None
    assert "2 attributes give no interval" in said(few, "a", "b")
    assert compared(np.full((4, 2), np.nan)) is None


def test_the_test_over_seeds_stands_beside_that_over_attributes():
    # Alike over attributes, and one seed has the other sign.
    values = np.array([[0.5, 0.5, -0.2]] * 4) + np.arange(4)[:, None] / 100
    found = compared(values)
    assert found["interval"][0] > 0
    assert found["by_seed"] == pytest.approx([0.515, 0.515, -0.185])
    low, high = found["seed_interval"]
    assert low < 0 < high
    assert 0.05 < found["seed_p_value"] < 1
    sentence = said(found, "a", "b")
    assert "the seeds disagree: no difference is shown over these attributes" in sentence
    assert "above 0 in 2 of 3 seeds" in sentence
    agreed = said(compared(values + 0.3), "a", "b")
    assert ": better over these attributes (above 0 in 3 of 3 seeds" in agreed
    one = compared(values[:, :1])
    assert one["seed_interval"] is None
    assert "better over these attributes (from 1 seed, too few" in said(one, "a", "b")


def test_controls_are_compared():
    comparison = result(journal())["comparison"]
    assert comparison["scratch_random"]["mean"] == pytest.approx(0.05)
    assert comparison["fine_tuned_random"]["mean"] == pytest.approx(0.1)
    assert comparison["fine_tuned_test"]["mean"] == pytest.approx(0.05)
    assert comparison["guidance"] is None


def test_guidance_is_what_the_asked_attribute_adds():
    events = journal()
    for event in events:
        if event.get("method") == "transferred" and event["event"] == "searched":
            for row in event["attributes"]:
                row["shuffled"] = row["expected"] - 0.03 * (1 + event["seed"])
    found = result(events)
    assert found["comparison"]["guidance"]["by_seed"] == pytest.approx([0.03, 0.06])
    assert found["comparison"]["guidance"]["mean"] == pytest.approx(0.045)
    assert method(found, "transferred")["shuffled"] == pytest.approx(0.5975 - 0.045)
    assert any("told another" in line for line in application_lines(found))


def with_draws(events, spread):
    """Puts single draws around what a method expects, alike for all attributes."""
    offsets = spread * np.linspace(-1, 1, 16)
    for event in events:
        if event["event"] == "searched":
            for row in event["attributes"]:
                row["drawn"] = (row["expected"] + offsets).tolist()
    return events


def test_negative_transfer_needs_a_test():
    # The third attribute is 0.1 lower: more than chance only where draws differ little.
    shown = result(with_draws(journal(), 0.05))
    assert shown["negative_transfer_test"]["test"] == OVER_DRAWS
    assert (shown["negative_transfer"], shown["lower_by_chance"]) == (["c"], [])
    chance = result(with_draws(journal(), 0.9))
    assert (chance["negative_transfer"], chance["lower_by_chance"]) == ([], ["c"])
    assert set(chance["negative_transfer_test"]["p_values"]) == set(ATTRIBUTES)
    untested = result(journal())
    assert (untested["negative_transfer"], untested["lower_by_chance"]) == ([], ["c"])
    assert untested["negative_transfer_test"] == {"test": None, "p_values": {}}


def test_three_seeds_are_tested_over_seeds_and_corrected():
    events = with_draws(journal((0, 1, 2)), 0.001)
    for event in events:
        if event.get("method") == "transferred" and event["event"] == "searched":
            for place, row in enumerate(event["attributes"]):
                # p is 0.04 in the third attribute: too much for one of several.
                row["expected"] += (-0.03, 0.0, 0.03)[event["seed"]] * (1 + place / 10)
    found = result(events)
    assert found["negative_transfer_test"]["test"] == OVER_SEEDS
    assert (found["negative_transfer"], found["lower_by_chance"]) == ([], ["c"])
    assert 0.05 < found["negative_transfer_test"]["p_values"]["c"] < 0.1
    assert "Lower for 1 attribute, by no more than chance." in application_lines(found)


def test_the_match_is_the_first_evaluation_that_is_as_good():
    # The final mean of the one from scratch is 0.71; fine-tuning has 0.66, 0.72, 0.76.
    comparison = result(journal())["comparison"]
    assert comparison["match"] == {"evaluations": 2, "of": 3, "by_seed": [2, 2], "interval": None}
    never = comparison["random_match"]
    assert never == {"evaluations": None, "of": 3, "by_seed": [None, None], "interval": None}


def test_the_match_of_seeds_has_an_interval_where_each_has_one():
    curves = {
        "from scratch": [[0.1, 0.2, 0.5, 0.5]] * 3,
        "fine-tuned": [[0.5, 0.5, 0.5, 0.5], [0.1, 0.6, 0.6, 0.6], [0.1, 0.1, 0.5, 0.6]],
    }
    table = {
        name: {"a": {seed: {"curve": np.array(curve)} for seed, curve in enumerate(listed)}}
        for name, listed in curves.items()
    }
    found = matched(table, ["a"], [0, 1, 2], "fine-tuned", 4)
    assert found["by_seed"] == [1, 2, 3]
    # Student's interval of 1, 2 and 3 is −0.48 to 4.48.
    assert found["interval"] == [1.0, 4.0]
    table["fine-tuned"]["a"][1]["curve"] = np.zeros(4)
    found = matched(table, ["a"], [0, 1, 2], "fine-tuned", 4)
    assert found["by_seed"] == [1, None, 3]
    assert found["interval"] is None


def test_a_seed_that_time_cut_off_does_not_count():
    events = journal()
    whole = result(events[:9])
    # Of the second seed only two methods have searched.
    cut = result(events[:9] + events[9:11])
    assert cut["seeds"] == [0]
    for name in ("random", "transferred", "fine-tuned"):
        for key in ("curve", "final", "expected", "test_score"):
            assert method(cut, name)[key] == method(whole, name)[key]


def test_a_searched_seed_counts_before_it_is_trained():
    events = journal()
    cut = result(events[:13])
    assert cut["seeds"] == [0, 1]
    assert cut["comparison"]["transferred"]["by_seed"] == pytest.approx([0.0875, 0.0875])
    assert cut["comparison"]["test"]["by_seed"] == [pytest.approx(0.15), None]


def test_searches_that_time_cut_short_are_marked():
    events = journal()
    for row in events[2]["attributes"]:
        row["rewards"] = row["rewards"][:2]
    events[2]["cut_short"] = True
    found = result(events)
    assert found["evaluations"] == 2
    assert method(found, "fine-tuned")["attributes"][0]["final"] == pytest.approx(0.57)
    assert len(method(found, "transferred")["curve"]) == 2
    assert method(found, "from scratch")["cut_short"] == [True, False]
    assert method(found, "from scratch")["evaluations"] == [2, 3]
    assert method(found, "fine-tuned")["cut_short"] == [False, False]
    assert any("from scratch in seed 0 after 2" in line for line in application_lines(found))
    assert not any("Time ended" in line for line in application_lines(result(journal())))


def test_a_seed_that_does_not_count_shortens_no_curve():
    events = journal()
    short = searched(1, "random", [([0.4], 0.4, 0.5)] * 4)
    assert result([*events[:9], short])["evaluations"] == 3


def test_unknown_rewards_count_as_chance():
    events = journal()
    for event in events[:4]:
        event["attributes"][0].update(expected=None, score=None)
        event["attributes"][0]["rewards"] = [None] * len(event["attributes"][0]["rewards"])
    found = result(events)
    # 0.5 in the first seed, 0.52 in the second.
    assert method(found, "random")["attributes"][0]["expected"] == pytest.approx(0.51)
    row = (0.5 + 0.42) / 2
    assert method(found, "random")["curve"][0] == pytest.approx((row + 0.51 + 0.61 + 0.71) / 4)
    assert [m["missing"] for m in found["methods"]] == [3, 1, 3, 3, 0]
    assert any("count as 0.5, chance: 3 of random, 1 of" in s for s in application_lines(found))
    assert mean_of([None, float("nan")]) is None


def test_a_test_score_is_chance_only_where_the_attribute_has_scores():
    events = journal((0,))
    for event in events[4:]:
        event["attributes"][0]["test_score"] = None
    events[6]["attributes"][1]["test_score"] = None
    found = result(events)
    # No network has a score for the first attribute: its test images show one class.
    assert found["comparison"]["test"]["attributes"] == 3
    rows = method(found, "transferred")["attributes"]
    assert [row["test_score"] for row in rows[:2]] == [None, 0.5]
    assert method(found, "transferred")["missing"] == 1


def test_ranks_are_compared_inside_a_seed_and_attribute():
    # Shared scores of the second seed are all higher and its networks worse: inside a seed
    # the order is the same.
    events = [
        trained(seed, str(place), [0.1 * place - seed] * 4, shared=place + 10 * seed)
        for seed in (0, 1)
        for place in range(4)
    ]
    found = correlation(events)
    assert found["kendall_tau"] == pytest.approx(1)
    assert found["kendall_networks"] == 32


def test_a_network_that_several_methods_chose_counts_once():
    events = [trained(0, str(place), [0.1 * place] * 4, shared=place) for place in range(4)]
    again = trained(0, "again", [0.3] * 4, shared=3, architecture=[ord("3")])
    assert correlation([*events, again]) == correlation(events)


def chosen(attribute, *architecture, seed=0, keep=False):
    return Job(seed, ATTRIBUTES.index(attribute), attribute, architecture, 5, keep)


def row_of(job, **more):
    """What the journal says of a job that was trained."""
    scores = {"validation_score": 0.7, "test_score": 0.6, "training_seconds": 3.0}
    return {"attribute": job.name, "architecture": [*job.architecture], **scores, **more}


def test_a_network_is_trained_once_a_seed_and_attribute():
    job = chosen("a", 0, 1)
    networks = ChosenNetworks([])
    assert networks.known(job, 0.5) is None
    row = row_of(job, shared_score=0.5)
    networks.note(0, [row])
    expected = row | {"reused": True, "training_seconds": 0.0, "shared_score": 0.7}
    assert networks.known(job, 0.7) == expected
    # The same architecture for another attribute is another network, and of another seed.
    for other in (chosen("b", 0, 1), chosen("a", 1, 1), chosen("a", 0, 1, seed=1)):
        assert networks.known(other, 0.7) is None
    # A run that goes on knows them from its journal.
    events = [{"event": "start"}, {"event": "trained", "seed": 0, "attributes": [row]}]
    assert ChosenNetworks(events).known(job, 0.7) == expected


def test_a_network_that_is_to_be_kept_is_trained_again_only_if_it_was_not():
    job, row = chosen("a", 0, 1, keep=True), row_of(chosen("a", 0, 1))
    networks = ChosenNetworks([{"event": "trained", "seed": 0, "attributes": [row]}])
    assert networks.known(job, 0.7) is None
    networks.note(0, [{**row, "saved": True}])
    assert networks.known(job, 0.7)["saved"]


def test_a_network_that_failed_is_not_tried_for_another_method():
    job = chosen("b", 0, 1, keep=True)
    failed = {"event": "failed", "seed": 0, "attribute": "b", "architecture": [0, 1]}
    networks = ChosenNetworks([{**failed, "reason": "the loss became nan, twice"}])
    assert networks.known(job, 0.7) == {
        **{"attribute": "b", "architecture": [0, 1]},
        **{"failed": "the loss became nan, twice", "shared_score": 0.7},
    }


def test_data_that_were_learned_on_are_told():
    assert result(journal(), fingerprint="s")["seen"]
    assert not result(journal())["seen"]
