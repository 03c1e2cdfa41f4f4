"""The store in PostgreSQL: what happens to databases, and what is refused. What it promises is in test_store.py."""

import contextlib
import functools
import time

import gevent
import pytest

from chatapp.chat import postgres, postgres_schema, schema
from chatapp.chat.database import StoreError
from chatapp.chat.messages import Post
from chatapp.chat.outcomes import Done, NotStored
from chatapp.chat.postgres import Server
from chatapp.chat.store import Store
from chatapp.chat.store_postgres import Postgres
from tests.between import Between
from tests.chat_store import ANN, BOB, PLAIN, PostgresPlace, fields_of, post, put
from tests.postgres_server import PASSWORD, USER, PostgresServer


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits long."""
    monkeypatch.setattr(postgres.Link, "patience", 0.5)
    monkeypatch.setattr(postgres, "CALL_SECONDS", 1.0)
    monkeypatch.setattr(postgres, "REST_SECONDS", (0.02, 0.1))


@pytest.fixture
def own(own_postgres: PostgresServer) -> PostgresPlace:
    """A database in a server of one's own."""
    return PostgresPlace(own_postgres.create())


def stored(store: Store, *posts: Post) -> list[Done]:
    """Store posts, again and again until the database takes them, as a client does whose posts have an id."""
    for _ in range(200):
        try:
            return [outcome for outcome in store.append(posts) if isinstance(outcome, Done)]
        except NotStored as error:
            assert error.busy, error
            gevent.sleep(0.05)
    raise AssertionError("the database does not come back")


def looked_at(store: Store) -> None:
    """Look what others have committed, until the database answers."""
    while True:
        store.poll()
        if not store._complained:
            return
        gevent.sleep(0.05)


# Faults.


def test_a_database_that_is_killed_loses_nothing_acknowledged(own: PostgresPlace, own_postgres: PostgresServer) -> None:
    one, other = own.opened(), own.opened()
    said: list[str] = []
    for life in range(4):
        for number in range(20):
            event = stored(one if number % 2 else other, post(f"{life}-{number}"))[0].event
            said.append(event.text)
        own_postgres.kill()
        lost = post(f"{life} while it is away")
        with pytest.raises(NotStored) as caught:
            one.append([lost])
        assert caught.value.busy
        assert not caught.value.unknown, "it was not sent"
        own_postgres.start()
        said.append(stored(one, lost)[0].event.text)
    for store in (one, other):
        looked_at(store)
        assert [event.text for event in store.news()] == said
        store.close()
    assert own.sql("SELECT count(*), max(seq) FROM events") == [(len(said) + 1, len(said) + 1)]


@pytest.mark.parametrize("plain", [False, True])
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_commit_whose_answer_is_lost_is_found_out(
    postgres_server: PostgresServer, postgres: str, when: str, plain: bool
) -> None:
    """What was committed is told as that, so that a post without an id is not stored twice."""
    between = Between(postgres_server.port)
    store = PostgresPlace(postgres.replace(str(postgres_server.port), str(between.port))).opened()
    other = PostgresPlace(postgres).opened()
    said = post("said once", PLAIN if plain else ANN, id=None) if plain else post("said once")
    put(store, post("before", BOB))
    between.cut_commit = when
    if when == "before":
        with pytest.raises(NotStored) as caught:
            store.append([said])
        assert caught.value.busy
        assert not caught.value.unknown
        assert stored(store, said)
    else:
        (done,) = store.append([said])
        assert isinstance(done, Done)
        assert not done.again
    assert not between.cut_commit, "it was cut"
    assert [event.text for event in store.news()] == ["before", "said once"]
    put(store, post("after"))
    other.poll()
    assert [event.text for event in other.news()] == ["before", "said once", "after"]
    assert fields_of(store, "main", BOB)["seq"] == 4
    store.close()
    other.close()
    between.close()


