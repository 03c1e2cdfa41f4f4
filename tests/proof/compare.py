"""The comparison: the log of the store against every view and every acknowledgement. Pure.

`stored` reads the log, clients hand in their views, writers what they asked for and what was acknowledged. Each case is
told in words, so that a run that fails says where.
"""

import collections
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from tests.proof.view import RoomView


class Logged(NamedTuple):
    """An event as the store has it."""

    seq: int
    id: str
    is_message: bool


class Asked(NamedTuple):
    """Something a writer asked for: where, and as which of its requests; `seq` once it was acknowledged."""

    room: str
    number: int
    seq: int | None


class Verdict(NamedTuple):
    """One sentence for each case."""

    lost: list[str]
    doubled: list[str]
    reordered: list[str]

    @property
    def clean(self) -> bool:
        """Whether there is no case of anything."""
        return not any(self)


Logs = Mapping[str, Sequence[Logged]]


def compare(
    logs: Logs,
    views: Mapping[str, Iterable[RoomView]],
    asked: Mapping[str, Mapping[str, Asked]],
    no_order: Iterable[str] = (),
) -> Verdict:
    """Compare everything. `views` and `asked` are by the name of the client; `no_order` are the ids of requests that the
    server has put off (`not_stored`), which may come later than what was asked after them."""
    verdict = Verdict([], [], [])
    for room, log in logs.items():
        _check_numbers(room, log, verdict)
    ids = collections.Counter(event.id for log in logs.values() for event in log)
    verdict.doubled.extend(f"the store has {event_id} {times} times" for event_id, times in ids.items() if times > 1)
    for client, rooms in views.items():
        for view in rooms:
            _check_view(client, view, logs.get(view.room, ()), verdict)
    for client, requests in asked.items():
        _check_acknowledged(client, requests, logs, verdict)
        _check_own_order(client, requests, logs, frozenset(no_order), verdict)
    return verdict


def _check_numbers(room: str, log: Sequence[Logged], verdict: Verdict) -> None:
    """The log alone: every number once, without a hole."""
    numbers = [event.seq for event in log]
    holes = set(range(1, max(numbers, default=0) + 1)) - set(numbers)
    verdict.lost.extend(f"the store has no event {seq} in {room}" for seq in sorted(holes))
    twice = [seq for seq, times in collections.Counter(numbers).items() if times > 1]
    verdict.doubled.extend(f"the store has event {seq} twice in {room}" for seq in twice)


def _check_view(client: str, view: RoomView, log: Sequence[Logged], verdict: Verdict) -> None:
    """One view: what it must hold is the messages up to where its page ended, and all events after it."""
    where = f"{client} in {view.room}"
    expected = [(event.seq, event.id) for event in log if event.seq > view.page_end or event.is_message]
    seen = view.seen()
    if seen == expected:
        return
    place = {entry: index for index, entry in enumerate(expected)}
    times = collections.Counter(seen)
    for seq, event_id in place:
        if (seq, event_id) not in times:
            verdict.lost.append(f"{where} has not seen {event_id} ({seq})")
    for (seq, event_id), count in times.items():
        if (seq, event_id) not in place:
            verdict.lost.append(f"{where} has seen {event_id} ({seq}), which the store does not have there")
        elif count > 1:
            verdict.doubled.append(f"{where} has seen {event_id} ({seq}) {count} times")
    newest = -1
    for entry in dict.fromkeys(seen):
        if entry in place:
            if place[entry] < newest:
                verdict.reordered.append(f"{where} has seen {entry[1]} ({entry[0]}) after what follows it")
            newest = max(newest, place[entry])


def _check_acknowledged(client: str, requests: Mapping[str, Asked], logs: Logs, verdict: Verdict) -> None:
    """What was acknowledged is in the store, in the room and under the number that the acknowledgement said."""
    seqs = {room: {event.id: event.seq for event in log} for room, log in logs.items()}
    for request_id, asked in requests.items():
        if asked.seq is None:
            continue
        stored = seqs.get(asked.room, {}).get(request_id)
        if stored is None:
            verdict.lost.append(f"{request_id} of {client} was acknowledged in {asked.room}, and the store does not have it")
        elif stored != asked.seq:
            verdict.reordered.append(f"{request_id} of {client} was acknowledged as {asked.seq} and stored as {stored}")


def _check_own_order(
    client: str, requests: Mapping[str, Asked], logs: Logs, no_order: frozenset[str], verdict: Verdict
) -> None:
    """What one writer asked for in one room stands there in the order in which it asked."""
    for room, log in logs.items():
        newest = 0
        for event in log:
            asked = requests.get(event.id)
            if asked is None or asked.room != room or event.id in no_order:
                continue
            if asked.number < newest:
                verdict.reordered.append(f"{event.id} of {client} stands in {room} after what {client} asked for later")
            newest = max(newest, asked.number)
