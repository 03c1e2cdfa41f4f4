"""`chat.v1` over real sockets: who one is, rooms, messages and what happens to them, coming back, presence."""

import json
import signal
import sqlite3
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed

from chatapp.chat import schema
from tests.conftest import PATIENCE, Server, hear, say, wait_until
from tests.v1 import V1, Fields, entered

WITHOUT_LIMIT = {"MESSAGE_RATE": 0}


@pytest.fixture
def ann(server: Server) -> Iterator[V1]:
    with entered(server, "ann") as client:
        yield client


@pytest.fixture
def bob(server: Server) -> Iterator[V1]:
    with entered(server, "bob") as client:
        yield client


def code_of(answer: Fields) -> str:
    assert answer["type"] == "error", answer
    assert answer["message"].endswith(".")
    code: str = answer["code"]
    return code


# Who one is.


def test_a_token_makes_one_the_same_person_and_without_it_one_is_new(server: Server) -> None:
    with V1(server, "ann") as first:
        token, person = first.token, first.id
    with V1(server, "ann") as other:
        assert other.id != person
    with V1(server, "anna", token=token) as again:
        assert again.id == person
        assert again.me["name"] == "anna"
        assert again.token == token


@pytest.mark.parametrize("token", ["", "x", "{person}.x", "{person}"])
def test_a_forged_token_is_refused(server: Server, token: str) -> None:
    with V1(server, "ann") as ann, server.connect(protocol="chat.v1") as eve:
        forged = token.format(person=ann.id)
        eve.send(json.dumps({"type": "hello", "username": "eve", "email": "", "token": forged}))
        assert code_of(hear(eve)) == "bad_message"


def cookie_of(server: Server, headers: dict[str, str] | None = None) -> str:
    return server.get("/", headers)[2]["set-cookie"].split(";")[0]


def test_a_page_gets_a_cookie_that_makes_it_the_same_person_and_no_token(server: Server) -> None:
    cookie = cookie_of(server)
    with V1(server, "ann", cookie=cookie) as ann:
        assert ann.token is None
        person = ann.id
    assert cookie_of(server, {"Cookie": cookie}) == cookie, "the next page is the same person"
    forged = cookie.replace("=", "=0")
    assert cookie_of(server, {"Cookie": forged}) != forged
    with V1(server, "ann", cookie=cookie) as again, V1(server, "eve", cookie=forged) as eve:
        assert again.id == person
        assert eve.id != person
        assert eve.token is not None


