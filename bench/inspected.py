"""The app with one more address, which tells what a measurement wants to know of the inside."""

from flask import Response, jsonify

from wsgi import app


@app.get("/measured")
def measured() -> Response:
    """How often the log was read for somebody who came back."""
    return jsonify(queries=app.extensions["chatapp"].chat.reader.queries)
