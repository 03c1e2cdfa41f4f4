"""The pages `/` and `/logs`, `/healthz`, and what errors look like.

A page is a frame and a script; all that people or files say reaches it through its WebSocket.
"""

from flask import Blueprint, Response, jsonify, render_template, request
from werkzeug.exceptions import HTTPException

from chatapp.chat.client import Services
from chatapp.config import Settings
from chatapp.version import VERSION
from chatapp.web import log_answers

#: How long a browser keeps who it is after the last visit (seconds); more than 400 days no browser keeps anything.
COOKIE_SECONDS = 400 * 86_400


def blueprint(chat: Services, settings: Settings) -> Blueprint:
    """The routes."""
    hub, people = chat.hub, chat.people
    bp = Blueprint("pages", __name__)

    @bp.get("/")
    def chat_page() -> Response:
        page = Response(render_template("chat.html", config=_page_config(settings)))
        # The page's address is asked for each time (it is not kept), so the cookie lives on as long as it is used.
        person = people.person_of(request.cookies.get(people.cookie, "")) or people.new()
        page.set_cookie(
            people.cookie,
            people.token(person),
            max_age=COOKIE_SECONDS,
            httponly=True,
            # Lax, not Strict: who follows a link to a message from elsewhere is still the same person.
            samesite="Lax",
            secure=request.is_secure,
            path=request.script_root or "/",
        )
        page.headers["Cache-Control"] = "no-store"
        return page

    @bp.get("/logs")
    def logs() -> str:
        return render_template("logs.html", config=_page_config(settings))

    @bp.get("/healthz")
    def healthz() -> Response:
        workers = chat.workers.statuses
        response = jsonify(
            alive=True,
            storing=all(worker["storing"] for worker in workers),
            clients=sum(worker["clients"] for worker in workers),
            files_followed=sum(worker["files_followed"] for worker in workers),
            workers=workers,
            version=VERSION,
        )
        response.headers["Cache-Control"] = "no-store"
        if hub.starting or hub.stopping:
            response.status_code = 503
        return response

    @bp.app_errorhandler(HTTPException)
    def error(error: HTTPException) -> Response:
        if request.path.startswith("/api/"):
            return log_answers.error(error.code or 500, "no_address" if error.code == 404 else "refused", _advice(error))
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
        top = request.script_root
        return f"There is nothing at this address; the chat is at {top}/ and the logs are at {top}/logs."
    if error.code == 500:
        return "The server failed; its log tells why."
    return error.description or ""
