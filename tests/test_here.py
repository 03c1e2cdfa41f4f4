"""The table of who is here, as several workers see it: real files, two or three of them in one process."""

from pathlib import Path

import pytest

from chatapp.chat.here import Changes, Person, Unsettled
from chatapp.chat.here_sqlite import HereFile
from tests.chat_store import ANN, BOB, EVE


class World:
    """Workers that share a table, and who of them lives."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.living: set[str] = set()

    def worker(self, name: str) -> HereFile:
        self.living.add(name)
        here = HereFile(self.folder, name, self.living.__contains__)
        here.write({"worker": name}, [], False)
        return here


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def in_rooms(*rooms: str) -> Person:
    return Person(None, "", rooms)


LEFT = Person(None, "", None)


def changes(here: HereFile) -> Changes:
    found = here.changes()
    assert found is not None
    return found


def test_a_name_has_one_holder_until_they_have_left_everywhere(world: World) -> None:
    one, other = world.worker("one"), world.worker("other")
    assert one.claim([(ANN, "")], ["other"]) == [True]
    assert other.claim([(BOB._replace(name="ANN"), ""), (BOB, ""), (EVE, "")], ["one"]) == [False, True, True]
    assert other.claim([(ANN, "")], []) == [True], "the same person in another worker"
    one.write({}, [(ANN.id, LEFT)], False)
    assert one.claim([(EVE._replace(name="ann"), "")], []) == [False]
    other.write({}, [(ANN.id, LEFT)], False)
    assert one.claim([(EVE._replace(name="ann"), "")], []) == [True]
    assert other.claim([(ANN._replace(name="eve"), "")], []) == [True], "she has another name now"


def test_of_two_who_ask_together_for_one_name_the_first_gets_it(world: World) -> None:
    here = world.worker("one")
    assert here.claim([(ANN, ""), (BOB._replace(name="Ann"), "")], []) == [True, False]


def test_a_dead_worker_holds_no_name(world: World) -> None:
    one, other = world.worker("one"), world.worker("other")
    assert one.claim([(ANN, "")], []) == [True]
    world.living.remove("one")
    assert other.claim([(BOB._replace(name="ann"), "")], []) == [True]


def test_no_name_is_given_before_all_have_written_down_who_is_there(world: World) -> None:
    one = world.worker("one")
    with pytest.raises(Unsettled):
        one.claim([(ANN, "")], ["other"])
    assert one.changes() is not None
    assert changes(world.worker("third")).people == [], "nothing of it was written"


def test_what_another_has_written_is_found_once_and_only_what_is_new(world: World) -> None:
    one, other = world.worker("one"), world.worker("other")
    one.claim([(ANN, "ann@example.org")], [])
    one.write({"clients": 1}, [(ANN.id, in_rooms("main", "dev"))], False)
    first = changes(other)
    assert first.people == [(ANN, "ann@example.org")]
    assert [(worker, person, set(rooms or ())) for worker, person, rooms in first.here] == [("one", ANN.id, {"main", "dev"})]
    assert first.statuses["one"] == {"clients": 1}
    assert other.changes() is None
    one.write({"clients": 0}, [(ANN.id, LEFT)], False)
    second = changes(other)
    assert (second.whole, second.people, second.here) == (False, [], [("one", ANN.id, None)])
    assert second.statuses == {"one": {"clients": 0}}


def test_who_was_met_while_a_worker_was_alone_is_written_down_with_the_name(world: World) -> None:
    one, other = world.worker("one"), world.worker("other")
    one.write({}, [(ANN.id, Person(ANN, "", ("main",)))], False)
    assert changes(other).people == [(ANN, "")]
    assert other.claim([(BOB._replace(name="ann"), "")], []) == [False]


def test_what_tells_of_those_who_left_is_removed_and_who_missed_it_gets_all(world: World) -> None:
    one, other, late = world.worker("one"), world.worker("other"), world.worker("late")
    one.claim([(ANN, ""), (BOB, "")], [])
    one.write({}, [(ANN.id, in_rooms("main")), (BOB.id, in_rooms("main"))], False)
    assert len(changes(late).here) == 2
    one.write({}, [(ANN.id, LEFT)], False)
    one.sweep()
    changes(other)
    one.sweep()
    assert one._execute("SELECT person FROM here").fetchall() == [(BOB.id,)]
    assert one._execute("SELECT person FROM people").fetchall() == [(BOB.id,)]
    assert not changes(other).whole
    found = changes(late)
    assert (found.whole, found.here) == (True, [("one", BOB.id, ["main"])])


def test_what_dead_workers_wrote_is_removed(world: World) -> None:
    one, other = world.worker("one"), world.worker("other")
    one.claim([(ANN, "")], [])
    world.living.remove("one")
    other.sweep()
    assert other._execute("SELECT worker FROM workers").fetchall() == [("other",)]
    assert other._execute("SELECT count(*) FROM here").fetchone() == (0,)


def test_who_is_alone_again_leaves_nothing_unless_somebody_has_come(world: World) -> None:
    one = world.worker("one")
    one.claim([(ANN, "")], [])
    assert not one.leave(lambda: False)
    assert one.leave(lambda: True)
    assert one._execute("SELECT count(*) FROM here").fetchone() == (0,)
    with pytest.raises(Unsettled):
        world.worker("other").claim([(BOB, "")], ["one"])


def test_another_run_of_the_machine_begins_anew(world: World) -> None:
    (world.folder / "here-00000000.db").write_bytes(b"damaged")
    world.worker("one")
    assert not (world.folder / "here-00000000.db").exists()
