"""Asking for names: those who ask at the same time are asked for together, in one transaction of the table.

Called by `chat.workers` in the greenlet of who says hello, which waits here. What the table answers is `chat.here`'s
business; this repeats the question while that has no answer, for a while.
"""

import collections
import random
import time
from collections.abc import Callable, Sequence

import gevent
from gevent.lock import BoundedSemaphore

from chatapp.chat.here import HereError, Unsettled
from chatapp.chat.messages import BadMessage, User

#: How long somebody waits for a name while the table is held, or another worker has yet to write into it (seconds).
CLAIM_SECONDS = 5.0
STEP_SECONDS = 0.002
#: How long a name has to be taken until that is told, and how often it is asked for meanwhile (seconds).
HELD_SECONDS = 0.5
TAKEN_SECONDS = 0.02
NOT_NOW = "The server can't see just now whether somebody else has this name. Try again in a moment."


class _Claim:
    """Somebody asks for a name. `given` is None if there are no others who could have it."""

    def __init__(self, user: User) -> None:
        self.user = user
        self.answered = self.failed = False
        self.given: bool | None = None


class Claims:
    """Who asks for a name in this worker.

    `ask` asks the table: who of them got theirs; None if there are no others. It raises `Unsettled` and `HereError`.
    `holds` tells whether somebody has their name already, which they keep while the table can't be asked.
    """

    def __init__(self, ask: Callable[[Sequence[User]], list[bool] | None], holds: Callable[[User], bool]) -> None:
        self._ask = ask
        self._holds = holds
        #: The people who ask just now, and how often.
        self.coming: collections.Counter[str] = collections.Counter()
        self._waiting: list[_Claim] = []
        self._turn = BoundedSemaphore(1)

    def claim(self, user: User, again: Callable[[], None]) -> bool | None:
        """Give a name to a person where all see it. Waits while that can't be said. Raises `BadMessage`.

        A name that is taken is asked for again for a moment: who had it may have left just now. `again` is called before.
        """
        began = time.monotonic()
        self.coming[user.id] += 1
        try:
            given = self._claim(user)
            while given is False and time.monotonic() - began < HELD_SECONDS:
                again()
                gevent.sleep(TAKEN_SECONDS)
                given = self._claim(user)
            return given
        finally:
            self.coming[user.id] -= 1
            if not self.coming[user.id]:
                del self.coming[user.id]

    def _claim(self, user: User) -> bool | None:
        """Ask for a name, together with all who ask at the same time: whoever comes first asks for all who wait."""
        claim = _Claim(user)
        self._waiting.append(claim)
        with self._turn:
            while not claim.answered:
                claims, self._waiting = self._waiting, []
                self._answer(claims)
        if claim.failed and not self._holds(user):
            raise BadMessage("not_stored", NOT_NOW)
        return True if claim.failed else claim.given

    def _answer(self, claims: list[_Claim]) -> None:
        given: list[bool] | None = None
        failed = True
        try:
            given = self._given([claim.user for claim in claims])
            failed = False
        except (HereError, Unsettled):
            pass
        finally:
            for number, claim in enumerate(claims):
                claim.answered = True
                claim.failed = failed
                claim.given = given[number] if given is not None else None

    def _given(self, users: list[User]) -> list[bool] | None:
        deadline = time.monotonic() + CLAIM_SECONDS
        while True:
            try:
                return self._ask(users)
            except (HereError, Unsettled) as error:
                if time.monotonic() > deadline or (isinstance(error, HereError) and not error.busy):
                    raise
            gevent.sleep(STEP_SECONDS * random.uniform(0.5, 1.5))  # noqa: S311 - so that two who wait do not meet again
