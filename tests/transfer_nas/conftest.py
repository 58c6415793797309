"""A finished learning and a finished application that take seconds."""

import signal

import pytest
import tiny
import tiny_transfer

from graftwork.cli import main


def transfer(*arguments):
    """Calls `graftwork transfer`, which knows the dataset `tiny` for as long."""
    handler = signal.getsignal(signal.SIGTERM)
    with pytest.MonkeyPatch.context() as patch:
        tiny.register(patch)
        main(["transfer", *map(str, arguments)])
    signal.signal(signal.SIGTERM, handler)


@pytest.fixture(scope="session")
def learned(tmp_path_factory):
    """A finished `transfer learn` on two attributes of the tiny dataset. Not to be written."""
    path = tmp_path_factory.mktemp("transfer") / "learned"
    transfer("learn", "--out", path, *tiny_transfer.LEARN)
    return path


@pytest.fixture(scope="session")
def applied(learned, tmp_path_factory):
    """A finished `transfer apply` of it to the other three attributes. Not to be written."""
    path = tmp_path_factory.mktemp("transfer") / "applied"
    transfer("apply", learned, "--out", path, *tiny_transfer.APPLY)
    return path
