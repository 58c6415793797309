"""Pairs under the shared weights of several domains: scored by hand, trained on their own."""

import functools

import numpy as np
import pytest
import tiny

from datasets import Dataset
from graftwork.errors import InputError
from graftwork.training import Trainer
from transfer_nas import evaluator as evaluator_module
from transfer_nas.domains import number
from transfer_nas.evaluator import TransferEvaluator, own_pair
from transfer_nas.predictor import Predictor
from transfer_nas.scores import SCORES, attribute_score
from transfer_nas.space import ChainSpace
from transfer_nas.standalone import training_data
from transfer_nas.supernet import build_supernet

SPACE = ChainSpace.make(3)


@pytest.fixture(scope="module", autouse=True)
def traced_once():
    """All evaluators of the same networks and data share their predictors, and so their traces."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(evaluator_module, "Predictor", functools.cache(Predictor))
        yield


def small_dataset(**changes):
    """Returns colour images of 8×8 with two attributes, other than those of `tiny`."""
    rng = np.random.default_rng(5)
    arrays = {
        "name": "small",
        "images": rng.integers(0, 256, (60, 8, 8, 3), dtype=np.uint8),
        "labels": rng.integers(0, 2, (60, 2)).astype(np.int8),
        "attributes": ("round", "red"),
        "splits": {
            "train": np.arange(0, 20),
            "validation": np.arange(20, 50),
            "test": np.arange(50, 60),
        },
    }
    return Dataset.from_arrays(**(arrays | changes))


DOMAINS = number([("tiny", tiny.tiny_dataset()), ("small", small_dataset())])


@pytest.fixture(scope="module")
def supernets():
    """Networks whose predictions are about as often positive as negative."""
    networks = []
    for seed, domain in enumerate(DOMAINS):
        dataset, count = domain.dataset, len(domain.attributes)
        network = build_supernet(SPACE, count, 3, dataset.image_shape, seed)
        predictor, rows = (
            evaluator_module.Predictor(network, dataset, len(SPACE)),
            dataset.split("validation"),
        )
        chains = [pair[:-1] for pair in random_pairs(8)]
        logits = np.stack([predictor.logits(chain, rows) for chain in chains])
        network.heads.bias.assign(-logits.mean(axis=(0, 1)))
        networks.append(network)
    return networks


def evaluator(supernets, score="auc", trainers=(None, None), domains=DOMAINS, **changes):
    arguments = {"steps": 2, "reward_images": 100, "seed": 0} | changes
    return TransferEvaluator(SPACE, domains, trainers, supernets, score, **arguments)


def random_pairs(count, tasks=range(7)):
    rng = np.random.default_rng(1)
    return [(*SPACE.sample(rng), int(rng.choice(tasks))) for _ in range(count)]


def by_hand(supernet, domain, pair, rows, score):
    """Scores a pair on some rows, by the supernet's forward pass over all of validation at once."""
    attribute, every = pair[-1] - domain.offset, domain.dataset.split("validation")
    row = np.tile(np.asarray((*pair[:-1], attribute), np.int32), (len(every), 1))
    logits = supernet({"images": domain.dataset.images[every], "architecture": row})
    logits = np.asarray(logits)[np.searchsorted(every, rows), attribute]
    return attribute_score(score, logits, domain.dataset.labels[rows, attribute])


@pytest.mark.parametrize("score", SCORES)
def test_pairs_are_scored_in_their_own_domains(supernets, score):
    pairs = random_pairs(24)
    scored = evaluator(supernets, score)
    scores = scored.evaluate(pairs)
    assert scores.shape == (24, 1)
    assert [len(scorer.rows) for scorer in scored.scorers] == [100, 30]
    expected = []
    for pair in pairs:
        place = int(pair[-1] >= 5)
        rows = scored.scorers[place].rows
        assert np.isin(rows, DOMAINS[place].dataset.split("validation")).all()
        expected.append(by_hand(supernets[place], DOMAINS[place], pair, rows, score))
    np.testing.assert_allclose(scores[:, 0], expected, atol=0.01)  # Two logits may tie or not.
    assert len(np.unique(scores)) > 8
    for scorer in scored.scorers:
        assert scorer.predictor.predict.experimental_get_tracing_count() == 1


def test_batches_that_are_not_full_change_nothing(supernets):
    dataset, net = DOMAINS[0].dataset, supernets[0]
    rows = dataset.split("validation")
    architecture = random_pairs(1)[0][:-1]
    whole = Predictor(net, dataset, len(SPACE))
    assert whole.batch_size == 130
    parts = Predictor(net, dataset, len(SPACE), batch_size=48)
    logits = parts.logits(architecture, rows)
    assert logits.shape == (130, 5)
    np.testing.assert_allclose(logits, whole.logits(architecture, rows), atol=1e-4)
    np.testing.assert_allclose(parts.logits(architecture, rows[60:70]), logits[60:70], atol=1e-4)


