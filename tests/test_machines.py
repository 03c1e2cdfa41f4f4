"""Several machines with one database: a machine that vanishes, and a database that is away while all of them go on."""

import contextlib
import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from chatapp.chat.peers_postgres import GONE_SECONDS
from chatapp.chat.telling import GRACE_SECONDS
from tests.conftest import PATIENCE, Server, hear, wait_until
from tests.machines import Machines, frozen, start_machines
from tests.postgres_server import PostgresServer
from tests.v1 import V1, Fields, entered

#: Servers that take a machine for gone sooner (seconds), yet not before one that waited for the database has come back: it
#: leaves it alone for up to two seconds, and then may wait as long for a connection.
SOON = 6.0
IMPATIENT = f"tests.impatient:app({SOON})"


def told(machines: Any, name: str, token: str | None = None) -> Fields:
    """What somebody is told who says hello under this name, and leaves."""
    with machines.connect(protocol="chat.v1") as socket:
        hello = {"type": "hello", "username": name, "email": ""}
        socket.send(json.dumps(hello | ({"token": token} if token else {})))
        return hear(socket)


def ready(machines: Machines, workers: int) -> Machines:
    def know() -> bool:
        return all(len(server.health()["workers"]) == workers for server in machines.servers for _ in range(4))

    wait_until(know, "all workers to know of each other")
    return machines


def all_here(clients: list[V1]) -> None:
    """Read on until all of them know of all of them."""
    everybody = {client.id for client in clients}
    for client in clients:
        while not everybody <= told_of(client):
            client.hear()


def told_of(client: V1) -> set[str]:
    """Of whom a client was told: who was here when it came, and who came then."""
    return {user["id"] for said in client.heard for user in [*said.get("users", []), *said.get("joined", [])]}


def left(client: V1) -> set[str]:
    """Who a client was told has left."""
    return {person for said in client.heard if said["type"] == "presence" for person in said["left"]}


def back_again(machines: Any, name: str) -> V1:
    """Somebody who comes when the database does, which not all workers find at once."""

    def come() -> V1 | None:
        with contextlib.suppress(AssertionError):
            return entered(machines, name)
        return None

    client: V1 = wait_until(come, "everybody to know that the database is back")
    return client


def test_a_machine_that_vanishes_takes_its_people_with_it(postgres: str, serve: Callable[..., Server]) -> None:
    one, other = ready(start_machines(serve, postgres, 2, 1, app=IMPATIENT), 2).servers
    ann, bob = entered(one, "ann"), entered(other, "bob")
    all_here([ann, bob])
    with frozen(other):
        while bob.id not in left(ann):
            ann.hear()
        assert len(one.health()["workers"]) == 1
        another = entered(one, "Bob")
    # It is there again: two have one name, and the one who was given it last keeps it.
    with pytest.raises(ConnectionClosed) as closed:
        while True:
            bob.hear()
    assert closed.value.rcvd is not None
    assert (closed.value.rcvd.code, "your name" in closed.value.rcvd.reason) == (1001, True)
    assert told(other, "bob", bob.token)["code"] == "name_taken"
    again = entered(other, "bobby", token=bob.token)
    while not any(again.id in {user["id"] for user in said.get("joined", [])} for said in ann.heard):
        ann.hear()
    assert another.send("still here")["user"]["name"] == "Bob"
    for client in (ann, another, again):
        client.close()


