"""Several workers of one server: one order, one presence, one holder of a name, whoever of them dies.

On one machine, with SQLite, and on two machines with a PostgreSQL: there is no difference to who uses them.
"""

import collections
import concurrent.futures
import contextlib
import json
import os
import random
import signal
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Server, hear, say, wait_until
from tests.machines import Machines, start_machines
from tests.v1 import V1, Fields, entered
from tests.viewer import Viewer

WORKERS = 4
#: Starts a server with several workers, on one machine or on two, and waits until all know of each other.
Start = Callable[..., Any]


@pytest.fixture(scope="module", params=["one machine", "two machines"])
def server(request: pytest.FixtureRequest, _serve_for_module: Callable[..., Server]) -> Any:
    """A server with several workers, shared by the tests that do it no harm."""
    return starter(request, _serve_for_module)(WORKERS)


@pytest.fixture(scope="module", params=["one machine", "two machines"])
def _tough(request: pytest.FixtureRequest, _serve_for_module: Callable[..., Server]) -> Any:
    return starter(request, _serve_for_module)(WORKERS)


@pytest.fixture
def tough(_tough: Any) -> Iterator[Any]:
    """Another server with several workers, shared by the tests that kill some of these; all are there again for the next."""
    wait_for_workers(_tough, WORKERS)
    yield _tough
    assert "Traceback" not in _tough.said()


@pytest.fixture(params=["one machine", "two machines"])
def start(request: pytest.FixtureRequest, serve: Callable[..., Server]) -> Start:
    """A server of one's own: `start(workers, NAME=value, ...)`."""
    return starter(request, serve)


