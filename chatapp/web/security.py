"""What every request and every answer must satisfy: who may open a WebSocket, and the headers that protect the pages.

Runs before and after each request, so that no route can forget it. Which files may be read is decided in `logs.files`,
who may see logs in `web.log_access`.
"""

from collections.abc import Mapping

from flask import Flask, Response, jsonify, request
from wsproto.utilities import RemoteProtocolError

from chatapp.config import Settings
from chatapp.realtime.handshake import Refusal, check_upgrade, offered_protocols
from chatapp.realtime.hub import Hub

#: Where sockets are opened, and the subprotocols spoken there.
SOCKETS: Mapping[str, tuple[str, ...]] = {"/ws": ("chat.v1",), "/echo": ("logs.v1",)}

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


def protect(app: Flask, hub: Hub, settings: Settings) -> None:
    """Register the checks and the headers with the app."""

    @app.before_request
    def check_socket() -> Response | None:
        spoken = SOCKETS.get(request.path)
        if spoken is None:
            return None
        environ = request.environ
        # Without a token the logs are for this computer alone, and so not for pages of elsewhere that run on it.
        only_ours = request.path == "/echo" and not settings.log_token
        refusal = check_upgrade(environ, () if only_ours else settings.allowed_origins) or _no_room(hub)
        if refusal is not None:
            return answer(refusal)
        # Compression for each connection would cost 100 KB and twice the CPU a client: flask-sock must not see the offer.
        environ.pop("HTTP_SEC_WEBSOCKET_EXTENSIONS", None)
        environ["HTTP_SEC_WEBSOCKET_PROTOCOL"] = next((name for name in offered_protocols(environ) if name in spoken), "")
        return None

    @app.errorhandler(RemoteProtocolError)
    def refuse_handshake(_error: RemoteProtocolError) -> Response:
        """What the checks above let through and flask-sock's handshake does not understand."""
        return answer(Refusal(400, "This is no WebSocket handshake that can be understood."))

    @app.after_request
    def add_headers(response: Response) -> Response:
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        return response


def answer(refusal: Refusal) -> Response:
    """The refusal with its headers, as plain text; below /api/ as JSON."""
    if request.path.startswith("/api/"):
        response = jsonify(error="refused", message=refusal.sentence)
        response.status_code = refusal.status
    else:
        response = Response(refusal.sentence + "\n", refusal.status, mimetype="text/plain")
    for name, value in refusal.headers:
        response.headers[name] = value
    return response


def _no_room(hub: Hub) -> Refusal | None:
    if hub.stopping:
        return Refusal(503, "The server is stopping. Come back in a moment.", (("Retry-After", "2"),))
    if hub.full:
        return Refusal(503, "The server has as many clients as it may (CHATAPP_MAX_CLIENTS).", (("Retry-After", "30"),))
    return None
