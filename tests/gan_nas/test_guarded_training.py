"""The guard: after a loss that is no number, training goes on from its last good state."""

import numpy as np
import pytest
from tiny_adversarial import assert_same, copied, sample, trainer

from gan_nas.guarded_training import GuardedTraining
from graftwork.errors import InputError


def fails_at(made, bad, monkeypatch):
    """Makes calls of `train` that end in a step and an attempt of `bad` ruin the weights."""
    real = made.train

    def train(steps, sample, on_step=lambda: None):
        if any(made.step < step <= made.step + steps and made.attempt == a for step, a in bad):
            made.generator.last.kernel.assign(np.full((4, 4, 1, 4), np.inf))
        return real(steps, sample, on_step)

    monkeypatch.setattr(made, "train", train)


def test_the_guard_goes_back_and_goes_on_with_other_numbers(monkeypatch):
    made, events = trainer(), []
    guard = GuardedTraining(made, events.append)
    fails_at(made, {(5, 0), (5, 1)}, monkeypatch)
    for _ in range(3):
        guard.train(2, sample)
    assert made.step == 6
    assert made.attempt == 2
    assert len(events) == 2
    assert "; going on from step 4 with other random numbers (attempt 2 of 3)" in events[0]
    assert "(attempt 3 of 3)" in events[1]
    undisturbed = trainer(number=1)
    undisturbed.train(4, sample)
    undisturbed.attempt = 2
    undisturbed.train(2, sample)
    assert_same(made.state(), undisturbed.state())
    assert int(made.state()["attempt"]) == 2


def test_the_guard_gives_up_after_three_attempts_in_a_row(monkeypatch):
    made, events = trainer(), []
    guard = GuardedTraining(made, report=events.append)
    guard.train(2, sample)
    fails_at(made, {(3, a) for a in range(9)}, monkeypatch)
    with pytest.raises(InputError, match=r"3 times in a row, each from step 2\. Begin a") as error:
        guard.train(2, sample)
    assert "\n" not in str(error.value)
    assert len(events) == 2
    assert all(np.isfinite(value).all() for value in made.state().values())


def test_a_guarded_training_that_was_stopped_goes_back_to_the_same_state(monkeypatch):
    first = trainer()
    guard = GuardedTraining(first)
    guard.train(1, sample)
    guard.train(1, sample)
    state = copied(guard.state())
    second = trainer(seed=7, number=1)
    other = GuardedTraining(second)
    other.restore(state)
    for made, its_guard in ((first, guard), (second, other)):
        fails_at(made, {(3, 0)}, monkeypatch)
        its_guard.train(1, sample)
    assert_same(other.state(), guard.state())
    assert first.attempt == 1
