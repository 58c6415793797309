"""TPE: it draws from the good, learns jointly, and leaves Optuna as it was."""

import json
import math

import numpy as np
import optuna
import pytest

from graftwork.space import Decision, Space
from graftwork.strategies.random import RandomSampling
from graftwork.strategies.tpe import TreeParzen

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


def test_it_finds_more_than_random_search():
    found = [run(TreeParzen(SPACE, 60, seed), matches).history for seed in range(5)]
    control = [run(RandomSampling(SPACE, 60, seed), matches).history for seed in range(5)]
    late = [np.mean(list(history.values())[30:]) for history in found]
    random = [np.mean(list(history.values())[30:]) for history in control]
    # Random architectures match in 7 / 4 decisions.
    assert min(late) > max(random) + 1


def test_it_prefers_high_scores_and_not_low_ones():
    up = run(TreeParzen(SPACE, 60, seed=0), matches)
    down = run(TreeParzen(SPACE, 60, seed=0), lambda a: -matches(a))
    assert np.mean([matches(a) for a in list(up.history)[30:]]) > 2.5
    assert np.mean([matches(a) for a in list(down.history)[30:]]) < 1


def test_every_score_told_is_known_to_the_next_draw():
    strategy = TreeParzen(SPACE, 60, seed=0)
    for evaluated in range(1, 30):
        told(strategy, matches)
        (summary,) = optuna.get_all_study_summaries(strategy.storage)
        assert summary.n_trials == evaluated
    # What Optuna itself holds best is what the strategy does.
    assert summary.best_trial is not None
    assert summary.best_trial.value == strategy.history[strategy.best]


def test_a_restored_search_draws_from_the_whole_history():
    strategy = TreeParzen(SPACE, 80, seed=0)
    for _ in range(40):
        told(strategy, matches)
    restored = TreeParzen(SPACE, 80, seed=1)
    # The replayed history must replace what was told before, not join it.
    told(restored, matches)
    restored.restore(json.loads(json.dumps(strategy.state())))
    rest = [told(restored, matches) for _ in range(40)]
    assert rest == [told(strategy, matches) for _ in range(40)]


@pytest.mark.parametrize("score", [math.nan, -math.inf, 0.0])
def test_scores_that_say_nothing_do_no_harm(score):
    strategy = run(TreeParzen(SPACE, 40, seed=0), lambda a: score)
    assert len(strategy.history) == 40


def test_failed_architectures_are_drawn_less():
    strategy = run(TreeParzen(SPACE, 120, seed=0), lambda a: -math.inf if a[2] == 0 else matches(a))
    assert np.mean([a[2] == 0 for a in list(strategy.history)[40:]]) < 0.1
    assert strategy.best[2] != 0


def test_decisions_without_a_choice_are_left_alone():
    space = Space((Decision("one", ("a",)), Decision("two", ("a", "b")), *SPACE.decisions[:3]))
    strategy = run(TreeParzen(space, 60, seed=0), sum)
    assert len(strategy.history) == 60
    assert strategy.best == (0, 1, 3, 3, 3)


def test_optuna_prints_nothing_and_its_level_stays(caplog, capfd):
    optuna.logging.enable_propagation()
    level = optuna.logging.get_verbosity()
    try:
        run(TreeParzen(SPACE, 30, seed=0), matches)
    finally:
        optuna.logging.disable_propagation()
    assert optuna.logging.get_verbosity() == level
    assert not caplog.records
    assert capfd.readouterr() == ("", "")
