"""The comparison of the truth test: what was written against what a reader was told. Pure.

`run` makes a `Truth` of what the writer says, and for each reader the list of what it was told, in order: texts and notices.
"""

import bisect
import collections
from typing import Any, NamedTuple

from tests.truth.texts import may_be_torn, number_of, numbers_in, text_of


class Notice(NamedTuple):
    """Something a reader was told beside lines."""

    kind: str


Told = str | Notice

#: What announces that something may be missing.
ANNOUNCES = ("rotated", "truncated", "replaced", "gone", "gap", "dropped")


class Truth:
    """What was written: keys of lines and half lines, in the order of generations and in these of the file."""

    def __init__(self) -> None:
        self.operations: collections.Counter[str] = collections.Counter()
        self.done = False
        self._generations: dict[int, list[str]] = {}
        self._halves: dict[str, str] = {}  # text to key
        self._excused: dict[str, set[str]] = collections.defaultdict(set)
        self._ages: dict[str, float] = {}  # how long a line stood that was destroyed (seconds)

    def take(self, said: dict[str, Any]) -> None:
        """One thing the writer said."""
        kind = said["kind"]
        if kind == "generation":
            self._generations[said["generation"]] = []
        elif kind == "line":
            self._generations[said["generation"]].append(str(said["number"]))
        elif kind == "half":
            key = f"half {said['number']}"
            self._generations[said["generation"]].append(key)
            self._halves[text_of(said["number"])[: said["length"]]] = key
        elif kind == "destroyed":
            for reader, keys in said["excused"].items():
                self._excused[reader].update(keys)
            self._ages |= said["ages"]
        elif kind == "operation":
            self.operations[said["name"]] += 1
        elif kind == "done":
            self.done = True

    def expected(self) -> list[str]:
        """All keys in the order in which a reader should be told."""
        return [key for keys in list(self._generations.values()) for key in keys]

    def required(self, reader: str) -> set[str]:
        """What this reader must have been told."""
        return set(self.expected()) - self._excused[reader]

    def age(self, key: str) -> float:
        """How long a line stood there before it was destroyed, in seconds."""
        return self._ages[key]

    def key_of(self, text: str) -> str | None:
        """The key of a text; None if nobody wrote it like this."""
        number = number_of(text)
        return str(number) if number is not None else self._halves.get(text)


class Verdict(NamedTuple):
    """For each thing that may go wrong, the cases in words; and what nobody could have told.

    `excused`: so many lines were destroyed before this reader had a chance to see them; `longest`: so long the one of
    them stood there that stood longest (seconds).
    """

    missing: list[str]
    doubled: list[str]
    split: list[str]
    joined: list[str]
    reordered: list[str]
    unannounced: list[str]
    lines: int
    excused: int
    longest: float

    def wrong(self) -> dict[str, list[str]]:
        return {name: getattr(self, name) for name in FAULTS}

    @property
    def clean(self) -> bool:
        return not any(self.wrong().values())


FAULTS = ("missing", "doubled", "split", "joined", "reordered", "unannounced")


def compare(truth: Truth, reader: str, told: list[Told]) -> Verdict:
    """Hold what a reader was told to the truth."""
    verdict = Verdict([], [], [], [], [], [], 0, 0, 0.0)
    expected, required = truth.expected(), truth.required(reader)
    destroyed = {key.removeprefix("half ") for key in expected if key not in required}
    place = {key: number for number, key in enumerate(expected)}
    seen: dict[str, int] = {}  # where in what was told
    newest = -1
    for at, each in enumerate(told):
        if isinstance(each, Notice):
            continue
        key = truth.key_of(each)
        if key is None and _is_torn(each, destroyed):
            continue  # what was read of a line before the rest of it was destroyed
        if key is None or key not in place:
            (verdict.joined if numbers_in(each) > 1 else verdict.split).append(f"{each[:100]!r} ({len(each)} characters)")
        elif key in seen:
            verdict.doubled.append(f"{key} came again")
        else:
            seen[key] = at
            if place[key] < newest:
                verdict.reordered.append(f"{key} came after {expected[newest]}")
            newest = max(newest, place[key])
    missing = [key for key in expected if key not in seen]
    verdict.missing.extend(f"{key} never came" for key in missing if key in required)
    excused = [key for key in missing if key not in required]
    verdict.unannounced.extend(_unannounced(told, excused, seen, place))
    longest = max((truth.age(key) for key in excused), default=0.0)
    return verdict._replace(lines=len(seen), excused=len(excused), longest=longest)


def _is_torn(text: str, destroyed: set[str]) -> bool:
    """Whether this is the beginning of a line, or of a half line, that was destroyed."""
    match = may_be_torn(text)
    if match is None:
        return text in ("", "#") and bool(destroyed)
    if match[2] is None:
        return match[0] == text and any(key.startswith(match[1]) for key in destroyed)
    return match[1] in destroyed and text_of(int(match[1])).startswith(text)


def _unannounced(told: list[Told], excused: list[str], seen: dict[str, int], place: dict[str, int]) -> list[str]:
    """Lines that nobody could have seen, without a notice between those before and those after."""
    notices = [at for at, each in enumerate(told) if isinstance(each, Notice) and each.kind in ANNOUNCES]
    ordered = sorted((place[key], at) for key, at in seen.items())
    places = [number for number, _ in ordered]
    cases = []
    for key in excused:
        index = bisect.bisect(places, place[key])
        before = ordered[index - 1][1] if index else -1
        after = ordered[index][1] if index < len(ordered) else len(told)
        first = bisect.bisect(notices, before)
        if first == len(notices) or notices[first] > after:
            cases.append(f"{key} is gone, and nothing was said of it")
    return cases
