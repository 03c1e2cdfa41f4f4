"""chatapp: a chat and a log viewer on one realtime engine.

`create_app` is the wiring, read in the order in which data travels; `start` brings the greenlets to life, in the
process that serves. Importing this package starts nothing and opens nothing.
"""

import logging
import logging.config
import os
import signal
import socket
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import gevent
from flask import Flask

from chatapp import commands, config, secretkey, serverlog
from chatapp.chat import socket as chat_socket
from chatapp.chat.client import Services
from chatapp.chat.database import StoreError
from chatapp.chat.follower import Follower
from chatapp.chat.keeping import Kept, kept, workers_folder
from chatapp.chat.past import Past
from chatapp.chat.people import People
from chatapp.chat.presence import Presence
from chatapp.chat.reader import Reader
from chatapp.chat.recent import Recent
from chatapp.chat.rooms import Rooms
from chatapp.chat.store import Store
from chatapp.chat.subscriptions import Subscriptions
from chatapp.chat.upkeep import Upkeep
from chatapp.chat.workers import Workers
from chatapp.config import Settings
from chatapp.logs import generation, redact, redact_own
from chatapp.logs import socket as logs_socket
from chatapp.logs.audit import Audit
from chatapp.logs.feeds import Feeds
from chatapp.logs.files import Catalog
from chatapp.logs.formats import Formats
from chatapp.logs.history import History
from chatapp.logs.listing import Listing
from chatapp.logs.watch import Watcher
from chatapp.realtime import counts, heartbeat
from chatapp.realtime.entrance import Entrance, Handle
from chatapp.realtime.hub import Hub
from chatapp.realtime.meter import Meter
from chatapp.realtime.peers import Peers
from chatapp.realtime.proxies import Proxies
from chatapp.realtime.sheets import OwnSheet
from chatapp.web import assets, avatars, log_access, log_api, metrics, pages, security, sockets

__all__ = ["create_app", "let_in_before", "set_up_logging", "start", "stop", "workers_folder"]

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
    key = secretkey.of_setting(settings.secret_key) if settings.secret_key else secretkey.load_or_make(settings.data_dir)
    machine = (settings.machine or socket.gethostname()) if settings.database_url else ""
    generation.begin_run(key)

    if not settings.log_token and not settings.bind.startswith(("127.", "localhost:", "[::1]:", "unix:")):
        _log.warning("the logs are shown on this computer only; set CHATAPP_LOG_TOKEN to see them from elsewhere")

    app = Flask(__name__, static_folder=str(_TOP / "static"), template_folder=str(_TOP / "templates"))
    app.config["MAX_CONTENT_LENGTH"] = MAX_FORM_BYTES

    hub = Hub(settings.max_clients)
    people = People(key)
    people.shares_emails = settings.avatars == "gravatar"
    formats = Formats(settings.log_encodings, settings.log_line_bytes)
    catalog = Catalog(settings.logs or (str(settings.data_dir / serverlog.FILE_NAME),), formats)
    for sentence in catalog.unseen() if settings.logs else ():
        _log.warning("%sLOGS: %s", config.PREFIX, sentence)
    watcher = Watcher(settings.log_watch)
    redactor = _redactor(settings)
    feeds = Feeds(catalog, watcher, hub, redactor, settings.data_dir)
    history = History(catalog, feeds)
    parts = kept(settings, secretkey.mark(key), lambda: hub.busy)
    chat = _chat(parts, hub, people, feeds, machine)
    listing = Listing(history, hub, machine)
    meter = _meter(settings, hub, feeds, chat)
    audit = Audit()
    talks = chat_socket.endpoint(chat, settings)
    looks = logs_socket.endpoint(hub, catalog, feeds, listing, settings, audit)

    # Before all else: who asks, and for what.
    proxies = Proxies(settings.trusted_proxies)
    app.wsgi_app = proxies.before(app.wsgi_app)  # type: ignore[method-assign,assignment]
    # Access to the logs first, so that who may not see them learns nothing else of them.
    app.register_blueprint(log_access.blueprint(log_access.LogAccess(settings.log_token, key, settings.allowed_origins)))
    security.protect(app, (talks, looks))
    app.register_blueprint(sockets.blueprint((talks, looks)))
    app.register_blueprint(log_api.blueprint(log_api.LogApi(history, redactor, hub, audit, machine)))
    app.register_blueprint(pages.blueprint(chat, settings))
    app.register_blueprint(metrics.blueprint(meter, settings.metrics_token))
    if settings.avatars == "gravatar":
        app.register_blueprint(avatars.blueprint(avatars.Avatars(people, settings.gravatar_url)))
    assets.add(app)
    commands.register(app, settings, key)

    app.extensions["chatapp"] = _Engine(chat, parts.peers, watcher, listing, settings, Entrance(talks, proxies), meter)
    app.before_request(lambda: start(app))
    return app


def _redactor(settings: Settings) -> redact.Redactor:
    try:
        return redact.load(settings.log_redact)
    except (redact_own.BadPattern, OSError) as error:
        raise config.SettingError(f"{config.PREFIX}LOG_REDACT can't be used: {error}") from None