def test_what_can_not_be_found_out_is_said_so(
    own: PostgresPlace, own_postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch, impatient: None
) -> None:
    store = own.opened()
    put(store, post("before"))
    end = Postgres._end

    def lose(self: Postgres, how: str) -> None:
        if how == "COMMIT" and self._wrote:
            end(self, how)
            own_postgres.kill()
            assert self._link is not None
            self._link.execute("SELECT 1")  # the connection is lost
        end(self, how) if not self._wrote else None

    monkeypatch.setattr(Postgres, "_end", lose)
    unknown = post("who knows")
    with pytest.raises(NotStored) as caught:
        store.append([unknown])
    assert caught.value.unknown
    monkeypatch.setattr(Postgres, "_end", end)
    own_postgres.start()
    assert stored(store, unknown)[0].again, "it was committed, and is not stored twice"
    assert [event.text for event in store.news()] == ["before", "who knows"]
    store.close()


def test_a_database_that_stands_still_holds_up_nobody_else(
    own: PostgresPlace, own_postgres: PostgresServer, impatient: None
) -> None:
    store = own.opened()
    turns = 0

    def count() -> None:
        nonlocal turns
        while True:
            gevent.sleep(0.01)
            turns += 1

    counting = gevent.spawn(count)
    kept = post("kept")
    with own_postgres.frozen():
        began = time.monotonic()
        with pytest.raises(NotStored) as caught:
            store.append([kept])
        assert caught.value.busy
        assert time.monotonic() - began < 10
        assert turns > 10
    counting.kill()
    assert stored(store, kept)[0].event.seq == 2
    store.close()


