"""A command's configuration in the run folder: written, read again, and held to on resuming."""

import dataclasses
import typing
from pathlib import Path
from typing import Any, TypeVar

from graftwork.argument_types import check_types
from graftwork.errors import InputError
from graftwork.run import read_config
from graftwork.run_links import check_links

NOT_STORED = ("resume", "config")
CHANGEABLE = ("out", "resume", "config", "time_budget", "distribute", "jobs", "jit", "keep")
"""What may differ when a run is resumed."""


Config = TypeVar("Config", bound=Any)
"""A dataclass with `out`, `resume`, `time_budget` and a method `check`."""


def stored_arguments(config: Any) -> dict[str, Any]:
    """Returns what `config.json` keeps of a configuration: JSON values.

    Args:
        config: A dataclass with `out`. Other paths are made absolute, to be found from any
            folder.
    """
    arguments = {}
    for field in dataclasses.fields(config):
        value = getattr(config, field.name)
        if field.name in NOT_STORED:
            continue
        if isinstance(value, Path):
            value = str(value if field.name == "out" else value.resolve())
        arguments[field.name] = list(value) if isinstance(value, tuple) else value
    return arguments


def read_arguments(kind: type[Config], run: Path) -> Config:
    """Returns the configuration that a run folder holds.

    Args:
        kind: Its dataclass, with `check`.
        run: The run folder.

    Raises:
        InputError: If the folder holds no such configuration.
    """
    stored, hints = read_config(run), typing.get_type_hints(kind)
    check_links(run)  # All that ask for them write into the run.
    try:
        if not (arguments := dict(stored.get("arguments", {}))):
            # Every flag has a default: another search than that of the run would be made of them.
            raise InputError("there are none.")
        for name, value in arguments.items():
            if isinstance(value, list):
                arguments[name] = tuple(value)
            elif value is not None and _is_path(hints.get(name)):
                arguments[name] = Path(value)
        arguments["out"] = Path(run)
        check_types(kind, arguments)
        config = kind(**arguments)
        config.check()
    except (TypeError, ValueError, AttributeError, KeyError, OverflowError, InputError) as error:
        raise InputError(
            f"{run / 'config.json'} holds no arguments of such a search: {error}"
        ) from None
    return config


def _is_path(hint: Any) -> bool:
    return Path in (hint, *typing.get_args(hint))


def resumed(given: Config) -> Config:
    """Returns the configuration to resume: the run's own, with what may differ as given.

    The command line takes the run's own flags as given, those that are there once more win.

    Args:
        given: What the command line says, with `out`.

    Raises:
        InputError: If a flag was given that differs from what the run began with.
    """
    stored = read_arguments(type(given), given.out)
    for field in dataclasses.fields(given):
        value, before = getattr(given, field.name), getattr(stored, field.name)
        value = value.resolve() if isinstance(value, Path) and field.name != "out" else value
        if field.name not in CHANGEABLE and value != before:
            raise InputError(
                f"--resume goes on with the configuration of {given.out}, where "
                f"{field.name.replace('_', '-')} is {before}. Received: {value}. Leave the "
                "flag out, or begin a new run in another --out."
            )
    names = {field.name for field in dataclasses.fields(given)} & set(CHANGEABLE) - {"config"}
    return dataclasses.replace(stored, **{name: getattr(given, name) for name in names})