def test_the_images_of_rewards_are_a_function_of_the_seed(supernets):
    rows = [evaluator(supernets, seed=seed).scorers[0].rows.tolist() for seed in (0, 0, 1)]
    assert rows[0] == rows[1] != rows[2]


def test_a_rare_attribute_is_scored_on_all_validation_images(supernets):
    """On the drawn images it has one class only."""
    drawn = evaluator(supernets).scorers[0].rows
    every = DOMAINS[0].dataset.split("validation")
    labels = DOMAINS[0].dataset.labels.copy()
    labels[every, 3] = 0
    labels[np.setdiff1d(every, drawn)[:3], 3] = 1
    domains = number([("tiny", tiny.tiny_dataset(labels=labels)), ("small", small_dataset())])
    scored = evaluator(supernets, domains=domains)
    np.testing.assert_array_equal(scored.scorers[0].rows, drawn)
    rare = (*SPACE.sample(np.random.default_rng(0)), 3)
    common = (*rare[:-1], 4)
    expected = [
        by_hand(supernets[0], domains[0], rare, every, "auc"),
        by_hand(supernets[0], domains[0], common, drawn, "auc"),
    ]
    np.testing.assert_allclose(scored.evaluate([rare, common])[:, 0], expected, atol=0.01)


@pytest.mark.parametrize("score", SCORES)
def test_an_attribute_that_nothing_can_be_said_of_is_named(supernets, score):
    labels = small_dataset().labels.copy()
    labels[20:50, 1] = np.where(labels[20:50, 1] == 1, 1, -1)
    domains = number([("tiny", tiny.tiny_dataset()), ("photos", small_dataset(labels=labels))])
    with pytest.raises(InputError, match=r"'photos'.*'red' has one class only.*--without red"):
        evaluator(supernets, score, domains=domains)


def test_numbers_that_are_not_finite_score_nothing():
    dataset = small_dataset()
    net = build_supernet(SPACE, 2, 3, dataset.image_shape, seed=0)
    net.set_weights([np.full_like(weight, np.nan) for weight in net.get_weights()])
    scored = evaluator([net], trainers=[None], domains=number([("small", dataset)]))
    assert np.isnan(scored.evaluate(random_pairs(3, range(2)))).all()


def test_a_step_of_a_domain_learns_from_its_own_tasks():
    domain, asked = DOMAINS[1], []

    def sample(rng):
        asked.append(len(asked))
        return (7, 8, asked[-1] % 7)

    rng = np.random.default_rng(0)
    assert own_pair(domain, sample, rng) == (7, 8, 0)  # Task 5 is its first attribute.
    assert own_pair(domain, sample, rng) == (7, 8, 1)
    assert len(asked) == 7


def test_where_no_task_is_a_domains_own_the_architecture_stays():
    asked = []

    def sample(rng):
        asked.append(None)
        return (len(asked), 0, 2)

    rng = np.random.default_rng(0)
    pairs = [own_pair(DOMAINS[1], sample, rng) for _ in range(20)]
    assert [pair[:-1] for pair in pairs] == [(50 * i, 0) for i in range(1, 21)]
    assert {pair[-1] for pair in pairs} == {0, 1}


def test_all_domains_are_trained_and_scores_follow_the_weights(supernets):
    trainers = [
        Trainer(net, training_data(domain.dataset, augment=True), 16, 0.01)
        for net, domain in zip(supernets, DOMAINS, strict=True)
    ]
    steps = []
    made = evaluator(supernets, trainers=trainers, on_step=lambda: steps.append(None))
    drawn = []
    for trainer in trainers:
        own = trainer.batches
        trainer.batches = lambda steps, sample, own=own: own(
            steps, lambda rng: drawn.append(sample(rng)) or drawn[-1]
        )
    pairs = random_pairs(12)
    before = made.evaluate(pairs)
    losses = made.train(lambda rng: (*SPACE.sample(rng), int(rng.integers(7))))["loss"]
    assert set(losses) == {"tiny", "small"}
    assert all(0 < loss < 10 for loss in losses.values())
    assert len(steps) == 4
    assert [trainer.step for trainer in trainers] == [2, 2]
    assert all(pair[-1] in range(5) for pair in drawn[:2])
    assert all(pair[-1] in range(2) for pair in drawn[2:])
    assert (made.evaluate(pairs) != before).any()
    assert min(made.training_seconds, made.evaluation_seconds) > 0
