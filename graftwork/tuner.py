"""Bridge to KerasTuner: a strategy as an Oracle, for chief/worker runs on several machines.

KerasTuner's chief process owns the Oracle; its workers ask it for trials over gRPC and
report what they measured. With `StrategyOracle` the Oracle is one of our strategies. The
other direction, an Oracle as a strategy, is `graftwork.strategies.keras_tuner`.
"""

import json
import logging
import math
import time
from pathlib import Path
from typing import Any

import keras_tuner
import numpy as np
from keras_tuner.engine.trial import Trial, TrialStatus

from graftwork.errors import InputError
from graftwork.files import write_text
from graftwork.space import Architecture, Space
from graftwork.strategies.base import Strategy
from graftwork.strategies.sequential import SequentialStrategy

IDLE_SECONDS = 0.05
"""How long the chief waits before it says that there is nothing to do yet."""

ENDED = (TrialStatus.COMPLETED, TrialStatus.FAILED)


def hyperparameters(space: Space) -> keras_tuner.HyperParameters:
    """Returns a space as KerasTuner's: one `Choice` a decision, of the choices' names.

    Args:
        space: The space.

    Raises:
        InputError: If two choices of a decision have the same name.
    """
    result = keras_tuner.HyperParameters()
    for decision in space.decisions:
        if len(set(decision.choices)) < len(decision.choices):
            raise InputError(
                f"KerasTuner needs different names for the choices of {decision.name!r}. "
                f"Received: {', '.join(decision.choices)}."
            )
        result.Choice(decision.name, list(decision.choices))
    return result


def values_of(space: Space, architecture: Architecture) -> dict[str, str]:
    """Returns the name of the choice that an architecture makes, by decision."""
    return {
        decision.name: decision.choices[choice]
        for decision, choice in zip(space.decisions, architecture, strict=True)
    }


def architecture_of(space: Space, hp: keras_tuner.HyperParameters) -> Architecture:
    """Returns the architecture that KerasTuner's hyperparameters stand for.

    Args:
        space: The space that `hyperparameters` turned into KerasTuner's.
        hp: Hyperparameters with values, as a hypermodel receives them. Values of other
            names than those of the decisions are passed over.

    Raises:
        InputError: If a decision has no value, or one that is not among its choices.
    """
    result = []
    for decision in space.decisions:
        value = hp.values.get(decision.name)
        if value not in decision.choices:
            raise InputError(
                f"the hyperparameter {decision.name!r} must be one of "
                f"{', '.join(decision.choices)}. Received: {value!r}."
            )
        result.append(decision.choices.index(value))
    return tuple(result)


