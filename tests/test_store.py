"""What the store promises, over each of its databases: order, ids, what is derived, other processes, and being killed."""

import os
import random
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator

import pytest

from chatapp.chat import checks, loading, schema
from chatapp.chat.database import DatabaseError
from chatapp.chat.messages import BadMessage, Mention
from chatapp.chat.outcomes import Done, NotStored
from chatapp.chat.store import Store
from tests.chat_store import ANN, BOB, EVE, MAIN, PLAIN, Place, fields_of, make_room, meet, post, put
from tests.conftest import TOP


@pytest.fixture
def store(place: Place) -> Iterator[Store]:
    store = place.opened()
    yield store
    store.close()


def reopened(store: Store, place: Place) -> Store:
    """The store after its process has ended and begun anew."""
    store.close()
    return place.opened()


def refused(store: Store, *posts: object) -> list[str]:
    """The codes with which posts are refused."""
    outcomes = store.append(posts)  # type: ignore[arg-type]
    assert all(isinstance(outcome, BadMessage) for outcome in outcomes), outcomes
    return [outcome.code for outcome in outcomes if isinstance(outcome, BadMessage)]


# The log.


def test_events_are_numbered_in_each_room_without_a_hole_and_in_one_order_over_all(store: Store) -> None:
    make_room(store, "dev")
    events = put(store, post("a"), post("b", room="dev"), post("c", BOB), post("d", room="dev"))
    assert [(event.room, event.seq) for event in events] == [("main", 2), ("dev", 2), ("main", 3), ("dev", 3)]
    assert [event.pos for event in events] == sorted({event.pos for event in events})
    assert len({event.time for event in events}) == 1, "one batch, one commit, one time"


def test_news_are_what_was_committed_in_its_order_once(store: Store) -> None:
    events = put(store, post("a")) + put(store, post("b"), post("c"))
    assert store.news() == events
    assert store.news() == []


def test_the_log_and_all_that_is_derived_are_there_after_a_restart(store: Store, place: Place) -> None:
    epoch = store.epoch
    meet(store, ANN, BOB)
    make_room(store, "dev")
    put(store, post("", BOB, schema.ENTER, "dev"), post("@bob @all look", room="dev"), post("again", room="dev"))
    store.directory.set_read(BOB.id, store.directory.rooms["dev"], 3, 1)
    before = fields_of(store, "dev", BOB)
    assert (before["read"], before["unread"], before["mentions"]) == (3, 1, 0)
    again = reopened(store, place)
    assert again.epoch == epoch
    assert fields_of(again, "dev", BOB) == before
    assert put(again, post(room="dev"))[0].seq == 5
    assert again.directory.person(BOB.id) == BOB
    assert put(again, post("@bob", room="dev"))[0].mentions == (Mention(BOB.id, "bob"),)
    again.close()


def test_a_known_id_is_not_stored_again_and_gives_the_stored_event(store: Store, place: Place) -> None:
    first, other = post("once"), post("other", BOB)
    (event, _) = put(store, first, other)
    again = store.append([first, post("new"), first])
    assert again[0] == again[2] == Done(event, True)
    assert store.directory.rooms[MAIN].seq == 4
    twice = post("twice in a batch")
    assert [outcome.again for outcome in store.append([twice, twice]) if isinstance(outcome, Done)] == [False, True]
    store = reopened(store, place)
    assert store.append([first]) == [Done(event, True)]
    store.close()


def test_an_id_of_something_else_is_refused(store: Store) -> None:
    make_room(store, "dev")
    (event,) = put(store, post("x"))
    assert (
        refused(
            store,
            post("", kind=schema.CREATE, room="nowhere", id=event.id),
            post("x", room="dev", id=event.id),
            post("+🎉", kind=schema.REACT, target=event.seq, id=event.id),
        )
        == ["id_taken"] * 3
    )


def test_a_mention_means_who_used_the_name_last(store: Store) -> None:
    before, now = BOB._replace(id="bob-of-old"), BOB
    meet(store, before, now)
    assert put(store, post("@bob"))[0].mentions == (Mention(now.id, "bob"),)
    meet(store, before)
    assert put(store, post("@bob"))[0].mentions == (Mention(before.id, "bob"),)
    meet(store, before._replace(name="robert"))
    assert put(store, post("@bob @robert"))[0].mentions == (Mention(now.id, "bob"), Mention(before.id, "robert"))


