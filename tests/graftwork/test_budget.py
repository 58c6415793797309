"""Durations as people write them."""

import pytest

from graftwork.budget import parse_duration
from graftwork.errors import InputError


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("10m", 600), ("1h30m", 5400), ("600", 600), ("1.5h", 5400), (" 2 M 5 s", 125)],
)
def test_durations_are_read(text, seconds):
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "0", "0s", "ten", "10x", "10m!", "-5m", "m"])
def test_what_is_no_duration_is_refused(text):
    with pytest.raises(InputError, match="time-budget must be a duration"):
        parse_duration(text)
