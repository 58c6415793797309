"""Errors that are meant for the person at the command line."""

import difflib
from collections.abc import Iterable


class InputError(ValueError):
    """Bad input from outside: a flag, a file, a dataset, a run folder.

    The command line prints the message as one line and exits with status 2. The
    message names what was wrong, what was expected, what was received and what to do.
    """


def unknown_name(kind: str, received: str, known: Iterable[str]) -> InputError:
    """Returns the error for a name that is not in a registry, with the near names.

    Args:
        kind: What the name should name, such as `"dataset"`.
        received: The name that was received.
        known: The names that exist.
    """
    known = sorted(known)
    near = difflib.get_close_matches(received, known, n=3, cutoff=0.5)
    hint = f"Did you mean {' or '.join(near)}? " if near else ""
    return InputError(f"unknown {kind} {received!r}. {hint}Known: {', '.join(known)}.")
