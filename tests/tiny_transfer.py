"""Flags of `graftwork transfer` that are small in everything, and results without times."""

import contextlib
import signal

import pytest
import tiny

from graftwork.cli import main

# Both halves of the tiny dataset are a domain of their own.
SOURCE = "tiny:name=bars,attributes=column,row"
TARGET = "tiny:name=marks,attributes=cross,frame,dot"
SMALL = ("--reward-images", "60", "--batch-size", "16")
# Two seeds; a round of warm-up and two of learning, with two updates each.
_LEARNING = (
    *("--stages", "3", "--channels", "3", "--warmup-rounds", "1", "--rounds", "2"),
    *("--round-steps", "3", "--updates", "2", "--batch", "4", "--units", "4", *SMALL),
)
LEARN = ("--dataset", SOURCE, "--seeds", "2", *_LEARNING)
# The shared weights train in two chunks.
_APPLYING = ("--shared-steps", "60", "--fine-tune", "3", "--steps", "4")
APPLY = ("--dataset", TARGET, *_APPLYING, *SMALL)
LEAVE_ONE_OUT = (
    *("--dataset", SOURCE, "--dataset", TARGET, "--seeds", "1", "--keep", "3"),
    *(*_LEARNING, *_APPLYING),
)
TIMES = ("seconds", "training_seconds", "search_seconds")


@contextlib.contextmanager
def tiny_registered():
    """Lets `main` know the dataset `tiny`, and undoes what it does to signals."""
    handler = signal.getsignal(signal.SIGTERM)
    with pytest.MonkeyPatch.context() as patch:
        tiny.register(patch)
        yield
    signal.signal(signal.SIGTERM, handler)


def transfer(*arguments: object) -> None:
    """Calls `graftwork transfer` in this process."""
    with tiny_registered():
        main(["transfer", *map(str, arguments)])


def without_times(value):
    """Returns JSON values without what measures time."""
    if isinstance(value, dict):
        return {k: without_times(v) for k, v in value.items() if k not in TIMES}
    return [without_times(v) for v in value] if isinstance(value, list) else value
