"""The log of events: one order, positions, a bound."""

from chatapp.chat import store as store_module
from chatapp.chat.messages import Post, User
from chatapp.chat.store import KEPT_EVENTS, Store
from chatapp.chat.users import Users

ANN = User("u1", "ann", "a1")


def posts(*ids: str) -> list[Post]:
    return [Post(name, ANN, "", name) for name in ids]


def test_events_are_numbered_in_their_order_and_found_by_position_and_id() -> None:
    store = Store()
    assert [event.seq for event in store.append(posts("a", "b", "c"))] == [1, 2, 3]
    assert [event.post.id for event in store.after(1, 10)] == ["b", "c"]
    assert [event.post.id for event in store.after(0, 2)] == ["a", "b"]
    assert store.after(3, 10) == []
    found = store.find("b")
    assert found is not None
    assert found.seq == 2
    assert store.find("x") is None


def test_the_oldest_are_let_go_and_a_position_before_them_is_not_held() -> None:
    store = Store()
    store.append(posts(*map(str, range(KEPT_EVENTS + 10))))
    assert store.find("9") is None
    assert store.holds(store.epoch, 10)
    assert not store.holds(store.epoch, 9)
    assert not store.holds(store.epoch, store.seq + 1)
    assert not store.holds("another", store.seq)
    assert len(store.after(10, KEPT_EVENTS)) == KEPT_EVENTS
    assert store_module.Store().epoch != store.epoch


def test_large_messages_are_let_go_sooner() -> None:
    store = Store()
    for number in range(40):
        store.append([Post(str(number), ANN, "", "x" * 1_000_000)])
    assert store.find("39") is not None
    assert store.find("0") is None
    assert len(store.after(0, 500)) < 20


def test_a_user_is_the_same_for_the_same_name_and_address_and_tells_nothing_of_it() -> None:
    users = Users(b"k" * 32)
    ann = users.make("ann", " Ann@Example.org ")
    assert ann == users.make("ann", "ann@example.org")
    assert ann.id != users.make("bob", "ann@example.org").id
    assert ann.avatar == users.make("bob", "ann@example.org").avatar
    assert ann.avatar != Users(b"K" * 32).make("ann", "ann@example.org").avatar, "it depends on the key"
    assert users.email_of(ann.avatar) == "ann@example.org"
    assert users.email_of("unknown") is None
