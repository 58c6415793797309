"""Workers wait for each other before TensorFlow does, which answers no signal meanwhile."""

import contextlib
import socket
import sys
import threading
import time

from graftwork.cluster import Cluster
from graftwork.errors import InputError

SECONDS_UNTIL_TOLD = 10.0
"""Workers that come later are named, now and again."""
SECONDS_TO_ANSWER = 2.0
SECONDS_BETWEEN_TRIES = 0.2
GREETING = b"graftwork"
HEARD = b"+"


def meet(cluster: Cluster) -> None:
    """Returns when all workers have reached all others at their addresses.

    Raises:
        InputError: If the address of this worker cannot be used.
    """
    others = set(range(len(cluster.addresses))) - {cluster.index}
    port = int(cluster.addresses[cluster.index].rsplit(":", 1)[1])
    came: set[int] = set()
    reached: set[int] = set()
    try:
        server = socket.create_server(("", port))
    except OSError as error:
        raise InputError(
            f"port {port} of {cluster.name(cluster.index)} cannot be used: {error.strerror}. Wait "
            "for the process that uses it, or name another one in TF_CONFIG."
        ) from None
    with server:
        server.settimeout(SECONDS_TO_ANSWER)
        welcoming = threading.Thread(target=_welcome, args=(server, others, came), daemon=True)
        welcoming.start()
        told = time.monotonic()
        while reached != others or came != others:
            reached |= {other for other in others - reached if _reach(cluster, other)}
            if time.monotonic() - told > SECONDS_UNTIL_TOLD:
                told = time.monotonic()
                names = ", ".join(map(cluster.name, sorted(others - (reached & came))))
                print(f"graftwork: waiting for {names}.", file=sys.stderr, flush=True)
            time.sleep(SECONDS_BETWEEN_TRIES)
        welcoming.join()  # TensorFlow takes the port now.


def _welcome(server: socket.socket, others: set[int], came: set[int]) -> None:
    """Answers the others until all have come."""
    while came != others:
        try:
            with server.accept()[0] as caller:
                caller.settimeout(SECONDS_TO_ANSWER)
                index = int.from_bytes(caller.recv(4), "big")
                if index in others:
                    caller.sendall(GREETING)
                    # One that had given up by then will call again.
                    if caller.recv(len(HEARD)) == HEARD:
                        came.add(index)
                        caller.sendall(HEARD)
        except TimeoutError:
            continue
        except OSError:  # The caller is gone, or this worker stops.
            if server.fileno() < 0:
                return


def _reach(cluster: Cluster, other: int) -> bool:
    host, port = cluster.addresses[other].rsplit(":", 1)
    try:
        with socket.create_connection((host.strip("[]"), int(port)), SECONDS_TO_ANSWER) as line:
            line.sendall(cluster.index.to_bytes(4, "big"))
            # Something else may listen there, such as a worker that has not ended yet.
            if line.recv(len(GREETING)) != GREETING:
                return False
            line.sendall(HEARD)
            # Where the other had given up, it has closed the line; else it is slow to answer.
            with contextlib.suppress(TimeoutError):
                return line.recv(len(HEARD)) == HEARD
            return True
    except OSError:
        return False
