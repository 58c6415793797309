"""The Gaussian process: what it learns from, and how it trades off."""

import math

import numpy as np
import pytest
from sklearn.gaussian_process import GaussianProcessRegressor

from graftwork.space import Decision, Space
from graftwork.strategies.gp import NOISE, GaussianProcess, _normal_scores
from graftwork.strategies.random import RandomSampling

SPACE = Space(tuple(Decision(f"decision {i}", ("a", "b", "c", "d")) for i in range(7)))


def told(strategy, score):
    asked = strategy.ask()
    strategy.tell(asked, np.array([[score(a)] for a in asked], float))
    return asked


def run(strategy, score):
    while not strategy.done:
        told(strategy, score)
    return strategy


def matches(architecture):
    """How many decisions agree with a hidden architecture; order of the choices says nothing."""
    return sum(a == b for a, b in zip(architecture, (2, 0, 3, 1, 1, 3, 0), strict=True))


def test_it_finds_the_best_of_16384_in_80_evaluations():
    for seed in range(3):
        assert matches(run(GaussianProcess(SPACE, 80, seed), matches).best) == 7
        assert matches(run(RandomSampling(SPACE, 80, seed), matches).best) < 7


def test_only_the_order_of_scores_matters():
    plain = run(GaussianProcess(SPACE, 60, seed=0), matches)
    bent = run(GaussianProcess(SPACE, 60, seed=0), lambda a: -math.exp(10 - 3 * matches(a)))
    assert list(plain.history) == list(bent.history)


def test_normal_scores_are_quantiles_and_equal_scores_are_equal():
    scores = _normal_scores(np.array([3.0, -np.inf, 7.0, -np.inf, 5.0]))
    # Ranks 3, 1.5, 5, 1.5, 4 of five: the quantiles of 0.5, 0.2, 0.9, 0.2, 0.7.
    expected = [0.0, -0.8416212, 1.2815516, -0.8416212, 0.5244005]
    np.testing.assert_allclose(scores, expected, atol=1e-6)


def test_the_correlation_is_that_of_the_docstring():
    strategy = GaussianProcess(SPACE, 80, seed=0)
    first, second = (0,) * 7, (1, 1, 0, 0, 0, 0, 0)
    correlation = strategy.kernel(strategy._encode([first]), strategy._encode([second]))[0, 0]
    ratio = math.sqrt(5) * math.sqrt(2 * 2) / (0.8 * math.sqrt(7))
    assert correlation == pytest.approx((1 + ratio + ratio**2 / 3) * math.exp(-ratio))


def test_what_is_drawn_follows_the_process():
    # With the candidates fixed, how often each is proposed is its chance to be the largest of
    # independent draws.
    counts = np.zeros(2)
    candidates = [(2, 0, 3, 1, 1, 3, 1), (1, 1, 0, 0, 0, 0, 1)]
    history = run(RandomSampling(SPACE, 20, seed=0), matches).history
    for seed in range(400):
        strategy = GaussianProcess(SPACE, 80, seed)
        strategy.history = history
        strategy._candidates = lambda: candidates  # type: ignore[method-assign]
        counts[candidates.index(strategy.propose(1)[0])] += 1
    process = GaussianProcessRegressor(strategy.kernel, alpha=NOISE, optimizer=None)
    process.fit(
        SPACE.one_hot(list(history)).astype(float),
        _normal_scores(np.array(list(history.values()))),
    )
    encoded = SPACE.one_hot(candidates).astype(float)
    mean, deviation = process.predict(encoded, return_std=True)
    z = (mean[0] - mean[1]) / math.hypot(*deviation)
    expected = 0.5 * (1 + math.erf(z / math.sqrt(2)))
    assert 0.55 < expected < 0.999
    assert counts[0] / 400 == pytest.approx(expected, abs=0.07)


def test_candidates_are_new_and_near_the_best_or_random():
    strategy = GaussianProcess(SPACE, 80, seed=0)
    for _ in range(30):
        told(strategy, matches)
    pending = strategy.ask()
    candidates = strategy._candidates()
    assert len(set(candidates)) == len(candidates) > 300
    assert not set(candidates) & {*strategy.history, *pending}
    parents = [a for a, _ in strategy.ranked()[:10]]
    near = [
        min(sum(a != b for a, b in zip(c, p, strict=True)) for p in parents) for c in candidates
    ]
    assert 1 in near
    assert max(near) > 3


@pytest.mark.parametrize("score", [math.nan, -math.inf, 0.0])
def test_scores_that_say_nothing_do_no_harm(score):
    strategy = run(GaussianProcess(SPACE, 40, seed=0), lambda a: score)
    assert len(strategy.history) == 40


def test_failed_architectures_are_avoided():
    strategy = run(
        GaussianProcess(SPACE, 60, seed=0), lambda a: -math.inf if a[2] == 0 else matches(a)
    )
    assert np.mean([a[2] == 0 for a in list(strategy.history)[30:]]) < 0.1


def test_a_space_it_exhausts_is_evaluated_whole():
    space = Space((Decision("one", ("a", "b", "c")), Decision("two", ("a", "b", "c", "d", "e"))))
    strategy = run(GaussianProcess(space, 100, seed=0, batch=4), sum)
    assert len(strategy.history) == 15
    assert strategy.best == (2, 4)
