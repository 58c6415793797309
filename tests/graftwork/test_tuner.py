"""Strategies as KerasTuner's Oracles, in one process."""

import json
import math
import os
from pathlib import Path

import keras_tuner
import numpy as np
import pytest
import tensorflow as tf

from graftwork.errors import InputError
from graftwork.space import Decision, Space
from graftwork.strategies import RandomSearch
from graftwork.strategies.base import Strategy
from graftwork.strategies.random import RandomSampling
from graftwork.strategies.sequential import SequentialStrategy
from graftwork.tuner import StrategyOracle, architecture_of, hyperparameters, values_of
from multitask_nas.tree import TreeSpace

pytestmark = pytest.mark.filterwarnings("ignore:(currentThread|getName):DeprecationWarning")

SPACE = Space(
    (
        Decision("width", ("16", "32", "64")),
        Decision("pooling", ("max", "mean")),
        Decision("activation", ("relu", "gelu", "swish", "tanh")),
    )
)
BEST = (2, 1, 3)
SCORE = keras_tuner.Objective("score", "max")


def worth(architecture):
    return float(np.dot(architecture, (1, 10, 100)))


class Climb(SequentialStrategy):
    """Goes to neighbours of the best: what it asks depends on every score."""

    def propose(self, count):
        neighbours = [a for a in self.space.neighbours(self.best) if self.is_new(a)]
        self.rng.shuffle(neighbours)
        return neighbours


class Generations(Strategy):
    """Needs the scores of a generation before the next, and trains no shared weights."""

    def __init__(self, space, rounds):
        self.space, self.rounds, self.told = space, rounds, []

    @property
    def done(self):
        return len(self.told) >= self.rounds

    @property
    def trains(self):
        return False

    @property
    def best(self):
        return self.space.at(0)

    def ask(self):
        return [self.space.at(2 * len(self.told)), self.space.at(2 * len(self.told) + 1)]

    def tell(self, architectures, scores):
        self.told.append([list(architectures), scores.tolist()])

    def training_sample(self, rng):
        return self.space.sample(rng)

    def report(self):
        return {}

    def state(self):
        return {"told": self.told}

    def restore(self, state):
        self.told = state["told"]


class Cheap(keras_tuner.Tuner):
    """Scores a trial without training."""

    score = staticmethod(worth)

    def run_trial(self, trial, *_, **__):
        return {"score": self.score(architecture_of(SPACE, trial.hyperparameters))}


def tune(oracle, folder, score=worth, overwrite=True):
    tuner = Cheap(oracle, directory=folder, project_name="project", overwrite=overwrite)
    tuner.score = score
    tuner.search(verbose=0)
    return tuner


def placed(oracle, folder):
    """Gives an Oracle its folder and no voice, as a tuner does."""
    oracle._set_project_dir(folder, "project")
    oracle.verbose = 0
    return oracle


def run(oracle, worker="worker"):
    """Begins a trial; returns it with its architecture, or its status alone."""
    trial = oracle.create_trial(worker)
    if trial.status != "RUNNING":
        return trial.status, None
    return trial, architecture_of(oracle.space, trial.hyperparameters)


def end(oracle, trial, score=None):
    """Ends a trial as a worker does; without a score, as failed."""
    if score is not None:
        oracle.update_trial(trial.trial_id, {oracle.objective.name: score})
    trial.status = "INVALID" if score is None else "COMPLETED"
    oracle.end_trial(trial)


def by_hand(strategy):
    while not strategy.done:
        asked = strategy.ask()
        strategy.tell(asked, np.array([[worth(a)] for a in asked]))
    return strategy


@pytest.mark.parametrize("space", [SPACE, TreeSpace((2, 3), ["a", "b", "c"])])
def test_hyperparameters_and_architectures_translate_both_ways(space):
    hp = hyperparameters(space)
    assert [(h.name, tuple(h.values)) for h in hp.space] == [
        (d.name, d.choices) for d in space.decisions
    ]
    rng = np.random.default_rng(0)
    for _ in range(20):
        architecture = space.sample(rng)
        hp.values = {**values_of(space, architecture), "tuner/epochs": 3}
        assert architecture_of(space, hp) == architecture