def starter(request: pytest.FixtureRequest, serve: Callable[..., Server]) -> Start:
    def start(workers: int, **settings: Any) -> Any:
        server: Any
        if request.param == "one machine":
            server = serve(workers=workers, **settings)
        else:
            url = request.getfixturevalue("postgres_server").create()
            server = start_machines(serve, url, 2, workers // 2, **settings)
        wait_for_workers(server, workers)
        return server

    return start


@pytest.fixture
def clients() -> Iterator[list[V1]]:
    """What is put in here is closed at the end."""
    clients: list[V1] = []
    yield clients
    for client in clients:
        client.close()


def wait_for_workers(server: Any, count: int) -> None:
    wait_until(lambda: len(server.health()["workers"]) == count, f"{count} workers to know of each other")


def pid_of(server: Any, client: Any) -> int:
    """The worker that holds the other end of a client's connection."""
    local, port = client.socket.getsockname()[1], client.socket.getpeername()[1]
    inode = ""
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if (int(fields[1].partition(":")[2], 16), int(fields[2].partition(":")[2], 16)) == (port, local):
            inode = fields[9]
    pids: list[int] = server.workers()
    for pid in pids:
        with contextlib.suppress(FileNotFoundError):  # one that was just killed
            for descriptor in Path(f"/proc/{pid}/fd").iterdir():
                with contextlib.suppress(FileNotFoundError):
                    if os.readlink(descriptor) == f"socket:[{inode}]":
                        return pid
    raise AssertionError("no worker has this connection")


def on_different_workers(server: Any, clients: list[V1], names: list[str], come: Callable[..., V1] = entered) -> list[V1]:
    """One client of each name, each on another worker. Connections are opened until it is so."""
    found: dict[int, V1] = {}
    for name in names:
        for _ in range(200):
            client = come(server, name)
            clients.append(client)
            if found.setdefault(pid_of(server, client.socket), client) is client:
                break
            client.close()
        else:
            pytest.fail("all connections go to the same workers")
    return list(found.values())


def here_in(heard: list[Fields]) -> dict[str, str]:
    """Who is here, as a client was told: id -> name."""
    here: dict[str, str] = {}
    for said in heard:
        if said["type"] == "joined":
            here = {user["id"]: user["name"] for user in said["users"]}
        elif said["type"] == "presence":
            here |= {user["id"]: user["name"] for user in said["joined"]}
            here = {person: name for person, name in here.items() if person not in said["left"]}
    return here


def until_here(client: V1, condition: Callable[[dict[str, str]], bool]) -> None:
    """Read on until who is here is as it should be."""
    while not condition(here_in(client.heard)):
        client.hear()


# The log.


def test_a_message_reaches_all_workers_and_its_changes_too(server: Any, clients: list[V1]) -> None:
    ann, bob, eve = on_different_workers(server, clients, ["log-ann", "log-bob", "log-eve"])
    sent = ann.send("hello everybody")
    for other in (bob, eve):
        assert other.where(lambda heard: heard.get("id") == sent["id"]) == sent
    answer = bob.send("hello", reply=sent["seq"])
    assert answer["reply"]["message"] == "hello everybody"
    ann.ask("edit", room="main", target=sent["seq"], message="hello all")
    assert eve.until("edit")["message"] == "hello all"
    eve.ask("react", room="main", target=answer["seq"], emoji="🎉", on=True)
    assert ann.until("react")["emoji"] == "🎉"
    ann.ask("delete", room="main", target=sent["seq"])
    bob.until("delete")
    page = bob.ask("history", room="main", around=sent["seq"])["messages"]
    assert next(one for one in page if one["seq"] == sent["seq"])["deleted"]


def test_all_workers_tell_one_order(server: Any, clients: list[V1]) -> None:
    talkers = on_different_workers(server, clients, ["order-ann", "order-bob", "order-eve"])

    def talk(client: V1) -> list[tuple[int, str]]:
        for number in range(150):
            client.say(type="send", id=f"{client.id}-{number}", room="main", message=f"{number}")
        mine = 0
        while mine < 150 * len(talkers):
            mine += client.hear()["type"] == "message"
        return [(heard["seq"], heard["id"]) for heard in client.heard if heard["type"] == "message"]

    with concurrent.futures.ThreadPoolExecutor(len(talkers)) as pool:
        one, *others = pool.map(talk, talkers)
    assert all(other == one for other in others)
    assert [seq for seq, _ in one] == list(range(one[0][0], one[0][0] + len(one)))
    for talker in talkers:
        assert [event_id for _, event_id in one if event_id.startswith(talker.id)] == [
            f"{talker.id}-{number}" for number in range(150)
        ]


def test_a_repeated_request_is_stored_once_whichever_worker_takes_it(server: Any, clients: list[V1]) -> None:
    (ann,) = on_different_workers(server, clients, ["again-ann"])
    again = None
    while again is None:
        other = entered(server, "again-ann", token=ann.token)
        clients.append(other)
        if pid_of(server, other.socket) != pid_of(server, ann.socket):
            again = other
    first = ann.ask("send", id="sent-twice", room="main", message="once")
    assert again.ask("send", id="sent-twice", room="main", message="once") == first


def test_a_position_of_one_worker_is_good_in_the_others(server: Any, clients: list[V1]) -> None:
    ann, bob = on_different_workers(server, clients, ["pos-ann", "pos-bob"])
    at = ann.send("seen")["seq"]
    missed = [ann.send(f"missed {number}")["id"] for number in range(5)]
    # In bob's worker, at once: whatever it has heard of by then.
    joined, past = bob.join(seq=at)
    assert joined["recovered"]
    assert [event["id"] for event in past] == missed


def test_plain_readers_of_all_workers_get_all_three_fields(server: Any) -> None:
    readers = [server.connect() for _ in range(12)]
    assert len({pid_of(server, reader) for reader in readers}) > 1
    say(readers[0], "to all", "plain-ann", "plain-ann@example.org")
    for reader in readers:
        while (heard := hear(reader))["message"] != "to all":
            pass
        assert heard == {"email": "plain-ann@example.org", "username": "plain-ann", "message": "to all"}
        reader.close()


# Rooms.


def test_a_room_is_there_for_all_at_once(server: Any, clients: list[V1]) -> None:
    ann, bob, eve = on_different_workers(server, clients, ["room-ann", "room-bob", "room-eve"])
    ann.ask("create", room="new-room", topic="made just now")
    joined, _ = bob.join("new-room")  # at once, whether its worker has heard of it or not
    assert joined["topic"] == "made just now"
    assert eve.where(lambda heard: heard["type"] == "room" and heard["room"] == "new-room")["topic"] == "made just now"
    ann.join("new-room")
    assert bob.send("in the room", "new-room") == ann.until("message")
    bob.ask("leave", room="new-room")
    assert ann.until("leave")["user"]["id"] == bob.id


def test_two_people_meet_in_a_direct_room_over_workers(server: Any, clients: list[V1]) -> None:
    ann, bob = on_different_workers(server, clients, ["direct-ann", "direct-bob"])
    until_here(ann, lambda here: bob.id in here)
    room = ann.ask("direct", person=bob.id)["room"]
    assert bob.where(lambda heard: heard["type"] == "room" and heard["room"] == room)["with"]["name"] == "direct-ann"
    bob.join(room)
    ann.join(room)
    assert ann.send("between us", room) == bob.until("message")


def test_who_is_named_is_found_in_other_workers(server: Any, clients: list[V1]) -> None:
    ann, bob = on_different_workers(server, clients, ["named-ann", "named-bob"])
    until_here(ann, lambda here: bob.id in here)
    assert ann.send("hey @named-bob")["mentions"] == [{"id": bob.id, "name": "named-bob"}]


# What has been read.


def test_a_mark_reaches_the_other_tab_in_another_worker(server: Any, clients: list[V1]) -> None:
    ann, tab = on_different_workers(server, clients, ["marks-ann", "marks-bob"])
    other = two_tabs(server, clients, tab)
    seqs = [ann.send(f"to be read {number}")["seq"] for number in range(3)]
    tab.where(lambda heard: heard.get("seq") == seqs[-1])
    tab.say(type="read", room="main", seq=seqs[1])
    assert other.where(lambda heard: heard["type"] == "read" and heard["read"] == seqs[1])["unread"] == 1


def two_tabs(server: Any, clients: list[V1], tab: V1) -> V1:
    """Another connection of the same person in another worker."""
    while True:
        other = entered(server, tab.me["name"], token=tab.token)
        clients.append(other)
        if pid_of(server, other.socket) != pid_of(server, tab.socket):
            return other


def test_unread_is_right_after_coming_back_in_another_worker(server: Any, clients: list[V1]) -> None:
    (ann,) = on_different_workers(server, clients, ["unread-ann"])
    for _ in range(6):
        bob = entered(server, "unread-bob", token=clients[1].token if len(clients) > 1 else None)
        clients.append(bob)
        seqs = [ann.send(str(number))["seq"] for number in range(4)]
        bob.where(lambda heard, last=seqs[-1]: heard.get("seq") == last)  # type: ignore[misc]
        bob.say(type="read", room="main", seq=seqs[2])
        bob.until("read")
        bob.close()
        back = entered(server, "unread-bob", token=clients[1].token)
        clients.append(back)
        # If it was faster than the mark, the mark comes after it.
        while max([back.rooms["main"]["read"], *(said["read"] for said in back.heard if said["type"] == "read")]) < seqs[2]:
            back.hear()
        back.close()


# Who is here.


def test_presence_and_typing_cross_workers(server: Any, clients: list[V1]) -> None:
    ann, bob, eve = on_different_workers(server, clients, ["here-ann", "here-bob", "here-eve"])
    for client in (ann, bob, eve):
        until_here(client, lambda here: {ann.id, bob.id, eve.id} <= here.keys())
    bob.say(type="typing", room="main")
    assert ann.until("typing")["user"]["name"] == eve.until("typing")["user"]["name"] == "here-bob"
    people = {user["id"]: user["here"] for user in ann.ask("people")["people"]}
    assert people[bob.id] and people[eve.id]
    bob.say(type="hello", username="here-robert", email="")
    until_here(ann, lambda here: here.get(bob.id) == "here-robert")
    bob.close()
    until_here(eve, lambda here: bob.id not in here)
    assert not {user["id"]: user["here"] for user in ann.ask("people")["people"]}[bob.id]


def test_who_is_loaded_anew_in_another_worker_does_not_leave(server: Any, clients: list[V1]) -> None:
    ann, bob = on_different_workers(server, clients, ["anew-ann", "anew-bob"])
    until_here(ann, lambda here: bob.id in here)
    back = two_tabs(server, clients, bob)
    bob.close()
    seq = back.send("still here")["seq"]
    ann.where(lambda heard: heard.get("seq") == seq)
    eve = entered(server, "anew-eve")
    clients.append(eve)
    until_here(ann, lambda here: eve.id in here)
    eve.close()
    until_here(ann, lambda here: eve.id not in here)  # who left later is told to have left
    assert bob.id in here_in(ann.heard)


def test_a_name_is_one_persons_in_all_workers(server: Any, clients: list[V1]) -> None:
    (ann,) = on_different_workers(server, clients, ["one-ann"])
    assert all_refused_as(server, "ONE-ann") == {"name_taken"}
    tab = two_tabs(server, clients, ann)
    ann.close()
    assert all_refused_as(server, "one-ann") == {"name_taken"}, "one of the two is still here"
    tab.say(type="hello", username="one-anna", email="")
    tab.until("welcome")
    assert refused_as(server, "one-anna") == "name_taken"
    assert refused_as(server, "one-ann") == "", "the old name is free"


def refused_as(server: Any, name: str) -> str:
    """The code with which somebody new of this name is refused; empty if they are not."""
    with server.connect(protocol="chat.v1", compression=None) as socket:
        socket.send(json.dumps({"type": "hello", "username": name, "email": ""}))
        said = hear(socket)
        return str(said.get("code", ""))


def all_refused_as(server: Any, name: str) -> set[str]:
    """The same of eight who come at once, whom several workers take."""
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        return set(pool.map(lambda _: refused_as(server, name), range(8)))


def test_of_many_who_want_a_name_at_once_one_gets_it(server: Any) -> None:
    for number in range(5):
        sockets = [server.connect(protocol="chat.v1", compression=None) for _ in range(12)]
        for socket in sockets:
            socket.send(json.dumps({"type": "hello", "username": f"wanted-{number}", "email": ""}))
        answers = [hear(socket)["type"] for socket in sockets]
        assert sorted(answers) == ["error"] * 11 + ["welcome"]
        for socket in sockets:
            socket.close()


# All of them together.


def test_healthz_tells_of_all_workers(server: Any, clients: list[V1]) -> None:
    wait_until(lambda: server.health()["clients"] == 0, "the clients of the tests before to be gone")
    on_different_workers(server, clients, ["health-a", "health-b", "health-c"])

    def settled() -> bool:
        told = [server.health() for _ in range(5)]
        return all(
            one["clients"] == 3
            and sorted(worker["clients"] for worker in one["workers"]) == [0] * (WORKERS - 3) + [1, 1, 1]
            and {worker["pid"] for worker in one["workers"]} == set(server.workers())
            for one in told
        )

    wait_until(settled, "each of them to tell of three clients")


def test_the_limit_of_clients_is_one_for_all_workers(start: Start) -> None:
    server = start(2, MAX_CLIENTS=10)
    clients = []
    for number in range(10):
        clients.append(server.connect())
        wait_until(lambda n=number: server.health()["clients"] == n + 1, "all workers to know")  # type: ignore[misc]

    def known_everywhere() -> bool:
        return all(server.health()["clients"] == 10 for _ in range(10))

    wait_until(known_everywhere, "all workers to know of all")
    for _ in range(10):
        status, text, _ = server.get(
            "/ws",
            {
                "Upgrade": "websocket",
                "Connection": "Upgrade",
                "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
                "Sec-WebSocket-Version": "13",
            },
        )
        assert (status, "CHATAPP_MAX_CLIENTS" in text) == (503, True)
    for client in clients:
        client.close()


def test_search_finds_in_all_workers_and_one_of_them_writes_the_index(serve: Callable[..., Server]) -> None:
    server = serve(workers=2)
    wait_for_workers(server, 2)
    clients: list[V1] = []
    ann, bob = on_different_workers(server, clients, ["ann", "bob"])
    sent = ann.send("a needle in a haystack")["seq"]
    for client in (ann, bob):
        assert [hit["seq"] for hit in client.ask("search", query="needle")["hits"]] == [sent]
    # The one that leads is killed: the other takes over.
    leader = next(pid for pid in server.workers() if "search.db" in files_of(pid))
    assert all("search.db" not in files_of(pid) for pid in server.workers() if pid != leader)
    other = next(client for client in (ann, bob) if pid_of(server, client.socket) != leader)
    os.kill(leader, signal.SIGKILL)
    late = other.send("another needle")["seq"]
    assert [hit["seq"] for hit in other.ask("search", query="needle")["hits"]] == [late, sent]
    wait_until(lambda: indexed(server) >= late, "the index to go on")
    for client in clients:
        client.close()


def files_of(pid: int) -> set[str]:
    names = set()
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        try:
            names.add(Path(os.readlink(descriptor)).name)
        except FileNotFoundError:
            pass
    return names


def indexed(server: Any) -> int:
    connection = sqlite3.connect(f"file:{server.data_dir / 'search.db'}?mode=ro", uri=True)
    try:
        return int(connection.execute("SELECT pos FROM state").fetchone()[0])
    finally:
        connection.close()


def test_a_log_viewer_goes_on_in_another_worker(server: Any) -> None:
    if isinstance(server, Machines):
        server = server.servers[0]  # each shows its own
    path = server.logs_dir / "over.log"
    path.write_text("")
    first = Viewer(server, "over.log")
    first.read_notice("opened")
    with path.open("a") as file:
        file.write("one\ntwo\n")
    assert first.read_lines(2) == ["one", "two"]
    while True:
        other = Viewer(server, "over.log", first.position)
        if pid_of(server, other.client) != pid_of(server, first.client):
            break
        other.client.close()
    with path.open("a") as file:
        file.write("three\n")
    assert other.read_lines(1) == first.read_lines(3)[2:] == ["three"]
    assert other.kinds == ["opened"]
    # The past over HTTP, from whatever worker.
    assert first.position is not None
    for _ in range(6):
        status, text, _ = server.get(f"/api/logs/over.log/lines?generation={first.position['generation']}")
        assert status == 200
        assert [line for _, line in json.loads(text)["lines"]] == ["one", "two", "three"]
    first.client.close()
    other.client.close()


# Workers that end.


def test_a_killed_worker_leaves_nobody_present_and_no_name_held(tough: Any, clients: list[V1]) -> None:
    server = tough
    ann, bob = on_different_workers(server, clients, ["ann", "bob"])
    until_here(ann, lambda here: bob.id in here)
    os.kill(pid_of(server, bob.socket), signal.SIGKILL)
    # Whoever asks for the name finds out whether its holder lives; on several machines a moment later.
    wait_until(lambda: refused_as(server, "bob") == "", "the name to be free")
    people = {user["id"]: user["here"] for user in wait_until(lambda: gone(ann, bob.id), "bob to be gone")}
    assert not people[bob.id]
    until_here(ann, lambda here: bob.id not in here)


def gone(client: V1, person: str) -> list[Fields] | None:
    people: list[Fields] = client.ask("people")["people"]
    return None if any(user["id"] == person and user["here"] for user in people) else people


def test_who_comes_back_from_a_killed_worker_has_missed_nothing_and_not_left(tough: Any, clients: list[V1]) -> None:
    server = tough
    ann, bob = on_different_workers(server, clients, ["back-ann", "back-bob"])
    until_here(ann, lambda here: bob.id in here)
    seen = ann.send("seen by both")["seq"]
    bob.where(lambda heard: heard.get("seq") == seen)
    os.kill(pid_of(server, bob.socket), signal.SIGKILL)
    missed = [ann.send(f"missed {number}")["id"] for number in range(20)]
    back = V1(server, "back-bob", token=bob.token)
    clients.append(back)
    joined, past = back.join(seq=seen)
    assert joined["recovered"]
    assert [event["id"] for event in past] == missed
    eve = entered(server, "back-eve")
    until_here(ann, lambda here: eve.id in here)
    eve.close()
    until_here(ann, lambda here: eve.id not in here)
    assert not any(bob.id in heard["left"] for heard in ann.heard if heard["type"] == "presence")


def test_of_a_killed_worker_with_many_clients_all_catch_up_and_the_others_notice_nothing(tough: Any) -> None:
    server = tough
    clients = [entered(server, f"client-{number}") for number in range(60)]
    talker = clients[0]
    workers = {client: pid_of(server, client.socket) for client in clients}
    victims = [client for client in clients if workers[client] != workers[talker]]
    victim = collections.Counter(workers[client] for client in victims).most_common(1)[0][0]
    victims = [client for client in victims if workers[client] == victim]
    others = [client for client in clients if workers[client] != victim]
    assert len(victims) > 5

    before = talker.send("before")["seq"]
    for client in clients[1:]:
        client.where(lambda heard: heard.get("seq") == before)
    os.kill(victim, signal.SIGKILL)
    said = [talker.send(f"meanwhile {number}")["seq"] for number in range(50)]

    def come_back(client: V1) -> V1:
        back = V1(server, client.me["name"], token=client.token)
        joined, past = back.join(seq=before)
        assert joined["recovered"]
        last = past[-1]["seq"] if past else before
        assert [event["seq"] for event in past] == list(range(before + 1, last + 1))
        return back

    with concurrent.futures.ThreadPoolExecutor(len(victims)) as pool:
        back = list(pool.map(come_back, victims))
    after = talker.send("after")["seq"]
    assert [*said, after] == list(range(before + 1, after + 1))
    for client in (*others[1:], *back):
        client.where(lambda heard: heard.get("seq") == after)
        heard = [event["seq"] for event in client.heard if event["type"] == "message" and event["seq"] > before]
        assert heard == list(range(before + 1, after + 1))
    for client in (*clients, *back):
        client.close()


def test_all_workers_are_replaced_by_a_reload_under_load(start: Start) -> None:
    server = start(2)
    old = server.workers()
    ann = entered(server, "ann")
    sent = [ann.send(f"before {number}")["id"] for number in range(20)]
    server.signal(signal.SIGHUP)
    wait_until(lambda: not set(old) & set(server.workers()) and len(server.workers()) == 2, "two other workers")
    wait_for_workers(server, 2)
    back = entered(server, "ann", token=ann.token)
    assert back.id == ann.id
    sent.append(back.send("after")["id"])
    page = [event["id"] for event in back.ask("history", room="main", before=2**40)["messages"]]
    assert page == sent
    back.close()
    assert "Traceback" not in server.said()


def test_a_second_worker_that_comes_and_goes_is_no_matter(serve: Callable[..., Server]) -> None:
    """One worker, another beside it for a while, and alone again: what is shared begins and ends with the other."""
    server = serve()
    table = server.data_dir / "workers"
    ann = entered(server, "ann")
    assert not list(table.glob("here-*.db")), "a worker that is alone shares nothing"
    server.signal(signal.SIGTTIN)
    wait_for_workers(server, 2)
    clients: list[V1] = []
    both = on_different_workers(server, clients, ["bob-1", "bob-2"])
    bob = next(client for client in both if pid_of(server, client.socket) != pid_of(server, ann.socket))
    until_here(bob, lambda here: ann.id in here)
    assert all_refused_as(server, "ann") == {"name_taken"}
    server.signal(signal.SIGTTOU)
    # The older one goes; ann comes back in the other.
    wait_until(lambda: len(server.workers()) == 1 and len(server.health()["workers"]) == 1, "one worker")
    back = entered(server, "ann", token=ann.token)
    assert refused_as(server, "ann") == "name_taken"
    assert back.send("goes on")["user"]["id"] == ann.id
    back.close()
    for client in clients:
        client.close()
    wait_until(lambda: refused_as(server, "ann") == "", "the name to be free")
    assert "Traceback" not in server.said()


def test_workers_killed_at_random_lose_nothing_that_was_acknowledged(tough: Any) -> None:
    server = tough
    chance = random.Random(5)
    reader = entered(server, "reader")
    first = reader.heard[-1]["seq"]
    reader.close()
    acknowledged: list[str] = []
    talker = entered(server, "talker")
    for number in range(12):
        for _ in range(chance.randint(1, 20)):
            acknowledged.append(talker.send(f"message {len(acknowledged)}")["id"])
        own = pid_of(server, talker.socket)
        victim = own if number % 3 == 0 else chance.choice(server.workers())
        os.kill(victim, signal.SIGKILL)
        if victim == own:
            talker = entered(server, "talker", token=talker.token)
    wait_for_workers(server, WORKERS)
    back = V1(server, "reader", token=reader.token)
    _, past = back.join(seq=first)
    assert [event["id"] for event in past if event["type"] == "message"] == acknowledged
    assert [event["seq"] for event in past] == list(range(first + 1, first + 1 + len(past)))
    talker.close()
    back.close()
