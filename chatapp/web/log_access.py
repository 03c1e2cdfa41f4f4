"""Who may see the log half: without a token, requests for a loopback host name; with one, who presents it.

A program sends `Authorization: Bearer TOKEN`. A page asks for the token once and gets a cookie that proves it was
known; the token itself is never in an address, a cookie or a log. Checked before each request, so before each upgrade.
"""

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

COOKIE = "chatapp_logs"
#: How long a page stays let in (seconds).
COOKIE_SECONDS = 30 * 86_400
#: Wrong tokens a second, and in a burst, before all tries have to wait.
GUESS_RATE = 1.0
GUESS_BURST = 10.0

#: All that belongs to the log half begins with one of these.
LOG_PATHS = ("/logs", "/echo", "/api/logs")
LOGIN_PATH = "/logs/login"

NOT_LOOPBACK = (
    "The logs are shown only on this computer itself (http://localhost). "
    "To see them from elsewhere, who runs the server sets CHATAPP_LOG_TOKEN."
)
WANTS_TOKEN = "The logs want a token: send the header Authorization: Bearer TOKEN (the server's CHATAPP_LOG_TOKEN)."  # noqa: S105

_log = logging.getLogger(__name__)


class LogAccess:
    """Decides about requests to the log half. `key` signs the cookie."""

    def __init__(self, token: str, key: bytes, allowed_origins: tuple[str, ...]) -> None:
        self._token = token
        # Proves that its owner knew the token, and ends with it: another token, another proof.
        self._proof = hmac.new(key, b"log access\0" + token.encode(), hashlib.sha256).hexdigest()
        self._allowed_origins = allowed_origins
        self._guesses = TokenBucket(GUESS_RATE, GUESS_BURST, time.monotonic())
        self._locked_until = 0.0

    def check(self) -> Response | None:
        """For `before_request`: None lets the request through."""
        if not _is_log_path(request.path) or request.path == LOGIN_PATH:
            return None
        if not self._token:
            return None if _is_for_loopback() else answer(Refusal(403, NOT_LOOPBACK))
        if hmac.compare_digest(request.cookies.get(COOKIE, "").encode(), self._proof.encode()):
            return None
        header = request.headers.get("Authorization", "")
        if header.startswith("Bearer "):
            if self._is_locked():
                return _wait_answer()
            if self._is_token(header.removeprefix("Bearer ").strip()):
                return None
        if request.path == "/logs" and "text/html" in request.headers.get("Accept", ""):
            return redirect(url_for("log_access.login"))  # type: ignore[return-value]
        return answer(Refusal(401, WANTS_TOKEN, (("WWW-Authenticate", 'Bearer realm="logs"'),)))

    def login(self) -> Response | str:
        """The page that asks for the token."""
        if not self._token:
            return redirect(url_for("pages.logs"))  # type: ignore[return-value]
        form = functools.partial(render_template, "logs_login.html", action=url_for("log_access.login"))
        if request.method == "GET":
            return form(error="")
        origin = request.headers.get("Origin")
        if origin is not None and not is_allowed_origin(origin, request.host, self._allowed_origins):
            return answer(Refusal(403, "This form is answered only from the server's own page."))
        if self._is_locked():
            return _wait_answer()
        if not self._is_token(request.form.get("token", "").strip()):
            return Response(form(error="That is not the token. It is the value of CHATAPP_LOG_TOKEN on the server."), 403)
        response: Response = redirect(url_for("pages.logs"))  # type: ignore[assignment]
        response.set_cookie(
            COOKIE,
            self._proof,
            max_age=COOKIE_SECONDS,
            httponly=True,
            samesite="Strict",
            secure=request.is_secure,
            path=request.script_root or "/",
        )
        return response

    def _is_locked(self) -> bool:
        return time.monotonic() < self._locked_until

    def _is_token(self, presented: str) -> bool:
        if hmac.compare_digest(presented.encode(), self._token.encode()):
            return True
        now = time.monotonic()
        self._locked_until = now + self._guesses.take(now)
        _log.warning("%s presented a wrong log token", request.remote_addr or "-")
        return False


def blueprint(access: LogAccess) -> Blueprint:
    """The route of the form, and the check before every request."""
    bp = Blueprint("log_access", __name__)
    bp.before_app_request(access.check)
    bp.add_url_rule(LOGIN_PATH, "login", access.login, methods=["GET", "POST"])
    return bp


def _wait_answer() -> Response:
    return answer(Refusal(429, "Too many wrong tokens. Wait a moment.", (("Retry-After", "5"),)))


def _is_log_path(path: str) -> bool:
    return any(path == start or path.startswith(start + "/") for start in LOG_PATHS)


def _is_for_loopback() -> bool:
    """Whether the request names this computer as its host and did not come through a proxy.

    The name counts, not the peer's address: a page of another site can make a browser on this computer ask here (DNS
    rebinding), but the host it names is its own. A proxy on this computer asks in the name of others.
    """
    if any(name in request.headers for name in ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-Ip", "Via")):
        return False
    try:
        name = urlsplit(f"//{request.host}").hostname or ""
    except ValueError:
        return False
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
