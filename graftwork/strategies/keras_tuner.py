"""KerasTuner's Oracles as strategies (O'Malley et al., https://keras.io/keras_tuner)."""

import math
import weakref
from collections.abc import Sequence
from typing import Any

import keras_tuner
import numpy as np
from keras_tuner.engine.trial import Trial, TrialStatus
from keras_tuner.src.engine import oracle as engine  # The locks are not exported.

from graftwork.space import Architecture, Space
from graftwork.strategies.sequential import SequentialStrategy
from graftwork.tuner import architecture_of, hyperparameters, values_of
from graftwork.tuner_bayesian import GridBayesianOracle

METRIC = "score"


class OracleStrategy(SequentialStrategy):
    """Evaluates what an Oracle of KerasTuner asks for.

    An Oracle may ask for an architecture again: Hyperband does, to train it for longer, and
    others when they have nothing better. Such a trial is answered from the history and costs
    no evaluation. Where the Oracle has nothing to run, an architecture is drawn at random, and
    the Oracle is told of it. A failed architecture is a failed trial.

    Nothing is written to disk. The state is the order of what was asked and told: restoring
    asks and tells a new Oracle of the same seed all of it again, which takes as long as the
    Oracle took.

    Args:
        space: The space.
        evaluations: Architectures to evaluate before the strategy is done.
        seed: Seed of everything random; 0 is a seed. (KerasTuner takes 0 for no seed; it
            receives another number, drawn from this one.)
        batch: Architectures to ask for at once, at least 1.
        oracle: A class of Oracles, such as `keras_tuner.oracles.GridSearchOracle`.
        options: Further arguments of the Oracle.
    """

    repeats = 20
    """How many trials are answered from the history before one is drawn at random."""

    def __init__(
        self,
        space: Space,
        evaluations: int,
        seed: int,
        batch: int = 1,
        *,
        oracle: type[keras_tuner.Oracle],
        **options: Any,
    ) -> None:
        super().__init__(space, evaluations, seed, batch)
        # Oracles count up from their seed with every value that they draw: seeds next to each
        # other would make nearly the same search.
        self._seed = int(self.rng.integers(1, 2**31))
        self._kind = type(f"InMemory{oracle.__name__}", (_InMemory, oracle), {})
        self._options = options
        self._begin()

    def _begin(self) -> None:
        """Makes the Oracle at its beginning."""
        self._oracle = self._kind(
            objective=keras_tuner.Objective(METRIC, "max"),
            hyperparameters=hyperparameters(self.space),
            seed=self._seed,
            **self._options,
        )
        self._oracle.max_trials = None  # The number of evaluations is the strategy's matter.
        self._oracle.verbose = 0
        weakref.finalize(self, _forget, self._oracle)
        self._log: list[int | list[list[int]]] = []
        """Numbers of architectures asked for, and lists of those told, in order."""
        self._scores: dict[Architecture, float] = {}
        self._trials: dict[Architecture, list[Trial]] = {}
        """The trials that run for every architecture that is asked for and not told."""

    def propose(self, count: int) -> list[Architecture]:
        self._log.append(count)
        return self._ask_oracle(count)

    def learn(self, architectures: Sequence[Architecture], scores: np.ndarray) -> None:
        self._log.append([list(a) for a in architectures])
        self._tell_oracle(architectures, [float(score) for score in scores])

    def _ask_oracle(self, count: int) -> list[Architecture]:
        asked: list[Architecture] = []
        repeated = 0
        while len(asked) < count and repeated < self.repeats:
            # Every trial runs on a worker of its own: all of them may run at once.
            trial = self._oracle.create_trial(f"worker {len(self._oracle.trials)}")
            if trial.status != TrialStatus.RUNNING:
                break
            architecture = architecture_of(self.space, trial.hyperparameters)
            if architecture in self._scores:
                self._end(trial, self._scores[architecture])
                repeated += 1
            elif architecture in self._trials:
                self._trials[architecture].append(trial)
                repeated += 1
            else:
                self._trials[architecture] = [trial]
                asked.append(architecture)
        return asked

    def _tell_oracle(self, architectures: Sequence[Architecture], scores: Sequence[float]) -> None:
        for architecture, score in zip(architectures, scores, strict=True):
            self._scores[architecture] = score
            for trial in self._trials.pop(architecture, None) or [self._insert(architecture)]:
                self._end(trial, score)

    def _insert(self, architecture: Architecture) -> Trial:
        """Returns a trial of an architecture that the Oracle did not ask for."""
        hp = hyperparameters(self.space)
        hp.values = dict(values_of(self.space, architecture))
        trial = Trial(hp, trial_id=f"{len(self._oracle.trials):04d}")
        self._oracle.trials[trial.trial_id] = trial
        self._oracle.start_order.append(trial.trial_id)
        return trial

    def _end(self, trial: Trial, score: float) -> None:
        if math.isfinite(score):
            self._oracle.update_trial(trial.trial_id, {METRIC: score})
            trial.status = TrialStatus.COMPLETED
        else:
            trial.status = TrialStatus.FAILED
        self._oracle.end_trial(trial)

    def own_state(self) -> dict[str, Any]:
        return {"seed": self._seed, "log": list(self._log)}

    def own_restore(self, state: dict[str, Any]) -> None:
        self._seed = state["seed"]
        self._begin()
        self._log = list(state["log"])
        for entry in self._log:
            if isinstance(entry, int):
                self._ask_oracle(entry)
            else:
                told = [tuple(architecture) for architecture in entry]
                self._tell_oracle(told, [self.history[a] for a in told])