def test_values_that_are_no_architecture_are_named():
    hp = hyperparameters(SPACE)
    hp.values["pooling"] = "median"
    with pytest.raises(InputError, match=r"'pooling' must be one of max, mean\. .*'median'"):
        architecture_of(SPACE, hp)
    del hp.values["width"]
    with pytest.raises(InputError, match=r"'width' .* None"):
        architecture_of(SPACE, hp)


def test_choices_of_the_same_name_are_refused():
    with pytest.raises(InputError, match="different names for the choices of 'twice'"):
        hyperparameters(Space((Decision("twice", ("a", "b", "a")),)))


@pytest.mark.parametrize("batch", [1, 3])
def test_a_tuner_runs_what_the_strategy_would_by_hand(tmp_path, batch):
    expected = by_hand(Climb(SPACE, 15, seed=0, batch=batch))
    strategy = Climb(SPACE, 15, seed=0, batch=batch)
    tuner = tune(StrategyOracle(strategy, SCORE), tmp_path)
    assert list(strategy.history.items()) == list(expected.history.items())
    best = tuner.get_best_hyperparameters()[0]
    assert architecture_of(SPACE, best) == strategy.best == expected.best


def test_what_is_to_be_minimised_is(tmp_path):
    strategy = RandomSampling(SPACE, SPACE.size, seed=0)
    tuner = tune(StrategyOracle(strategy, keras_tuner.Objective("score", "min")), tmp_path)
    assert strategy.best == (0, 0, 0)
    assert tuner.oracle.get_best_trials()[0].score == 0


def test_an_exhausted_space_ends_the_search(tmp_path):
    strategy = RandomSampling(SPACE, 1000, seed=0)
    oracle = tune(StrategyOracle(strategy, SCORE), tmp_path).oracle
    assert len(oracle.trials) == SPACE.size == len(strategy.history)
    assert strategy.best == BEST


@pytest.mark.parametrize("kind", ["raises", "nan", "inf"])
def test_failed_trials_count_as_minus_infinity(tmp_path, kind):
    def score(architecture):
        if architecture[2] != 3:
            return worth(architecture)
        if kind == "raises":
            raise ValueError("out of memory")
        return math.nan if kind == "nan" else math.inf

    strategy = RandomSampling(SPACE, 1000, seed=0)
    tune(StrategyOracle(strategy, SCORE), tmp_path, score)
    assert len(strategy.history) == SPACE.size
    assert {a for a, s in strategy.history.items() if s == -math.inf} == {
        a for a in strategy.history if a[2] == 3
    }
    assert strategy.best == (2, 1, 2)


def test_a_failed_trial_is_tried_again_where_that_is_wanted(tmp_path):
    failures = []

    def score(architecture):
        if len(failures) < 2:
            failures.append(architecture)
            raise ValueError("out of memory")
        return worth(architecture)

    strategy = RandomSampling(SPACE, 5, seed=0)
    tune(StrategyOracle(strategy, SCORE, max_retries_per_trial=2), tmp_path, score)
    assert failures[0] == failures[1]
    assert len(strategy.history) == 5
    assert min(strategy.history.values()) > -math.inf


def test_many_failures_in_a_row_stop_the_search_and_are_saved(tmp_path, caplog):
    def score(architecture):
        raise ValueError("a mistake in the program")

    strategy = RandomSampling(SPACE, 20, seed=0)
    oracle = StrategyOracle(strategy, SCORE, max_consecutive_failed_trials=4)
    tune(oracle, tmp_path, score)
    assert "4 trials in a row failed" in caplog.text
    assert "a mistake in the program" in caplog.text
    trials = [json.loads(file.read_text()) for file in tmp_path.rglob("trial.json")]
    assert [trial["status"] for trial in trials] == ["FAILED"] * 4
    # With more patience, it goes on where it stopped.
    resumed = RandomSampling(SPACE, 20, seed=0)
    tune(StrategyOracle(resumed, SCORE), tmp_path, overwrite=False)
    assert len(resumed.history) == 20
    assert list(resumed.history.values()).count(-math.inf) == 4


