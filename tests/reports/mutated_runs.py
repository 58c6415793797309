"""Values of a run's files, changed at random by a seed: what others might send."""

import copy
import json
import random
from pathlib import Path
from typing import Any

FILES = ("config.json", "result.json", "journal.jsonl")
VALUES = [
    *(None, True, 0, -1, 1.5, 10**9, 10**12, 10**30, 10**400, 1e308, -1e308),
    *("", "x", "../../etc/passwd", "/etc/passwd", "\x1b[31mred\x07", "a\0b", "[bold]", "x" * 5000),
    *([], [[]], [None], ["x"], [1, 2, 3], [10**9], [[10**9]], [10**9] * 8, [[1, 2], [3]]),
    *({}, {"a": 1}, {"name": None}, [{}], [{"name": []}], {"": ""}, float("nan"), "\ud800"),
]
TEXTS = ["", "null", "[]", "1", '"x"', "\0", "[" * 100_000, '{"a":' + "9" * 9000 + "}", "{"]


def mutate(run: Path, seed: int) -> None:
    """Changes one to four values in the files of a run, or the whole text of one.

    Args:
        run: The run folder.
        seed: The same seed makes the same changes.
    """
    rng = random.Random(seed)
    for _ in range(rng.choice((1, 1, 2, 4))):
        path = run / rng.choice([name for name in FILES if (run / name).exists()])
        text = path.read_text(errors="replace")
        if rng.random() < 0.1:
            path.write_text(rng.choice([*TEXTS, text[: rng.randrange(len(text) + 1)]]))
            continue
        lines = text.splitlines() if path.suffix == ".jsonl" else [text]
        try:
            values = [json.loads(line) for line in lines]
        except (ValueError, RecursionError):
            continue
        if values and isinstance(value := rng.choice(values), dict | list):
            _change(value, rng)
        path.write_text("\n".join(map(json.dumps, values)) + "\n")


def _change(value: Any, rng: random.Random) -> None:
    places = list(_places(value))
    if not places:
        return
    holder, key = rng.choice(places)
    if rng.random() < 0.2:
        del holder[key]
    else:
        holder[key] = copy.deepcopy(rng.choice(VALUES))


def _places(value: Any) -> Any:
    items = value.items() if isinstance(value, dict) else enumerate(value[:4])
    for key, inner in items:
        yield value, key
        if isinstance(inner, dict | list):
            yield from _places(inner)
