"""The cases of the Autobahn test suite, in the parts in which they are run."""

import dataclasses

#: What the first number of a case stands for.
TITLES = {
    1: "framing",
    2: "pings and pongs",
    3: "reserved bits",
    4: "opcodes",
    5: "fragments",
    6: "UTF-8",
    7: "closing",
    9: "large messages, many messages",
    10: "a message in many fragments",
    12: "compression",
    13: "compression with parameters",
}


@dataclasses.dataclass(frozen=True)
class Part:
    """Cases that are run together: how many there are, and how long they may take for one way in (seconds)."""

    name: str
    cases: tuple[str, ...]
    without: tuple[str, ...]
    count: int
    seconds: float


def _compression(numbers: range) -> tuple[str, ...]:
    """Sections 12 and 13 have 5 and 7 groups of 18 cases: ever longer messages, then the same in fragments."""
    groups = [*(f"12.{group}" for group in range(1, 6)), *(f"13.{group}" for group in range(1, 8))]
    return tuple(f"{group}.{number}" for group in groups for number in numbers)


PARTS = (
    Part("core", ("*",), ("9.*", "12.*", "13.*"), 247, 300),
    Part("large", ("9.*",), (), 54, 600),
    # Each case of compression sends 1,000 messages: of up to 16 KiB in these, of up to 128 KiB and in fragments in the long.
    Part("compression", _compression(range(1, 8)), (), 84, 900),
    Part("long", _compression(range(8, 19)), (), 132, 5400),
)
BY_NAME = {part.name: part for part in PARTS}
#: Those that are run unless others are asked for.
USUAL = ("core", "large", "compression")