def test_one_person_can_not_use_up_the_rooms(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "MAX_ROOMS", (5, 3))
    for name in ("a", "b", "c"):
        make_room(store, name, EVE)
    assert refused(store, post("", EVE, schema.CREATE, "d")) == ["too_many"]
    make_room(store, "e", BOB)
    assert refused(store, post("", BOB, schema.CREATE, "f")) == ["too_many"], "main counts too"
    put(store, post("", EVE, schema.CREATE, "@bob-id+eve-id"))


def test_somebody_elses_id_tells_nothing(store: Store) -> None:
    meet(store, ANN, BOB)
    room = "@ann-id+bob-id"
    put(store, post("", ANN, schema.CREATE, room))
    (secret,) = put(store, post("secret", room=room))
    (bad,) = store.append([post("x", EVE, id=secret.id)])
    assert isinstance(bad, BadMessage)
    assert bad.code == "id_taken"
    assert "secret" not in str(bad)


def test_a_repeated_answer_still_shows_what_it_answers(store: Store) -> None:
    (asked,) = put(store, post("why?"))
    answer = post("because", BOB, target=asked.seq)
    (event,) = put(store, answer)
    assert event.reply is not None
    assert (event.reply.seq, event.reply.name, event.reply.text) == (asked.seq, "ann", "why?")
    assert store.append([answer]) == [Done(event, True)]


# What may be done.


def test_only_the_author_changes_a_message(store: Store) -> None:
    (mine, plain) = put(store, post("mine"), post("plain", PLAIN, id=None))
    assert (
        refused(
            store,
            post("x", BOB, schema.EDIT, target=mine.seq),
            post("", BOB, schema.DELETE, target=mine.seq),
            post("x", ANN, schema.EDIT, target=plain.seq),
        )
        == ["not_yours"] * 3
    )
    assert refused(store, post("x", ANN, schema.EDIT, target=1)) == ["unknown_message"], "not a message"
    assert refused(store, post("x", ANN, schema.EDIT, target=99)) == ["unknown_message"]
    assert refused(store, post("x", ANN, target=99)) == ["unknown_message"]
    put(store, post("", ANN, schema.DELETE, target=mine.seq))
    assert (
        refused(
            store,
            post("x", ANN, schema.EDIT, target=mine.seq),
            post("", ANN, schema.DELETE, target=mine.seq),
            post("+🎉", BOB, schema.REACT, target=mine.seq),
        )
        == ["unknown_message"] * 3
    )
    assert put(store, post("still an answer", BOB, target=mine.seq))[0].reply == (mine.seq, "ann", "")


def test_a_message_and_what_happens_to_it_in_one_batch(store: Store) -> None:
    seq = store.directory.rooms[MAIN].seq + 1
    put(store, post("a"), post("b", kind=schema.EDIT, target=seq), post("+🎉", BOB, schema.REACT, target=seq))
    assert refused(store, post("x", BOB, schema.EDIT, target=seq)) == ["not_yours"]


def test_a_refused_post_leaves_no_hole(store: Store) -> None:
    outcomes = store.append([post("a"), post("x", kind=schema.EDIT, target=99), post("b")])
    assert [outcome.event.seq for outcome in outcomes if isinstance(outcome, Done)] == [2, 3]


def test_rooms_are_made_once_and_direct_ones_are_for_two(store: Store) -> None:
    meet(store, ANN, BOB, EVE)
    make_room(store, "dev")
    assert refused(store, post("", BOB, schema.CREATE, "dev")) == ["room_taken"]
    room = "@ann-id+bob-id"
    put(store, post("", BOB, schema.CREATE, room))
    assert refused(store, post("x", EVE, room=room), post("x", ANN, room="nowhere")) == ["unknown_room"] * 2
    assert put(store, post("@eve @all", ANN, room=room))[0].mentions == (Mention("*", "all"),), "eve is not in it"
    assert fields_of(store, room, BOB)["with"]["name"] == "ann"
    assert fields_of(store, room, BOB)["mentions"] == 1


