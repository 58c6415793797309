"""One architecture for one attribute by itself."""

import json

import numpy as np
import pytest
import tiny

from transfer_nas.model import parameters_and_flops
from transfer_nas.space import ChainSpace
from transfer_nas.standalone import Schedule, StandaloneChains, training_data

SPACE = ChainSpace.make(3)
CONVOLUTIONS = (0, 1, 2, 0)  # 3×3, 5×5, separable 3×3.
POOLS = (4, 5, 6, 1)
FRAME = 3


def made(score="auc", dataset=None, schedule=None):
    dataset = dataset or tiny.tiny_dataset()
    data = training_data(dataset, augment=False)
    schedule = schedule or Schedule(20, 16, 0.01)
    return StandaloneChains(SPACE, 4, dataset, data, schedule, score)


@pytest.fixture(scope="module")
def chains():
    return made()


def trained(chains, architecture=CONVOLUTIONS, attribute=FRAME, seed=1):
    chains.begin(architecture, attribute, seed)
    scores = []
    while not chains.done:
        scores.append(chains.advance())
    return scores, chains.finish()


def same(one, other):
    return (one.validation_score, one.test_score) == (other.validation_score, other.test_score)


def test_a_frame_is_learned_and_costs_are_those_of_one_attribute():
    scores, result = trained(made(schedule=Schedule(60, 32, 0.02)))
    assert result.test_score > 0.9
    assert result.validation_score == max(scores) > 0.9
    expected = parameters_and_flops(SPACE, CONVOLUTIONS, 4, (16, 16, 1))
    assert (result.parameters, result.flops) == expected
    assert result.seconds > 0


def test_a_training_depends_on_nothing_before_it(chains):
    _, first = trained(chains)
    _, pools = trained(chains, POOLS)
    _, other = trained(chains, seed=2)
    _, again = trained(chains)
    assert same(first, again)
    assert not same(first, pools)
    assert not same(first, other)
    assert chains.predictor.predict.experimental_get_tracing_count() == 1


def test_the_labels_of_other_attributes_teach_the_trunk_nothing(chains):
    labels = tiny.tiny_dataset().labels.copy()
    rng = np.random.default_rng(0)
    for attribute in set(range(5)) - {FRAME}:
        labels[:, attribute] = rng.permutation(labels[:, attribute])
    _, expected = trained(chains)
    _, result = trained(made(dataset=tiny.tiny_dataset(labels=labels)))
    assert same(result, expected)


def test_the_test_split_is_read_once_at_the_end(chains, monkeypatch):
    read = []
    monkeypatch.setattr(
        chains, "score_on", lambda split: read.append(split) or {"validation": 0.5}.get(split, 0.25)
    )
    _, result = trained(chains)
    assert read == ["validation", "validation", "test"]
    assert (result.validation_score, result.test_score) == (0.5, 0.25)


def test_the_best_weights_are_kept_and_not_the_last(chains, monkeypatch):
    weights, scores = [], iter([float("nan"), 0.6, 0.7, 0.7, 0.1])

    def score_on(split):
        weights.append(chains.network.get_weights())
        return next(scores) if split == "validation" else 0.0

    monkeypatch.setattr(chains, "score_on", score_on)
    monkeypatch.setattr(chains, "schedule", Schedule(10, 16, 0.01, evaluations=5))
    _, result = trained(chains)
    assert result.validation_score == 0.7
    assert len(weights) == 6
    for kept, expected in zip(weights[-1], weights[2], strict=True):
        np.testing.assert_array_equal(kept, expected)
    assert any((a != b).any() for a, b in zip(weights[2], weights[3], strict=True))


def test_a_training_without_any_score_has_none(chains, monkeypatch):
    monkeypatch.setattr(chains, "score_on", lambda split: float("nan"))
    _, result = trained(chains)
    assert np.isnan([result.validation_score, result.test_score]).all()


def test_a_training_that_was_interrupted_comes_to_the_same_end(chains):
    scores, expected = trained(chains)
    chains.begin(CONVOLUTIONS, FRAME, 1)
    assert chains.advance() == scores[0]
    values, arrays = chains.state()
    values = json.loads(json.dumps(values))
    arrays = {name: array.copy() for name, array in arrays.items()}
    trained(chains, POOLS, attribute=0, seed=5)  # Something else leaves nothing behind.
    chains.restore(values, arrays)
    assert not chains.done
    assert chains.advance() == scores[1]
    assert chains.done
    result = chains.finish()
    assert same(result, expected)
    assert result.seconds > values["seconds"] > 0


@pytest.mark.parametrize(("steps", "evaluations"), [(7, [4, 7]), (1, [1]), (2, [1, 2])])
def test_validation_is_read_at_the_end_and_half_way(chains, monkeypatch, steps, evaluations):
    monkeypatch.setattr(chains, "schedule", Schedule(steps, 16, 0.01))
    chains.begin(POOLS, 0, 1)
    seen = []
    while not chains.done:
        chains.advance()
        seen.append(chains.trainer.step)
    assert seen == evaluations


def test_the_learning_rate_rises_and_falls():
    rates = Schedule(100, 16, 0.1).learning_rates()
    values = [float(rates(step)) for step in (0, 10, 50, 100)]
    np.testing.assert_allclose(
        values, [0.01, 0.1, 0.1 * (0.05 + 0.95 * 0.586824), 0.005], rtol=1e-4
    )
