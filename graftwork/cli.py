"""The command `graftwork`."""

import difflib
import importlib
import shlex
import sys
from collections.abc import Sequence
from typing import Any

import tyro

import graftwork
from graftwork.cluster import LostWorkerError, as_worker
from graftwork.commands import COMMANDS
from graftwork.config_file import expand_config, with_positionals
from graftwork.disk import full_disk, lost_data
from graftwork.errors import InputError, unknown_name
from graftwork.failures import failure_of
from graftwork.files import read_json
from graftwork.printable import printable
from graftwork.stopping import Terminated, stoppable
from graftwork.stuck import ended_if_stuck


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs `graftwork`: exits with 1 after a failing disk, 2 bad input, 130 Ctrl-C, 143 SIGTERM."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    # Most commands have two words, a few have one.
    words = 1 if " ".join(arguments[:1]) in COMMANDS else 2
    name, flags = " ".join(arguments[:words]), arguments[words:]
    config: Any = None

    def stuck() -> str:
        said = f"ended in the middle of a long step.{_how_to_go_on(config, arguments)}"
        return f"graftwork: {printable(said)}"

    try:
        with stoppable(), ended_if_stuck(stuck):
            if name not in COMMANDS:
                sys.exit(_no_command(arguments))
            command = COMMANDS[name]
            config_class = _load(command.config)
            config = _parse(config_class, name, flags)
            if own := _own_config(config, name):
                # The run's own flags first: one that is given once more is seen to differ or not.
                rest = expand_config(config_class, flags)
                config = _parse(config_class, name, ["--config", own, *rest])
            with as_worker(config) as own_config:
                _load(command.function)(own_config)
    except InputError as error:
        _fail(str(error), 2)
    except LostWorkerError as error:
        _fail(f"{error}{_how_to_go_on(config, arguments)}", 1)
    except BrokenPipeError:
        sys.stderr.close()  # The reader of our output went away, as `head` does.
        sys.exit(141)
    except OSError as error:
        again = _how_to_go_on(config, arguments) or " What was done before is kept."
        if full := full_disk(error, getattr(config, "out", getattr(config, "run", None))):
            _fail(f"{full}{again}", 1)
        where = f" ({error.filename})" if error.filename else ""
        _fail(f"{error.strerror or error}{where}.{again}", 1)
    except Exception as error:
        if not (said := lost_data(error) or failure_of(error)):
            raise
        _fail(f"{said}{_how_to_go_on(config, arguments)}", 1)
    except KeyboardInterrupt:
        _fail(f"stopped.{_how_to_go_on(config, arguments)}", 130)
    except Terminated:
        _fail(f"terminated.{_how_to_go_on(config, arguments)}", 143)


def _parse(config_class: type, name: str, arguments: list[str]) -> Any:
    words = expand_config(config_class, arguments)
    config: Any = tyro.cli(config_class, prog=f"graftwork {name}", args=words)
    return with_positionals(config, arguments)


def _no_command(arguments: list[str]) -> int:
    """Answers everything that is not a command. Returns the exit status."""
    if arguments in (["--version"], ["-V"]):
        print(f"graftwork {graftwork.__version__}")
        return 0
    words = [word for word in arguments[:2] if not word.startswith("-")]
    groups = {name.split()[0] for name in COMMANDS}
    if not words or (len(words) == 1 and words[0] in groups):
        asked = "-h" in arguments or "--help" in arguments
        shown = [name for name in COMMANDS if not words or name.split()[0] == words[0]]
        lines = [f"  graftwork {name:<22} {COMMANDS[name].summary}" for name in shown]
        usage = "usage: graftwork COMMAND [FLAGS]\n\n" + "\n".join(lines)
        ending = "\n\nEvery command has --help, with an example.\n"
        print(usage + ending, end="", file=sys.stdout if asked else sys.stderr)
        return 0 if asked else 2
    # `wach RUN` may mean a command of one word: what follows it is no part of its name.
    alone = [name for name in COMMANDS if " " not in name]
    if words[0] not in groups and difflib.get_close_matches(words[0], alone):
        words = words[:1]
    raise unknown_name("command", " ".join(words), COMMANDS)


def _load(address: str) -> Any:
    module, name = address.split(":")
    return getattr(importlib.import_module(module), name)


def _own_config(config: Any, name: str) -> str | None:
    """Returns the `config.json` of the run that is to be resumed, if this is asked for.

    Raises:
        InputError: If it is a run of another command, whose flags are others.
    """
    if not (getattr(config, "out", None) and getattr(config, "resume", False)):
        return None
    path = config.out / "config.json"
    if not path.exists():
        return None
    stored = read_json(path)
    found = stored.get("command") if isinstance(stored, dict) else None
    if isinstance(found, str) and found in COMMANDS and found != name:
        raise InputError(
            f"{config.out} is a run of `graftwork {found}`, and cannot be resumed by "
            f"`graftwork {name}`. Go on with: graftwork {found} --out {config.out} --resume"
        )
    return str(path)


def _how_to_go_on(config: Any, arguments: list[str]) -> str:
    if not hasattr(config, "resume"):
        return ""
    run = config.out if hasattr(config, "out") else config.run
    if not (run / "config.json").exists():
        return " Nothing was done yet."
    again = [word for word in arguments if word != "--resume"]
    return f" What was done is kept. Go on with: graftwork {shlex.join(again)} --resume"


def _fail(message: str, status: int) -> None:
    # A name from a file must not steer the terminal.
    print(f"graftwork: {printable(' '.join(message.split()))}", file=sys.stderr)
    sys.exit(status)


if __name__ == "__main__":
    main()
