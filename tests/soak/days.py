"""The days that are soaked: a whole one in some minutes, and the short form for the tests."""

from tests.soak.people import Pace
from tests.soak.run import Day

#: Shifts of a day: each is three hours of it. Some seconds of each are the quiet after it.
SHIFTS, QUIET_SECONDS = 8, 8.0

SHORT = Day(
    shifts=1,
    shift=3.0,
    people=40,
    viewers=10,
    past=500,
    pace=Pace(away=0.7, stay=1.5, rest=0.25),
    looking=Pace(away=0.7, stay=2.0, rest=0.3),
    rotations=1.0,
)


def in_minutes(minutes: float) -> Day:
    """A day in so many minutes."""
    return Day(
        shifts=SHIFTS,
        shift=max(2.0, minutes * 60 / SHIFTS - QUIET_SECONDS),
        people=160,
        viewers=25,
        past=100_000,
        pace=Pace(away=10, stay=10, rest=1.2),
        looking=Pace(away=4, stay=8, rest=1.0),
        rotations=8.0,
    )