def test_the_cookie_is_kept_from_scripts_and_other_sites(server: Server) -> None:
    cookie = server.get("/")[2]["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert server.get("/")[2]["cache-control"] == "no-store"


def test_two_people_can_not_hold_one_name_at_once(server: Server, ann: V1) -> None:
    with server.connect(protocol="chat.v1") as other:
        other.send('{"type":"hello","username":"ＡＮＮ","email":""}')
        assert code_of(hear(other)) == "name_taken"
        other.send('{"type":"hello","username":"all","email":""}')
        assert code_of(hear(other)) == "bad_name"
        other.send('{"type":"hello","username":"not ann","email":""}')
        assert hear(other)["type"] == "welcome"
    with V1(server, "ann", token=ann.token) as second_tab:
        assert second_tab.id == ann.id
        second_tab.say(type="hello", username="anna", email="")
        assert second_tab.until("welcome")["you"]["name"] == "anna"
        with V1(server, "ann"):
            assert ann.send("under my new name")["user"]["name"] == "anna"


def test_the_name_of_somebody_who_left_is_free(server: Server) -> None:
    V1(server, "guest").close()

    def comes() -> bool:
        with server.connect(protocol="chat.v1") as other:
            other.send('{"type":"hello","username":"guest","email":""}')
            return bool(hear(other)["type"] == "welcome")

    wait_until(comes, "the name to be free")


def test_an_address_can_not_be_found_by_saying_hello_with_it(server: Server, ann: V1) -> None:
    with V1(server, "eve") as eve:
        eve.say(type="hello", username="eve", email="ann@example.org")
        assert eve.until("welcome")["you"]["avatar"] != ann.me["avatar"]
    with V1(server, "ann 2", token=ann.token) as again:
        again.say(type="hello", username="ann", email=" ANN@example.org")
        assert again.until("welcome")["you"]["avatar"] == ann.me["avatar"], "the same person, the same address"


def test_an_address_never_leaves(server: Server, ann: V1) -> None:
    with server.connect() as plain:
        ann.send("from v1")
        assert hear(plain) == {"email": "", "username": "ann", "message": "from v1"}
        say(plain, "from plain", email="secret@example.org")
        event = ann.where(lambda heard: heard.get("message") == "from plain")
        assert event["user"]["plain"] is True
        assert "plain" not in ann.me
        assert "@example.org" not in json.dumps(ann.heard)


# Messages.


def test_plain_and_v1_clients_share_the_room(server: Server, ann: V1) -> None:
    with server.connect() as plain:
        event = ann.send("one", id="my-id")
        assert (event["id"], event["user"], event["room"]) == ("my-id", ann.me, "main")
        assert event["time"].endswith("Z")
        say(plain, "two")
        assert ann.until("message")["seq"] == event["seq"] + 1
        assert [hear(plain)["message"], hear(plain)["message"]] == ["one", "two"]


def test_a_repeated_send_is_stored_once_and_answered_with_the_stored_event(server: Server, ann: V1) -> None:
    with server.connect() as plain:
        first = ann.send("only once", id="twice")
        assert ann.send("only once", id="twice") == first
        say(plain, "next")
        assert [hear(plain)["message"], hear(plain)["message"]] == ["only once", "next"]


def test_edit_delete_and_reactions_reach_everybody_and_the_page(server: Server, ann: V1, bob: V1) -> None:
    event = ann.send("first")
    assert ann.ask("edit", room="main", target=event["seq"], message="second @bob")["type"] == "edit"
    edit = bob.until("edit")
    assert (edit["target"], edit["message"], edit["mentions"]) == (
        event["seq"],
        "second @bob",
        [{"id": bob.id, "name": "bob"}],
    )
    bob.ask("react", room="main", target=event["seq"], emoji="🎉")
    ann.ask("react", room="main", target=event["seq"], emoji="🎉")
    ann.ask("react", room="main", target=event["seq"], emoji="👍")
    ann.ask("react", room="main", target=event["seq"], emoji="👍", on=False)
    (now,) = bob.ask("history", room="main", around=event["seq"], limit=1)["messages"]
    assert now["message"] == "second @bob"
    assert now["edited"] == edit["time"]
    assert now["mentions"] == edit["mentions"]
    assert now["reactions"] == [{"emoji": "🎉", "users": [{"id": bob.id, "name": "bob"}, {"id": ann.id, "name": "ann"}]}]
    assert code_of(bob.ask("delete", room="main", target=event["seq"])) == "not_yours"
    ann.ask("delete", room="main", target=event["seq"])
    assert bob.until("delete")["target"] == event["seq"]
    (now,) = bob.ask("history", room="main", around=event["seq"], limit=1)["messages"]
    assert (now["message"], now["deleted"]) == ("", True)
    assert not {"edited", "mentions", "reactions"} & set(now)


def test_an_answer_shows_what_it_answers_as_it_is_now(ann: V1, bob: V1) -> None:
    asked = ann.send("why\n  so  late?")
    answer = bob.send("because", reply=asked["seq"])
    assert answer["reply"] == {"seq": asked["seq"], "name": "ann", "message": "why so late?"}
    assert ann.until("message")["seq"] == asked["seq"] + 1
    ann.ask("edit", room="main", target=asked["seq"], message="why?")
    assert bob.ask("history", room="main", around=answer["seq"], limit=1)["messages"][0]["reply"]["message"] == "why?"


def test_who_has_not_joined_can_do_nothing_in_a_room(server: Server, ann: V1) -> None:
    event = ann.send("hello")
    with V1(server, "cid") as cid:
        for kind, more in (
            ("send", {"message": "x"}),
            ("edit", {"target": event["seq"], "message": "x"}),
            ("delete", {"target": event["seq"]}),
            ("react", {"target": event["seq"], "emoji": "🎉"}),
            ("topic", {"topic": "x"}),
        ):
            assert code_of(cid.ask(kind, room="main", **more)) == "not_joined"
        assert code_of(cid.ask("send", room="attic", message="x")) == "unknown_room"


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("nonsense", "bad_json"),
        ('{"type":"shout"}', "bad_type"),
        ('{"type":"hello","username":" ","email":"a@x"}', "bad_name"),
        ('{"type":"join"}', "hello_first"),
        ('{"type":"send","id":"1","message":"x"}', "hello_first"),
    ],
)
def test_an_error_keeps_the_connection(server: Server, said: str, code: str) -> None:
    with server.connect(protocol="chat.v1") as client:
        client.send(said)
        assert code_of(hear(client)) == code
        client.send('{"type":"hello","username":"dora","email":""}')
        assert hear(client)["type"] == "welcome"