def test_a_batch_goes_to_several_workers_and_is_told_when_all_have_ended(tmp_path):
    strategy = Climb(SPACE, 9, seed=0, batch=3)
    oracle = placed(StrategyOracle(strategy, SCORE), tmp_path)
    running = [run(oracle, f"worker {i}") for i in range(4)]
    assert len({architecture for _, architecture in running}) == 4
    for trial, architecture in running[2:0:-1]:
        end(oracle, trial, worth(architecture))
    assert not strategy.history
    end(oracle, running[0][0])
    assert list(strategy.history) == [architecture for _, architecture in running[:3]]
    assert next(iter(strategy.history.values())) == -math.inf
    assert len(strategy.pending) == 3  # The second batch, of which one trial runs.


def test_a_done_strategy_lets_workers_go_while_others_run(tmp_path):
    strategy = RandomSampling(SPACE, 2, seed=0)
    oracle = placed(StrategyOracle(strategy, SCORE), tmp_path)
    (first, a), (second, b) = run(oracle, "one"), run(oracle, "two")
    assert run(oracle, "three") == ("STOPPED", None)
    end(oracle, first, 1.0)
    end(oracle, second, 2.0)
    assert run(oracle, "one") == ("STOPPED", None)
    assert strategy.history == {a: 1.0, b: 2.0}


def test_a_strategy_that_needs_scores_first_lets_workers_wait(tmp_path):
    strategy = Generations(SPACE, rounds=2)
    oracle = placed(StrategyOracle(strategy, SCORE), tmp_path)
    (first, _), (second, _) = run(oracle, "one"), run(oracle, "two")
    assert run(oracle, "three") == ("IDLE", None)
    end(oracle, first, 1.0)
    assert run(oracle, "one") == ("IDLE", None)
    end(oracle, second, 2.0)
    assert strategy.told == [[[SPACE.at(0), SPACE.at(1)], [[1.0], [2.0]]]]
    assert run(oracle, "one")[1] == SPACE.at(2)
    assert run(oracle, "two")[1] == SPACE.at(3)
    assert run(oracle, "three") == ("IDLE", None)


@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize("ended", range(7))
def test_resumed_from_its_folder_it_goes_on_as_if_undisturbed(tmp_path, batch, ended):
    whole = by_hand(Climb(SPACE, 12, seed=0, batch=batch))
    oracle = placed(StrategyOracle(Climb(SPACE, 12, seed=0, batch=batch), SCORE), tmp_path)
    for _ in range(ended):
        trial, architecture = run(oracle)
        end(oracle, trial, worth(architecture))
    run(oracle)  # Its worker and the chief stop here.
    resumed = Climb(SPACE, 12, seed=5, batch=batch)
    after = placed(StrategyOracle(resumed, SCORE), tmp_path)
    after.reload()
    runs = 0
    while (pair := run(after))[0] != "STOPPED":
        end(after, pair[0], worth(pair[1]))
        runs += 1
    assert runs == 12 - ended
    assert resumed.history == whole.history
    assert len(after.trials) == 12


