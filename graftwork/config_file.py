"""Configuration files: what an earlier run's `config.json` holds, as flags."""

import dataclasses
import json
import tomllib
from pathlib import Path
from typing import Any

from graftwork.errors import InputError, unknown_name

RUN_KEYS = {"format", "command", "arguments", "versions", "dataset"}


def expand_config(config_class: type, arguments: list[str]) -> list[str]:
    """Replaces `--config FILE` by the flags that the file stands for.

    They come first, so that flags on the command line win.

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
    flags: list[str] = []
    for name, value in read_arguments(Path(path)).items():
        if name not in names or name in ("config", "resume"):
            raise InputError(f"{path}: {unknown_name('key', name, names - {'config', 'resume'})}")
        flags += as_flags(Path(path), name, value)
    return flags + rest


def read_arguments(path: Path) -> dict[str, Any]:
    """Reads a JSON or TOML file of arguments, or a run's whole `config.json`."""
    try:
        text = path.read_text(encoding="utf-8")
        content = tomllib.loads(text) if path.suffix == ".toml" else json.loads(text)
    except OSError as error:
        raise InputError(f"--config {path} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise InputError(f"--config {path} is not a text file in UTF-8.") from None
    except (json.JSONDecodeError, tomllib.TOMLDecodeError) as error:
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
