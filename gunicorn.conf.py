"""How gunicorn runs the app. Found by gunicorn in the folder it is started in; the command line overrides it.

All values come from the settings (chatapp/config.py) or have their reason beside them.
"""

import gc
import resource
import subprocess
import sys

import gevent
from gevent.baseserver import BaseServer
from gevent.server import StreamServer
from gunicorn.workers import ggevent

# On a reload the master reads this file again, and its workers are to run the program as it lies there now: else they would
# inherit what was imported before. (Libraries stay as they are until a restart.)
for _name in [name for name in sys.modules if name.partition(".")[0] == "chatapp"]:
    del sys.modules[_name]

import chatapp
from chatapp import serverlog, workers_folder
from chatapp.chat import keeping
from chatapp.chat.database import StoreError
from chatapp.config import SettingError, load, unknown_names
from chatapp.logs import redact, redact_own
from chatapp.realtime import datagrams

try:
    _settings = load()
    _settings.data_dir.mkdir(parents=True, exist_ok=True)
    redact.load(_settings.log_redact)
except (SettingError, redact_own.BadPattern, OSError) as error:
    sys.exit(f"chatapp does not start: {error}")

bind = _settings.bind
worker_class = "gevent"
# HTTP connections at the same time; more wait. WebSockets do not count: their sockets are taken from gunicorn.
worker_connections = 1000
backlog = 2048
# A worker whose loop stands still for so long is replaced.
timeout = 30
# Longer than `stop` takes to say goodbye to everyone, short enough for a prompt end.
graceful_timeout = 5
keepalive = 5
# A management socket in the home folder that nobody asked for.
control_socket_disable = True
# Whom to believe what of a request is chatapp's to decide (CHATAPP_TRUSTED_PROXIES); gunicorn's own trust would be one more.
secure_scheme_headers = {}
forwarder_headers = ""
accesslog = "-"
# The path without its query, so that no secret somebody puts into an address ends up in a log.
access_log_format = '%(h)s "%(m)s %(U)s %(H)s" %(s)s %(b)s bytes %(M)sms'
logconfig_dict = serverlog.logging_config(_settings.data_dir)

# A thousand clients that come at once are let in a few at a time, so that those who are here are served in between
# (gevent's default is 100 a turn of the loop, and a handshake takes 0.15 to 0.6 ms).
BaseServer.max_accept = 2
# What a greenlet keeps of its birth, for debugging, costs a fifth of a new connection.
gevent.config.track_greenlet_tree = False

#: What takes connections in this worker, one for each socket. gunicorn keeps them to itself.
_listening = []


class _Listening(StreamServer):
    def start(self):
        _listening.append(self)
        super().start()


ggevent.StreamServer = _Listening

#: How often the worker looks whether it is to stop (seconds).
LOOK_SECONDS = 0.1


def on_starting(server):
    """In the master: refuse what can't work, and make room for as many sockets as the settings allow."""
    if server.cfg.is_ssl:
        sys.exit("chatapp does not start: gunicorn's own TLS is not supported; end TLS in a proxy (nginx, Caddy).")
    if server.cfg.preload_app:
        sys.exit("chatapp does not start: --preload imports the app before gevent's patch; leave it out.")
    if server.cfg.worker_class_str not in ("gevent", "gunicorn.workers.ggevent.GeventWorker"):
        sys.exit(f"chatapp does not start: it needs the gevent worker, not {server.cfg.worker_class_str}: use -k gevent.")
    try:
        if server.cfg.workers > 1 and not _settings.database_url:
            datagrams.check(workers_folder(_settings))
    except OSError as error:
        sys.exit(f"chatapp does not start: its workers can't find each other in {_settings.data_dir} ({error.strerror}).")
    if _settings.database_url:
        # In a process of its own, which says what is wrong: a hub of gevent's must not be there before the fork.
        check = "from chatapp.chat.keeping import main; main()"
        if subprocess.run([sys.executable, "-c", check], check=False).returncode:  # noqa: S603 - our own
            sys.exit(1)
    else:
        try:
            keeping.check(_settings)
        except StoreError as error:
            sys.exit(f"chatapp does not start: {error}")
    for sentence in unknown_names():
        server.log.warning("%s", sentence)
    _raise_file_limit(_settings.max_clients + worker_connections + 300, server.log)


def _raise_file_limit(wanted, log):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < wanted:
        possible = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (possible, hard))
        if possible < wanted:
            log.warning(
                "only %d files may be open, fewer than CHATAPP_MAX_CLIENTS=%d needs: raise the limit (ulimit -n)",
                possible,
                _settings.max_clients,
            )


def post_worker_init(worker):
    """In the worker, after the fork and the patch: start the greenlets, and one that watches for the end."""
    app = worker.wsgi
    chatapp.start(app)
    # What is there now stays: the collector need not look through it each time.
    gc.collect()
    gc.freeze()
    worker.handle = chatapp.let_in_before(app, worker.handle, worker.sockets)
    gevent.spawn(_stop_when_asked, worker, app)


def _stop_when_asked(worker, app):
    """Owned by a greenlet of its own. gunicorn has no hook for SIGTERM: its worker only turns `alive` off (gunicorn 27,
    `workers/ggevent.py`), and knows nothing of the WebSockets."""
    while worker.alive:
        gevent.sleep(LOOK_SECONDS)
    # gunicorn goes on taking connections for up to a second more. Who is sent away comes back at once, and would be refused
    # here; so it finds the next worker, or a proxy another server.
    for server in _listening:
        server.close()
    chatapp.stop(app)


def worker_exit(_server, worker):
    """The worker is about to be gone: not before everybody was told, and what waits is stored."""
    if getattr(worker, "wsgi", None) is not None:
        chatapp.stop(worker.wsgi)


def worker_int(worker):
    """SIGINT and SIGQUIT end a worker at once: say goodbye first."""
    chatapp.stop(worker.wsgi)
