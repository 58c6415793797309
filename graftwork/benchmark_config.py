"""What the commands of `graftwork benchmark` can be told: one dataclass a command."""

import dataclasses
from pathlib import Path
from typing import Annotated, Any

import tyro

from graftwork.errors import InputError
from graftwork.limits import MOST_SEEDS, MOST_STEPS, at_most

ALL = "all"


@dataclasses.dataclass(frozen=True, kw_only=True)
class NatsBenchmark:
    """Compare search strategies on a table of NATS-Bench's cells.

    Example: graftwork benchmark nats --table nats.csv --out runs/nats --jobs 2
    """

    table: Path | None = None
    """A CSV file with the column `architecture` and columns of accuracies."""
    out: Path
    """The run folder to write. It must be new or empty, unless --resume."""
    strategies: tuple[str, ...] = (ALL,)
    """The strategies to compare, or all."""
    budget: int = 100
    """Architectures that a strategy may evaluate. It is told so at its beginning."""
    seeds: int = 200
    """Runs of every strategy, with seeds 0, 1, 2, …. At least 3 give an interval."""
    jobs: int = 1
    """Worker processes, each on one core."""
    validation: str | None = None
    """The column that the search sees; if not given, the only one named like "valid"."""
    test: str | None = None
    """The column that the report gives; if not given, the only one named like "test"."""
    published: Path | None = None
    """A CSV file of published results to show beside; the project's own if not given."""
    config: Path | None = None
    """A JSON or TOML file of these arguments, or the config.json of an earlier run."""
    resume: bool = False
    """Go on with the run in --out: what failed is tried again, what is known is not."""

    def check(self) -> None:
        """Raises an `InputError` for a value that makes no sense."""
        check_counts(self)


@dataclasses.dataclass(frozen=True, kw_only=True)
class TreeBenchmark:
    """Compare search strategies on the trees of a finished search.

    Trees are evaluated by look-up in the run's table of path scores.

    Example: graftwork benchmark trees runs/glyphs --seeds 50
    """

    run: Annotated[Path, tyro.conf.Positional]
    """The run folder of a finished `graftwork trees search`."""
    out: Path | None = None
    """The folder to write; `benchmark` in the run folder if not given."""
    strategies: tuple[str, ...] = (ALL,)
    """The strategies to compare, or all. Here gnas is one more."""
    budget: int = 100
    """Trees that a strategy may evaluate. It is told so at its beginning."""
    seeds: int = 50
    """Runs of every strategy, with seeds 0, 1, 2, …. At least 3 give an interval."""
    jobs: int = 1
    """Worker processes, each on one core."""
    config: Path | None = None
    """A JSON or TOML file of these arguments, or the config.json of an earlier run."""
    resume: bool = False
    """Go on with the run in --out: what failed is tried again, what is known is not."""

    def __post_init__(self) -> None:
        if self.out is None:  # The command line looks there for a run to go on with.
            object.__setattr__(self, "out", self.run / "benchmark")

    def check(self) -> None:
        """Raises an `InputError` for a value that makes no sense."""
        check_counts(self)


def check_counts(config: NatsBenchmark | TreeBenchmark) -> None:
    """Raises an `InputError` for a number below 1, or for no strategy."""
    for name in ("budget", "seeds", "jobs"):
        if (value := getattr(config, name)) < 1:
            raise InputError(f"{name} must be at least 1. Received: {value}.")
    at_most(config, MOST_SEEDS, "seeds", "jobs")
    at_most(config, MOST_STEPS, "budget")
    if not config.strategies:
        raise InputError("strategies must name at least one strategy, or all. Received: nothing.")


def stored_arguments(config: NatsBenchmark | TreeBenchmark) -> dict[str, Any]:
    """Returns what `config.json` keeps of a configuration, as flags can give it."""
    values = dataclasses.asdict(config)
    for name in ("resume", "config", "run"):
        values.pop(name, None)
    for name in ("table", "published"):  # To be found from any folder.
        if values.get(name):
            values[name] = str(values[name].resolve())
    return {**values, "out": str(config.out), "strategies": list(config.strategies)}
