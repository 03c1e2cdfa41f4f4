"""The app with one more address that tells what the process holds, for tests that look for leaks."""

import gc

from flask import Response, jsonify
from greenlet import greenlet

from chatapp.realtime.connection import Connection
from wsgi import app


@app.get("/inspect")
def inspect() -> Response:
    """Greenlets, connections and members of audiences, after a collection of what nobody holds any more."""
    gc.collect()
    objects = gc.get_objects()
    hub = app.extensions["chatapp"].hub
    return jsonify(
        greenlets=sum(isinstance(thing, greenlet) and not thing.dead for thing in objects),
        connections=sum(type(thing) is Connection for thing in objects),
        clients=len(hub.clients),
        members=sum(map(len, hub._audiences.values())),
    )