class KerasTunerRandom(OracleStrategy):
    """KerasTuner's RandomSearch: architectures drawn uniformly, none twice."""

    def __init__(self, space: Space, evaluations: int, seed: int, batch: int = 1) -> None:
        super().__init__(
            space, evaluations, seed, batch, oracle=keras_tuner.oracles.RandomSearchOracle
        )


class KerasTunerBayesian(OracleStrategy):
    """KerasTuner's BayesianOptimization, with its search for the next point made fast.

    A Gaussian process over the choices' numbers and an upper confidence bound, as in
    KerasTuner; `GridBayesianOracle` says what differs, and why.

    Args:
        initial: Architectures drawn at random before the first fit; left out, three for every
            decision, as in KerasTuner.
        beta: Weight of the standard deviation in the bound.
    """

    def __init__(
        self,
        space: Space,
        evaluations: int,
        seed: int,
        batch: int = 1,
        initial: int | None = None,
        beta: float = 2.6,
    ) -> None:
        super().__init__(
            space,
            evaluations,
            seed,
            batch,
            oracle=GridBayesianOracle,
            num_initial_points=initial,
            beta=beta,
        )


class KerasTunerHyperband(OracleStrategy):
    """KerasTuner's Hyperband (Li et al., "Hyperband", JMLR 2018).

    Hyperband draws architectures at random, trains all of them for a little, and the best of
    them again and again for longer. Its gain is that bad ones are given up early. Our
    evaluators know no "for a little": an architecture has one score. Every rung therefore asks
    for it once; later rungs are answered from the history with the same score, and cost
    nothing. What remains is a random search, and is to be read as one. Use KerasTuner's own
    tuner where trials train for a number of epochs.

    Args:
        max_epochs: Epochs of the last rung, which decide how many rungs and brackets there
            are.
        factor: How many times fewer architectures reach the next rung, at least 2.
    """

    repeats = 1000  # A bracket's later rungs may all follow each other.

    def __init__(
        self,
        space: Space,
        evaluations: int,
        seed: int,
        batch: int = 1,
        max_epochs: int = 100,
        factor: int = 3,
    ) -> None:
        super().__init__(
            space,
            evaluations,
            seed,
            batch,
            oracle=keras_tuner.oracles.HyperbandOracle,
            max_epochs=max_epochs,
            factor=factor,
            hyperband_iterations=None,  # As many as the evaluations allow.
        )


class _InMemory(keras_tuner.Oracle):
    """Keeps an Oracle from writing JSON files for every trial."""

    def save(self) -> None:
        pass

    def _save_trial(self, trial: Trial) -> None:
        pass

    def _check_consecutive_failures(self) -> None:
        # Failed architectures are an ordinary answer, however many there are in a row.
        pass


def _forget(oracle: keras_tuner.Oracle) -> None:
    """Lets go of an Oracle, which KerasTuner keeps with its lock for ever."""
    engine.LOCKS.pop(oracle, None)
    engine.THREADS.pop(oracle, None)
