"""Small parts of the engine that hold no socket: frames, close codes, rate limit, threads, which requests may upgrade."""

import contextlib
import gc
import threading
import weakref

import gevent
import pytest
from gevent.threadpool import ThreadPool

from chatapp.realtime import frames
from chatapp.realtime.handshake import check_upgrade, is_allowed_origin
from chatapp.realtime.ratelimit import TokenBucket
from chatapp.realtime.threads import in_thread

GOOD = {
    "REQUEST_METHOD": "GET",
    "HTTP_HOST": "chat.example.org",
    "HTTP_UPGRADE": "websocket",
    "HTTP_CONNECTION": "keep-alive, Upgrade",
    "HTTP_SEC_WEBSOCKET_VERSION": "13",
    "HTTP_SEC_WEBSOCKET_KEY": "dGhlIHNhbXBsZSBub25jZQ==",
}


@pytest.mark.parametrize(
    ("length", "header"),
    [
        (0, b"\x81\x00"),
        (125, b"\x81\x7d"),
        (126, b"\x81\x7e\x00\x7e"),
        (65535, b"\x81\x7e\xff\xff"),
        (65536, b"\x81\x7f\0\0\0\0\0\1\0\0"),
    ],
)
def test_a_text_frame_has_the_shortest_header(length: int, header: bytes) -> None:
    assert frames.text_frame(b"x" * length) == header + b"x" * length


def test_close_codes_tell_by_their_range_whether_to_come_back() -> None:
    codes = [close.code for close in frames.CLOSES]
    assert len(set(codes)) == len(codes)
    for close in frames.CLOSES:
        if close.code >= 4000:
            assert close.reconnect == (close.code < 4500)
        assert len(close.reason.encode()) <= frames.MAX_REASON_BYTES


def test_a_reason_is_cut_at_a_character() -> None:
    close = frames.NOT_ALLOWED.because("é" * 100)
    assert close.reason == "é" * 61
    assert close.code == 1008


def test_a_bucket_lets_a_burst_through_and_then_the_rate() -> None:
    bucket = TokenBucket(rate=20, burst=100, now=0.0)
    assert [bucket.take(0.0) for _ in range(100)] == [0.0] * 100
    assert bucket.take(0.0) == pytest.approx(0.05)
    assert bucket.take(0.05) == pytest.approx(0.05)
    assert bucket.take(10.0) == 0.0


def test_a_good_request_may_upgrade() -> None:
    assert check_upgrade(GOOD, ()) is None
    assert check_upgrade({**GOOD, "HTTP_ORIGIN": "https://chat.example.org"}, ()) is None


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"HTTP_UPGRADE": ""}, 426),
        ({"HTTP_CONNECTION": "keep-alive"}, 426),
        ({"REQUEST_METHOD": "POST"}, 426),
        ({"HTTP_SEC_WEBSOCKET_VERSION": "12"}, 426),
        ({"HTTP_SEC_WEBSOCKET_VERSION": ""}, 426),
        ({"HTTP_SEC_WEBSOCKET_KEY": ""}, 400),
        ({"HTTP_SEC_WEBSOCKET_KEY": "abc"}, 400),
        ({"HTTP_SEC_WEBSOCKET_KEY": "dGhlIHNhbXBsZSBub25jZQ\xe9\xe9"}, 400),
        ({"HTTP_HOST": ""}, 400),
        ({"HTTP_HOST": "ch\xe4t"}, 400),
        ({"SERVER_PROTOCOL": "HTTP/1.0"}, 426),
        ({"HTTP_SEC_WEBSOCKET_KEY": "AAAAAAAAAAAAAAAAAAAA"}, 400),
        ({"HTTP_ORIGIN": "https://evil.example"}, 403),
        ({"HTTP_ORIGIN": "null"}, 403),
        ({"HTTP_ORIGIN": "http://[bad"}, 403),
    ],
)
def test_a_bad_request_is_refused_with_a_sentence(change: dict[str, str], status: int) -> None:
    refusal = check_upgrade({**GOOD, **change}, ())
    assert refusal is not None
    assert refusal.status == status
    assert refusal.sentence.endswith(".")


@pytest.mark.parametrize(
    ("origin", "host", "allowed", "verdict"),
    [
        ("http://a:8000", "a:8000", (), True),
        ("http://a", "a:80", (), True),
        ("https://a", "a", (), True),
        ("https://a", "a:443", (), True),
        ("http://A", "a", (), True),
        ("http://a:8001", "a:8000", (), False),
        ("http://b", "a", (), False),
        ("http://b", "a", ("http://b",), True),
        ("https://b", "a", ("http://b",), False),
        ("http://anything", "a", ("*",), True),
        ("null", "a", (), False),
        ("http://a.evil", "a", (), False),
        ("http://a@evil", "a", (), False),
        ("file://", "", (), False),
        ("http://[::1]:8000", "[::1]:8000", (), True),
    ],
)
def test_an_origin_is_ours_or_allowed_or_refused(origin: str, host: str, allowed: tuple[str, ...], verdict: bool) -> None:
    assert is_allowed_origin(origin, host, allowed) is verdict


def test_what_has_a_pool_of_its_own_runs_there_also_when_that_is_idle() -> None:
    pool = ThreadPool(1)
    one, other = (in_thread(threading.get_ident, pool=pool) for _ in range(2))
    assert one == other
    assert in_thread(threading.get_ident) != one
    pool.kill()


def test_what_a_thread_was_given_is_let_go_when_it_fails() -> None:
    """A file, say: until the collector comes, it would stay open."""

    class Given:
        pass

    def fail(given: Given) -> None:
        raise LookupError

    given = Given()
    held = weakref.ref(given)
    gc.collect()
    gc.disable()
    try:
        with contextlib.suppress(LookupError):
            in_thread(fail, given)
        del given
        with gevent.Timeout(10):
            while held() is not None:
                gevent.sleep(0.01)
    finally:
        gc.enable()
