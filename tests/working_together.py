"""Commands that several workers of one machine work on together, each in a process of its own."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import stopped_graftwork

SECONDS = 300


def free_addresses(count: int) -> list[str]:
    """Returns addresses that nobody listens at."""
    servers = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    addresses = [f"127.0.0.1:{server.getsockname()[1]}" for server in servers]
    for server in servers:
        server.close()
    return addresses


def work_together(
    *arguments: object, stops: Sequence[str]
) -> tuple[list[str], list[tuple[int, str, str]]]:
    """Runs a command as so many workers as there are `stops`, each in a process of its own."""
    here, addresses = Path(stopped_graftwork.__file__), free_addresses(len(stops))
    workers = []
    for index, stop in enumerate(stops):
        task = {"cluster": {"worker": addresses}, "task": {"type": "worker", "index": index}}
        words = [sys.executable, str(here), stop, *map(str, arguments)]
        paths = {"PYTHONPATH": str(here.parents[1]), "TF_CONFIG": json.dumps(task)}
        workers.append(
            subprocess.Popen(
                words,
                env={**os.environ, **paths},
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
        )
    try:
        ends = [worker.communicate(timeout=SECONDS) for worker in workers]
    finally:
        for worker in workers:
            worker.kill()
    return addresses, [(worker.returncode, *end) for worker, end in zip(workers, ends, strict=True)]


def assert_alike(one: Any, other: Any, tolerance: float) -> None:
    """Checks that two JSON values differ by the rounding of their numbers alone."""
    if isinstance(one, dict) and isinstance(other, dict):
        assert one.keys() == other.keys()
        for key, value in one.items():
            assert_alike(value, other[key], tolerance)
    elif isinstance(one, list) and isinstance(other, list):
        assert len(one) == len(other)
        for pair in zip(one, other, strict=True):
            assert_alike(*pair, tolerance)
    elif isinstance(one, float) and isinstance(other, float):
        assert one == pytest.approx(other, rel=tolerance, abs=tolerance)
    else:
        assert one == other
