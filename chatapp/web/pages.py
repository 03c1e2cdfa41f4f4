"""The pages `/` and `/logs`, `/healthz`, and what errors look like.

A page is a frame and a script; all that people or files say reaches it through its WebSocket.
"""

from flask import Blueprint, Flask, Response, jsonify, render_template, request, url_for
from werkzeug.exceptions import HTTPException

from chatapp.config import Settings
from chatapp.logs.feed import Feeds
from chatapp.realtime.hub import Hub
from chatapp.version import VERSION


def blueprint(hub: Hub, feeds: Feeds, settings: Settings) -> Blueprint:
    """The routes."""
    bp = Blueprint("pages", __name__)

    @bp.get("/")
    def chat() -> str:
        return render_template("chat.html", config=_page_config(settings))

    @bp.get("/logs")
    def logs() -> str:
        return render_template("logs.html", config=_page_config(settings))

    @bp.get("/healthz")
    def healthz() -> Response:
        response = jsonify(alive=True, clients=len(hub.clients), files_followed=feeds.followed, version=VERSION)
        response.headers["Cache-Control"] = "no-store"
        if hub.stopping:
            response.status_code = 503
        return response

    @bp.app_errorhandler(HTTPException)
    def error(error: HTTPException) -> Response:
        return Response(f"{error.code} {error.name}. {_advice(error)}\n", error.code or 500, mimetype="text/plain")

    return bp


def _page_config(settings: Settings) -> dict[str, object]:
    return {
        "base": request.script_root,
        "avatars": settings.avatars,
        "limits": {"message_bytes": settings.max_message_bytes, "username_chars": settings.max_username_chars},
    }


def _advice(error: HTTPException) -> str:
    if error.code == 404:
        return "There is nothing at this address; the chat is at / and the logs are at /logs."
    if error.code == 500:
        return "The server failed; its log tells why."
    return error.description or ""


def add_asset_function(app: Flask) -> None:
    """Give templates `asset(path)`: the address of a file under `static/`.

    Static files are revalidated by ETag at each load. A version in the address would reach only the first module: those it
    imports by relative path would keep theirs, and a page could mix two releases.
    """
    app.add_template_global(lambda path: url_for("static", filename=path), "asset")
