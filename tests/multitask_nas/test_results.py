"""What the comparison with random trees says."""

import pytest

from multitask_nas.results import compare_with_random, correlation, method_row


def trained(kind, seed, test_error, **values):
    return {"kind": kind, "method": kind, "seed": seed, "test_error": test_error, **values}


def trainings(searched, random):
    rows = [trained("searched", seed, error) for seed, error in enumerate(searched)]
    return rows + [
        trained("random", seed, error) for seed, row in enumerate(random) for error in row
    ]


def test_the_difference_is_paired_by_seed():
    found = compare_with_random(trainings([10.0, 11.1, 11.9], [[11, 13], [12, 14], [13, 15]]))
    assert found["difference"] == pytest.approx(2.0)
    assert found["better_than_random"] == "6 of 6"
    low, high = found["interval"]
    assert low < 2.0 < high


def test_a_search_that_is_better_by_more_than_chance_is_told_so():
    random = [[12.0 + 0.1 * i + 0.05 * s for i in range(10)] for s in range(3)]
    found = compare_with_random(trainings([10.0, 10.1, 9.9], random))
    assert found["interval"][0] > 0
    assert found["p_value"] < 0.05
    assert found["statement"].endswith("the search beats random trees by more than chance.")


def test_no_difference_and_a_worse_search_are_told_so():
    random = [[12.0, 13.0, 11.0, 12.5], [11.5, 12.2, 12.8, 12.1], [12.0, 11.0, 13.0, 12.4]]
    none = compare_with_random(trainings([12.1, 11.9, 12.2], random))
    assert none["statement"].endswith("no difference from random trees is shown.")
    worse = compare_with_random(trainings([15.1, 14.9, 15.2], random))
    assert worse["statement"].endswith("the search is worse than random trees.")


@pytest.mark.parametrize("seeds", [1, 2])
def test_few_seeds_give_no_interval(seeds):
    found = compare_with_random(trainings([10.0] * seeds, [[11, 12, 13]] * seeds))
    assert found["interval"] is None
    assert found["p_value"] is None
    assert "no interval" in found["statement"]


def test_there_is_no_comparison_without_random_trees():
    assert compare_with_random(trainings([10.0], [])) is None


def test_seeds_without_random_trees_are_left_out():
    rows = trainings([10.0, 20.0], [[11.0, 12.0]])
    assert compare_with_random(rows)["difference"] == pytest.approx(1.5)


def test_kendalls_tau_is_taken_seed_by_seed():
    """Inside each seed the scores agree; across the seeds they would not."""
    rows = [
        trained("random", seed, 0.0, shared_score=base + i, validation_score=i - base)
        for seed, base in ((0, 0.0), (1, 10.0))
        for i in range(5)
    ]
    searches = [{"seed": 0}, {"seed": 1}]
    found = correlation(searches, [*rows, trained("control", 0, 0.0, shared_score=None)])
    assert found["kendall_tau"] == pytest.approx(1.0)
    assert found["kendall_tau_random"] == pytest.approx(1.0)
    assert found["kendall_tau_trees"] == 10
    assert found["kendall_tau_p_value"] < 0.05


def test_a_row_holds_the_means_of_its_trainings():
    values = {
        "validation_error": 1.0,
        "parameters": 10,
        "flops": 20,
        "channels": 4,
        "training_seconds": 3.0,
        "attribute_errors": [1.0, 3.0],
    }
    rows = [
        trained("random", 0, 2.0, latency_ms=5.0, **values),
        trained("random", 1, 4.0, latency_ms=None, **{**values, "attribute_errors": [3.0, 5.0]}),
    ]
    row = method_row(rows, "balanced-accuracy")
    assert row["score"] == "balanced accuracy"
    assert row["test_error"] == 3.0
    assert row["test_error_interval"] is None
    assert row["seeds"] == [0, 1]
    assert row["trainings"] == 2
    assert row["latency_ms"] == 5.0
    assert row["seconds"] == 6.0
    assert row["attribute_errors"] == [2.0, 4.0]
