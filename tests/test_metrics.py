"""/metrics: who may see it, that each number moves when its thing happens, and that sums hold whatever workers die."""

import contextlib
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families
from websockets.exceptions import InvalidStatus

from chatapp.chat import schema
from chatapp.realtime import counts
from tests.conftest import PATIENCE, TOP, Server, hear, missing, say, wait_until
from tests.test_workers import pid_of, wait_for_workers
from tests.v1 import V1, entered
from tests.viewer import Viewer

TOKEN = "a-token-for-prometheus"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
OPERATIONS = TOP / "docs" / "OPERATIONS.md"


@pytest.fixture
def server(serve: Callable[..., Server]) -> Server:
    return serve(METRICS_TOKEN=TOKEN, OUTBOX_BYTES=524_288)


def told(server: Server) -> dict[str, float]:
    """What /metrics tells: `name` or `name value of the label` -> number, without the prefix."""
    status, text, _ = server.get("/metrics", BEARER)
    assert status == 200, text
    numbers = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            numbers[" ".join([sample.name.removeprefix("chatapp_"), *sample.labels.values()])] = sample.value
    return numbers


def wait_for(server: Server, **wanted: float) -> None:
    """Wait until these numbers, of metrics without labels, are told."""
    wait_until(lambda: told(server).items() >= wanted.items(), f"/metrics to tell {wanted}, not {told(server)}")