class StrategyOracle(keras_tuner.Oracle):
    """A strategy that decides which trials KerasTuner runs.

    A trial is one architecture; its hyperparameters are the choices' names, and
    `architecture_of(space, trial.hyperparameters)` is the architecture. What a strategy asks
    for at once is handed out trial by trial, to as many workers as ask, and told to the
    strategy when all of it has ended. A failed trial counts as −inf. The search stops when
    the strategy is done. `strategy.best` is the result; the workers' copies of the strategy
    are not used.

    All randomness is the strategy's, so that seed 0 is a seed (KerasTuner's Oracles replace
    it by a random one). Its state is saved with the Oracle's, atomically. Resumed from its
    folder, the search goes on as it would have; trials that were running are run again.

    Args:
        strategy: A strategy that does not train shared weights.
        objective: The metric that trials report, as KerasTuner takes it: a name, or a
            `keras_tuner.Objective` with its direction.
        max_retries_per_trial: How often a trial that fails is tried again.
        max_consecutive_failed_trials: The search stops when so many trials in a row failed.

    Raises:
        InputError: If the strategy trains shared weights or has no space: a trial trains
            its own.
    """

    trials: dict[str, Trial]

    def __init__(
        self,
        strategy: Strategy,
        objective: str | keras_tuner.Objective,
        max_retries_per_trial: int = 0,
        max_consecutive_failed_trials: int = 10,
    ) -> None:
        space = getattr(strategy, "space", None)
        if space is None or strategy.trains:
            raise InputError(
                "a trial of KerasTuner trains one architecture by itself, and needs a strategy "
                "over a space without shared weights, such as those of `make_strategy`. "
                f"Received: {type(strategy).__name__}."
            )
        super().__init__(
            objective=objective,
            hyperparameters=hyperparameters(space),
            # A hyperparameter that is no decision is most likely a decision's name misspelt.
            allow_new_entries=False,
            tune_new_entries=False,
            seed=1,  # Nothing is drawn here.
            max_retries_per_trial=max_retries_per_trial,
            max_consecutive_failed_trials=max_consecutive_failed_trials,
        )
        self.strategy = strategy
        self.space: Space = space
        self._rounds: list[dict[str, list]] = []
        """What was asked for and is not told yet: architectures, and the trials begun."""

    def populate_space(self, trial_id: str) -> dict[str, Any]:
        """Returns the values of the next trial, or why there is none.

        Args:
            trial_id: The name that the trial will have.

        Returns:
            `"status"` and `"values"`. RUNNING: run this. IDLE: the strategy needs the scores of
            running trials first; ask again. STOPPED: nothing more to do for this worker.
        """
        if self._fails():
            return {"status": TrialStatus.STOPPED, "values": None}
        opened = next((r for r in self._rounds if len(r["trials"]) < len(r["asked"])), None)
        if opened is None:
            # Sequential strategies may be asked again before they are told; others may not.
            if self._rounds and not isinstance(self.strategy, SequentialStrategy):
                # KerasTuner's workers ask again at once, and would keep the chief from
                # anything else.
                time.sleep(IDLE_SECONDS)
                return {"status": TrialStatus.IDLE, "values": None}
            if self.strategy.done:
                return {"status": TrialStatus.STOPPED, "values": None}
            opened = {"asked": self.strategy.ask(), "trials": []}
            self._rounds.append(opened)
        architecture = opened["asked"][len(opened["trials"])]
        opened["trials"].append(trial_id)
        return {"status": TrialStatus.RUNNING, "values": values_of(self.space, architecture)}

    @keras_tuner.synchronized
    def end_trial(self, trial: Trial) -> None:
        """Takes the result of a trial, and tells the strategy when a round is complete."""
        # After a restart of the chief, a trial may end twice: its worker lived on, and
        # another may have been given it again.
        if trial.trial_id in self.end_order:
            return
        if trial.trial_id in self._retry_queue:
            self._retry_queue.remove(trial.trial_id)
        super().end_trial(trial)
        self._tell()
        self.save()
        if self._fails():
            logging.getLogger(__name__).error(
                "The search stops: %d trials in a row failed. %s",
                self.max_consecutive_failed_trials,
                self.trials[trial.trial_id].message or "The workers' output says why.",
            )

    def _check_consecutive_failures(self) -> None:
        # KerasTuner raises here: the failed trial is not saved, and the chief keeps its lock
        # and hangs. `populate_space` stops the search instead.
        pass

    def _fails(self) -> bool:
        last = self.end_order[-self.max_consecutive_failed_trials :]
        return len(last) == self.max_consecutive_failed_trials and all(
            self.trials[trial_id].status == TrialStatus.FAILED for trial_id in last
        )

    def _tell(self) -> None:
        """Tells the strategy the rounds whose trials have all ended."""
        ended = set(self.end_order)
        for one in list(self._rounds):
            if len(one["trials"]) == len(one["asked"]) and ended.issuperset(one["trials"]):
                self._rounds.remove(one)
                scores = [[self._score(self.trials[trial_id])] for trial_id in one["trials"]]
                self.strategy.tell(one["asked"], np.array(scores))

    def _score(self, trial: Trial) -> float:
        if trial.status != TrialStatus.COMPLETED or not math.isfinite(trial.score):
            return -math.inf
        return float(trial.score if self.objective.direction == "max" else -trial.score)

    def get_state(self) -> dict[str, Any]:
        return {
            **super().get_state(),
            "strategy": self.strategy.state(),
            "rounds": [
                {"asked": [list(a) for a in one["asked"]], "trials": list(one["trials"])}
                for one in self._rounds
            ],
        }

    def set_state(self, state: dict[str, Any]) -> None:
        saved = state["hyperparameters"]["space"]
        if saved != self.hyperparameters.get_config()["space"]:
            raise InputError(
                f"{self._project_dir} holds a search of another space. Search the same one, or "
                "give another project_name."
            )
        super().set_state(state)
        self.strategy.restore(state["strategy"])
        self._rounds = [
            {"asked": [tuple(a) for a in one["asked"]], "trials": list(one["trials"])}
            for one in state["rounds"]
        ]

    def reload(self) -> None:
        """Goes on from the project's folder; trials that were running are run again."""
        super().reload()
        # Trials are saved just before the Oracle. Where it ended between the two, a trial
        # that the Oracle does not know did not begin, and one that ended is not run again.
        self.trials = {trial_id: self.trials[trial_id] for trial_id in self.start_order}
        for trial_id in list(self._retry_queue):
            if self.trials[trial_id].status in ENDED:
                self._retry_queue.remove(trial_id)
                self.end_order.append(trial_id)
        self._tell()

    # KerasTuner writes its files in place; half a file would end the search for good. An
    # object store ("gs://…") has whole writes only.

    def save(self) -> None:
        """Saves the Oracle's state, and the strategy's with it."""
        if "://" in self._project_dir:
            super().save()
        else:
            write_text(Path(self._get_oracle_fname()), json.dumps(self.get_state()))

    def _save_trial(self, trial: Trial) -> None:
        if "://" in self._project_dir:
            super()._save_trial(trial)
        else:
            file = Path(self._get_trial_dir(trial.trial_id)) / "trial.json"
            write_text(file, json.dumps(trial.get_state()))