def test_who_sends_nothing_but_nonsense_is_sent_away(serve: Callable[..., Server]) -> None:
    server = serve(**WITHOUT_LIMIT)
    with server.connect(protocol="chat.v1") as client, pytest.raises(ConnectionClosed, match="100 messages in a row"):
        for _ in range(200):
            client.send("nonsense")  # it may be sent away in the midst of this
        while True:
            client.recv(PATIENCE)


# Rooms.


def test_a_room_is_made_found_joined_and_left(ann: V1, bob: V1) -> None:
    made = ann.ask("create", room="Déploys", topic="what goes out")
    assert (made["room"], made["topic"], made["member"]) == ("déploys", "what goes out", True)
    told = bob.where(lambda heard: heard["type"] == "room")
    assert (told["room"], "member" in told) == ("déploys", False)
    ann.join("déploys")
    bob.join("déploys")
    assert ann.until("enter")["user"]["id"] == bob.id
    assert bob.send("hello", "DÉPLOYS")["seq"] == 3
    assert ann.until("message")["message"] == "hello"
    assert [one["name"] for one in ann.ask("people", room="déploys")["people"]] in (["ann", "bob"], ["bob", "ann"])
    bob.ask("topic", room="déploys", topic="news")
    assert ann.until("topic")["topic"] == "news"
    assert ann.until("room")["topic"] == "news"
    bob.ask("leave", room="déploys")
    assert ann.until("leave")["user"]["id"] == bob.id
    assert code_of(bob.ask("send", room="déploys", message="x")) == "not_joined"
    assert code_of(bob.ask("leave", room="déploys")) == "not_joined"
    assert code_of(bob.ask("leave", room="main")) == "bad_room"
    assert code_of(bob.ask("create", room="déploys")) == "room_taken"


def test_a_room_is_found_by_any_form_of_its_name_and_told_by_its_own(ann: V1) -> None:
    ann.ask("create", room="φίλος")
    ann.say(type="join", room="ΦΊΛΟΣ", resume=None)
    joined = ann.until("joined")
    assert (joined["room"], joined["asked"]) == ("φίλοσ", "ΦΊΛΟΣ")
    ann.say(type="join", room="Nowhere", resume=None)
    answer = ann.until("error")
    assert (answer["code"], answer["room"], answer["asked"]) == ("unknown_room", "nowhere", "Nowhere")
    taken = ann.ask("create", room="Φίλος")
    assert (taken["code"], taken["room"]) == ("room_taken", "φίλοσ")
    assert "asked" not in ann.join("φίλοσ")[0]


def test_a_repeated_create_gives_the_room_again(ann: V1) -> None:
    first = ann.ask("create", room="again", id="create-again")
    assert ann.ask("create", room="again", id="create-again") == first


def test_each_room_counts_for_itself_and_tells_its_own_readers_alone(server: Server, ann: V1, bob: V1) -> None:
    ann.ask("create", room="quiet")
    ann.join("quiet")
    ann.send("to nobody", "quiet")
    ann.send("to all")
    bob.where(lambda heard: heard.get("message") == "to all")
    assert not [heard for heard in bob.heard if heard.get("room") == "quiet" and heard["type"] == "message"]