def test_reactions_of_many_kinds_have_an_end(store: Store) -> None:
    (event,) = put(store, post())
    emoji = [chr(0x1F600 + number) for number in range(31)]
    put(store, *(post("+" + one, kind=schema.REACT, target=event.seq) for one in emoji[:30]))
    assert refused(store, post("+" + emoji[30], kind=schema.REACT, target=event.seq)) == ["too_many"]
    put(store, post("+" + emoji[0], BOB, schema.REACT, target=event.seq))


# What is read.


def test_unread_counts_messages_and_mentions_behind_the_mark(store: Store) -> None:
    meet(store, ANN, BOB)
    make_room(store, "dev")
    put(store, post("", BOB, schema.ENTER, "dev"))
    (first, *_) = put(store, *(post(text, room="dev") for text in ("one", "@bob", "@all", "@ann")))
    put(store, post("+🎉", ANN, schema.REACT, "dev", target=first.seq))
    assert fields_of(store, "dev", BOB) | {"topic": ""} == {
        "room": "dev", "kind": "room", "topic": "", "seq": 7, "member": True, "read": 2, "unread": 4, "mentions": 2,
    }  # fmt: skip
    head = store.directory.rooms["dev"]
    assert store.number_at(head, first.seq) == 1
    store.directory.set_read(BOB.id, head, first.seq + 1, store.number_at(head, first.seq + 1))
    assert fields_of(store, "dev", BOB)["read"] == first.seq + 1
    store.directory.set_read(BOB.id, head, first.seq, 1)
    assert fields_of(store, "dev", BOB)["read"] == first.seq + 1, "never backwards"
    assert fields_of(store, "dev", BOB)["unread"] == 2
    assert fields_of(store, "dev", BOB)["mentions"] == 1
    assert fields_of(store, "dev", ANN)["unread"] == 0, "who writes has read"
    put(store, post("", ANN, schema.DELETE, "dev", target=first.seq + 2))
    assert fields_of(store, "dev", BOB)["mentions"] == 0, "deleted"


def test_a_mark_that_another_process_has_set_is_not_set_back(place: Place) -> None:
    one, other = place.store(), place.store()
    one.open()
    events = put(one, *(post(str(number)) for number in range(5)))
    one.directory.reading(BOB.id, one.directory.rooms[MAIN]).read = 1
    one.flush()
    other.open()
    one.directory.set_read(BOB.id, one.directory.rooms[MAIN], events[-1].seq, 5)
    one.close()
    other.directory.set_read(BOB.id, other.directory.rooms[MAIN], events[1].seq, 2)
    other.close()
    one.open()
    assert fields_of(one, MAIN, BOB)["read"] == events[-1].seq
    one.close()


def test_what_was_read_in_the_worker_before_is_known_to_the_next(place: Place) -> None:
    old, new = place.store(), place.store()
    old.open()
    assert fields_of(old, MAIN, BOB)["unread"] == 0
    events = put(old, *(post(str(number)) for number in range(5)))
    new.open()
    assert fields_of(new, MAIN, BOB)["unread"] == 5
    fields_of(old, MAIN, EVE)  # whom the other does not know
    old.directory.set_read(BOB.id, old.directory.rooms[MAIN], events[-1].seq, 5)
    old.close()
    new.poll()
    put(new, post("again"))
    assert (fields_of(new, MAIN, BOB)["unread"], fields_of(new, MAIN, EVE)["unread"]) == (1, 1)
    new.close()


def test_somebody_new_has_nothing_unread(store: Store) -> None:
    put(store, post("long ago"))
    assert fields_of(store, MAIN, BOB)["unread"] == 0
    put(store, post("now"))
    assert fields_of(store, MAIN, BOB)["unread"] == 1


def test_leaving_ends_membership_also_after_a_restart(store: Store, place: Place) -> None:
    make_room(store, "dev")
    put(store, post("", ANN, schema.LEAVE, "dev"))
    assert not fields_of(store, "dev", ANN)["member"]
    store = reopened(store, place)
    assert not fields_of(store, "dev", ANN)["member"]
    assert store.directory.may_enter(ANN.id, store.directory.rooms["dev"])
    store.close()


