"""Results from journals written by hand."""

import numpy as np
import pytest

from transfer_nas.method_table import best_so_far, compared, mean_of, read_table
from transfer_nas.results import application_result, correlation, matched

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


def trained(seed, method, scores, shared=0.5):
    """An event of trainings: test scores, the validation scores a tenth above."""
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
    assert 0.51 <= low < 0.66 < high <= 0.81
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


def test_equal_differences_have_no_interval_and_a_mean():
    assert compared([0.2, 0.3, 0.4], [0.1, 0.1, 0.1], [0.2])["interval"] is not None
    same = compared([0.5, 0.5, 0.5], [0.25, 0.25, 0.25], [0.25])
    assert same["interval"] is None
    assert same["mean"] == 0.25
    assert compared([0.2, 0.3], [0.1, 0.1], [])["interval"] is None
    assert compared([], [], []) is None


def test_transfer_that_hurts_is_named():
    assert result(journal())["negative_transfer"] == ["c"]


def test_the_match_is_the_first_evaluation_that_is_as_good():
    # The final mean of the one from scratch is 0.71; fine-tuning has 0.66, 0.72, 0.76.
    assert result(journal())["comparison"]["match"] == {"evaluations": 2, "of": 3}
    never = [
        {"name": "from scratch", "curve": [0.1, 0.9]},
        {"name": "fine-tuned", "curve": [0.2, 0.8]},
    ]
    assert matched(never, 2) == {"evaluations": None, "of": 2}


def test_a_seed_that_time_cut_off_does_not_count():
    events = journal()
    whole = result(events[:9])
    # Of the second seed only two methods have searched.
    cut = result(events[:9] + events[9:11])
    assert cut["seeds"] == [0]
    for name in ("random", "transferred", "fine-tuned"):
        for key in ("curve", "final", "expected", "test_score"):
            assert method(cut, name)[key] == method(whole, name)[key]


def test_all_are_compared_after_as_many_evaluations_as_the_shortest_had():
    events = journal()
    short = events[2]["attributes"][0]
    short["rewards"] = short["rewards"][:2]
    table, evaluations = read_table(events)
    assert evaluations == 2
    assert table["fine-tuned"]["a"][0]["final"] == pytest.approx(0.56)
    assert len(method(result(events), "transferred")["curve"]) == 2


def test_unknown_rewards_are_left_out_of_means():
    events = journal()
    for event in events[:4]:
        event["attributes"][0].update(expected=None, score=None)
        event["attributes"][0]["rewards"] = [None] * len(event["attributes"][0]["rewards"])
    found = result(events)
    # The first attribute is that of the second seed alone.
    assert method(found, "random")["attributes"][0]["expected"] == pytest.approx(0.52)
    assert method(found, "random")["curve"][0] == pytest.approx((0.42 + 0.51 + 0.61 + 0.71) / 4)
    assert mean_of([None, float("nan")]) is None


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


def test_data_that_were_learned_on_are_told():
    assert result(journal(), fingerprint="s")["seen"]
    assert not result(journal())["seen"]