def test_a_direct_room_is_for_two(server: Server, ann: V1, bob: V1) -> None:
    room = ann.ask("direct", person=bob.id)
    assert (room["kind"], room["with"]["name"]) == ("direct", "bob")
    told = bob.until("room")
    assert (told["room"], told["with"]["name"], told["member"]) == (room["room"], "ann", True)
    ann.join(room["room"])
    secret = ann.send("psst", room["room"])
    assert bob.ask("direct", person=ann.id)["room"] == room["room"], "the same one"
    joined, past = bob.join(room["room"])
    assert (joined["unread"], past[-1]["message"]) == (1, "psst")
    with entered(server, "eve") as eve:
        name = room["room"]
        assert name not in eve.rooms
        eve.say(type="join", room=name)
        assert code_of(eve.until("error")) == "unknown_room"
        for kind, more in (
            ("send", {"message": "x"}),
            ("edit", {"target": secret["seq"], "message": "x"}),
            ("react", {"target": secret["seq"], "emoji": "🎉"}),
            ("history", {"before": 99}),
            ("people", {}),
            ("leave", {}),
        ):
            assert code_of(eve.ask(kind, room=name, **more)) == "unknown_room"
        assert code_of(eve.ask("search", query=f"in:{name} psst")) in ("bad_room", "unknown_room", "bad_query")
        assert eve.ask("search", query="psst")["hits"] == []
        assert code_of(eve.ask("send", id=secret["id"], room="main", message="x")) == "id_taken"
        assert code_of(eve.ask("direct", person="nobody")) == "unknown_person"
        assert code_of(eve.ask("direct", person=eve.id)) == "unknown_person"
    assert "psst" not in json.dumps([heard for heard in eve.heard if heard["type"] != "results"])


def test_unread_is_counted_and_told_to_all_tabs(server: Server, ann: V1, bob: V1) -> None:
    ann.ask("create", room="busy")
    ann.join("busy")
    bob.join("busy")
    for text in ("one", "@bob two", "@all three"):
        newest = ann.send(text, "busy")
    with V1(server, "bob", token=bob.token) as tab:
        assert {**tab.rooms["busy"]} | {"seq": 0} == {
            "room": "busy", "kind": "room", "topic": "", "seq": 0, "member": True, "read": 2, "unread": 3, "mentions": 2,
        }  # fmt: skip
        tab.say(type="read", room="busy", seq=newest["seq"] - 1)
        for one in (bob, tab):
            assert one.until("read") == {
                "type": "read", "room": "busy", "read": newest["seq"] - 1, "unread": 1, "mentions": 1,
            }  # fmt: skip
        tab.say(type="read", room="busy", seq=10**6)
        assert bob.until("read")["read"] == newest["seq"]


# Coming back.


def test_who_comes_back_gets_exactly_what_was_missed(serve: Callable[..., Server]) -> None:
    server = serve(**WITHOUT_LIMIT)
    with entered(server, "ann") as ann:
        seq = ann.send("one")["seq"]
    with entered(server, "bob") as bob:
        for number in range(1200):
            bob.say(type="send", id=str(number), room="main", message=f"{number} " + "x" * 900)
        newest = bob.where(lambda heard: heard.get("id") == "1199")["seq"]
        edited = bob.ask("edit", room="main", target=seq + 1, message="edited")["seq"]
        bob.ask("delete", room="main", target=seq + 2)
        with V1(server, "ann", token=ann.token) as back:
            joined, missed = back.join(seq=seq)
            assert (joined["recovered"], joined["seq"]) == (True, newest + 2)
            assert [event["seq"] for event in missed] == list(range(seq + 1, newest + 3))
            assert missed[0]["message"].startswith("0 "), "as it was, with the edit in its place"
            assert (missed[1]["message"], missed[1]["deleted"]) == ("", True), "but not what was deleted"
            assert missed[edited - seq - 1]["type"] == "edit"
            assert bob.send("live")["seq"] == newest + 3
            assert back.until("message")["seq"] == newest + 3
            for position in (newest + 99, -5):
                assert back.join(seq=position)[0]["recovered"] is False
            back.epoch = "another"
            joined, page = back.join(seq=seq)
            assert joined["recovered"] is False
            assert len(page) == 50
            assert page[-1]["message"] == "live"


def test_positions_survive_a_killed_server(serve: Callable[..., Server]) -> None:
    server = serve(**WITHOUT_LIMIT)
    ann, bob = entered(server, "ann"), entered(server, "bob")
    seq = ann.send("before")["seq"]
    bob.until("message")
    event = ann.send("unheard")
    server.kill()
    server.start()
    with V1(server, "bob", token=bob.token) as back, V1(server, "ann", token=ann.token) as again:
        assert (back.id, back.epoch) == (bob.id, bob.epoch)
        joined, missed = back.join(seq=seq)
        assert joined["recovered"] is True
        assert missed == [event]
        again.join(seq=event["seq"])
        assert again.send("unheard", id=event["id"]) == event, "sent again after the kill: not stored twice"


