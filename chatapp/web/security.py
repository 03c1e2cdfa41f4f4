"""What every request and every answer must satisfy: who may open a WebSocket, and the headers that protect the pages.

Runs before and after each request, so that no route can forget it. Which files may be read is decided in `logs.files`,
who may see logs in `web.log_access`.
"""

from collections.abc import Iterable

from flask import Flask, Response, request

from chatapp.realtime import counts
from chatapp.realtime.handshake import Refusal
from chatapp.realtime.hub import Hub
from chatapp.realtime.serve import Endpoint
from chatapp.web import log_answers
from chatapp.web.sockets import ACCEPTED

HEADERS = {
    # No inline script or style, no eval, nothing from elsewhere; the page may be framed by nobody.
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "font-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Not "no-referrer": that would make browsers send `Origin: null` with the form of the log page.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


def protect(app: Flask, endpoints: Iterable[Endpoint]) -> None:
    """Register the checks and the headers with the app; WebSockets are opened at the endpoints alone."""
    by_path = {endpoint.path: endpoint for endpoint in endpoints}

    @app.before_request
    def check_socket() -> Response | None:
        endpoint = by_path.get(request.path)
        if endpoint is None:
            return None
        environ = request.environ
        refusal = endpoint.refusal(environ) or _no_room(endpoint.hub)
        if refusal is not None:
            return answer(refusal)
        environ[ACCEPTED] = endpoint.agree(environ)
        return None

    @app.after_request
    def add_headers(response: Response) -> Response:
        if ACCEPTED in request.environ:
            return response  # of a request that has become a WebSocket: it goes nowhere
        _count(response.status_code, is_for_socket=request.path in by_path)
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        return response


def answer(refusal: Refusal) -> Response:
    """The refusal with its headers, as plain text; below /api/ as JSON."""
    if request.path.startswith("/api/"):
        response = log_answers.error(refusal.status, "refused", refusal.sentence)
    else:
        response = Response(refusal.sentence + "\n", refusal.status, mimetype="text/plain")
    for name, value in refusal.headers:
        response.headers[name] = value
    return response


def _count(status: int, is_for_socket: bool) -> None:
    kind = f"{max(2, status // 100)}xx" if status < 500 else "500" if status == 500 else "503"
    counts.ANSWERS[kind].value += 1
    if is_for_socket:
        counts.REFUSED[status if status in counts.REFUSED.by else counts.OTHER].value += 1


def _no_room(hub: Hub) -> Refusal | None:
    if hub.stopping:
        return Refusal(503, "The server is stopping. Come back in a moment.", (("Retry-After", "2"),))
    if hub.starting:
        return Refusal(503, "The server waits for its database. Come back in a moment.", (("Retry-After", "2"),))
    if hub.full:
        return Refusal(503, "The server has as many clients as it may (CHATAPP_MAX_CLIENTS).", (("Retry-After", "30"),))
    return None
