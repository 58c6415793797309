"""Checks of numbers that a person gave."""

from graftwork.errors import InputError

MOST_SEEDS = 10_000
"""Searches of one run."""
MOST_STEPS = 10**9
"""Training steps, rounds and evaluations: more than any machine does in a year."""
MOST_UNITS = 2**14
"""Channels of a layer, units of an LSTM, entries of a latent."""
MOST_IMAGES = 10**7
"""Images that are made to be measured, and candidates of one search."""
LARGEST_SEED = 2**31 - 1
"""Seeds beyond it are none to TensorFlow."""


def at_least(config: object, least: int, *names: str) -> None:
    """Raises an `InputError` for a whole number below `least`."""
    for name in names:
        value = getattr(config, name)
        if value < least:
            raise InputError(
                f"{name.replace('_', '-')} must be at least {least}. Received: {value}."
            )


def at_most(config: object, most: int, *names: str) -> None:
    """Raises an `InputError` for a number, or one of several, above `most`.

    Configurations are also read from run folders, and what no machine has would be asked for.
    """
    for name in names:
        value = getattr(config, name)
        values = value if isinstance(value, tuple) else (value,)
        if any(one is not None and one > most for one in values):
            raise InputError(
                f"{name.replace('_', '-')} must be at most {most:,}. Received: {str(value)[:60]}."
            )


def positive(config: object, *names: str) -> None:
    """Raises an `InputError` for a number that is not above zero and finite."""
    for name in names:
        value = getattr(config, name)
        if not 0 < value < float("inf"):
            raise InputError(
                f"{name.replace('_', '-')} must be a number above 0. Received: {value}."
            )