def test_while_somebody_catches_up_nothing_new_is_missed_or_doubled(serve: Callable[..., Server]) -> None:
    server = serve(**WITHOUT_LIMIT)
    with entered(server, "talker") as talker:
        for number in range(600):
            talker.say(type="send", id=f"old-{number}", room="main", message="x" * 500)
        talker.where(lambda heard: heard.get("id") == "old-599")
        done = threading.Event()

        def talk() -> None:
            number = 0
            while not done.is_set():
                talker.send(f"new {number}")
                number += 1

        thread = threading.Thread(target=talk)
        thread.start()
        try:
            for name in ("a", "b", "c", "d", "e"):
                with V1(server, name) as client:
                    joined, past = client.join(seq=1)
                    assert joined["recovered"]
                    seqs = [event["seq"] for event in past]
                    while len(seqs) < joined["seq"] + 30:
                        heard = client.hear()
                        if heard["type"] == "message":
                            seqs.append(heard["seq"])
                    assert seqs == list(range(2, len(seqs) + 2))
        finally:
            done.set()
            thread.join()


def test_history_is_paged_in_both_directions(serve: Callable[..., Server]) -> None:
    server = serve(**WITHOUT_LIMIT)
    with entered(server, "ann") as ann:
        for number in range(120):
            ann.say(type="send", id=str(number), room="main", message=str(number))
        ann.where(lambda heard: heard.get("id") == "119")
        for number in range(30):  # reactions stand between the messages in the log and count on no page
            ann.ask("react", room="main", target=60, emoji="🎉", on=number % 2 == 0)
        newest = ann.send("last")["seq"]

        def page(**where: int) -> tuple[list[str], bool, bool]:
            answer = ann.ask("history", room="main", **where)
            assert answer["as_of"] == newest
            return [message["message"] for message in answer["messages"]], answer["start"], answer["end"]

        assert page(before=newest + 1, limit=3) == (["118", "119", "last"], False, True)
        assert page(before=newest, limit=200) == ([str(number) for number in range(120)], True, False)
        assert page(before=2) == ([], True, False)
        assert page(after=0, limit=2) == (["0", "1"], True, False)
        assert page(after=newest - 40, limit=200)[0] == ["last"] or page(after=newest - 40, limit=200)[2]
        assert page(after=newest) == ([], False, True)
        assert page(around=61, limit=5) == (["57", "58", "59", "60", "61"], False, False)
        assert page(around=newest, limit=4) == (["119", "last"], False, True)
        assert page(around=2, limit=4) == (["0", "1", "2"], True, False)


def test_a_page_of_its_own_size_comes_with_joining(serve: Callable[..., Server]) -> None:
    server = serve(**WITHOUT_LIMIT)
    with entered(server, "ann") as ann:
        for number in range(10):
            newest = ann.send(str(number))
        ann.ask("edit", room="main", target=newest["seq"], message="edited")
        ann.ask("delete", room="main", target=newest["seq"] - 1)
        with V1(server, "bob") as bob:
            assert bob.join(page=0)[1] == []
            page = bob.join(page=3)[1]
            assert [message["message"] for message in page] == ["7", "", "edited"]
            assert [set(message) & {"edited", "deleted"} for message in page] == [set(), {"deleted"}, {"edited"}]
            assert bob.join(page=3)[1] == page, "out of memory the same"
            ann.ask("react", room="main", target=newest["seq"], emoji="🎉")
            later = bob.join(page=3)[1]
            assert later[:3] == page
            assert later[3]["type"] == "react", "what came after the page was read follows it"


# Who is here.


def test_presence_is_one_entry_a_person_however_many_tabs(serve: Callable[..., Server]) -> None:
    server = serve()
    with entered(server, "ann") as ann, entered(server, "fay") as fay:
        came = ann.where(lambda heard: heard["type"] == "presence" and fay.me in heard["joined"])
        here = came["here"]
        with entered(server, "fay", token=fay.token), entered(server, "gus"):
            came = ann.where(lambda heard: heard["type"] == "presence" and heard["joined"])
            assert [user["name"] for user in came["joined"]] == ["gus"]
            assert came["here"] == here + 1
        with V1(server, "hal") as hal:
            wait_until(lambda: fay.me in hal.join(page=0)[0]["users"], "the list of those who are here")
        left: set[str] = set()
        fay.close()
        while fay.id not in left:
            left |= set(ann.until("presence")["left"])


