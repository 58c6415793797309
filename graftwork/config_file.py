"""Configuration files: what an earlier run's `config.json` holds, as flags."""

import dataclasses
import tomllib
import typing
from pathlib import Path
from typing import Any, TypeVar

import tyro

from graftwork.errors import InputError, unknown_name
from graftwork.json_text import LARGEST_FILE, check_file, parse_json

RUN_KEYS = {"format", "command", "arguments", "versions", "dataset", "domains", "source", "space"}

Config = TypeVar("Config")


def expand_config(config_class: type, arguments: list[str]) -> list[str]:
    """Replaces `--config FILE` by the flags that the file stands for.

    They come first, so that flags on the command line win. Of a flag that is given once for
    every value, as `--dataset` of several, the file's are left out where the command line has
    some; arguments without a flag are left to `with_positionals`.

    Args:
        config_class: The dataclass that the flags belong to; without a field `config`
            nothing is replaced.
        arguments: What follows the command's name.

    Raises:
        InputError: If the file cannot be read or holds a key that is no flag.
    """
    names = {field.name for field in dataclasses.fields(config_class)}
    if "config" not in names:
        return arguments
    rest, path = _take_flag(arguments, "--config")
    if path is None:
        return rest
    marks = _marks(config_class)
    flags: list[str] = []
    for name, value in read_arguments(Path(path)).items():
        if name not in names or name in ("config", "resume"):
            raise InputError(f"{path}: {unknown_name('key', name, names - {'config', 'resume'})}")
        if tyro.conf.Positional in marks[name]:
            continue
        if tyro.conf.UseAppendAction in marks[name]:
            flags += [] if _is_given(rest, name) else repeated_flags(Path(path), name, value)
        else:
            flags += as_flags(Path(path), name, value)
    return flags + rest


def with_positionals(config: Config, arguments: list[str]) -> Config:
    """Fills arguments without a flag that were left out from the file of `--config`.

    Args:
        config: What the other arguments say. Only paths that are None are filled.
        arguments: What follows the command's name, `--config FILE` in it or not.
    """
    path = _take_flag(arguments, "--config")[1]
    if path is None or not hasattr(config, "config"):
        return config
    marks = _marks(type(config))
    found = {
        name: Path(value)
        for name, value in read_arguments(Path(path)).items()
        if tyro.conf.Positional in marks.get(name, ())
        and getattr(config, name) is None
        and isinstance(value, str)
    }
    return dataclasses.replace(config, **found) if found else config  # type: ignore[type-var]


def _marks(config_class: type) -> dict[str, tuple[Any, ...]]:
    """Returns what is annotated to every field: how tyro reads it."""
    hints = typing.get_type_hints(config_class, include_extras=True)
    return {name: getattr(hint, "__metadata__", ()) for name, hint in hints.items()}


def _is_given(arguments: list[str], name: str) -> bool:
    flags = {f"--{name}", f"--{name.replace('_', '-')}"}
    return any(word.split("=")[0] in flags for word in arguments)


def read_arguments(path: Path) -> dict[str, Any]:
    """Reads a JSON or TOML file of arguments, or a run's whole `config.json`."""
    try:
        check_file(path, LARGEST_FILE)
        text = path.read_text(encoding="utf-8")
        content = tomllib.loads(text) if path.suffix == ".toml" else parse_json(text)
    except OSError as error:
        raise InputError(f"--config {path} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise InputError(f"--config {path} is not a text file in UTF-8.") from None
    except InputError:
        raise
    except (ValueError, RecursionError) as error:
        kind = "TOML" if path.suffix == ".toml" else "JSON"
        raise InputError(f"--config {path} is not valid {kind}: {error}.") from None
    if isinstance(content, dict) and "arguments" in content:
        unknown = sorted(set(content) - RUN_KEYS)
        if unknown:
            raise InputError(f"{path}: {unknown_name('key', unknown[0], RUN_KEYS)}")
        content = content["arguments"]
    if not isinstance(content, dict):
        raise InputError(
            f"--config {path} must hold an object of arguments. Received: {type(content).__name__}."
        )
    return {name.replace("-", "_"): value for name, value in content.items()}


def as_flags(path: Path, name: str, value: Any) -> list[str]:
    """Returns the flags that give an argument a value."""
    flag = "--" + name.replace("_", "-")
    if value is None:
        return []
    if isinstance(value, bool):
        return [flag if value else f"--no-{flag[2:]}"]
    if isinstance(value, str | int | float):
        return [flag, str(value)]
    if isinstance(value, list) and all(isinstance(item, str | int | float) for item in value):
        return [flag, *map(str, value)]
    raise InputError(
        f"{path}: {name} must be a number, a string, true, false or a list of them. "
        f"Received: {value!r}."
    )


def repeated_flags(path: Path, name: str, value: Any) -> list[str]:
    """Returns the flags that give an argument several values, one after the other."""
    values = value if isinstance(value, list) else [value]
    return [word for one in values for word in as_flags(path, name, one)]


def _take_flag(arguments: list[str], flag: str) -> tuple[list[str], str | None]:
    """Takes `flag VALUE` or `flag=VALUE` out of the arguments."""
    rest, found = [], None
    words = iter(arguments)
    for word in words:
        if word == flag:
            found = next(words, None)
            if found is None:
                raise InputError(f"{flag} needs a file.")
        elif word.startswith(f"{flag}="):
            found = word.removeprefix(f"{flag}=")
        else:
            rest.append(word)
    return rest, found
