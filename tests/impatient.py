"""The server as it is, but for its patience with machines that say nothing: for tests that wait for its end."""

from flask import Flask

from chatapp.chat import peers_postgres


def app(gone_seconds: float) -> Flask:
    """What gunicorn serves: `tests.impatient:app(6.0)`."""
    peers_postgres.GONE_SECONDS = gone_seconds
    from wsgi import app

    return app
