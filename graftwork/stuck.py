"""Ends a process that a signal could not: where a call that does not end keeps Python from it."""

import contextlib
import os
import signal
import threading
from collections.abc import Callable, Iterator

SECONDS_TO_END = 9.0
"""How long after its first signal a process may live: a little more than a training may save."""


@contextlib.contextmanager
def ended_if_stuck(last_words: Callable[[], str]) -> Iterator[None]:
    """Ends the process with 128 + signal some seconds after Ctrl-C or SIGTERM in the block.

    Python handles a signal between two of its own instructions. A single call of TensorFlow, such
    as the first step, which is compiled, may take longer than a scheduler waits. Checkpoints and
    files stay whole, as after `kill -9`.

    Args:
        last_words: Returns a line that people are told then.
    """
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    left = threading.Event()
    # While TensorFlow is imported, standard error leads nowhere (`graftwork.backend`).
    errors = os.dup(2)

    def watch() -> None:
        while number := os.read(reader, 1):
            if number[0] in (signal.SIGINT, signal.SIGTERM):
                if left.wait(SECONDS_TO_END):
                    return
                with contextlib.suppress(Exception):
                    os.write(errors, f"{last_words()}\n".encode(errors="backslashreplace"))
                os._exit(128 + number[0])

    # Written to by the system's own handler, which waits for nothing.
    before = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        left.set()
        signal.set_wakeup_fd(before)
        os.close(writer)
        thread.join()
        os.close(reader)
        os.close(errors)
