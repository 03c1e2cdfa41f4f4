"""Proxies in front of the server: which of them are believed, and what they say of a request.

Data comes as a WSGI environ. If who sent the request is a proxy that the settings name, the environ is changed to what the
request was when it reached the first of them: the client's address, the scheme, the host, and the path below which the proxy
shows this server. From anybody else these headers mean nothing. Both ways in do this before all else (`realtime.entrance`
itself, everything else as WSGI middleware), so nobody behind them has to know of proxies.
"""

import ipaddress
import logging
import re
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication

#: Stands for whoever comes through a Unix socket, which has no address.
UNIX = "unix"

#: A WebSocket's scheme is told by some proxies.
_SCHEMES = {"http": "http", "https": "https", "ws": "http", "wss": "https"}
_HOST = re.compile(r"([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:\d{1,5})?")
_PREFIX = re.compile(r"(/[A-Za-z0-9._~-]+)*/?")
#: Some proxies write the port of the client, too.
_WITH_PORT = re.compile(r"\[([0-9A-Fa-f:.]+)\](?::\d+)?|(\d+\.\d+\.\d+\.\d+):\d+")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_log = logging.getLogger(__name__)


class Proxies:
    """The proxies that are trusted: addresses and networks, and `unix`."""

    def __init__(self, trusted: Collection[str]) -> None:
        self._trusts_unix = UNIX in trusted
        self._networks = [ipaddress.ip_network(text) for text in trusted if text != UNIX]
        self._has_warned = False

    def before(self, app: "WSGIApplication") -> "WSGIApplication":
        """The app, which sees requests as they were before the proxies."""

        def application(environ: dict[str, Any], start_response: "StartResponse") -> Iterable[bytes]:
            self.apply(environ)
            return app(environ, start_response)

        return application

    def apply(self, environ: dict[str, Any]) -> None:
        """Change the environ of a request to what a trusted proxy says of it, in place: the access log reads it too."""
        peer = environ.get("REMOTE_ADDR", "")
        if not self._is_trusted(peer):
            if "HTTP_X_FORWARDED_FOR" in environ:
                self._warn(peer)
            return
        environ["REMOTE_ADDR"] = self._client(environ.get("HTTP_X_FORWARDED_FOR", "")) or peer
        scheme = _SCHEMES.get(environ.get("HTTP_X_FORWARDED_PROTO", "").lower())
        if scheme:
            environ["wsgi.url_scheme"] = scheme
        host = environ.get("HTTP_X_FORWARDED_HOST", "")
        if _HOST.fullmatch(host):
            environ["HTTP_HOST"] = host
        prefix = environ.get("HTTP_X_FORWARDED_PREFIX", "")
        if prefix and _PREFIX.fullmatch(prefix):
            environ["SCRIPT_NAME"] = prefix.rstrip("/")

    def _client(self, forwarded: str) -> str:
        """Who spoke to the first trusted proxy. Each one adds its peer on the right; what is left of that is hearsay."""
        client = ""
        for hop in reversed(forwarded.split(",")):
            address = _parse(hop.strip())
            if address is None:
                break
            client = str(address)
            if not self._is_known(address):
                break
        return client

    def _is_trusted(self, peer: str) -> bool:
        if not peer:
            return self._trusts_unix
        address = _parse(peer) if self._networks else None
        return address is not None and self._is_known(address)

    def _is_known(self, address: Address) -> bool:
        return any(address in network for network in self._networks)

    def _warn(self, peer: str) -> None:
        """Once: whoever put a proxy there and did not say so looks for the reason here."""
        if not self._has_warned:
            self._has_warned = True
            name = peer or "a Unix socket"
            _log.warning("X-Forwarded-For from %s is not believed; if it is your proxy, set CHATAPP_TRUSTED_PROXIES", name)


def _parse(text: str) -> Address | None:
    match = _WITH_PORT.fullmatch(text)
    try:
        address = ipaddress.ip_address(match[1] or match[2] if match else text)
    except ValueError:
        return None
    # An IPv4 peer of a socket that listens for both.
    return getattr(address, "ipv4_mapped", None) or address
