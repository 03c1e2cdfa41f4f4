"""The HTTP side of the logs: `/api/logs`, for the past, searches and downloads. Reads only; JSON errors with a sentence.

Who may come here is decided by `web.log_access`, what may be shown by `logs.files`, through `logs.history`. The answers are
made by `web.log_pages`, `web.log_search` and `web.log_downloads`; here are the routes, the sentences for what is wrong, and
the audit.
"""

from flask import Blueprint, Response, jsonify, request
from werkzeug.routing import BaseConverter

from chatapp.logs import wire
from chatapp.logs.audit import Audit
from chatapp.logs.conditions import BadCondition
from chatapp.logs.files import REFUSAL, NotAllowed
from chatapp.logs.history import Gone, History, PackedOtherwise
from chatapp.logs.index import Indexes
from chatapp.logs.past import NoPlace
from chatapp.logs.redact import Redactor
from chatapp.realtime.hub import Hub
from chatapp.realtime.threads import in_thread
from chatapp.web.log_answers import NEVER_KEPT, error
from chatapp.web.log_downloads import Downloads
from chatapp.web.log_pages import Pages
from chatapp.web.log_query import BadQuery
from chatapp.web.log_search import Searches
from chatapp.web.log_work import NotYet, TooMany, Work

#: How soon who was told to come again should (seconds).
RETRY_SECONDS = 1

NO_FILE = "There is no such file at the moment."
CANT_READ = "The server can't read the file"
TOO_MANY = "As many searches or downloads as the server takes are going on. Try again in a moment."


class _AnyPath(BaseConverter):
    """Also what is no decent name: it is to be refused like everything else."""

    regex = r"[\s\S]*?"
    part_isolating = False


class LogApi:
    """Answers requests. `history` opens files, `redactor` blacks out; `machine`: which one this is, if there are several."""

    def __init__(self, history: History, redactor: Redactor, hub: Hub, audit: Audit, machine: str) -> None:
        self._history = history
        self._machine = machine
        self._audit = audit
        work, indexes = Work(hub), Indexes()
        pages = Pages(history, redactor, indexes, work)
        downloads = Downloads(history, redactor, work)
        self._ways = {
            "lines": pages.lines,
            "line": pages.line,
            "search": Searches(history, redactor, indexes, work).search,
            "raw": downloads.raw,
            "filtered": downloads.filtered,
        }

    def files(self) -> Response:
        """What there is."""
        return jsonify(wire.files_fields(in_thread(self._history.files), self._machine))

    def answer(self, name: str, what: str) -> Response:
        """The route of everything about one file."""
        handle = self._ways.get(what)
        if handle is None:
            return error(404, "no_address", "There is nothing at this address.")
        try:
            response = handle(name)
        except NotAllowed:
            self._audit.refused(_who(), name, what)
            return error(403, "not_allowed", REFUSAL)
        except (BadCondition, BadQuery, NoPlace, Gone, PackedOtherwise, NotYet, TooMany, OSError) as trouble:
            return _sentence(trouble)
        # A page that scrolls asks for many pages; a search or a download is always worth a line.
        self._audit.opened(_who(), name, what, always=what not in ("lines", "line"))
        return response


def _sentence(trouble: Exception) -> Response:
    """What is wrong."""
    match trouble:
        case BadCondition():
            return error(400, "bad_pattern", str(trouble))
        case BadQuery():
            return error(400, "bad_request", str(trouble))
        case PackedOtherwise():
            return error(403, "cant_read", str(trouble))
        case FileNotFoundError():
            return error(404, "no_file", NO_FILE)
        case NoPlace():
            return error(404, "no_place", str(trouble))
        case Gone():
            return error(410, "gone", str(trouble))
        case NotYet():
            return error(503, "not_yet", str(trouble), RETRY_SECONDS)
        case TooMany():
            return error(503, "too_many", TOO_MANY, RETRY_SECONDS)
        case OSError(strerror=str(reason)):
            return error(503, "cant_read", f"{CANT_READ}: {reason}.")
        case _:
            return error(503, "cant_read", f"{CANT_READ}.")


def blueprint(api: LogApi) -> Blueprint:
    """The routes below `/api/logs`."""
    bp = Blueprint("log_api", __name__)
    bp.record_once(lambda state: state.app.url_map.converters.update(any_path=_AnyPath))

    @bp.get("/api/logs")
    def files() -> Response:
        response = api.files()
        response.headers.update(NEVER_KEPT)
        return response

    @bp.route("/api/logs/<any_path:name>/<what>", methods=["GET"], merge_slashes=False)
    def one(name: str, what: str) -> Response:
        response = api.answer(name, what)
        response.headers.setdefault("Cache-Control", "no-store")
        return response

    return bp


def _who() -> str:
    return request.remote_addr or "-"
