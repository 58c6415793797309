"""What all workers of a run do together, one as the other: connect, wait, agree.

One of the few modules that touch `tf` (ARCHITECTURE.md names them).
"""

import contextlib
import functools
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from typing import Any, TypeVar

import numpy as np
import tensorflow as tf

from graftwork.cluster import cluster, workers

SECONDS_UNTIL_WAITING = 10.0
"""Workers that come later are named, now and again."""
SECONDS_TO_ANSWER = 2.0

Value = TypeVar("Value", bool, int, float, np.ndarray)


def connect() -> tf.distribute.Strategy:
    """Returns the strategy of this process and the others; waits until all are there."""
    with _stopped_at_once(), _told_who_is_late():
        strategy = _strategy()
        barrier()
    return strategy


@functools.cache
def _strategy() -> tf.distribute.Strategy:
    tf.get_logger().setLevel("ERROR")
    return tf.distribute.MultiWorkerMirroredStrategy()


def agree(value: Value) -> Value:
    """Returns the chief's value, on all workers; the value itself with one worker alone.

    Clocks, and sums of different machines, differ a little. What such a number decides is
    decided by that of the chief: workers that take different steps would wait for each other
    for ever.

    Args:
        value: A number or an array, of the same shape on all workers.
    """
    own = np.asarray(value)
    if workers() == 1 or not own.size:
        return value
    strategy = _strategy()

    def first(context: Any) -> tf.Tensor:
        mine = context.replica_id_in_sync_group == 0
        return tf.constant(own if mine else np.zeros_like(own), tf.float64)

    # A sum with zeros leaves a number as it is.
    parts = strategy.experimental_distribute_values_from_function(first)
    agreed = np.asarray(strategy.reduce("SUM", parts, axis=None)).astype(own.dtype)
    return agreed if isinstance(value, np.ndarray) else type(value)(agreed.item())


def barrier() -> None:
    """Waits until all workers have come to here."""
    agree(0.0)


@contextlib.contextmanager
def _stopped_at_once() -> Iterator[None]:
    """Lets Ctrl-C and SIGTERM end the process: Python's handlers wait for TensorFlow's return."""
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, signal.SIG_DFL) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler if handler is not None else signal.SIG_DFL)


@contextlib.contextmanager
def _told_who_is_late() -> Iterator[None]:
    """Says now and again, on standard error, for whom this process waits."""
    done = threading.Event()

    def tell() -> None:
        while not done.wait(SECONDS_UNTIL_WAITING):
            late = [n for n in range(workers()) if n != cluster().index and not _listens(n)]
            if late and not done.is_set():
                names = ", ".join(map(cluster().name, late))
                print(f"graftwork: waiting for {names}.", file=sys.stderr, flush=True)

    threading.Thread(target=tell, daemon=True).start()
    try:
        yield
    finally:
        done.set()


def _listens(index: int) -> bool:
    host, port = cluster().addresses[index].rsplit(":", 1)
    try:
        with socket.create_connection((host.strip("[]"), int(port)), SECONDS_TO_ANSWER):
            return True
    except OSError:
        return False
