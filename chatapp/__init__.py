"""chatapp: a chat and a log viewer on one realtime engine.

`create_app` is the wiring, read in the order in which data travels; `start` brings the greenlets to life, in the
process that serves. Importing this package starts nothing and opens nothing.
"""

import logging
import logging.config
from collections.abc import Callable
from pathlib import Path

import gevent
from flask import Flask

from chatapp import config, secretkey, serverlog
from chatapp.chat import socket as chat_socket
from chatapp.chat.room import Room
from chatapp.chat.store import Store
from chatapp.chat.users import Users
from chatapp.config import Settings
from chatapp.logs import socket as logs_socket
from chatapp.logs.feed import Feeds
from chatapp.logs.files import Catalog
from chatapp.logs.listing import Listing
from chatapp.logs.watch import Watcher
from chatapp.realtime import heartbeat
from chatapp.realtime.hub import Hub
from chatapp.realtime.serve import IdleThread
from chatapp.web import avatars, log_access, pages, security

__all__ = ["create_app", "set_up_logging", "start", "stop"]

_TOP = Path(__file__).resolve().parent.parent
#: How long clients may take to say goodbye when the server stops (seconds).
STOP_SECONDS = 1.2
#: The only thing that is posted is the form with the log token.
MAX_FORM_BYTES = 16_384
#: How long a loop that failed rests before it begins anew (seconds).
REST_SECONDS = 1.0

_log = logging.getLogger(__name__)


def create_app(settings: Settings | None = None) -> Flask:
    """Build the app; `settings` come from the environment unless given. Raises `config.SettingError`.

    Starts no greenlet: a server calls `start(app)` after its fork; others are started with the first request.
    """
    settings = settings or config.load()
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    key = secretkey.load_or_make(settings.data_dir)

    if not settings.log_token and not settings.bind.startswith(("127.", "localhost:", "[::1]:", "unix:")):
        _log.warning("the logs are shown on this computer only; set CHATAPP_LOG_TOKEN to see them from elsewhere")

    app = Flask(__name__, static_folder=str(_TOP / "static"), template_folder=str(_TOP / "templates"))
    # flask-sock shakes hands and no more; the Connection reads and writes. The first subprotocol that is left of the
    # client's offer is one spoken at that address (web.security).
    spoken = [name for names in security.SOCKETS.values() for name in names]
    app.config["MAX_CONTENT_LENGTH"] = MAX_FORM_BYTES
    app.config["SOCK_SERVER_OPTIONS"] = {"thread_class": IdleThread, "subprotocols": spoken}

    hub = Hub(settings.max_clients)
    room = Room(Store(), hub)
    users = Users(key)
    catalog = Catalog(settings.logs or (str(settings.data_dir / serverlog.FILE_NAME),))
    watcher = Watcher(settings.log_watch)
    feeds = Feeds(catalog, watcher, hub)
    listing = Listing(catalog, hub)

    # Access to the logs first, so that who may not see them learns nothing else of them.
    app.register_blueprint(log_access.blueprint(log_access.LogAccess(settings.log_token, key, settings.allowed_origins)))
    security.protect(app, hub, settings)
    app.register_blueprint(chat_socket.blueprint(hub, room, users, settings))
    app.register_blueprint(logs_socket.blueprint(hub, catalog, feeds, listing, settings))
    app.register_blueprint(pages.blueprint(hub, feeds, settings))
    if settings.avatars == "gravatar":
        app.register_blueprint(avatars.blueprint(avatars.Avatars(users, settings.gravatar_url)))
    pages.add_asset_function(app)

    app.extensions["chatapp"] = _Engine(hub, room, watcher, listing, settings)
    app.before_request(lambda: start(app))
    return app


class _Engine:
    """The greenlets of one app in one process."""

    def __init__(self, hub: Hub, room: Room, watcher: Watcher, listing: Listing, settings: Settings) -> None:
        self.hub = hub
        self._room = room
        self._watcher = watcher
        self._listing = listing
        self._settings = settings
        self._greenlets: list[gevent.Greenlet] = []

    def start(self) -> None:
        if self._greenlets:
            return
        self._greenlets = [
            _spawn("broadcast", self.hub.run, self._room.publish),
            _spawn("heartbeat", heartbeat.run, self.hub, self._settings.ping_seconds),
            _spawn("inotify", self._watcher.run),
            _spawn("file list", self._listing.run),
        ]


def _spawn(name: str, loop: Callable[..., None], *arguments: object) -> gevent.Greenlet:
    """Start a loop that must never end: if it fails, the log says so and it begins anew."""

    def run() -> None:
        while True:
            try:
                loop(*arguments)
            except Exception:
                _log.exception("the %s greenlet failed", name)
            gevent.sleep(REST_SECONDS)

    greenlet = gevent.spawn(run)
    greenlet.name = name
    return greenlet


def start(app: Flask) -> None:
    """Start the greenlets, in the process that serves and after its monkey patch. Does nothing the second time."""
    app.extensions["chatapp"].start()


def stop(app: Flask) -> None:
    """Send every client away with 1001, and wait for them at most `STOP_SECONDS`."""
    app.extensions["chatapp"].hub.stop(STOP_SECONDS)


def set_up_logging(settings: Settings | None = None) -> None:
    """Log to stderr and to the file in the data folder, for a server that does not do it itself."""
    settings = settings or config.load()
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    logging.config.dictConfig(serverlog.logging_config(settings.data_dir))
