"""What counts as a failed training, and how it is tried once more."""

import pytest

from graftwork.errors import InputError
from graftwork.failures import (
    ANOTHER_SEED,
    Attempt,
    NotFiniteError,
    OutOfMemoryError,
    TrainingError,
    failure_of,
    with_retry,
)

FIRST = Attempt(seed=7, batch_size=9)
NAN = NotFiniteError("the loss became nan", "Lower the learning rate.")


class ResourceExhaustedError(Exception):
    """Named as TensorFlow's."""


def trained(*errors):
    """Trains, raising these first. Returns the attempts, what was reported, and the result."""
    left, attempts, said = list(errors), [], []

    def train(attempt):
        attempts.append(attempt)
        if left:
            raise left.pop(0)
        return "done"

    try:
        return attempts, said, with_retry(FIRST, train, said.append)
    except Exception as error:
        return attempts, said, error


def test_what_works_is_trained_once():
    assert trained() == ([FIRST], [], "done")
    assert FIRST.retried == {}


def test_after_a_nan_another_seed_is_tried():
    attempts, said, result = trained(NAN)
    assert result == "done"
    second = Attempt(7 + ANOTHER_SEED, 9, "the loss became nan")
    assert attempts == [FIRST, second]
    assert second.retried == {"retried": second.to_json()}
    assert said == [f"the loss became nan; once more with seed {7 + ANOTHER_SEED}"]


@pytest.mark.parametrize(
    "error", [MemoryError(), ResourceExhaustedError("OOM of\n3 GB.")], ids=repr
)
def test_after_the_end_of_memory_half_the_batch_is_tried(error):
    attempts, said, result = trained(error)
    assert result == "done"
    assert [(a.seed, a.batch_size) for a in attempts] == [(7, 9), (7, 4)]
    assert said[0].endswith("once more with batch size 4")
    assert isinstance(failure_of(error), OutOfMemoryError)
    assert "\n" not in str(failure_of(error))


def test_the_second_failure_is_final_and_says_both_reasons():
    attempts, _, error = trained(MemoryError(), NAN)
    assert len(attempts) == 2
    assert isinstance(error, InputError)  # One line at the command line.
    assert error.reason == "memory ran out; once more: the loss became nan"
    assert trained(NAN, NAN)[2].reason == "the loss became nan, twice"


def test_an_attempt_of_a_checkpoint_is_the_last_one():
    second = FIRST.again(NAN)
    calls = []

    def train(attempt):
        calls.append(attempt)
        raise NAN

    with pytest.raises(TrainingError, match="twice"):
        with_retry(second, train)
    assert calls == [second]


@pytest.mark.parametrize("error", [KeyError("x"), OSError(28, "no space"), TrainingError("a", "b")])
def test_other_errors_are_not_tried_again(error):
    attempts, _, found = trained(error)
    assert (len(attempts), found) == (1, error)
