"""Whether arguments that were read from a file have the types that a configuration declares."""

import dataclasses
import types
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from graftwork.errors import InputError


def check_types(kind: type, arguments: Mapping[str, Any]) -> None:
    """Checks values against the annotations of a dataclass.

    Dataclasses believe what they are given, and a list in place of a number would be met by some
    command, hours later.

    Args:
        kind: The dataclass.
        arguments: Values by name, lists as tuples and paths as `Path`.

    Raises:
        InputError: If a name is unknown, or a value of another type.
    """
    hints = typing.get_type_hints(kind)
    known = {field.name for field in dataclasses.fields(kind)}
    for name, value in arguments.items():
        if name not in known:
            raise InputError(f"there is no argument {name[:60]!r}.")
        if not _fits(value, hints[name]):
            raise InputError(
                f"{name.replace('_', '-')} must be {_words(hints[name])}. "
                f"Received: {repr(value)[:60]}."
            )


def _fits(value: Any, hint: Any) -> bool:
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if hint is Any or isinstance(hint, typing.TypeVar):
        return True
    if origin in (typing.Union, types.UnionType):
        return any(_fits(value, one) for one in inner)
    if origin is typing.Annotated:
        return _fits(value, inner[0])
    if origin is Literal:
        return any(type(value) is type(one) and value == one for one in inner)
    if origin is tuple:
        return isinstance(value, tuple) and all(_fits(one, inner[0]) for one in value)
    if hint is float:
        return type(value) in (int, float)
    if hint in (int, bool, str):  # `True` is no number here.
        return type(value) is hint
    return value is None if hint in (None, types.NoneType) else isinstance(value, hint)


def _words(hint: Any) -> str:
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return " or ".join(map(_words, inner))
    if origin is typing.Annotated:
        return _words(inner[0])
    if origin is Literal:
        return " or ".join(map(str, inner))
    if origin is tuple:
        return f"a list, each {_words(inner[0])}"
    names = {int: "a whole number", float: "a number", bool: "true or false", str: "a text"}
    return {**names, Path: "a path", types.NoneType: "null"}.get(hint, "of another type")
