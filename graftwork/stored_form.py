"""What JSON that was read from a file must hold, and the first thing that is wrong with it."""

from pathlib import Path
from typing import Any

from graftwork.errors import InputError
from graftwork.json_text import read_json_file

NUMBER = (None, float)
"""A number, or null where it is not known."""


def read_form(path: Path, form: Any) -> Any:
    """Reads a JSON file that must have a form (see `flaw`).

    Raises:
        InputError: If it is missing, broken, huge or of another form; the line names it.
    """
    value = read_json_file(path)
    if found := flaw(value, form):
        raise InputError(f"{path} is damaged: {found}. Copy it again.")
    return value


def flaw(value: Any, form: Any, place: str = "") -> str | None:
    """Says what is wrong with a value.

    Args:
        value: What was read.
        form: What is expected: a type of JSON values (`float` takes whole numbers too); None for
            null; a list with the form of every element; a dict with the form of every key that
            must be there, others may be; or a tuple of forms, one of which must fit, the most
            telling last.
        place: Where the value stands, such as `"space.stages"`; empty for the whole file.

    Returns:
        Part of a sentence about the file, such as `"space lacks 'stages'"`, or None.
    """
    if isinstance(form, tuple):
        flaws = [flaw(value, one, place) for one in form]
        return None if None in flaws else flaws[-1]
    kind = form if isinstance(form, type) or form is None else type(form)
    if not _is_of(value, kind):
        return f"{place or 'it'} is {_name(type(value))} in place of {_name(kind)}"
    inside: list[tuple[str, Any, Any]] = []
    if isinstance(form, dict):
        lacking = [key for key in form if key not in value]
        if lacking:
            return f"{place or 'it'} lacks {lacking[0]!r}"
        prefix = f"{place}." if place else ""
        inside = [(f"{prefix}{key}", value[key], form[key]) for key in form]
    elif isinstance(form, list):
        inside = [(f"{place}[{number}]", one, form[0]) for number, one in enumerate(value)]
    found = (flaw(one, wanted, where) for where, one, wanted in inside)
    return next((each for each in found if each), None)


def _is_of(value: Any, kind: type | None) -> bool:
    if kind is None:
        return value is None
    if isinstance(value, bool):  # Python counts it among the whole numbers.
        return kind is bool
    return isinstance(value, (int, float) if kind is float else kind)


def _name(kind: type | None) -> str:
    if kind is None or kind is type(None):
        return "null"
    names = {dict: "an object", list: "a list", str: "a text", bool: "true or false"}
    return names.get(kind, "a whole number" if kind is int else "a number")