def test_a_page_loaded_anew_makes_nobody_leave(server: Server, ann: V1) -> None:
    with entered(server, "ivy") as ivy:
        ann.where(lambda heard: heard["type"] == "presence" and ivy.me in heard["joined"])
    with entered(server, "ivy", token=ivy.token), entered(server, "jon") as jon:
        ann.where(lambda heard: heard["type"] == "presence" and jon.me in heard["joined"])
    wait_until(lambda: any(ivy.id in ann.until("presence")["left"] for _ in [0]), "ivy to leave, in the end")
    presence = [heard for heard in ann.heard if heard["type"] == "presence"]
    assert sum(ivy.me in heard["joined"] for heard in presence) == 1


def test_typing_is_told_to_the_room_and_not_too_often(server: Server, ann: V1, bob: V1) -> None:
    for _ in range(5):
        ann.say(type="typing", room="main")
    ann.say(type="typing", room="attic")
    bob.until("typing")
    ann.send("done")
    bob.where(lambda heard: heard.get("message") == "done")
    typing = [heard for heard in bob.heard if heard["type"] == "typing"]
    assert typing == [{"type": "typing", "room": "main", "user": ann.me}]
    with V1(server, "late") as late:
        assert not [heard for heard in late.join(seq=1)[1] if heard["type"] in ("typing", "presence")]


# Faults.


