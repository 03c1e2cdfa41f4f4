"""The chat with Flask-SocketIO on gevent, as its documentation says to run it: python flask_socketio_chat.py PORT.

Runs in an environment of its own (requirements.txt here), by itself: imports nothing of the bench.
"""

from gevent import monkey

monkey.patch_all()

import sys  # noqa: E402 - after the patch
from typing import Any  # noqa: E402

from flask import Flask  # noqa: E402
from flask_socketio import SocketIO  # noqa: E402

app = Flask(__name__)
# A greenlet for each message would only cost; with one a client the order is kept.
socketio = SocketIO(app, async_mode="gevent", async_handlers=False)


@socketio.on("message")  # type: ignore[untyped-decorator]
def message(said: dict[str, Any]) -> None:
    """What one client says goes to all; it is encoded once."""
    socketio.emit("message", {"email": said["email"], "username": said["username"], "message": said["message"]})


socketio.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_output=False, backlog=4096)
