"""What journals of searches of generators say: rows, comparisons, correlation."""

import numpy as np
import pytest
from scipy import stats

from gan_nas.results import compare, correlation, measures, method_row, statement
from gan_nas.terminal import conclusions
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
    # As wide as three values allow, and not just their range.
    wanted = stats.ttest_1samp([0.01, 0.02, 0.06], 0).confidence_interval(0.95)
    assert found["kid_interval"] == pytest.approx(list(wanted))


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


# What the search has learned.


def search(candidates_mean, random_mean, score=-1.0, draws=264):
    """What a search says of its candidates and of uniform draws; rewards in units of KID."""
    control = None
    if random_mean is not None:
        control = {"score": -0.5, "mean_score": random_mean, "evaluations": draws}
        control["scored"] = draws
    found = {"candidates": 24, "candidates_mean": candidates_mean, "random_search": control}
    return {**found, "score": score}


def said(searches, **changes):
    """The sentences that the terminal prints of these searches."""
    names = ("candidates", "candidates_mean", "random_search")
    result = {
        "comparisons": [],
        "search_cost_ratio": 1.0,
        "search_seconds": 2.0,
        "training_seconds": 2.0,
        "evaluations": 264,
        "children_an_hour": 10.0,
        "reward": "−KID",
        "shared_score": searches[0]["score"],
        **{name: [one[name] for one in searches] for name in names},
        "kendall_tau": None,
        "constant_reward": False,
        "resets": 0,
        "methods": [],
        "status": "finished",
    } | changes
    return " ".join(conclusions(result)[1:])


def test_candidates_are_compared_with_uniform_draws_by_their_means():
    text = said([search(-2.0, -2.5)])
    assert text.startswith(
        "Under the final shared weights the mean reward (−KID) of 24 candidates of the search is "
        "−2000.00·10⁻³, that of 264 uniform draws −2500.00·10⁻³; 1 seed gives no interval."
    )
    # The best of 264 is above the best of 24, which proves nothing.
    assert text.endswith(
        "The best of 24 candidates has a reward (−KID) of −1000.00·10⁻³, the best of 264 uniform "
        "draws −500.00·10⁻³: of more draws the best is better by chance alone."
    )
    assert "chance" not in said([search(-2.0, -2.5, draws=24)])


@pytest.mark.parametrize(
    ("ours", "verdict"),
    [
        ((-2.0, -2.1, -1.9), "better by more than chance."),
        ((-3.0, -3.2, -2.9), "worse by more than chance."),
        ((-2.0, -2.9, -1.8), "no difference is shown."),
        ((-2.0, -2.0, -2.0), "so that there is no test."),
    ],
    ids=["better", "worse", "noise", "constant"],
)
def test_means_of_several_seeds_are_compared_in_pairs(ours, verdict):
    first = said([search(mean, -2.5) for mean in ours]).split(" The best ")[0]
    assert "(means over 3 seeds)" in first
    assert first.endswith(verdict)


def test_a_seed_is_compared_with_its_own_random_search():
    # Of the first seed no random search has a reward; the second's is not that of the first.
    lacking = search(None, None)
    assert "uniform" not in said([lacking, search(None, -2.5)])
    text = said([search(-2.0, -2.5), search(-2.2, -2.4)])
    assert "−500.00·10⁻³ (first seed)" in text
    assert "2 seeds give no interval" in text


def test_results_of_older_versions_say_the_best_alone():
    older = {"candidates": None, "candidates_mean": None}
    text = said([search(-2.0, -2.5)], **older)
    assert text.startswith("The best of the search has a reward (−KID) of −1000.00·10⁻³, the best")
    assert "of 264 uniform draws" in text


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