# Retention.


def test_what_is_too_old_is_removed_and_the_floor_rises(store: Store, place: Place) -> None:
    make_room(store, "dev")
    old = put(store, *(post(f"@all {number}") for number in range(250)), post("in dev", room="dev"))
    put(store, post("+🎉", kind=schema.REACT, target=old[0].seq))
    place.sql("UPDATE events SET time = 1000 WHERE pos <= ?", old[-1].pos)
    assert fields_of(store, MAIN, BOB)["unread"] == 0
    put(store, post("", BOB, schema.ENTER, "dev"))
    steps = []
    while floors := store.prune(2000):
        steps.append(floors)
    assert len(steps) > 1, "in steps"
    assert steps[-1] == {MAIN: old[-2].seq, "dev": 2}
    assert store.directory.rooms[MAIN].floor == old[-2].seq
    assert store.directory.rooms["dev"].floor == 2
    for table in ("mentions", "reactions", "changes"):
        assert place.sql(f"SELECT count(*) FROM {table}") == [(0,)]
    (kept,) = put(store, post("goes on"))
    assert kept.seq == old[-2].seq + 2
    pos = kept.pos
    place.sql("UPDATE events SET time = 1000")
    while store.prune(2000):
        pass
    before = fields_of(store, "dev", ANN), fields_of(store, MAIN, BOB)
    store = reopened(store, place)
    assert place.sql("SELECT count(*) FROM events") == [(0,)]
    assert (fields_of(store, "dev", ANN), fields_of(store, MAIN, BOB)) == before
    assert store.directory.rooms[MAIN].floor == kept.seq
    assert (store.directory.rooms["dev"].seq, store.directory.rooms["dev"].floor) == (3, 3)
    (after,) = put(store, post(user=BOB, room="dev"))
    assert (after.seq, after.pos) == (4, pos + 1), "an emptied log goes on counting"
    assert fields_of(store, "dev", ANN)["unread"] == before[0]["unread"] + 1
    store.close()


# Two processes.


@pytest.mark.parametrize("look", [Store.poll, lambda store: put(store, post("mine"))], ids=["a look", "a commit"])
def test_what_another_process_has_committed_is_told_also_when_a_look_fails_halfway(
    place: Place, monkeypatch: pytest.MonkeyPatch, look: Callable[[Store], object]
) -> None:
    one, other = place.store(), place.store()
    one.open()
    other.open()
    events = loading.events

    def fail(*_arguments: object) -> None:
        monkeypatch.setattr(loading, "events", events)
        raise DatabaseError("disk I/O error")

    put(other, post("theirs"))
    monkeypatch.setattr(loading, "events", fail)  # what is asked for after the rooms
    try:
        look(one)
    except NotStored:
        pass
    one.poll()
    assert [event.text for event in one.news()] == ["theirs"]
    one.close()
    other.close()


def test_two_processes_write_one_log_and_each_hears_of_all(place: Place) -> None:
    one, other = place.store(), place.store()
    one.open()
    other.open()
    put(one, post("a"))
    put(other, post("b", BOB))
    make_room(other, "dev", BOB)
    put(other, post("in dev", BOB, room="dev"))
    put(one, post("c"))
    other.poll()
    assert [event.text for event in one.news()] == [event.text for event in other.news()] == ["a", "b", "", "in dev", "c"]
    one.poll()
    other.poll()
    assert one.news() == other.news() == []
    assert one.directory.rooms["dev"].seq == 2
    repeated = post("sent to both")
    put(one, repeated)
    assert [outcome.again for outcome in other.append([repeated]) if isinstance(outcome, Done)] == [True]
    one.close()
    other.close()


