"""The opening handshake (RFC 6455 section 4.2): which requests may become a WebSocket, and what they are answered.

Data comes from a WSGI environ, or what looks like one. A `Refusal` is answered in plain HTTP, by `web.security`; what is
`Accepted` becomes a Connection in `realtime.serve`. Pure: nothing is read or sent here.
"""

import base64
import dataclasses
from collections.abc import Collection, Mapping
from typing import Any
from urllib.parse import urlsplit

from websockets.utils import accept_key

from chatapp.realtime import deflate

_DEFAULT_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}


@dataclasses.dataclass(frozen=True)
class Refusal:
    """An HTTP answer instead of an upgrade: status, a sentence, and headers that help."""

    status: int
    sentence: str
    headers: tuple[tuple[str, str], ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class Accepted:
    """What was agreed on: the subprotocol, empty for the plain dialect; and whether text may come compressed, both ways."""

    subprotocol: str
    deflated: bool


def check_upgrade(environ: Mapping[str, Any], allowed_origins: Collection[str]) -> Refusal | None:
    """What is wrong with this request as the opening of a WebSocket (RFC 6455 section 4.2.1), or None."""
    upgrade = _tokens(environ.get("HTTP_UPGRADE", ""))
    connection = _tokens(environ.get("HTTP_CONNECTION", ""))
    if "websocket" not in upgrade or "upgrade" not in connection or environ.get("REQUEST_METHOD") != "GET":
        return Refusal(
            426,
            "This address speaks WebSocket: open it with a WebSocket client.",
            (("Upgrade", "websocket"), ("Connection", "Upgrade")),
        )
    if environ.get("SERVER_PROTOCOL") == "HTTP/1.0":
        return Refusal(426, "WebSocket needs HTTP/1.1 or newer.", (("Upgrade", "websocket"), ("Connection", "Upgrade")))
    if not _is_host(environ.get("HTTP_HOST", "")):
        return Refusal(400, "The header Host is missing or is no host name.")
    if environ.get("HTTP_SEC_WEBSOCKET_VERSION", "").strip() != "13":
        return Refusal(
            426,
            "Only version 13 of WebSocket is spoken here (Sec-WebSocket-Version: 13).",
            (("Sec-WebSocket-Version", "13"), ("Upgrade", "websocket"), ("Connection", "Upgrade")),
        )
    if not _is_key(environ.get("HTTP_SEC_WEBSOCKET_KEY", "")):
        return Refusal(400, "The header Sec-WebSocket-Key is missing or is not 16 bytes in base64.")
    origin = environ.get("HTTP_ORIGIN")
    if origin is not None and not is_allowed_origin(origin, environ.get("HTTP_HOST", ""), allowed_origins):
        return Refusal(
            403,
            "A page of another origin may not connect here. Who runs the server can allow it with CHATAPP_ALLOWED_ORIGINS.",
        )
    return None


def is_allowed_origin(origin: str, host: str, allowed_origins: Collection[str]) -> bool:
    """Whether a page of `origin` may talk to this server, which the request called `host`.

    The schemes are not compared: behind a proxy that ends TLS the page's is https and ours is http.
    """
    origin = origin.strip().lower()
    if "*" in allowed_origins or origin in allowed_origins:
        return True
    try:
        parts = urlsplit(origin)
        default = _DEFAULT_PORTS[parts.scheme]
        ours = urlsplit(f"{parts.scheme}://{host.strip().lower()}")
        return bool(parts.hostname) and (parts.hostname, parts.port or default) == (ours.hostname, ours.port or default)
    except (KeyError, ValueError):
        return False


def agree(environ: Mapping[str, Any], spoken: Collection[str], deflates: bool) -> Accepted:
    """What to agree on with a client that may come in: the first subprotocol of its offer that is `spoken` here.

    `deflates`: whether compression is on.
    """
    offered = (name.strip() for name in environ.get("HTTP_SEC_WEBSOCKET_PROTOCOL", "").split(","))
    deflated = deflates and deflate.is_wanted(environ.get("HTTP_SEC_WEBSOCKET_EXTENSIONS", ""))
    return Accepted(next((name for name in offered if name in spoken), ""), deflated)


def response(environ: Mapping[str, Any], accepted: Accepted) -> bytes:
    """The answer after which the connection is a WebSocket (RFC 6455 section 4.2.2, item 5)."""
    lines = [
        "HTTP/1.1 101 Switching Protocols",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Accept: {accept_key(environ['HTTP_SEC_WEBSOCKET_KEY'].strip())}",
    ]
    if accepted.subprotocol:
        lines.append(f"Sec-WebSocket-Protocol: {accepted.subprotocol}")
    if accepted.deflated:
        lines.append(f"Sec-WebSocket-Extensions: {deflate.AGREED}")
    return "\r\n".join([*lines, "", ""]).encode("ascii")


def _tokens(header: str) -> set[str]:
    return {token.strip().lower() for token in header.split(",")}


def _is_key(key: str) -> bool:
    try:
        return len(base64.b64decode(key.strip(), validate=True)) == 16
    except ValueError:  # no base64, or not even ASCII
        return False


def _is_host(host: str) -> bool:
    return bool(host) and host.isascii() and host.isprintable() and " " not in host