def test_a_worker_that_stands_still_within_a_commit_holds_up_the_others_for_a_moment_only(
    postgres: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chatapp.chat.postgres._SESSION", "SET idle_in_transaction_session_timeout = 300")
    stuck, other = PostgresPlace(postgres).opened(), PostgresPlace(postgres).opened()
    stuck.database.begin()
    stuck.database.is_new()  # it has the lock now
    assert stored(other, post("goes on"))[0].event.seq == 2
    stuck.database.roll_back()
    assert stored(stuck, post("so do I"))[0].event.seq == 3
    stuck.close()
    other.close()


def test_a_database_that_takes_nothing_is_hopeless(postgres_server: PostgresServer, postgres: str) -> None:
    store = PostgresPlace(postgres).opened()
    name = postgres.rpartition("/")[2]
    postgres_server.sql(f"REVOKE INSERT ON events FROM {USER}", name)
    postgres_server.sql("ALTER TABLE events OWNER TO postgres", name)
    with pytest.raises(NotStored) as caught:
        store.append([post("x"), post("", kind=schema.CREATE, room="dev")])
    assert caught.value.hopeless
    assert "dev" not in store.directory.rooms
    store.close()


def test_what_changes_during_a_commit_is_written_with_the_next(postgres: str, monkeypatch: pytest.MonkeyPatch) -> None:
    store = PostgresPlace(postgres).opened()
    main = store.directory.rooms["main"]
    fields_of(store, "main", BOB)
    store.flush()
    events = put(store, *(post(str(number)) for number in range(3)))
    commit = Postgres.commit

    def slow(self: Postgres, *arguments: object) -> None:
        store.directory.set_read(BOB.id, main, events[1].seq, 2)
        store.directory.meet(BOB)
        store.told.add(BOB.id)
        commit(self, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(Postgres, "commit", slow)
    put(store, post("meanwhile", ANN))
    monkeypatch.setattr(Postgres, "commit", commit)
    assert store.told == {BOB.id}
    store.flush()
    assert store.told == set()
    store.close()
    again = PostgresPlace(postgres).opened()
    assert fields_of(again, "main", BOB)["read"] == events[1].seq
    assert again.directory.person(BOB.id) == BOB
    again.close()


def test_nothing_of_a_batch_is_in_memory_before_its_commit(postgres: str, monkeypatch: pytest.MonkeyPatch) -> None:
    store = PostgresPlace(postgres).opened()
    commit = Postgres.commit
    seen: list[object] = []

    def look(self: Postgres, *arguments: object) -> None:
        seen.append((store.news(), "dev" in store.directory.rooms, store.directory.rooms["main"].seq))
        commit(self, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(Postgres, "commit", look)
    put(store, post("", kind=schema.CREATE, room="dev"), post("in main"))
    assert seen == [([], False, 1)]
    assert [event.room for event in store.news()] == ["dev", "main"]
    store.close()


def test_many_who_look_at_once_look_together(postgres: str, monkeypatch: pytest.MonkeyPatch) -> None:
    store = PostgresPlace(postgres).opened()
    looks = 0
    is_behind = Postgres.is_behind

    def count(self: Postgres) -> bool:
        nonlocal looks
        looks += 1
        gevent.sleep(0.05)  # an answer that is there at once would let nobody come meanwhile
        return is_behind(self)

    monkeypatch.setattr(Postgres, "is_behind", count)
    gevent.joinall([gevent.spawn(store.poll) for _ in range(100)], raise_error=True)
    assert looks <= 3, "who came while somebody looked looked together"
    store.close()


# Another database than before.


def test_a_database_that_was_put_back_is_another_epoch(postgres_server: PostgresServer, postgres: str) -> None:
    place = PostgresPlace(postgres)
    store = place.opened()
    put(store, post("kept"))
    epoch = store.epoch
    dump = postgres_server.dump(postgres)
    put(store, post("lost"))
    store.close()
    store.open()
    assert store.epoch == epoch, "a restart alone is none"
    store.close()
    copy = postgres_server.create()
    postgres_server.load(copy, dump)
    again = PostgresPlace(copy).opened()
    assert again.epoch != epoch
    assert again.directory.rooms["main"].seq == 2
    assert put(again, post("goes on"))[0].seq == 3
    again.close()


def test_a_worker_sees_that_its_database_lost_something(postgres_server: PostgresServer, postgres: str) -> None:
    store = PostgresPlace(postgres).opened()
    put(store, post("a"), post("b"))
    lose = "DELETE FROM events WHERE pos = 3; DELETE FROM docs WHERE pos = 3; UPDATE state SET pos = 2"
    postgres_server.sql(lose, postgres.rpartition("/")[2])
    store.poll()
    assert store.database.is_other
    with pytest.raises(NotStored) as caught:
        store.append([post("c")])
    assert caught.value.hopeless
    store.close()
    again = PostgresPlace(postgres).opened()
    assert again.epoch != store.epoch
    put(again, post("c"))
    again.close()


# Opening.


def refusal(url: str) -> str:
    """The sentence with which a URL is refused, at a start of the server and of a worker."""
    sentences = set()
    for attempt in (functools.partial(postgres_schema.check, url), PostgresPlace(url).store().open):
        with pytest.raises(StoreError) as caught:
            attempt()
        sentences.add(str(caught.value))
        assert PASSWORD not in str(caught.value)
    (sentence,) = sentences
    return sentence


def test_what_can_not_be_used_is_refused_with_a_sentence(postgres_server: PostgresServer, postgres: str) -> None:
    name = postgres.rpartition("/")[2]
    assert "does not exist" in refusal(postgres_server.url("nowhere"))
    assert "user and the password" in refusal(postgres_server.url(name, password="wrong-" + "word"))
    assert "user and the password" in refusal(postgres_server.url(name, user="nobody"))
    assert "user and the password" in refusal(postgres_server.url(name, password=""))
    for word in ("e", "authentication", "does not exist"):
        assert "user and the password" in refusal(postgres_server.url(name, password=word.replace(" ", "%20")))
    assert "Start it" in refusal(postgres.replace(f":{postgres_server.port}", ":1"))
    assert "encoding SQL_ASCII" in refusal(postgres_server.create(template="template0", encoding="SQL_ASCII"))
    stranger = postgres_server.create()
    postgres_server.sql("CREATE TABLE rooms (number int)", stranger.rpartition("/")[2])
    assert "a table called rooms of something else" in refusal(stranger)
    foreign = postgres_server.create()
    postgres_server.sql(f"ALTER DATABASE {foreign.rpartition('/')[2]} OWNER TO postgres")
    assert "may not make tables" in refusal(foreign)
    postgres_server.sql(f"GRANT CREATE ON SCHEMA public TO {USER}", foreign.rpartition("/")[2])
    assert "CREATE EXTENSION pg_trgm" in refusal(foreign)
    postgres_server.sql("CREATE EXTENSION pg_trgm", foreign.rpartition("/")[2])
    PostgresPlace(foreign).opened().close()


def test_a_store_of_a_newer_version_is_refused_and_an_older_one_is_migrated(
    postgres: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = PostgresPlace(postgres)
    place.opened().close()
    steps = (*postgres_schema.STEPS, "ALTER TABLE rooms ADD COLUMN colour TEXT; UPDATE rooms SET colour = 'green'")
    postgres_schema.prepare(Server(postgres), steps=steps)
    assert place.sql("SELECT colour FROM rooms") == [("green",)]
    assert "newer chatapp (version 2" in refusal(postgres)
    with pytest.raises(StoreError):
        postgres_schema.prepare(Server(postgres), steps=(*steps, "CREATE TABLE birds (x int); SELECT * FROM nowhere"))
    assert place.sql("SELECT to_regclass('birds')") == [(None,)]


def test_the_search_index_is_kept_in_the_same_commit(postgres: str) -> None:
    store = PostgresPlace(postgres).opened()
    (event, other) = put(store, post("First WORD"), post("second"))
    put(store, post("Ändert", kind=schema.EDIT, target=event.seq), post("", kind=schema.DELETE, target=other.seq))
    put(store, post("x", BOB, target=event.seq), post("edited", BOB, schema.EDIT, target=event.seq + 4))
    assert PostgresPlace(postgres).sql("SELECT text, name, signs FROM docs ORDER BY pos") == [
        ("ändert", "ann", [228]),
        ("edited", "bob", []),
    ]
    store.close()


# Many, and much.


def test_people_who_come_at_once_take_few_connections(own: PostgresPlace) -> None:
    store = own.opened()
    people = [gevent.spawn(store.look_up, f"person-{pid}") for pid in range(200)]
    most = 0
    with contextlib.closing(Server(own.url).connect()) as link:
        for _ in range(20):
            ((count,),) = link.ask("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'chatapp'")
            most = max(most, count)
            gevent.sleep(0.01)  # while people come
    gevent.joinall(people, timeout=30, raise_error=True)
    store.close()
    assert most <= postgres.SHORT_LINKS + 2, "those that ask, one that writes, and the one that counts"


def test_a_store_that_takes_longer_to_read_than_a_call_may_is_opened(
    own: PostgresPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    own.opened().close()
    own.sql("INSERT INTO mentions SELECT 'p' || i, 1, i FROM generate_series(1, 300000) i")
    monkeypatch.setattr(postgres, "CALL_SECONDS", 0.2)
    monkeypatch.setattr(postgres.Link, "patience", 0.2)
    monkeypatch.setattr(postgres, "_SESSION", postgres._SESSION.replace("5000", "200"))
    store = own.opened()
    assert own.sql("SHOW statement_timeout") == [("200ms",)], "the time is short in this test"
    assert store.database.ask("SHOW statement_timeout") == [("200ms",)]
    put(store, post("it goes on"))
    store.close()


def test_a_server_with_another_key_is_refused_before_it_makes_people_strangers(postgres: str) -> None:
    postgres_schema.prepare(Server(postgres), "one")
    postgres_schema.prepare(Server(postgres), "one")
    postgres_schema.prepare(Server(postgres))
    with pytest.raises(StoreError, match=r"another secret key\. Give this one the same CHATAPP_SECRET_KEY"):
        postgres_schema.prepare(Server(postgres), "other")
