"""Ctrl-C and SIGTERM end a command, whatever it is doing; a training saves what it has first."""

import contextlib
import signal
from collections.abc import Iterator
from types import FrameType

from graftwork.cluster import workers

SECONDS_UNTIL_AGAIN = 2.0
SECONDS_TO_SAVE = 8.0
"""How long a step and a checkpoint may take after the first signal."""


class Terminated(BaseException):
    """SIGTERM arrived, as schedulers send it."""


class StopRequested(BaseException):
    """The work is to stop: after this step, with a checkpoint."""


class CheckpointDue(StopRequested):
    """A training is to stop after this step for a checkpoint, and to go on then."""


class _Signals:
    """What has arrived in this process, and in how many blocks it waits for a step."""

    def __init__(self) -> None:
        self.arrived: list[int] = []
        self.waiting = 0


_signals = _Signals()


@contextlib.contextmanager
def saved_when_stopped() -> Iterator[None]:
    """Lets a first signal in the block wait for the next step, as the work is saved there.

    The block must catch `StopRequested`, save what it has, and raise it again.
    """
    # One of several machines must not take fewer steps than the others, which would wait for it.
    waits = int(workers() == 1)
    _signals.waiting += waits
    try:
        yield
    finally:
        _signals.waiting -= waits


def stop_if_asked() -> None:
    """The place where a training can stop: called after every step.

    Raises:
        StopRequested: If a signal has arrived.
    """
    if _signals.arrived:
        raise StopRequested


@contextlib.contextmanager
def stoppable() -> Iterator[None]:
    """Raises `KeyboardInterrupt` on Ctrl-C and `Terminated` on SIGTERM in the block.

    In a block of `saved_when_stopped` the first signal is noticed by the next `stop_if_asked`, and
    what that raises ends here; without any within 8 s, and on a second signal, it is raised.

    Python drops an exception where nobody could catch it, as in a destructor, and a scheduler sends
    its signal once: the exception is raised again every other second until the block is left. A
    Ctrl-C that is ignored from the start, as in the background of a shell, stays ignored.
    """
    arrived = _signals.arrived
    arrived.clear()

    def ending() -> type[BaseException]:
        return Terminated if signal.SIGTERM in arrived else KeyboardInterrupt

    def stop(number: int, frame: FrameType | None) -> None:
        waits = not arrived and _signals.waiting > 0
        arrived.append(number)
        if hasattr(signal, "setitimer"):  # Not on Windows.
            seconds = SECONDS_TO_SAVE if waits else SECONDS_UNTIL_AGAIN
            signal.setitimer(signal.ITIMER_REAL, seconds)
        if not waits:
            raise ending()

    numbers = [signal.SIGTERM]
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        numbers.append(signal.SIGINT)
    if hasattr(signal, "setitimer"):
        numbers.append(signal.SIGALRM)
    before = {number: signal.signal(number, stop) for number in numbers}
    try:
        yield
    except StopRequested:
        raise ending() from None
    finally:
        if hasattr(signal, "setitimer"):
            signal.setitimer(signal.ITIMER_REAL, 0)
        arrived.clear()
        for number, handler in before.items():
            signal.signal(number, handler if handler is not None else signal.SIG_DFL)