def test_a_locked_store_is_told_and_what_was_said_can_be_sent_again(serve: Callable[..., Server]) -> None:
    server = serve(**WITHOUT_LIMIT)
    with entered(server, "ann") as ann, entered(server, "bob") as bob, server.connect() as plain:
        seq = ann.send("before")["seq"]
        other = sqlite3.connect(server.data_dir / schema.FILE_NAME, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        answer = ann.ask("send", id="kept", room="main", message="kept")
        assert code_of(answer) == "not_stored"
        assert bob.ask("history", room="main", before=seq + 1)["messages"], "readers go on"
        assert server.health()["storing"] is False
        say(plain, "lost")
        with pytest.raises(ConnectionClosed, match="could not be stored"):
            plain.recv(PATIENCE)
            plain.recv(PATIENCE)
        other.execute("COMMIT")
        other.close()
        assert ann.send("kept", id="kept")["seq"] == seq + 1
        assert bob.where(lambda heard: heard.get("id") == "kept")["seq"] == seq + 1


def test_one_post_that_can_not_be_stored_costs_nobody_else_theirs(serve: Callable[..., Server]) -> None:
    server = serve(**WITHOUT_LIMIT)
    with entered(server, "ann") as ann, entered(server, "bob") as bob:
        # Whatever it may be about a post: here a trigger that refuses it.
        other = sqlite3.connect(server.data_dir / schema.FILE_NAME)
        other.execute(
            "CREATE TRIGGER refuse BEFORE INSERT ON events WHEN new.body = 'poison' BEGIN SELECT raise(ABORT, 'poison'); END"
        )
        other.commit()
        other.close()
        for number in range(50):
            ann.say(type="send", id=f"poison-{number}", room="main", message="poison")
            bob.say(type="send", id=f"good-{number}", room="main", message="good")
        for number in range(50):
            assert bob.answer(f"good-{number}")["type"] == "message"
            assert code_of(ann.answer(f"poison-{number}")) == "not_stored"
        assert server.health()["storing"] is True


def test_a_short_lock_is_waited_out(serve: Callable[..., Server]) -> None:
    server = serve()
    with entered(server, "ann") as ann:
        other = sqlite3.connect(server.data_dir / schema.FILE_NAME, isolation_level=None, check_same_thread=False)
        other.execute("BEGIN IMMEDIATE")
        timer = threading.Timer(0.3, lambda: other.execute("COMMIT"))
        timer.start()
        ann.send("a moment later")
        timer.join()
        other.close()


def test_a_server_does_not_start_on_a_store_it_can_not_use(serve: Callable[..., Server]) -> None:
    server = serve()
    server.stop()
    path = server.data_dir / schema.FILE_NAME
    path.write_bytes(b"nonsense" * 1000)
    with pytest.raises(pytest.fail.Exception, match=r"(?s)chatapp does not start: .*chat\.db is damaged.*chat restore"):
        server.start()


def test_what_another_process_writes_is_delivered(serve: Callable[..., Server]) -> None:
    server = serve()
    with entered(server, "ann") as ann:
        seq = ann.send("one")["seq"]
        other = sqlite3.connect(server.data_dir / schema.FILE_NAME)
        other.execute(
            "INSERT INTO events SELECT pos + 1, room, seq + 1, number + 1, type, time, author, 'other', NULL, 'two', NULL "
            "FROM events ORDER BY pos DESC LIMIT 1"
        )
        other.commit()
        other.close()
        event = ann.until("message")
        assert (event["seq"], event["message"]) == (seq + 1, "two")
        assert ann.send("three")["seq"] == seq + 2


def test_a_position_and_a_page_ahead_of_what_the_worker_has_heard_are_no_gap_and_no_repeat(
    serve: Callable[..., Server],
) -> None:
    """As when two workers overlap: the other one writes, and the client comes here with what it told."""
    server = serve()
    with entered(server, "ann") as ann:
        for number in range(40):
            seq = ann.send(f"here {number}")["seq"]
            other = sqlite3.connect(server.data_dir / schema.FILE_NAME)
            other.execute(
                "INSERT INTO events SELECT pos + 1, room, seq + 1, number + 1, type, time, author, ?, NULL, 'there', NULL "
                "FROM events ORDER BY pos DESC LIMIT 1",
                (f"other-{number}",),
            )
            other.commit()
            other.close()
            with V1(server, "bob") as bob:
                if number % 2:
                    joined, missed = bob.join(seq=seq + 1)
                    assert (joined["recovered"], joined["seq"], missed) == (True, seq + 1, [])
                else:
                    assert bob.join(page=1)[1][-1]["message"] == "there"
                assert ann.send("next")["seq"] == seq + 2
                assert bob.until("message")["seq"] == seq + 2


def test_marks_survive_a_reload_while_somebody_does_not_say_goodbye(serve: Callable[..., Server]) -> None:
    server = serve()
    with entered(server, "ann") as ann, V1(server, "bob") as bob:
        bob.join(page=0)
        newest = [ann.send(str(number)) for number in range(5)][-1]
        (old,) = server.workers()
        silent = server.raw()  # a client that answers nothing
        bob.say(type="read", room="main", seq=newest["seq"])
        bob.until("read")
        server.signal(signal.SIGHUP)
        wait_until(lambda: server.workers() and old not in server.workers(), "the new worker alone")
        with V1(server, "bob", token=bob.token) as again:
            assert again.rooms["main"]["unread"] == 0
        silent.close()


def test_a_deleted_text_is_soon_nowhere_on_the_disk(serve: Callable[..., Server]) -> None:
    server = serve()
    with entered(server, "ann") as ann:
        seq = ann.send("unspeakable words")["seq"]
        assert ann.ask("search", query="unspeakable")["hits"]
        ann.ask("delete", room="main", target=seq)

        def is_there() -> bool:
            files = [file for file in server.data_dir.iterdir() if file.name.startswith("chat.")]
            return any(b"unspeakable" in file.read_bytes() for file in files)

        wait_until(lambda: not is_there(), "the text to be gone from the store's files")


def test_old_messages_are_removed_in_time_and_positions_among_them_mean_nothing(serve: Callable[..., Server]) -> None:
    server = serve(HISTORY_DAYS=0.00003)  # about 2.6 seconds
    with entered(server, "ann") as ann:
        seq = ann.send("soon gone")["seq"]
        wait_until(lambda: not ann.ask("history", room="main", before=10**6)["messages"], "the message to be removed", 30)
        with V1(server, "bob") as bob:
            assert bob.join()[1] == [], "not out of memory either"
        joined, page = ann.join(seq=seq - 1)
        assert (joined["recovered"], page) == (False, [])
        assert ann.send("goes on")["seq"] == seq + 1


def test_the_data_folder_may_have_any_name(serve: Callable[..., Server], tmp_path: Path) -> None:
    folder = tmp_path / "50% chat?mode=memory#%41"
    server = serve(DATA_DIR=folder)  # ? and # would end the path in an address, %41 would be an A
    with entered(server, "ann") as ann:
        ann.send("hello")
        assert [found["message"] for found in ann.ask("history", room="main", before=10**6)["messages"]] == ["hello"]
        assert [found["message"] for found in ann.ask("search", query="hello")["hits"]] == ["hello"]
    assert list(tmp_path.iterdir()) == [folder], "nothing is made elsewhere"
