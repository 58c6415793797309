"""What a search of generators has learned: its candidates beside uniform draws, same weights."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from graftwork.statistics import mean, paired_difference
from reports.run_folder import mapping, number
from reports.wording import count, decimal, quantity


class _Seed(NamedTuple):
    """One search: the mean rewards of its candidates and of uniform draws, and their numbers."""

    ours: float
    theirs: float
    candidates: float
    draws: float


def control_words(searches: Sequence[dict[str, Any]], reward: str) -> list[str]:
    """Says how the candidates of searches compare with uniform draws under the same weights.

    The best of many draws is better than the best of few though nothing was learned. So means are
    compared, in pairs over seeds; the bests are told with the number that each is the best of.

    Args:
        searches: The event `searched` of every seed. Without `candidates_mean`, as in older runs,
            the bests alone are told.
        reward: What a reward is called, such as `"−KID"`.

    Returns:
        Sentences; none where there was no random search.
    """
    seeds = [found for search in searches if (found := _seed(search))]
    sentences = _means(seeds, reward) if seeds else []
    if searches and (best := _bests(searches[0], reward, len(searches) > 1)):
        sentences.append(best)
    return sentences


def _seed(search: dict[str, Any]) -> _Seed | None:
    control = mapping(search, "random_search")
    found = (
        number(search, "candidates_mean"),
        number(control, "mean_score"),
        number(search, "candidates"),
        number(control, "scored"),
    )
    return None if None in found else _Seed(*(value for value in found if value is not None))


def _means(seeds: list[_Seed], reward: str) -> list[str]:
    ours, theirs = [seed.ours for seed in seeds], [seed.theirs for seed in seeds]
    several = len(seeds) > 1
    text = (
        f"Under the final shared weights the mean reward ({reward}) of "
        f"{_numbers([seed.candidates for seed in seeds])} candidates of the search is "
        f"{_value(mean(ours), reward)}, that of {_numbers([seed.draws for seed in seeds])} uniform "
        f"draws {_value(mean(theirs), reward)}"
    )
    if several:
        text += f" (means over {len(seeds)} seeds)"
    test = paired_difference(ours, theirs)
    if test is None and len(seeds) > 2:
        return [f"{text}; the difference is the same in all, so that there is no test."]
    if test is None:
        verb = "give" if several else "gives"
        return [f"{text}; {quantity(len(seeds), 'seed')} {verb} no interval."]
    low, high = (_value(bound, reward) for bound in test.interval)
    text += f" (95 % interval of the difference {low} to {high}, paired, {test.p_text}): "
    if test.interval[0] > 0:
        return [f"{text}the candidates are better by more than chance."]
    if test.interval[1] < 0:
        return [f"{text}the candidates are worse by more than chance."]
    return [f"{text}no difference is shown."]


def _bests(search: dict[str, Any], reward: str, several: bool) -> str:
    control = mapping(search, "random_search")
    ours, theirs = number(search, "score"), number(control, "score")
    if ours is None or theirs is None:
        return ""
    candidates, draws = number(search, "candidates"), number(control, "evaluations")
    text = (
        f"The best {_of(candidates, 'candidate', 'of the search')} has a reward ({reward}) of "
        f"{_value(ours, reward)}, the best {_of(draws, 'uniform draw', 'of a random search')} "
        f"{_value(theirs, reward)}{' (first seed)' if several else ''}"
    )
    if candidates is None or draws is None or 2 * candidates > draws:
        return f"{text}."
    return f"{text}: of more draws the best is better by chance alone."


def _of(number_of: float | None, name: str, otherwise: str) -> str:
    return otherwise if number_of is None else f"of {quantity(int(number_of), name)}"


def _numbers(values: list[float]) -> str:
    """Returns one number, or the first and the last of several different ones."""
    low, high = min(values), max(values)
    return count(low) if low == high else f"{count(low)} to {count(high)}"


def _value(value: float, reward: str) -> str:
    return f"{decimal(1000 * value)}·10⁻³" if "KID" in reward else decimal(value)
