"""Checks of numbers that a person gave."""

from graftwork.errors import InputError


def at_least(config: object, least: int, *names: str) -> None:
    """Raises an `InputError` for a whole number below `least`."""
    for name in names:
        value = getattr(config, name)
        if value < least:
            raise InputError(
                f"{name.replace('_', '-')} must be at least {least}. Received: {value}."
            )


def positive(config: object, *names: str) -> None:
    """Raises an `InputError` for a number that is not above zero and finite."""
    for name in names:
        value = getattr(config, name)
        if not 0 < value < float("inf"):
            raise InputError(
                f"{name.replace('_', '-')} must be a number above 0. Received: {value}."
            )
