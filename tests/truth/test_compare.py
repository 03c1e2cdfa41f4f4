"""The comparison of the truth test finds what is wrong, each kind of it, and nothing else."""

from typing import Any

import pytest

from tests.truth.compare import FAULTS, Notice, Told, Truth, compare
from tests.truth.texts import number_of, text_of

ROTATED = Notice("rotated")


def written(*more: dict[str, Any]) -> Truth:
    """Lines 1, 2, 3 in a generation, half of 4 at its end, 5 and 6 in the next."""
    truth = Truth()
    truth.take({"kind": "generation", "generation": 1})
    for number in (1, 2, 3):
        truth.take({"kind": "line", "generation": 1, "number": number})
    truth.take({"kind": "half", "generation": 1, "number": 4, "length": 5})
    truth.take({"kind": "generation", "generation": 2})
    for number in (5, 6):
        truth.take({"kind": "line", "generation": 2, "number": number})
    for said in more:
        truth.take(said)
    return truth


def text(number: int) -> str:
    return text_of(number)


HALF = text(4)[:5]
GOOD: list[Told] = [text(1), text(2), text(3), HALF, ROTATED, text(5), text(6)]


def faults(told: list[Told], *more: dict[str, Any]) -> dict[str, int]:
    return {name: len(cases) for name, cases in compare(written(*more), "us", told).wrong().items() if cases}


def test_what_is_right_is_right() -> None:
    verdict = compare(written(), "us", GOOD)
    assert verdict.clean
    assert verdict.lines == 6


@pytest.mark.parametrize(
    ("told", "wrong"),
    [
        (GOOD[1:], {"missing": 1}),
        ([each for each in GOOD if each != HALF], {"missing": 1}),
        ([text(1), *GOOD], {"doubled": 1}),
        ([text(1), text(2)[:-1], *GOOD[2:]], {"missing": 1, "split": 1}),
        ([text(1), text(2) + text(3), *GOOD[3:]], {"missing": 2, "joined": 1}),
        ([text(1), text(2), text(3), HALF + text(5), text(6)], {"missing": 2, "joined": 1}),
        ([text(2), text(1), *GOOD[2:]], {"reordered": 1}),
        ([ROTATED, text(5), text(6), *GOOD[:4]], {"reordered": 4}),
        ([*GOOD, "nobody wrote this"], {"split": 1}),
        ([*GOOD, text(7)], {"split": 1}),
    ],
)
def test_each_fault_is_found(told: list[Told], wrong: dict[str, int]) -> None:
    assert faults(told) == wrong


def destroyed(*keys: str, whom: str = "us") -> dict[str, Any]:
    return {"kind": "destroyed", "excused": {whom: list(keys)}, "ages": dict.fromkeys(keys, 0.1)}


def test_what_was_destroyed_may_be_missing_if_something_was_said() -> None:
    told: list[Told] = [text(1), text(2), ROTATED, text(5), text(6)]
    assert faults(told, destroyed("3", "half 4")) == {}
    assert faults(told, destroyed("3", "half 4", whom="others")) == {"missing": 2}
    assert faults([each for each in told if each != ROTATED], destroyed("3", "half 4")) == {"unannounced": 2}
    assert faults([Notice("opened"), *told[:2], *told[3:], ROTATED], destroyed("3", "half 4")) == {"unannounced": 2}


def test_a_line_may_be_torn_only_if_it_was_destroyed() -> None:
    told: list[Told] = [text(1), text(2), text(3)[:4], HALF, ROTATED, text(5), text(6)]
    assert faults(told, destroyed("3")) == {"unannounced": 1}
    assert faults([*told[:3], Notice("truncated"), *told[3:]], destroyed("3")) == {}
    assert faults(told) == {"missing": 1, "split": 1}
    half: list[Told] = [*GOOD[:3], HALF[:2], ROTATED, *GOOD[5:]]
    assert faults(half, destroyed("half 4")) == {}
    assert faults(half) == {"missing": 1, "split": 1}


def test_the_faults_have_names() -> None:
    assert set(FAULTS) == set(compare(written(), "us", []).wrong())


def test_a_line_is_known_by_its_number_at_both_ends() -> None:
    for number in range(1, 2000):
        assert number_of(text(number)) == number
    for wrong in ("", text(1)[:-1], text(1)[1:], text(1) + text(2), "#1  .2", text(3).replace("d", "e", 1) + "x"):
        assert number_of(wrong) is None
