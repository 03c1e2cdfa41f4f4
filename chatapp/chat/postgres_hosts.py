"""Where the hosts of a database are. Whoever wants to know waits for one look-up, that all of them share.

A look-up takes one of the ten threads that gevent has for everybody, until the system gives it up, though nobody waits for
it any more. Where no name server answers that is half a minute, and those who try to connect would soon have taken all.
"""

import ipaddress

import gevent
from gevent import socket


class Hosts:
    """The hosts of one database, and their ports: as in its URL, one or several between commas."""

    def __init__(self, hosts: str, ports: str) -> None:
        self._hosts = hosts.split(",")
        self._ports = ports.split(",")
        self._looking: gevent.Greenlet | None = None

    def look_up(self) -> dict[str, str]:
        """What libpq is to be told of them, with their addresses; nothing if it needs none. Raises `OSError`."""
        if all(map(_needs_none, self._hosts)) or len(self._ports) not in (1, len(self._hosts)):
            return {}
        if self._looking is None or self._looking.ready():
            self._looking = gevent.spawn(_look_up, self._hosts)
        found: list[list[str] | OSError] = self._looking.get()
        ports = self._ports * len(self._hosts) if len(self._ports) == 1 else self._ports
        rows = [
            (host, port, address)
            for host, port, addresses in zip(self._hosts, ports, found, strict=True)
            for address in (addresses if isinstance(addresses, list) else ())
        ]
        if not rows:
            raise next(failed for failed in found if isinstance(failed, OSError))
        columns = zip(*rows, strict=True)
        return {key: ",".join(column) for key, column in zip(("host", "port", "hostaddr"), columns, strict=True)}


def _look_up(hosts: list[str]) -> list[list[str] | OSError]:
    """Owned by a greenlet that ends when the system has answered, whoever still wants to know."""
    return [_addresses(host) for host in hosts]


def _addresses(host: str) -> list[str] | OSError:
    if _needs_none(host):
        return [host if _is_address(host) else ""]
    try:
        entries = socket.getaddrinfo(host, None, proto=socket.IPPROTO_TCP, type=socket.SOCK_STREAM)
    except OSError as error:
        return error
    except UnicodeError as error:  # an empty part between two dots, or one that is too long
        return OSError(f"{host} can't be the name of a host: {error}")
    return [str(entry[4][0]) for entry in entries]


def _needs_none(host: str) -> bool:
    """Whether it is an address, or the folder of a Unix socket."""
    return not host or host.startswith("/") or _is_address(host)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