def test_what_another_process_does_to_a_room_is_taken_in_whole(place: Place) -> None:
    one, other = place.store(), place.store()
    one.open()
    other.open()
    make_room(one, "dev", ANN)
    put(one, post("", BOB, schema.ENTER, "dev"), post("t", ANN, schema.TOPIC, "dev"))
    other.poll()
    assert fields_of(other, "dev", BOB)["member"]
    assert other.directory.rooms["dev"].topic == "t"
    put(one, post("", BOB, schema.LEAVE, "dev"))
    other.poll()
    assert not fields_of(other, "dev", BOB)["member"]
    assert refused(other, post("", EVE, schema.CREATE, "dev")) == ["room_taken"]
    # A room that could not be made leaves its key to the next.
    with pytest.raises(TypeError):
        other.append([post("", EVE, schema.CREATE, "gone"), post(None)])  # type: ignore[arg-type]
    make_room(one, "kept", ANN)
    other.poll()
    assert put(other, post("hi", room="kept"))[0].seq == 2
    one.poll()
    assert one.directory.rooms["kept"].seq == 2
    one.close()
    other.close()


def test_marks_are_told_to_the_other_process_when_they_are_to_be(place: Place) -> None:
    one, other = place.store(), place.store()
    one.open()
    other.open()
    main = one.directory.rooms[MAIN]
    for store in (one, other):
        for user in (ANN, BOB):
            fields_of(store, MAIN, user)
        store.flush()
        store.poll()
    events = put(one, *(post(str(number), EVE) for number in range(5)))
    other.poll()
    assert other.marks() == []
    one.directory.set_read(ANN.id, main, events[2].seq, 3)
    one.directory.set_read(BOB.id, main, events[3].seq, 4)
    one.told.add(BOB.id)
    one.flush()
    other.poll()
    assert other.marks() == [(BOB.id, main.key)]
    assert other.marks() == []
    assert (fields_of(other, MAIN, BOB)["unread"], fields_of(other, MAIN, ANN)["unread"]) == (1, 5)
    other.look_up(ANN.id)
    assert fields_of(other, MAIN, ANN)["unread"] == 2
    # Both at once: the further one counts, and is what both know.
    one.directory.set_read(BOB.id, main, events[4].seq, 5)
    one.told.add(BOB.id)
    other.directory.set_read(ANN.id, main, events[4].seq, 5)
    other.told.add(ANN.id)
    one.flush()
    other.flush()
    one.poll()
    assert (one.marks(), other.marks()) == ([(ANN.id, main.key)], [(BOB.id, main.key)])
    assert one.told == other.told == set()
    one.close()
    other.close()


def test_a_mark_that_nobody_was_told_of_is_told_when_it_matters(place: Place) -> None:
    one, other = place.store(), place.store()
    one.open()
    (event,) = put(one, post("a", EVE))
    main = one.directory.rooms[MAIN]
    for user in (ANN, BOB):
        one.directory.reading(user.id, main).read = 1
    one.flush()
    other.open()
    one.directory.set_read(ANN.id, main, event.seq, 1)
    put(one, post("b", EVE))  # writes the mark too
    other.catch_up()
    assert fields_of(other, MAIN, ANN)["read"] == event.seq
    one.directory.set_read(BOB.id, main, event.seq, 1)
    put(one, post("c", EVE))
    other.poll()
    assert (fields_of(other, MAIN, BOB)["read"], other.marks()) == (1, [])
    one.announce(BOB.id)  # he is there now
    assert one.has_news_of_marks
    one.flush()
    assert not one.has_news_of_marks
    other.poll()
    assert (BOB.id, main.key) in other.marks()
    assert fields_of(other, MAIN, BOB)["read"] == event.seq
    one.is_elsewhere = lambda person: person == BOB.id
    one.directory.set_read(BOB.id, main, event.seq + 1, 2)
    put(one, post("d", EVE))
    other.poll()
    assert fields_of(other, MAIN, BOB)["read"] == event.seq + 1
    one.close()
    other.close()


def test_marks_of_a_commit_that_fails_are_told_with_the_next(place: Place) -> None:
    one, other = place.store(), place.store()
    one.open()
    other.open()
    main = one.directory.rooms[MAIN]
    (event,) = put(other, post("a", EVE))
    one.poll()
    fields_of(one, MAIN, ANN)
    one.told.add(ANN.id)
    with pytest.raises(TypeError):
        one.append([post(None)])  # type: ignore[arg-type]
    other.directory.set_read(BOB.id, main, event.seq, 1)
    other.told.add(BOB.id)
    other.flush()
    one.flush()
    one.poll()
    other.poll()
    assert one.marks() == [(BOB.id, main.key)]
    assert other.marks() == [(ANN.id, main.key)]
    one.close()
    other.close()


