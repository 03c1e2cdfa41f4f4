"""Who may see the log half: without a token, requests for a loopback host name; with one, who presents it.

A program sends `Authorization: Bearer TOKEN`. A page asks for the token once and gets a cookie that proves it was
known; the token itself is never in an address, a cookie or a log. Checked before each request, so before each upgrade.
"""

import collections
import functools
import hashlib
import hmac
import ipaddress
import logging
import time
from urllib.parse import urlsplit

from flask import Blueprint, Response, redirect, render_template, request, url_for

from chatapp.realtime.handshake import Refusal, is_allowed_origin
from chatapp.realtime.ratelimit import TokenBucket
from chatapp.web.security import answer

#: How long a page stays let in (seconds).
COOKIE_SECONDS = 30 * 86_400
#: Wrong tokens a second, and in a burst, before an address has to wait; how many addresses are remembered.
GUESS_RATE = 1.0
GUESS_BURST = 10.0
REMEMBERED_ADDRESSES = 10_000
WAIT = "Too many wrong tokens. Wait a moment."
RETRY = (("Retry-After", "5"),)

#: All that belongs to the log half begins with one of these.
LOG_PATHS = ("/logs", "/echo", "/api/logs")
LOGIN_PATH = "/logs/login"

#: Signs that a request came through a proxy.
PROXY_HEADERS = (
    "CF-Connecting-IP",
    "Forwarded",
    "True-Client-IP",
    "X-Client-IP",
    "X-Forwarded-For",
    "X-Forwarded-Host",
    "X-Forwarded-Port",
    "X-Forwarded-Proto",
    "X-Forwarded-Server",
    "X-Real-Ip",
    "Via",
)

NOT_LOOPBACK = (
    "The logs are shown only on this computer itself (http://localhost). "
    "To see them from elsewhere, who runs the server sets CHATAPP_LOG_TOKEN."
)
FROM_ELSEWHERE = "A page of another site may not read the logs."
WANTS_TOKEN = "The logs want a token: send the header Authorization: Bearer TOKEN (the server's CHATAPP_LOG_TOKEN)."  # noqa: S105

_log = logging.getLogger(__name__)


class LogAccess:
    """Decides about requests to the log half. `key`, the server's own, signs the cookie."""

    def __init__(self, token: str, key: bytes, allowed_origins: tuple[str, ...]) -> None:
        self._token = token
        # Proves that its owner knew the token, and ends with it: another token, another proof.
        self._proof = hmac.new(key, b"log access\0" + token.encode(), hashlib.sha256).hexdigest()
        # Browsers share cookies between all ports of a host: each server has a name of its own for its.
        self._cookie = f"chatapp_logs_{hmac.new(key, b'log cookie', hashlib.sha256).hexdigest()[:8]}"
        self._allowed_origins = allowed_origins
        self._guesses = _Guesses()

    def check(self) -> Response | None:
        """For `before_request`: None lets the request through."""
        if not _is_log_path(request.path) or request.path == LOGIN_PATH:
            return None
        if _is_from_elsewhere():
            return answer(Refusal(403, FROM_ELSEWHERE))
        if not self._token:
            return None if _is_for_loopback() else answer(Refusal(403, NOT_LOOPBACK))
        if hmac.compare_digest(request.cookies.get(self._cookie, "").encode(), self._proof.encode()):
            return None
        header = request.headers.get("Authorization", "")
        if header[:7].lower() == "bearer ":
            if self._guesses.must_wait(_address()):
                return answer(Refusal(429, WAIT, RETRY))
            if self._is_token(header[7:].strip()):
                return None
        if request.path == "/logs" and "text/html" in request.headers.get("Accept", ""):
            return redirect(url_for("log_access.login", query=_query_text(request.query_string)))  # type: ignore[return-value]
        return answer(Refusal(401, WANTS_TOKEN, (("WWW-Authenticate", 'Bearer realm="logs"'),)))

    def login(self) -> Response | str:
        """The page that asks for the token, and goes on to `/logs` with the query that was asked for."""
        query = _query_text(request.values.get("query", ""))
        # Only a query is taken over, never an address: nobody can be sent elsewhere from here.
        goal = url_for("pages.logs") + (f"?{query}" if query else "")
        if not self._token:
            return redirect(goal)  # type: ignore[return-value]
        form = functools.partial(render_template, "logs_login.html", action=url_for("log_access.login"), query=query)
        if request.method == "GET":
            return form(error="")
        origin = request.headers.get("Origin")
        if origin is not None and not is_allowed_origin(origin, request.host, self._allowed_origins):
            return answer(Refusal(403, "This form is answered only from the server's own page."))
        if self._guesses.must_wait(_address()):
            return Response(form(error=WAIT), 429, RETRY)
        if not self._is_token(request.form.get("token", "").strip()):
            return Response(form(error="That is not the token."), 403)
        response: Response = redirect(goal)  # type: ignore[assignment]
        response.set_cookie(
            self._cookie,
            self._proof,
            max_age=COOKIE_SECONDS,
            httponly=True,
            samesite="Strict",
            secure=request.is_secure,
            path=request.script_root or "/",
        )
        return response

    def _is_token(self, presented: str) -> bool:
        if hmac.compare_digest(presented.encode(), self._token.encode()):
            return True
        self._guesses.count(_address())
        _log.warning("%s presented a wrong log token", _address())
        return False


