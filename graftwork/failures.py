"""Trainings that fail: what counts as a failure, the one retry, and what is recorded of it."""

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from graftwork.cluster import workers
from graftwork.errors import InputError

ANOTHER_SEED = 500_009
"""Added to the seed of the retry of a training whose numbers were not finite."""
LONGEST = 300
"""Characters of a reason."""

KEYS = ("method", "seed", "index", "attribute", "reason")
"""What `result.json` says of a training that failed."""

Result = TypeVar("Result")


class TrainingError(InputError):
    """A training that cannot go on.

    Args:
        reason: What happened, as part of a sentence.
        advice: What to do, as a sentence.
    """

    def __init__(self, reason: str, advice: str) -> None:
        super().__init__(f"{reason}. {advice}")
        self.reason, self.advice = reason, advice


class NotFiniteError(TrainingError):
    """A loss or a weight is no longer a finite number."""


class OutOfMemoryError(TrainingError):
    """The memory of the device or of the machine did not suffice."""


def failure_of(error: BaseException) -> TrainingError | None:
    """Returns what an error says of the training that it ended; None if it is no such error."""
    if isinstance(error, TrainingError):
        return error
    # TensorFlow's error by its name: a process that only waits for workers does not import it.
    # Nor does it try again alone what several machines do together.
    if workers() > 1:
        return None
    if isinstance(error, MemoryError) or type(error).__name__ == "ResourceExhaustedError":
        said = " ".join(str(error).split())[:LONGEST].rstrip(".")
        return OutOfMemoryError(
            f"memory ran out{f' ({said})' if said else ''}",
            "Begin a new run with a smaller batch size or fewer channels.",
        )
    return None


@dataclasses.dataclass(frozen=True)
class Attempt:
    """How a network is trained: as all others are, or once more after it failed.

    The same seed would lead to the same NaN, and the same batch to the same end of memory. So the
    second attempt has either another seed, of first weights and of the order of the images, or
    half the images a step.

    Args:
        seed: Seed of first weights and of everything random.
        batch_size: Images a step.
        reason: Why the first attempt failed; empty in the first.
    """

    seed: int
    batch_size: int
    reason: str = ""

    def again(self, failure: TrainingError) -> "Attempt":
        """Returns the second attempt after the failure of this one."""
        if isinstance(failure, OutOfMemoryError):
            from graftwork.devices import replicas  # Imports the backend.

            # Every device that shares the batch takes as many images.
            parts = replicas()
            half = max(parts, self.batch_size // 2 // parts * parts)
            return dataclasses.replace(self, batch_size=half, reason=failure.reason)
        return dataclasses.replace(self, seed=self.seed + ANOTHER_SEED, reason=failure.reason)

    @property
    def retried(self) -> dict[str, Any]:
        """What the event `trained` says of a second attempt; nothing of a first one."""
        return {"retried": self.to_json()} if self.reason else {}

    def to_json(self) -> dict[str, Any]:
        """Returns the attempt as JSON values."""
        return dataclasses.asdict(self)


def with_retry(
    first: Attempt,
    train: Callable[[Attempt], Result],
    report: Callable[[str], None] = lambda text: None,
) -> Result:
    """Trains a network, and once more where that failed.

    Args:
        first: The attempt to begin with: the first, or the second where a checkpoint is of it.
        train: Trains from fresh weights, or from the checkpoint of the attempt. What is neither
            `NotFiniteError` nor out of memory was tried again by itself, and is final.
        report: Told one line about the second attempt.

    Returns:
        What `train` returns.

    Raises:
        TrainingError: If both attempts fail.
    """
    try:
        return train(first)
    except Exception as error:
        failure = failure_of(error)
        if failure is None:
            raise
        if first.reason:
            raise _both(first, failure) from error
        if not isinstance(failure, NotFiniteError | OutOfMemoryError):
            raise
    second = first.again(failure)
    report(f"{failure.reason}; once more with {_change(second, failure)}")
    try:
        return train(second)
    except Exception as error:
        failure = failure_of(error)
        if failure is None:
            raise
        raise _both(second, failure) from error


def _both(second: Attempt, failure: TrainingError) -> TrainingError:
    if failure.reason == second.reason:
        return TrainingError(f"{failure.reason}, twice", failure.advice)
    return TrainingError(f"{second.reason}; once more: {failure.reason}", failure.advice)


def _change(second: Attempt, failure: TrainingError) -> str:
    if isinstance(failure, OutOfMemoryError):
        return f"batch size {second.batch_size}"
    return f"seed {second.seed}"


def check_anything_found(events: Iterable[Mapping[str, Any]]) -> None:
    """Raises an error where nothing that a run has found could be trained, in any seed.

    Args:
        events: The journal.

    Raises:
        TrainingError: If all trainings of the kind `searched` failed.
    """
    searched = [event for event in events if event.get("kind") == "searched"]
    failed = [event for event in searched if event["event"] == "failed"]
    if not failed or any(event["event"] == "trained" for event in searched):
        return
    seeds = ", ".join(str(event["seed"]) for event in failed)
    raise TrainingError(
        f"the {failed[0]['method']} of seed {seeds} cannot be trained: {failed[0]['reason']}. "
        "What was done is kept, but there is nothing to compare with",
        "Begin a new run with a lower learning rate, or a smaller batch size.",
    )


def failed_networks(events: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Returns what `result.json` says of the trainings that failed.

    Args:
        events: The journal.
    """
    return [
        {name: event[name] for name in KEYS if name in event}
        for event in events
        if event["event"] == "failed"
    ]


def failure_line(failed: Mapping[str, Any]) -> str:
    """Says which training failed, and why; one of `failed_networks`."""
    number = f" {failed['index'] + 1}" if failed["index"] else ""
    which = f" for {failed['attribute']}" if "attribute" in failed else number
    return f"{failed['method']}{which} of seed {failed['seed']} failed: {failed['reason']}"
