"""A finished learning and a finished application that take seconds."""

import pytest
import tiny_transfer
from tiny_transfer import transfer


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