def test_nobody_leaves_because_the_database_is_away(own_postgres: PostgresServer, serve: Callable[..., Server]) -> None:
    machines: Any = ready(start_machines(serve, own_postgres.create(), 2, 2, app=IMPATIENT), 4)
    clients = [entered(machines, f"person-{number}") for number in range(8)]
    all_here(clients)
    own_postgres.kill()
    began = time.monotonic()
    wait_until(lambda: told(machines, "newcomer").get("code") == "not_stored", "the newcomer to be told so")

    def as_before() -> bool:
        assert told(machines, "newcomer")["code"] == "not_stored", "nobody can say whether the name is free"
        assert told(machines, "PERSON-1")["code"] in ("not_stored", "name_taken")
        # Who has the name already comes back with it, on whatever machine, also who left just now.
        back = told(machines, "person-1", clients[1].token)
        assert (back["type"], back["you"]["id"]) == ("welcome", clients[1].id)
        return time.monotonic() - began > SOON + 1  # longer than a worker may be silent

    wait_until(as_before, "time to pass while the database is away", SOON + PATIENCE)
    clients.pop(0).close()  # this one does leave
    assert clients[1].ask("send", room="main", message="lost?")["code"] == "not_stored"
    own_postgres.start()
    sent = wait_until(lambda: stored(clients[1], "here again"), "messages to be stored again")
    for client in clients[2:]:
        client.where(lambda said: said.get("id") == sent["id"])
    newcomer = back_again(machines, "newcomer")
    # Had one worker taken another for gone, its people would be told to have left by now.
    deadline = time.monotonic() + SOON + GRACE_SECONDS + 1
    while time.monotonic() < deadline:
        for client in clients:
            client.send("going on")
    here = {client.id for client in clients} | {newcomer.id}
    for client in clients:
        assert not left(client) & here
    people = {user["id"] for user in newcomer.ask("people")["people"] if user["here"]}
    assert people == here
    clients[2].say(type="typing", room="main")
    assert clients[3].until("typing")["user"]["id"] == clients[2].id
    assert "Traceback" not in machines.said()
    for client in (*clients, newcomer):
        client.close()


def says(machines: Any, storing: bool) -> bool:
    """Whether each server says so of itself."""
    return all(server.health()["workers"][0]["storing"] == storing for server in machines.servers)


def stored(client: V1, text: str) -> Fields | None:
    answer = client.ask("send", room="main", message=text)
    return answer if answer["type"] == "message" else None


def test_a_database_that_stalls_holds_up_nobody(own_postgres: PostgresServer, serve: Callable[..., Server]) -> None:
    machines: Any = ready(start_machines(serve, own_postgres.create(), 2, 1, PING_SECONDS=2), 2)
    clients = [entered(machines, f"person-{number}") for number in range(4)]
    all_here(clients)
    with own_postgres.frozen():
        wait_until(lambda: says(machines, storing=False), "it to be known before a wait is over", 3)
        assert clients[0].ask("send", room="main", message="lost?")["code"] == "not_stored"
        wait_until(lambda: told(machines, "newcomer").get("code") == "not_stored", "the newcomer to be told so")
        for number in range(4):
            back = told(machines, f"person-{number}", clients[number].token)
            assert (back["type"], back["you"]["id"]) == ("welcome", clients[number].id)
        for client in clients:
            assert client.ask("people")["people"], "nobody was sent away"
    wait_until(lambda: says(machines, storing=True), "it to be known though nobody says anything")
    wait_until(lambda: stored(clients[0], "here again"), "messages to be stored again")
    back_again(machines, "newcomer").close()
    for client in clients:
        assert not left(client)
        client.close()
    assert "Traceback" not in machines.said()


def test_each_machine_shows_its_own_logs_and_says_so(postgres: str, serve: Callable[..., Server]) -> None:
    machines = start_machines(serve, postgres, 2, 1)
    for number, server in enumerate(machines.servers, 1):
        (server.logs_dir / f"of-{number}.log").write_text("a line\n")
        told = json.loads(server.get("/api/logs")[1])
        assert (told["machine"], [file["name"] for file in told["files"]]) == (f"machine-{number}", [f"of-{number}.log"])
        with server.connect("/echo", "logs.v1") as socket:
            assert hear(socket)["machine"] == f"machine-{number}"


def test_machines_tell_of_each_other(postgres: str, serve: Callable[..., Server]) -> None:
    machines = ready(start_machines(serve, postgres, 2, 2), 4)
    health = machines.health()
    assert sorted(worker["machine"] for worker in health["workers"]) == ["machine-1"] * 2 + ["machine-2"] * 2
    machines.servers[1].stop()
    # Who stops in order is gone at once, not when it has been silent for long.
    wait_until(lambda: len(machines.servers[0].health()["workers"]) == 2, "the others to be gone", GONE_SECONDS / 2)
