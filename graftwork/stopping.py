"""Ctrl-C and SIGTERM end a command, whatever it is doing."""

import contextlib
import signal
from collections.abc import Iterator
from types import FrameType

SECONDS_UNTIL_AGAIN = 2.0


class Terminated(BaseException):
    """SIGTERM arrived, as schedulers send it."""


@contextlib.contextmanager
def stoppable() -> Iterator[None]:
    """Raises `KeyboardInterrupt` on Ctrl-C and `Terminated` on SIGTERM in the block.

    Python drops an exception where nobody could catch it, as in a destructor, and a scheduler sends
    its signal once: the exception is raised again every other second until the block is left. A
    Ctrl-C that is ignored from the start, as in the background of a shell, stays ignored.
    """
    arrived: list[int] = []

    def stop(number: int, frame: FrameType | None) -> None:
        arrived.append(number)
        if hasattr(signal, "setitimer"):  # Not on Windows.
            signal.setitimer(signal.ITIMER_REAL, SECONDS_UNTIL_AGAIN)
        raise Terminated if signal.SIGTERM in arrived else KeyboardInterrupt

    numbers = [signal.SIGTERM]
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        numbers.append(signal.SIGINT)
    if hasattr(signal, "setitimer"):
        numbers.append(signal.SIGALRM)
    before = {number: signal.signal(number, stop) for number in numbers}
    try:
        yield
    finally:
        if hasattr(signal, "setitimer"):
            signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in before.items():
            signal.signal(number, handler if handler is not None else signal.SIG_DFL)
