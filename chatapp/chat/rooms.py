"""The rooms' way out: from a batch of posts to events in the store and frames for everyone.

Posts come from the broadcast greenlet (`publish`); frames go back to the hub, encoded once for each dialect. An event that
anybody sees is in the store first. What is delivered is read off the log: what was committed, by this process or another, in
its order, and nothing else. How somebody joins is left to `chat.subscriptions`.
"""

import logging
import random
import time
from collections.abc import Callable, Iterator, Mapping

import gevent

from chatapp.chat import answers, messages, schema
from chatapp.chat.directory import RoomHead
from chatapp.chat.messages import BadMessage, Event, Post
from chatapp.chat.outcomes import Done, NotStored, Outcome
from chatapp.chat.past import Past
from chatapp.chat.recent import Recent
from chatapp.chat.store import Store
from chatapp.chat.subscriptions import EVERYBODY, PLAIN, Subscriptions, room_audience, write
from chatapp.realtime import counts, frames
from chatapp.realtime.connection import Connection
from chatapp.realtime.hub import Audience, Batch, Encode, Hub

#: How long a batch waits for a store that another process holds (seconds): at first, and while it goes on.
PATIENCE_SECONDS = 2.0
IMPATIENCE_SECONDS = 0.1
#: How long the first wait is, and the longest (seconds): others hold the store for a fraction of a millisecond at a time.
STEP_SECONDS = (0.0005, 0.01)
#: What people are told.
NOT_STORED = "The server could not store this just now. Send it again."
NOT_STORED_PLAIN = frames.OVERLOADED.because("the message could not be stored; send it again later")

_log = logging.getLogger(__name__)

Deliveries = Iterator[tuple[Audience, Encode, int]]