def _chat(parts: Kept, hub: Hub, people: People, feeds: Feeds, machine: str) -> Services:
    """What the chat is made of, in the order in which a message travels."""

    def status() -> dict[str, Any]:
        return {
            **({"machine": machine} if machine else {}),
            "pid": os.getpid(),
            "clients": len(hub.clients),
            "files_followed": feeds.followed,
            "storing": rooms.storing,
        }

    store = Store(parts.database)
    reader = Reader(parts.asker)
    recent = Recent()
    past = Past(reader, recent)
    presence = Presence(hub)
    subscriptions = Subscriptions(store.directory, past, hub, presence)
    rooms = Rooms(store, recent, past, subscriptions, hub, parts.search.wake, parts.peers.nudge)
    if people.shares_emails:
        rooms.remember = people.remember  # who wrote in another worker too
    workers = Workers(parts.peers, Follower(parts.peers, rooms), parts.table, store, presence, hub, people, status)
    return Services(hub, store, reader, people, presence, subscriptions, rooms, parts.search, parts.copier, workers)


def _meter(settings: Settings, hub: Hub, feeds: Feeds, chat: Services) -> Meter:
    """What notes how much there is of everything just now."""

    def look() -> None:
        counts.FILES_FOLLOWED.one.value = feeds.followed
        counts.VIEWERS.one.value = feeds.viewers
        counts.NOT_STORING.one.value = not chat.rooms.storing

    return Meter(hub, OwnSheet(workers_folder(settings)), look)


class _Engine:
    """The greenlets of one app in one process."""

    def __init__(
        self,
        chat: Services,
        peers: Peers,
        watcher: Watcher,
        listing: Listing,
        settings: Settings,
        entrance: Entrance,
        meter: Meter,
    ) -> None:
        self.hub = chat.hub
        self.entrance = entrance
        self.chat = chat
        self._peers = peers
        self._upkeep = Upkeep(
            chat.store, chat.rooms, chat.hub, settings.history_days, peers.lead, chat.copier, _end_this_process
        )
        self._watcher = watcher
        self._listing = listing
        self._settings = settings
        self._meter = meter
        self._greenlets: list[gevent.Greenlet] = []

    def start(self) -> None:
        if self._greenlets:
            return
        try:
            self._begin()
        except StoreError as error:
            if not error.away:
                raise
            # Ending would not help: gunicorn gives up where no worker can begin.
            _log.warning("%s It is tried again.", error)
            self.hub.starting = True
            self._greenlets = [gevent.spawn(self._begin_when_possible)]

    def _begin_when_possible(self) -> None:
        """Owned by a greenlet of its own, until the database is there; meanwhile nobody is let in."""
        while self.hub.starting:
            gevent.sleep(REST_SECONDS)
            try:
                self._begin()
                self.hub.starting = False
                _log.warning("the database is there")
            except StoreError as error:
                if not error.away:
                    _log.error("%s", error)
            except Exception:
                _log.exception("the server can't begin")

    def _begin(self) -> None:
        self.chat.store.open()
        self.chat.workers.open()
        self.chat.store.catch_up()
        self._meter.sheet.open()
        self._greenlets = [
            _spawn("broadcast", self.hub.run, self.chat.rooms.publish),
            _spawn("follower", self.chat.workers.follower.run),
            _spawn("workers", self.chat.workers.run),
            _spawn("presence", self.chat.presence.telling.run),
            _spawn("upkeep", self._upkeep.run),
            _spawn("search index", self.chat.search.run),
            _spawn("heartbeat", heartbeat.run, self.hub, self._settings.ping_seconds),
            _spawn("inotify", self._watcher.run),
            _spawn("file list", self._listing.run),
            _spawn("meter", self._meter.run),
        ]

    def stop(self) -> None:
        with gevent.Timeout(STOP_SECONDS, False):
            self.chat.store.save()  # at once: on a reload, the next worker reads it in a moment
        self._peers.nudge()
        self.hub.stop(STOP_SECONDS)
        gevent.killall(self._greenlets)
        self.chat.workers.close()
        with gevent.Timeout(STOP_SECONDS, False):
            self.chat.store.close()
        self._meter.close()


def _end_this_process() -> None:
    """As if an administrator had: everybody is sent away, and gunicorn starts another worker."""
    os.kill(os.getpid(), signal.SIGTERM)


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
    """Open the store and start the greenlets, in the process that serves and after its monkey patch.

    Does nothing the second time. Raises `chat.database.StoreError`.
    """
    app.extensions["chatapp"].start()


def stop(app: Flask) -> None:
    """Send every client away with 1001, wait for them at most `STOP_SECONDS`, and close the store."""
    app.extensions["chatapp"].stop()


def let_in_before(app: Flask, long_way: Handle, listeners: Iterable[Any]) -> Handle:
    """For gunicorn: its handling of a connection, with the short way in before it (`realtime.entrance`)."""
    engine: _Engine = app.extensions["chatapp"]
    return engine.entrance.before(long_way, listeners)


def set_up_logging(settings: Settings | None = None) -> None:
    """Log to stderr and to the file in the data folder, for a server that does not do it itself."""
    settings = settings or config.load()
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    logging.config.dictConfig(serverlog.logging_config(settings.data_dir))