class Change:
    """How much numbers have risen since it was made."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._before = told(server)

    def of(self, key: str) -> float:
        return told(self._server)[key] - self._before[key]

    def wait(self, key: str, rise: float = 1) -> None:
        wait_until(lambda: self.of(key) == rise, f"{key} to rise by {rise}, not {self.of(key)}")

    def wait_at_least(self, key: str, rise: float = 1) -> None:
        wait_until(lambda: self.of(key) >= rise, f"{key} to rise by {rise}")


# Who may see it, and how it is written.


def test_without_a_token_it_is_shown_to_nobody(serve: Callable[..., Server]) -> None:
    server = serve()
    for headers in ({}, BEARER, {"Authorization": "Bearer "}, {"Authorization": "Bearer"}):
        status, text, _ = server.get("/metrics", headers)
        assert (status, "CHATAPP_METRICS_TOKEN" in text) == (403, True)


@pytest.mark.parametrize("value", ["", "Bearer", "Bearer ", f"Bearer {TOKEN}x", f"Basic {TOKEN}", TOKEN, "Bearer \xff"])
def test_without_the_token_it_is_not_shown(shared: Server, value: str) -> None:
    status, text, headers = shared.get("/metrics", {"Authorization": value} if value else {})
    assert (status, headers["www-authenticate"]) == (401, 'Bearer realm="metrics"')
    assert "chatapp_" not in text


@pytest.fixture(scope="module")
def shared(_serve_for_module: Callable[..., Server]) -> Server:
    return _serve_for_module(METRICS_TOKEN=TOKEN, LOG_TOKEN="a-token-for-logs")


def test_prometheus_can_read_it_in_both_its_formats(shared: Server) -> None:
    status, text, headers = shared.get("/metrics", BEARER)
    assert status == 200
    assert headers["content-type"].startswith("text/plain; version=")
    assert headers["cache-control"] == "no-store"
    plain = {family.name for family in text_string_to_metric_families(text)}
    status, text, headers = shared.get("/metrics", {**BEARER, "Accept": "application/openmetrics-text; version=1.0.0"})
    assert headers["content-type"].startswith("application/openmetrics-text")
    assert {family.name for family in parse_openmetrics(text)} == plain  # type: ignore[no-untyped-call]
    assert plain >= {f"chatapp_{family.name}" for family in counts.TABLE}


def test_every_metric_and_its_meaning_is_in_the_document(shared: Server) -> None:
    told_there = set(re.findall(r"^\| `(chatapp_\w+)`", OPERATIONS.read_text(), re.MULTILINE))
    families = text_string_to_metric_families(shared.get("/metrics", BEARER)[1])
    here = {f"{family.name}_total" if family.type == "counter" else family.name for family in families}
    assert told_there == here


def test_the_alerts_speak_of_what_is_told_and_are_in_the_document(shared: Server) -> None:
    groups = yaml.safe_load((TOP / "deploy" / "alerts.yml").read_text())["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    used = {name for rule in rules for name in re.findall(r"chatapp_\w+", rule["expr"])}
    samples = {f"chatapp_{key.split()[0]}" for key in told(shared)}
    assert used <= samples
    pairs = {pair for rule in rules for pair in re.findall(r'(chatapp_\w+)\{\w+="([^"]+)"\}', rule["expr"])}
    assert {f"{name.removeprefix('chatapp_')} {value}" for name, value in pairs} <= told(shared).keys()
    documented = set(re.findall(r"^\| `(Chatapp\w+)`", OPERATIONS.read_text(), re.MULTILINE))
    assert documented == {rule["alert"] for rule in rules}


@pytest.mark.deploy
def test_promtool_takes_the_alerts_and_what_is_told(shared: Server) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        missing("promtool (Debian's prometheus) is not installed")
    for command, text in (
        (["check", "rules", str(TOP / "deploy" / "alerts.yml")], ""),
        (["check", "metrics"], shared.get("/metrics", BEARER)[1]),
    ):
        done = subprocess.run([promtool, *command], input=text, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr


# Each number moves when its thing happens.


def test_connections(shared: Server) -> None:
    change = Change(shared)
    with shared.connect() as client:
        assert (change.of("clients /ws"), change.of("connections_total /ws")) == (1, 1)
        with shared.connect("/echo", "logs.v1", additional_headers={"Authorization": "Bearer a-token-for-logs"}):
            assert (change.of("clients /echo"), change.of("connections_total /echo")) == (1, 1)
        client.send(b"no text")
        change.wait("closes_total 1003")
    change.wait("leaves_total 1000")
    change.wait("clients /ws", 0)
    link = shared.raw()
    link.close()
    change.wait("closes_total 1006")
    change.wait("clients /echo", 0)
    assert change.of("closes_total 4008") == 0


def test_codes_that_clients_make_up_are_one_number(shared: Server) -> None:
    change = Change(shared)
    for code in (3000, 4999):
        shared.connect().close(code)
    change.wait("leaves_total other", 2)
    assert not any("4999" in key for key in told(shared))


def test_refused_connections(shared: Server) -> None:
    change = Change(shared)
    shared.get("/ws")
    with contextlib.suppress(InvalidStatus):
        shared.connect(origin="https://elsewhere.example")
    with contextlib.suppress(InvalidStatus):
        shared.connect("/echo")
    assert [change.of(f"refused_connections_total {status}") for status in (426, 403, 401)] == [1, 1, 1]
    assert change.of("http_answers_total 4xx") == 3
    assert change.of("http_answers_total 2xx") > 0


def test_messages_deliveries_and_batches(server: Server) -> None:
    with entered(server, "ann") as ann, entered(server, "bob"), server.connect() as plain:
        wait_until(lambda: told(server)["clients /ws"] == 3, "all to be there")
        change = Change(server)
        for number in range(10):
            ann.send(f"message {number}")
        assert hear(plain)["message"] == "message 0"
        assert (change.of("messages_total"), change.of("posts_total stored")) == (10, 10)
        change.wait("deliveries_total", 30)
        assert (change.of("batch_posts_count"), change.of("batch_posts_bucket 1.0")) == (10, 10)
        assert (change.of("store_commit_seconds_count"), change.of("store_commit_seconds_bucket +Inf")) == (10, 10)
        assert 0 < change.of("store_commit_seconds_sum") < 10
        sent = ann.send("once", id="twice")
        ann.send("once", id="twice")
        change.wait("posts_total repeated")
        ann.ask("edit", room="main", target=sent["seq"], message="other")
        ann.ask("edit", room="main", target=9999, message="nothing there")
        change.wait("posts_total refused")
        assert (change.of("messages_total"), change.of("posts_total stored")) == (11, 12)
        ann.ask("search", query="message")
        assert change.of("searches_total chat") == 1


def test_resumes(server: Server) -> None:
    with entered(server, "ann") as ann:
        ann.send("one")
        change = Change(server)
        with V1(server, "bob") as bob:
            assert bob.join(seq=1)[0]["recovered"]
            bob.epoch = "another"
            assert not bob.join(seq=1)[0]["recovered"]
            bob.join()
    assert (change.of("resumes_total chat answered"), change.of("resumes_total chat refused")) == (1, 1)


def test_a_slow_client_is_seen_and_its_end_too(server: Server) -> None:
    stalled = server.raw()  # never reads
    change = Change(server)
    with server.connect() as talker:
        while change.of("closes_total 4008") == 0 and change.of("outbox_bytes") == 0:
            say(talker, "x" * 50_000)
            hear(talker)
        assert change.of("slow_clients") == 1
        while change.of("closes_total 4008") == 0:
            say(talker, "x" * 50_000)
            hear(talker)
        wait_for(server, outbox_bytes=0, slow_clients=0)
    stalled.close()


def test_a_store_that_is_held_and_one_that_fails(server: Server) -> None:
    with entered(server, "ann") as ann:
        change = Change(server)
        other = sqlite3.connect(server.data_dir / schema.FILE_NAME, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        ann.say(type="send", id="kept", room="main", message="kept")
        change.wait_at_least("store_retries_total")
        assert ann.answer("kept")["code"] == "not_stored"
        assert (change.of("posts_total not_stored"), told(server)["workers_not_storing"]) == (1, 1)
        for number in range(3):
            ann.say(type="send", id=f"{number}", room="main", message="x")
        other.execute("COMMIT")
        other.close()
        ann.send("kept", id="kept")
        assert told(server)["workers_not_storing"] == 0


def test_what_waits_for_the_broadcast_greenlet(server: Server) -> None:
    with entered(server, "ann") as ann, entered(server, "bob") as bob:
        other = sqlite3.connect(server.data_dir / schema.FILE_NAME, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        ann.say(type="send", id="first", room="main", message="x")
        wait_until(lambda: told(server)["store_retries_total"], "the first batch to wait for the store")
        bob.say(type="send", id="second", room="main", message="y" * 1000)
        wait_until(lambda: (now := told(server))["queued_posts"] == 1 and now["queued_bytes"] >= 1000, "the second to wait")
        other.execute("COMMIT")
        other.close()
        ann.answer("first")
        wait_for(server, queued_posts=0, queued_bytes=0)


def test_a_loop_that_stands_still(server: Server) -> None:
    (worker,) = server.workers()
    change = Change(server)
    os.kill(worker, signal.SIGSTOP)
    try:
        wait_until(
            lambda: Path(f"/proc/{worker}/stat").read_text().rpartition(")")[2].split()[0] == "T", "it to stand still"
        )
        with contextlib.suppress(TimeoutError), server.connect(open_timeout=0.7):
            pass
    finally:
        os.kill(worker, signal.SIGCONT)
    change.wait_at_least("hub_delay_seconds_sum", 0.4)
    assert change.of("hub_delay_seconds_count") > change.of("hub_delay_seconds_bucket 0.25")
    assert change.of("cpu_seconds_total") > 0


def test_what_happens_to_logs(server: Server) -> None:
    path = server.logs_dir / "a.log"
    path.write_text("one\ntwo\n")
    change = Change(server)
    viewer = Viewer(server, "a.log", "start")
    viewer.read_lines(2)
    with path.open("a") as file:
        file.write("three\nfour\n")
    viewer.read_lines(4)
    wait_for(server, log_files_followed=1, log_viewers=1)
    assert change.of("log_lines_total") == 2, "what was there before is no news"
    again = Viewer(server, "a.log", viewer.position)
    again.read_notice("opened")
    change.wait("resumes_total logs answered")
    lost = Viewer(server, "a.log", {"generation": "1-2-3-x-y", "offset": 7})
    lost.read_notice("gap")
    assert (change.of("resumes_total logs refused"), change.of("log_gaps_total")) == (1, 1)
    wait_for(server, log_viewers=3)
    server.get("/api/logs/a.log/search?text=one")
    assert change.of("searches_total logs") == 1
    for each in (viewer, again, lost):
        each.client.close()
    wait_for(server, log_viewers=0)


def test_lines_that_are_dropped(server: Server) -> None:
    path = server.logs_dir / "a.log"
    path.write_text("")
    slow = server.connect("/echo", "logs.v1", max_queue=1)
    slow.send(json.dumps({"type": "open", "file": "a.log", "from": "start"}))
    while hear(slow)["type"] != "notice":
        pass
    count = 400_000
    quick = Viewer(server, "a.log", "start", include={"text": f"{count - 1:07}", "pattern": False, "case": True})
    quick.read_notice("opened")
    with path.open("ab") as file:
        for number in range(count):
            file.write(b"%07d %s\n" % (number, b"x" * 91))
    quick.read_lines(1)
    dropped: list[dict[str, Any]] = []
    last = ""
    while not last.startswith(f"{count - 1:07}"):
        said = hear(slow)
        if said["type"] == "lines" and said["lines"]:
            last = said["lines"][-1][1]
        elif said.get("kind") == "dropped":
            dropped.append(said)
    now = told(server)
    assert dropped
    assert now["log_drops_total"] == len(dropped)
    assert now["log_dropped_bytes_total"] == sum(each["to"] - each["from"] for each in dropped)
    assert now["log_lines_total"] == count
    slow.close()
    quick.client.close()


def test_the_process(server: Server) -> None:
    (worker,) = server.workers()
    now = told(server)
    assert now["workers"] == 1
    assert now["memory_bytes"] > 10_000_000
    assert 0 < now["open_files_share"] < 0.5

    def agrees() -> bool:  # soon: a server that has just begun closes files again, and notes their number now and then
        return 10 < told(server)["open_files"] <= len(os.listdir(f"/proc/{worker}/fd")) + 5

    wait_until(agrees, "the number of open files to be the true one")
    assert now["worker_silence_seconds"] < PATIENCE
    before = told(server)["open_files"]
    clients = [server.connect() for _ in range(20)]
    wait_until(lambda: told(server)["open_files"] >= before + 15, "the files of the clients to be told")
    for client in clients:
        client.close()


# Several workers, and what becomes of them.


def test_four_workers_are_added_up_and_no_count_falls_whatever_ends(serve: Callable[..., Server]) -> None:
    server = serve(METRICS_TOKEN=TOKEN, workers=4)
    wait_for_workers(server, 4)
    wait_for(server, workers=4)
    clients: list[V1] = []
    while len({pid_of(server, client.socket) for client in clients}) < 2:
        clients.append(entered(server, f"n{len(clients)}"))
    for client in clients:
        client.send("hello")
    said = len(clients)
    wait_until(lambda: told(server)["messages_total"] == said, "all messages to be counted")
    wait_until(lambda: told(server)["clients /ws"] == said, "all clients to be counted")
    wait_until(lambda: told(server)["deliveries_total"] == said * said, "all deliveries to be counted")
    for _ in range(20):  # whichever worker answers
        assert told(server)["messages_total"] == said

    highest = watch(server, {})
    victim = pid_of(server, clients[0].socket)
    before = server.workers()
    os.kill(victim, signal.SIGKILL)
    wait_until(lambda: victim not in server.workers() and len(server.workers()) == 4, "another worker in its place")
    (new,) = set(server.workers()) - set(before)
    highest = watch(server, highest)
    wait_until(lambda: told(server)["workers"] == 4, "the new one to be counted")
    left = [client for client in clients if pid_of_or_none(server, client) is not None]
    wait_until(lambda: told(server)["clients /ws"] == len(left), "those of the dead one to be gone")
    assert told(server)["messages_total"] == said
    assert new in server.workers()

    server.signal(signal.SIGHUP)  # all of them are replaced
    wait_until(lambda: not set(server.workers()) & {*before, new}, "all workers to be replaced")
    wait_until(lambda: told(server)["workers"] == 4, "the new ones to be counted")
    highest = watch(server, highest)
    server.kill()  # and the master too
    server.start()
    wait_for_workers(server, 4)
    watch(server, highest)
    assert told(server)["messages_total"] == said
    names = os.listdir(server.data_dir / "workers")
    assert sum(name.startswith("counts-") for name in names) == 4, "what the dead left is put together"


def watch(server: Server, highest: dict[str, float]) -> dict[str, float]:
    """See that nothing that is counted has fallen; returns how high all is now."""
    for _ in range(10):
        now = {key: number for key, number in told(server).items() if "_total" in key or "_bucket" in key or "_count" in key}
        assert {key: (highest[key], now.get(key)) for key in highest if now.get(key, 0) < highest[key]} == {}
        highest = now
    return highest


def pid_of_or_none(server: Server, client: V1) -> int | None:
    try:
        return pid_of(server, client.socket)
    except (AssertionError, OSError):  # an end that nobody has, or that was closed
        return None


def test_a_worker_that_stands_still_shows(serve: Callable[..., Server]) -> None:
    server = serve(METRICS_TOKEN=TOKEN, workers=2)
    wait_for_workers(server, 2)
    stopped, _ = server.workers()
    os.kill(stopped, signal.SIGSTOP)
    try:
        wait_until(lambda: (now := told(server))["worker_silence_seconds"] > 2.5 and now["workers"] == 2, "it to show")
    finally:
        os.kill(stopped, signal.SIGCONT)
    wait_until(lambda: told(server)["worker_silence_seconds"] < 2, "it to be heard again")
