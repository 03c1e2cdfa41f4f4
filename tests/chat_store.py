"""What the tests of the store share: people, and posts of theirs."""

import itertools
from typing import Any

from chatapp.chat import messages, schema
from chatapp.chat.messages import Event, Post, User
from chatapp.chat.outcomes import Done
from chatapp.chat.store import Store

ANN = User("ann-id", "ann", "a1")
BOB = User("bob-id", "bob", "b1")
EVE = User("eve-id", "eve", "e1")
PLAIN = User("plain-id", "somebody", "p1", True)

_numbers = itertools.count(1)


def post(text: str = "hi", user: User = ANN, kind: int = schema.MESSAGE, room: str = "main", **more: Any) -> Post:
    """A post with an id of its own."""
    more.setdefault("id", f"id-{next(_numbers)}")
    return Post(type=kind, room=room, user=user, text=text, **more)


def put(store: Store, *posts: Post) -> list[Event]:
    """Store posts that must be taken; the events."""
    outcomes = store.append(posts)
    assert all(isinstance(outcome, Done) for outcome in outcomes), outcomes
    return [outcome.event for outcome in outcomes if isinstance(outcome, Done)]


def make_room(store: Store, room: str, user: User = ANN) -> None:
    """A room with its first member."""
    put(store, post("", user, schema.CREATE, room))


def meet(store: Store, *users: User) -> None:
    """Make people known."""
    for user in users:
        store.directory.meet(user)


def fields_of(store: Store, room: str, user: User) -> dict[str, Any]:
    """The room object that the person is told."""
    return store.directory.room_fields(store.directory.rooms[room], user.id)


MAIN = messages.MAIN_ROOM
