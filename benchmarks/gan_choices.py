"""What the settings of a search of generators do to what it finds, beside random cells.

    python benchmarks/gan_choices.py                          # digits: some 30 minutes on 2 cores
    python benchmarks/gan_choices.py --dataset glyphs --choices "4 × longer" --seeds 5

Every choice is a whole `gans search` that differs in one setting from the first, which is small:
it says how choices compare, not how good generators become. A choice has the same seeds,
and as many random cells, trained the same way. The table has the KID of the found generators, how
much lower it is than that of the random cells (paired over seeds, 95 % interval), and Kendall's τ
between the reward under shared weights and −KID of the trained generator.
"""

import argparse
import functools
import json
import os
import sys
import tempfile
import traceback
from pathlib import Path
from unittest import mock

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from graftwork import cli
from graftwork.backend import load_backend

SMALL = (
    *("--channels", "16", "--latent", "32", "--batch-size", "16"),
    *("--warmup-rounds", "10", "--rounds", "20", "--round-steps", "40", "--children", "6"),
    *("--candidates", "16", "--reward-images", "256", "--steps", "400", "--images", "1024"),
    *("--random-cells", "4", "--top", "1", "--no-controls"),
)
CHOICES: dict[str, tuple[str, ...]] = {
    "as is": (),
    "1 node": ("--nodes", "1"),
    "3 nodes": ("--nodes", "3"),
    "32 channels": ("--channels", "32"),
    "entropy 0.02": (),
    "entropy 1": (),
    "reward FID": ("--reward", "fid"),
    "reward IS": ("--reward", "is"),
    "4 × longer": ("--round-steps", "160"),
}
ENTROPY = {"entropy 0.02": 0.02, "entropy 1": 1.0}


def searched(choice: str, dataset: str, seeds: int, out: Path) -> dict:
    """Searches in a process of its own, as memory would grow. Returns its result."""
    child = os.fork()
    if not child:
        status = 1
        try:
            load_backend()
            from gan_nas import shared_search
            from gan_nas.agan import AGan

            class Changed(AGan):
                """The strategy with another weight of the entropy."""

                __init__ = functools.partialmethod(
                    AGan.__init__, entropy_weight=ENTROPY.get(choice, 0.2)
                )

            words = ["gans", "search", "--dataset", dataset, "--out", str(out)]
            words += ["--seeds", str(seeds)]
            descriptor = os.open(out.with_suffix(".txt"), os.O_WRONLY | os.O_CREAT)
            os.dup2(descriptor, 1)
            with mock.patch.object(shared_search, "AGan", Changed):
                cli.main([*words, *SMALL, *CHOICES[choice]])
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(status)
    if os.waitpid(child, 0)[1]:
        raise SystemExit(f"{choice}: the search failed")
    return json.loads((out / "result.json").read_text())


def row(choice: str, result: dict) -> str:
    """Returns a line of the table; KIDs are in thousandths."""
    found = next(m for m in result["methods"] if m["kind"] == "searched")
    random = next(m for m in result["methods"] if m["kind"] == "random")
    (test,) = (c for c in result["comparisons"] if c["against"] == random["name"])
    low, high = (f"{1e3 * end:.0f}" for end in test["interval"] or (float("nan"),) * 2)
    tau, generators = result["kendall_tau"], result["kendall_tau_generators"]
    return (
        f"| {choice} | {1e3 * found['kid']:.0f} | {1e3 * random['kid']:.0f} | "
        f"{1e3 * test['difference']:.0f} | {low} to {high} | "
        f"{'–' if tau is None else f'{tau:.2f}'} ({generators}) | {result['search_seconds']:.0f} |"
    )


def main() -> None:
    """Prints the table, a line a choice."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--choices", nargs="+", choices=CHOICES, default=list(CHOICES))
    parser.add_argument("--dataset", default="digits")
    parser.add_argument("--seeds", type=int, default=3)
    config = parser.parse_args()
    print("| choice | found | random cells | lower by | 95 % interval | τ (generators) | seconds |")
    print("|---|---|---|---|---|---|---|", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        for choice in config.choices:
            out = Path(folder) / choice.replace(" ", "-")
            print(row(choice, searched(choice, config.dataset, config.seeds, out)), flush=True)


if __name__ == "__main__":
    main()
