"""What journals of searches of generators say: rows, comparisons, correlation."""

import numpy as np
import pytest
from scipy import stats

from gan_nas.results import compare, correlation, measures, method_row, statement
from graftwork.journal import by_method
from graftwork.statistics import paired_difference


def quality(kid, **changes):
    given = {
        "kid": kid,
        "kid_error": 0.001,
        "fid": 10.0,
        "inception_score": 1.5,
        "precision": 0.5,
        "recall": 0.25,
        "images": 64,
        "real_images": 70,
        "reasons": {},
    }
    return given | changes


def training(method, kind, seed, kid, shared=None, validation=None, **changes):
    """A journal entry of a finished training."""
    return {
        "event": "trained",
        "method": method,
        "kind": kind,
        "seed": seed,
        "steps": 9,
        "parameters": 100,
        "flops": 1000,
        "training_seconds": 2.0,
        "validation_kid": kid if validation is None else validation,
        "shared_score": shared,
        "test": quality(kid),
    } | changes


def trainings(searched, random):
    """One searched generator a seed, and several with random cells."""
    rows = [training("searched cells", "searched", s, kid) for s, kid in enumerate(searched)]
    for seed, kids in enumerate(random):
        rows += [training("random cells", "random", seed, kid) for kid in kids]
    return rows


# Comparisons.


def test_one_seed_gives_a_difference_without_an_interval():
    found = compare(trainings([0.010], [[0.012, 0.009, 0.015]]), "random cells")
    assert found["difference"] == pytest.approx(0.002)
    assert (found["interval"], found["p_value"]) == (None, None)
    assert found["better_than"] == "2 of 3"
    text = found["statement"]
    assert text.startswith("The KID of the searched generator is 2.00·10⁻³ below the mean")
    assert "random cells" in text
    assert "2 of 3" in text
    assert text.endswith(
        "1 seed gives no interval, so that this may be chance (--seeds 3 gives one)."
    )


def test_three_seeds_are_compared_in_pairs():
    searched, random = [0.010, 0.020, 0.030], [[0.012, 0.014], [0.024, 0.022], [0.033, 0.035]]
    found = compare(trainings(searched, random), "random cells")
    pairs = np.mean(random, axis=1) - searched
    test = stats.ttest_rel(np.mean(random, axis=1), searched)
    assert found["difference"] == pytest.approx(pairs.mean())
    assert found["p_value"] == pytest.approx(test.pvalue)
    assert found["interval"] == pytest.approx(list(test.confidence_interval()))
    assert found["better_than"] == "6 of 6"
    assert "3 seeds" in found["statement"]
    assert found["statement"].endswith("the search is better by more than chance.")


def test_a_search_that_is_worse_says_so():
    found = compare(trainings([0.03, 0.04, 0.05], [[0.01], [0.021], [0.03]]), "random cells")
    assert "above that of random cells" in found["statement"]
    assert "0 of 3" in found["statement"]
    assert found["statement"].endswith("the search is worse by more than chance.")


def test_an_interval_around_nothing_shows_no_difference():
    found = compare(trainings([0.01, 0.02, 0.03], [[0.03], [0.01], [0.031]]), "random cells")
    low, high = found["interval"]
    assert low < 0 < high
    assert found["statement"].endswith("no difference is shown.")


def test_seeds_that_the_other_method_lacks_are_left_out():
    rows = trainings([0.01, 0.9], [[0.02]])
    found = compare(rows, "random cells")
    assert found["difference"] == pytest.approx(0.01)
    assert found["better_than"] == "1 of 1"


def test_there_is_no_comparison_without_the_other_or_without_its_numbers():
    rows = trainings([0.01], [[0.02]])
    assert compare(rows, "DCGAN") is None
    rows[1]["test"] = quality(None)
    assert compare(rows, "random cells") is None


def test_the_sentence_of_two_seeds():
    text = statement("DCGAN", 0.001, paired_difference([1, 2], [0, 0]), 2, 1, 2)
    assert "1.00·10⁻³ below that of DCGAN" in text
    assert "2 seeds give no interval" in text


# Rows.


def test_a_row_is_the_mean_over_its_trainings():
    rows = trainings([0.01, 0.03], [])
    row = method_row([rows[0] | {"parameters": 300}, rows[1]])
    assert (row["name"], row["kind"], row["seeds"]) == ("searched cells", "searched", [0, 1])
    assert (row["parameters"], row["seconds"], row["trainings"]) == (200.0, 4.0, 2)
    assert row["kid"] == pytest.approx(0.02)
    assert row["kid_interval"] is None
    assert row["kid_errors"] == [0.001, 0.001]


def test_three_trainings_have_an_interval_that_holds_the_mean():
    found = measures([quality(kid) for kid in (0.01, 0.02, 0.06)], [0, 1, 2])
    low, high = found["kid_interval"]
    assert 0.01 <= low < found["kid"] < high <= 0.06


def test_many_trainings_of_one_seed_have_no_interval():
    assert measures([quality(kid) for kid in (0.01, 0.02, 0.06)], [4, 4, 4])["kid_interval"] is None


def test_a_metric_that_one_of_them_lacks_is_none_with_the_reason():
    lacking = quality(0.02, fid=None, reasons={"fid": "too few images"})
    found = measures([quality(0.01), lacking, quality(0.03)], [0, 1, 2])
    assert found["fid"] is None
    assert found["reasons"] == {"fid": "too few images"}
    assert found["kid"] == pytest.approx(0.02)
    found = measures([quality(0.01), quality(None, kid_error=None), quality(0.03)], [0, 1, 2])
    assert (found["kid"], found["kid_interval"]) == (None, None)
    assert found["kid_errors"] == [0.001, None, 0.001]


def test_methods_stay_in_their_order():
    rows = trainings([0.1, 0.2], [[0.3], [0.4]])
    assert [(name, len(found)) for name, found in by_method(rows).items()] == [
        *(("searched cells", 2), ("random cells", 2))
    ]


# Correlation.


def test_the_correlation_is_taken_seed_by_seed():
    # By hand: of the three pairs of seed 0 all agree, of those of seed 1 one agrees.
    rewards = {0: [-3.0, -2.0, -1.0], 1: [-30.0, -20.0, -10.0]}
    kids = {0: [0.3, 0.2, 0.1], 1: [0.2, 0.3, 0.25]}
    rows = [
        training(f"m{i}", "random" if seed else "searched", seed, 9.0, reward, kid)
        for seed in (0, 1)
        for i, (reward, kid) in enumerate(zip(rewards[seed], kids[seed], strict=True))
    ]
    rows.append(training("DCGAN", "baseline", 0, 9.0, None, 0.0))
    found = correlation([{"seed": 0}, {"seed": 1}], rows)
    assert found["kendall_tau"] == pytest.approx((1 - 1 / 3) / 2)
    assert found["kendall_tau_generators"] == 6
    assert found["kendall_tau_random"] == pytest.approx(-1 / 3)
    assert 0 < found["kendall_tau_p_value"] <= 1


def test_too_few_generators_have_no_correlation():
    rows = [training("m", "searched", 0, 0.1, -1.0), training("n", "random", 0, 0.2, -2.0)]
    found = correlation([{"seed": 0}], rows)
    assert (found["kendall_tau"], found["kendall_tau_p_value"]) == (None, None)