def test_what_another_process_removed_is_gone_here_too(place: Place) -> None:
    one, other = place.store(), place.store()
    one.open()
    other.open()
    events = put(one, *(post(f"@all {number}") for number in range(3)))
    other.poll()
    place.sql("UPDATE events SET time = 1000 WHERE pos <= ?", events[1].pos)
    assert one.prune(2000) == {MAIN: events[1].seq}
    other.poll()
    assert other.pruned() == {MAIN: events[1].seq}
    assert other.pruned() == one.pruned() == {}
    assert other.directory.rooms[MAIN].floor == events[1].seq
    one.close()
    other.close()


def test_an_address_of_the_plain_dialect_reaches_other_processes_and_is_not_kept(place: Place) -> None:
    one, other = place.store(), place.store()
    one.open()
    other.open()
    put(one, post("alone", PLAIN, id=None, email="secret-a@example.org"))
    one.followed = True
    put(one, post("b", PLAIN, id=None, email="secret-b@example.org"), post("c", PLAIN, id=None))
    other.poll()
    assert [event.email for event in other.news()] == ["", "secret-b@example.org", ""]
    one.forget_addresses(one.position)
    assert place.sql("SELECT * FROM addresses") == []
    one.close()
    other.close()


def test_workers_that_start_at_once_make_one_store(place: Place) -> None:
    script = f"""
        {place.code}
        store.open()
        print(store.epoch, store.directory.rooms["main"].seq)
    """
    processes = [
        subprocess.Popen([sys.executable, "-c", textwrap.dedent(script)], cwd=TOP, stdout=subprocess.PIPE, text=True)
        for _ in range(6)
    ]
    said = {process.communicate(timeout=60)[0] for process in processes}
    assert len(said) == 1, said
    assert said.pop().endswith(" 1\n")


# Faults.


def test_an_unexpected_error_in_a_batch_stores_nothing_of_it(store: Store) -> None:
    with pytest.raises(TypeError):
        store.append([post("a"), post(None)])  # type: ignore[arg-type]
    assert put(store, post("b"))[0].seq == 2


def test_killed_at_any_instant_nothing_acknowledged_is_lost(place: Place) -> None:
    """A process stores batches and says so; it is killed at random moments, and the next one must find all it said."""
    script = f"""
        import sys
        from chatapp.chat import schema
        from tests.chat_store import post, put
        {place.code}
        store.open()
        number = 0
        while True:
            name = sys.argv[1]
            posts = [post(f"{{name}}-{{number + one}}", id=f"{{name}}-{{number + one}}") for one in range(7)]
            events = put(store, *posts)
            put(store, post("edited", kind=schema.EDIT, target=events[0].seq, id=f"{{name}}-edit-{{number}}"))
            number += 7
            print(number, flush=True)
    """
    chance = random.Random(7)
    for life in range(6):
        process = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(script), str(life)], cwd=TOP, stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        said = 0
        wanted = chance.randint(1, 400)
        while said < wanted:
            said = int(process.stdout.readline())
        os.kill(process.pid, signal.SIGKILL)
        rest, _ = process.communicate()
        said = max([said, *map(int, rest.split("\n")[:-1])])
        store = place.opened()
        rows = place.sql("SELECT id FROM events WHERE id LIKE ?", f"{life}-%")
        ids = {row[0] for row in rows}
        assert {f"{life}-{number}" for number in range(said)} <= ids
        numbers = [row[0] for row in place.sql("SELECT seq FROM events WHERE room = 1 ORDER BY seq")]
        assert numbers == list(range(1, len(numbers) + 1)), "no hole and no number twice"
        edits = place.sql("SELECT count(*) FROM events WHERE type = ?", schema.EDIT)
        changes = place.sql("SELECT count(*) FROM changes")
        assert edits == changes, "the log and what is derived from it are one commit"
        store.close()