class Rooms:
    """All rooms of this server, over a store and a hub."""

    def __init__(
        self,
        store: Store,
        recent: Recent,
        past: Past,
        subscriptions: Subscriptions,
        hub: Hub,
        committed: Callable[[], None],
        nudge: Callable[[], None],
    ) -> None:
        """`committed` is told that there is something new in the log, `nudge` makes other workers look."""
        self._store = store
        self._recent = recent
        self._past = past
        self._subscriptions = subscriptions
        self._hub = hub
        self._committed = committed
        self._nudge = nudge
        self._failing = False
        # Whether what makes it fail ends by itself.
        self._ends = False
        subscriptions.deliver = self.deliver
        #: Told the avatar value and the address of who wrote in the plain dialect, where pictures are fetched by addresses.
        self.remember: Callable[[str, str], None] | None = None
        #: Set when something was deleted: its text is still in SQLite's log, until that is emptied (chat.upkeep).
        self.erased = False

    @property
    def storing(self) -> bool:
        """Whether what is said can be stored, as far as is known."""
        return not self._failing and self._store.answers

    def find(self, room: str, person: str) -> RoomHead:
        """The room of this name. Raises `BadMessage` if there is none that the person may enter."""
        directory = self._store.directory
        head = directory.rooms.get(room)
        if head is None or not directory.may_enter(person, head):
            self.look()  # another worker may have just made it
            head = directory.rooms.get(room)
        if head is None or not directory.may_enter(person, head):
            raise BadMessage("unknown_room", "There is no such room.", room=room)
        return head

    def send(self, post: Post, connection: Connection) -> None:
        """Put a post on the broadcast queue. Waits while that is full."""
        self._hub.broadcast(connection, post, post.size)

    def publish(self, batch: Batch) -> None:
        """Store a batch, deliver what came of it, and answer the talkers. Runs on the broadcast greenlet."""
        outcomes = self._append([post for _, post in batch])
        self._nudge()  # first, so that the others deliver it at the same time
        self._hub.deliver_all(self.news(), {talker for talker, _ in batch})
        # After the fan-out, so that even the answer to a repeated request keeps the order of events.
        new_messages = len(batch)
        for (talker, post), outcome in zip(batch, outcomes, strict=True):
            if post.type != schema.MESSAGE or not isinstance(outcome, Done) or outcome.again:
                new_messages -= 1
                counts.POSTS[_in_a_word(outcome)].value += 1
                self._answer(talker, post, outcome)
        counts.MESSAGES.one.value += new_messages
        counts.POSTS["stored"].value += new_messages

    def look(self) -> bool:
        """Deliver what other processes have committed; whether that could be seen. Costs next to nothing without news.

        Waits while a database on another machine is asked; what is known already is not held up by that.
        """
        self.deliver()
        self._store.poll()
        self.deliver()
        return self._store.is_current

    def deliver(self) -> None:
        """Deliver what is known to be committed and was not delivered yet. Never waits."""
        self._hub.deliver_all(self.news())

    def flush(self) -> None:
        """Store how far everybody has read. Raises `NotStored`."""
        try:
            self._store.flush()
        finally:
            self.deliver()  # a commit takes in what others have committed before it

    def try_again(self) -> None:
        """Find out whether messages can be stored again, while nobody says anything. Raises `NotStored`.

        Not after what somebody has to mend, as that the disk is full: only a message shows that it is mended.
        """
        if self._failing and self._ends and self._store.is_current:
            self._store.append([])
            if self._ends:  # nobody has found meanwhile that somebody has to mend it
                self._recover()

    def pruned(self, floors: Mapping[str, int]) -> None:
        """Events of these rooms are no longer kept, up to these numbers: not in memory either."""
        for room, floor in floors.items():
            self._recent.forget(room, floor)
            self._past.forget(room)

    def news(self) -> Deliveries:
        """What each audience gets of the events that were committed since the last time."""
        for person, key in self._store.marks():
            self._subscriptions.tell_read(person, self._store.directory.by_key[key])
        if floors := self._store.pruned():
            self.pruned(floors)
        events = self._store.news()
        if not events:
            return
        self._committed()
        by_room: dict[str, list[Event]] = {}
        for event in events:
            by_room.setdefault(event.room, []).append(event)
            if event.type == schema.DELETE:
                self._past.forget(event.room)
                self.erased = True
        for in_room in by_room.values():
            self._recent.add(*in_room)
        self._subscriptions.wrote(events)
        if said := [event for event in by_room.get(messages.MAIN_ROOM, ()) if event.type == schema.MESSAGE]:
            if self.remember is not None:
                for event in said:
                    if event.email:
                        self.remember(event.user.avatar, event.email.strip().lower())
            yield PLAIN, lambda: b"".join(map(answers.encode_plain, said)), len(said)
        for room, in_room in by_room.items():
            encode: Encode = lambda events=in_room: b"".join(map(self._recent.frame, events))  # type: ignore[misc]  # noqa: E731
            yield room_audience(room), encode, len(in_room)
        for event in events:
            if event.type != schema.MESSAGE:
                yield from self._more_of(event)

    def _more_of(self, event: Event) -> Deliveries:
        """What others than the readers of a room are told of an event."""
        directory = self._store.directory
        head = directory.rooms[event.room]
        if event.type in (schema.ENTER, schema.LEAVE):
            self._subscriptions.tell_room(event.user.id, head)
            if event.type == schema.LEAVE:
                self._subscriptions.drop_person(event.user.id, event.room)
        elif event.type == schema.CREATE and head.is_direct:
            for person in messages.people_of_direct(event.room):
                self._subscriptions.tell_room(person, head)
        elif event.type in (schema.CREATE, schema.TOPIC) and not head.is_direct:
            frame = answers.frame({"type": "room", **directory.room_fields(head)})
            yield EVERYBODY, lambda: frame, 0

    # What the talkers are told beside what all see.

    def _append(self, posts: list[Post]) -> list[Outcome]:
        """Store posts; wait a little if another process holds the store. What can't be stored is refused."""
        deadline = time.monotonic() + (IMPATIENCE_SECONDS if self._failing else PATIENCE_SECONDS)
        step, longest = STEP_SECONDS
        while True:
            began = time.monotonic()
            try:
                outcomes = self._store.append(posts)
            except NotStored as error:
                if error.unknown:
                    # It may be stored: sending again is for those whose posts have an id, and are stored once.
                    self._fail(error)
                    return [_not_stored(post) for post in posts]
                if not error.busy:
                    return self._append_singly(posts, error)
                if time.monotonic() > deadline:
                    self._fail(error)
                    return [_not_stored(post) for post in posts]
                counts.RETRIES.one.value += 1
                gevent.sleep(step * random.uniform(0.5, 1.5))  # noqa: S311 - so that two who wait do not meet again
                step = min(2 * step, longest)
            else:
                counts.COMMITS.observe(time.monotonic() - began)
                self._recover()
                return outcomes

    def _append_singly(self, posts: list[Post], error: NotStored) -> list[Outcome]:
        """A batch was refused for another reason than its time: if one post is to blame, it costs nobody else theirs."""
        outcomes: list[Outcome] = []
        for post in posts:
            if error.hopeless:
                break  # the others would fare no better
            try:
                outcomes += self._store.append([post])
                self._recover()
            except NotStored as again:
                error = again
                _log.error("a post can't be stored: %s", error)
                outcomes.append(_not_stored(post))
        if error.hopeless:
            self._fail(error)
        return outcomes + [_not_stored(post) for post in posts[len(outcomes) :]]

    def _fail(self, error: NotStored) -> None:
        self._ends = error.busy
        if not self._failing:
            self._failing = True
            advice = (
                "; the store is damaged: stop the server, and see `flask --app wsgi chat check`" if error.damaged else ""
            )
            _log.error("messages can't be stored: %s%s", error, advice)

    def _recover(self) -> None:
        if self._failing:
            self._failing = False
            _log.warning("the store takes messages again")

    def _answer(self, talker: Connection, post: Post, outcome: Outcome) -> None:
        if isinstance(outcome, Done):
            self._tell_done(talker, post, outcome)
        elif outcome.code == "room_taken" and messages.people_of_direct(post.room):
            self._tell_room(talker, post)  # both asked for their room at once
        else:
            self._tell_refused(talker, post, outcome)

    def _tell_refused(self, talker: Connection, post: Post, bad: BadMessage) -> None:
        if post.user.plain:
            talker.end(NOT_STORED_PLAIN)
        elif post.type != schema.ENTER:  # whoever enters waits for it, and is told there
            write(talker, answers.error(bad))

    def _tell_done(self, talker: Connection, post: Post, done: Done) -> None:
        if post.type in (schema.CREATE, schema.LEAVE):
            self._tell_room(talker, post)
        elif done.again and post.type != schema.ENTER:
            write(talker, answers.encode_v1(done.event))

    def _tell_room(self, talker: Connection, post: Post) -> None:
        """What the room is to the person now, with the id of the request."""
        directory = self._store.directory
        fields = directory.room_fields(directory.rooms[post.room], post.user.id)
        write(talker, answers.frame({"type": "room", **fields, "id": post.id}))


def _in_a_word(outcome: Outcome) -> str:
    if isinstance(outcome, Done):
        return "repeated" if outcome.again else "stored"
    return "not_stored" if outcome.code == "not_stored" else "refused"


def _not_stored(post: Post) -> BadMessage:
    return BadMessage("not_stored", NOT_STORED, post.id, post.room)