class _Guesses:
    """Wrong tokens by address. While an address has to wait, the right token from there waits too.

    Else guessing would go on as fast as before. Behind a proxy all have its address: there, who guesses makes everybody
    wait who has no cookie.
    """

    def __init__(self) -> None:
        self._buckets: collections.OrderedDict[str, TokenBucket] = collections.OrderedDict()
        self._locked_until: dict[str, float] = {}

    def must_wait(self, address: str) -> bool:
        """Whether this address has guessed too often."""
        return time.monotonic() < self._locked_until.get(address, 0.0)

    def count(self, address: str) -> None:
        """Count a wrong token."""
        now = time.monotonic()
        bucket = self._buckets.setdefault(address, TokenBucket(GUESS_RATE, GUESS_BURST, now))
        self._buckets.move_to_end(address)
        self._locked_until[address] = now + bucket.take(now)
        if len(self._buckets) > REMEMBERED_ADDRESSES:
            oldest, _ = self._buckets.popitem(last=False)
            del self._locked_until[oldest]


def blueprint(access: LogAccess) -> Blueprint:
    """The route of the form, and the check before every request."""
    bp = Blueprint("log_access", __name__)
    bp.before_app_request(access.check)
    bp.add_url_rule(LOGIN_PATH, "login", access.login, methods=["GET", "POST"])
    return bp


def _address() -> str:
    return request.remote_addr or "-"


def _query_text(query: bytes | str) -> str:
    """A query string that can stand in a header and a form, without what could end either."""
    text = query.decode("latin-1") if isinstance(query, bytes) else query
    return "".join(char for char in text if "!" <= char <= "~" and char not in "\"'<>\\")[:2000]


def _is_log_path(path: str) -> bool:
    return any(path == start or path.startswith(start + "/") for start in LOG_PATHS)


def _is_from_elsewhere() -> bool:
    """Whether a page of another site asks, for `/api/logs`. It could not read the answer, but have the server search.

    A link to a download may be followed from anywhere. For `/echo` the origin decides (`web.security`).
    """
    headers = request.headers
    return (
        request.path.startswith("/api/")
        and headers.get("Sec-Fetch-Site", "") in ("cross-site", "same-site")
        and headers.get("Sec-Fetch-Mode", "") != "navigate"
    )


def _is_for_loopback() -> bool:
    """Whether the request comes from this computer, names it as its host, and did not come through a proxy.

    The peer's address alone is not enough: a page of another site can make a browser on this computer ask here (DNS
    rebinding), but the host it names is its own. And a proxy on this computer asks in the name of others.
    """
    if any(name in request.headers for name in PROXY_HEADERS):
        return False
    try:
        host = urlsplit(f"//{request.host}").hostname or ""
    except ValueError:
        return False
    # A Unix socket has no peer address.
    return _is_loopback(host) and _is_loopback(request.remote_addr or "localhost")


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback
