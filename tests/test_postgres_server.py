"""A server whose chat is in PostgreSQL: without it, with what it can't use, and with one that is another than before."""

import os
import signal
from collections.abc import Callable

import pytest

from tests.chat_store import PostgresPlace
from tests.conftest import Server, wait_until
from tests.postgres_server import PASSWORD, PostgresServer
from tests.v1 import V1, entered


def test_a_server_does_not_start_on_what_it_can_not_use_and_says_why(
    serve: Callable[..., Server], postgres_server: PostgresServer
) -> None:
    for url, said in (
        (postgres_server.url("nowhere"), "does not exist"),
        (postgres_server.url("postgres", password="wrong-word"), "Correct the user and the password"),
        (postgres_server.url("nowhere").replace(f":{postgres_server.port}", ":1"), "Start it, or correct"),
    ):
        with pytest.raises(pytest.fail.Exception) as caught:
            serve(DATABASE_URL=url)
        assert "chatapp does not start: the database" in str(caught.value)
        assert said in str(caught.value)
        assert "Traceback" not in str(caught.value)
        assert PASSWORD not in str(caught.value) and "wrong-word" not in str(caught.value)


def test_a_worker_that_starts_while_the_database_is_away_waits_for_it(
    serve: Callable[..., Server], own_postgres: PostgresServer
) -> None:
    server = serve(DATABASE_URL=own_postgres.create())
    with entered(server, "ann") as ann:
        said = ann.send("before")
    own_postgres.kill()
    (worker,) = server.workers()
    os.kill(worker, signal.SIGKILL)
    wait_until(lambda: server.workers() not in ([], [worker]), "another worker")
    wait_until(lambda: "It is tried again" in server.said(), "it to wait")
    status, _, _ = server.get("/healthz")
    assert status == 503
    own_postgres.start()
    wait_until(lambda: server.get("/healthz")[0] == 200, "it to serve")
    with V1(server, "bob") as bob:  # ann's name is held for a while: nobody knows yet that her worker is gone
        assert [event["seq"] for event in bob.join(page=10)[1]] == [said["seq"]]
        bob.send("after")


def test_a_worker_begins_anew_when_the_database_lacks_what_was_stored(
    serve: Callable[..., Server], postgres_server: PostgresServer, postgres: str
) -> None:
    server = serve(DATABASE_URL=postgres)
    with entered(server, "ann") as ann:
        ann.send("kept")
        epoch = ann.epoch
        (worker,) = server.workers()
        place = PostgresPlace(postgres)
        place.sql("DELETE FROM events WHERE pos = (SELECT max(pos) FROM events)")
        place.sql("UPDATE state SET pos = 1, version = version + 1")
        wait_until(lambda: worker not in server.workers(), "the worker to end")
    wait_until(lambda: server.get("/healthz")[0] == 200, "another to serve")
    assert "begins anew" in server.said()
    with V1(server, "ann") as ann:
        assert ann.epoch != epoch
        assert ann.join(page=10)[1] == []
