"""NAO: three networks with one loss, and the way uphill in the embedding."""

import numpy as np

from graftwork.space import Decision, Space
from graftwork.strategies.nao import Nao
from graftwork.surrogate_autoencoder import Autoencoder

SPACE = Space(tuple(Decision(f"decision {i}", ("a", "b", "c", "d")[: 2 + i % 3]) for i in range(7)))
TARGET = (1, 2, 3, 0, 1, 0, 1)


def matches(architecture):
    """How many decisions agree with a hidden architecture."""
    return sum(a == b for a, b in zip(architecture, TARGET, strict=True))


def told(strategy, count, score=matches):
    for _ in range(count):
        asked = strategy.ask()
        strategy.tell(asked, np.array([[score(a)] for a in asked], float))
    return strategy


def fitted(count=60, **options):
    rng = np.random.default_rng(0)
    model = Autoencoder(SPACE.choice_counts, **options)
    known = list(dict.fromkeys(SPACE.sample(rng) for _ in range(count)))
    targets = np.array([matches(a) for a in known], "float32") / 2 - 1
    model.fit(SPACE.one_hot(known), targets, SPACE.one_hot(known[:5]), rng)
    return model, known, targets


def test_it_predicts_and_decodes_what_it_was_fitted_to():
    model, known, targets = fitted()
    embeddings = model.embed(SPACE.one_hot(known))
    assert np.abs(model.predict(embeddings) - targets).mean() < 0.1
    assert np.mean([a == b for a, b in zip(model.decode(embeddings), known, strict=True)]) > 0.9


def test_the_trade_off_says_which_of_the_two_is_learnt():
    model, known, targets = fitted(trade_off=0.0)
    embeddings = model.embed(SPACE.one_hot(known))
    assert model.decode(embeddings) == known
    assert np.abs(model.predict(embeddings) - targets).mean() > 0.3
    model, known, targets = fitted(trade_off=1.0)
    embeddings = model.embed(SPACE.one_hot(known))
    assert np.abs(model.predict(embeddings) - targets).mean() < 0.1
    assert np.mean([a == b for a, b in zip(model.decode(embeddings), known, strict=True)]) < 0.2


def test_probabilities_sum_to_1_in_every_decision():
    model = Autoencoder(SPACE.choice_counts)
    logits = np.random.default_rng(0).normal(0, 30, (2, 5, sum(SPACE.choice_counts)))
    probabilities = model.softmax(logits)
    for part in np.split(probabilities, model.offsets[1:], axis=-1):
        np.testing.assert_allclose(part.sum(axis=-1), 1)


def test_what_lies_uphill_is_new_and_scores_higher_than_where_it_began():
    higher = []
    for seed in range(4):
        strategy = told(Nao(SPACE, 200, seed, initial=80), 80)
        strategy.improved()  # Fits the model.
        parents = [a for a, _ in strategy.ranked()[20:60]]
        found = strategy.uphill(parents)
        assert found
        assert all(strategy.is_new(architecture) for architecture in found)
        higher.append(np.mean([matches(a) for a in found]) - np.mean([matches(a) for a in parents]))
    assert min(higher) > 0.5


def test_steps_of_no_length_lead_nowhere():
    strategy = told(Nao(SPACE, 200, 0, initial=60, step_size=0.0), 60)
    strategy.improved()
    known = [
        a
        for a in strategy.history
        if strategy.model.decode(strategy.model.embed(SPACE.one_hot([a]))) == [a]
    ]
    assert known
    assert strategy.uphill(known) == []


def test_it_finds_the_best_of_2592_in_80_evaluations():
    for seed in range(3):
        assert matches(told(Nao(SPACE, 80, seed), 80).best) == len(SPACE)