def test_a_stop_between_two_writes_loses_no_trial_and_repeats_none(tmp_path, monkeypatch):
    """Trials are written before the Oracle: it may stop with the one and not the other."""
    strategy = Climb(SPACE, 6, seed=0)
    oracle = placed(StrategyOracle(strategy, SCORE), tmp_path)
    trial, architecture = run(oracle)
    monkeypatch.setattr(oracle, "save", lambda: None)
    end(oracle, trial, worth(architecture))
    run(oracle)
    resumed = Climb(SPACE, 6, seed=0)
    after = placed(StrategyOracle(resumed, SCORE), tmp_path)
    after.reload()
    assert resumed.history == {architecture: worth(architecture)}
    while (pair := run(after))[0] != "STOPPED":
        end(after, pair[0], worth(pair[1]))
    assert resumed.history == by_hand(Climb(SPACE, 6, seed=0)).history
    assert [t.status for t in after.trials.values()] == ["COMPLETED"] * 6


def test_a_worker_that_outlives_the_chief_may_end_its_trial(tmp_path):
    strategy = RandomSampling(SPACE, 2, seed=0)
    trial, architecture = run(placed(StrategyOracle(strategy, SCORE), tmp_path))
    resumed = RandomSampling(SPACE, 2, seed=0)
    chief = placed(StrategyOracle(resumed, SCORE), tmp_path)
    chief.reload()
    end(chief, trial, 7.0)
    end(chief, trial, 7.0)
    assert resumed.history == {architecture: 7.0}
    assert run(chief)[1] != architecture
    assert run(chief, "other") == ("STOPPED", None)


def test_a_worker_that_starts_again_is_given_its_trial_again(tmp_path):
    oracle = placed(StrategyOracle(RandomSampling(SPACE, 9, seed=0), SCORE), tmp_path)
    first, other = run(oracle, "one"), run(oracle, "two")
    assert run(oracle, "one") == first != other


def test_a_write_that_fails_leaves_the_old_state(tmp_path, monkeypatch):
    oracle = placed(StrategyOracle(RandomSampling(SPACE, 9, seed=0), SCORE), tmp_path)
    trial, architecture = run(oracle)
    end(oracle, trial, worth(architecture))
    before = {file: file.read_bytes() for file in tmp_path.rglob("*.json")}
    assert {file.name for file in before} == {"oracle.json", "trial.json"}

    def full(source, target):
        raise OSError("no space left on device")

    monkeypatch.setattr(os, "replace", full)
    for write in (oracle.save, lambda: oracle._save_trial(trial)):
        with pytest.raises(OSError, match="no space left"):
            write()
    assert {file: file.read_bytes() for file in Path(tmp_path).rglob("*.json")} == before


def test_an_object_store_is_written_by_keras_tuner(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # "ram://" is TensorFlow's store for tests.
    run(placed(StrategyOracle(RandomSampling(SPACE, 3, seed=0), SCORE), "ram://graftwork"))
    for name in ("oracle.json", "trial_0000/trial.json"):
        assert tf.io.gfile.exists(f"ram://graftwork/project/{name}")
    assert not list(tmp_path.iterdir())


def test_a_folder_of_another_space_is_refused(tmp_path):
    run(placed(StrategyOracle(RandomSampling(SPACE, 3, seed=0), SCORE), tmp_path))
    other = Space((*SPACE.decisions[:2], Decision("activation", ("relu", "gelu"))))
    oracle = placed(StrategyOracle(RandomSampling(other, 3, seed=0), SCORE), tmp_path)
    with pytest.raises(InputError, match="another space"):
        oracle.reload()


def test_strategies_that_train_shared_weights_are_refused():
    with pytest.raises(InputError, match=r"without shared weights.*Received: RandomSearch"):
        StrategyOracle(RandomSearch(SPACE, rounds=2, candidates=2, seed=0), SCORE)


def test_a_hyperparameter_that_is_no_decision_is_refused(tmp_path):
    def build(hp):
        hp.Choice("wdith", ["16", "32", "64"])

    with pytest.raises(RuntimeError, match="wdith"):
        keras_tuner.Tuner(
            StrategyOracle(RandomSampling(SPACE, 3, seed=0), SCORE),
            build,
            directory=tmp_path,
            project_name="project",
        )
