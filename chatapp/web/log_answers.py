"""How answers below `/api/logs` are put: headers, errors, JSON."""

import json
from typing import Any

from flask import Response, jsonify

#: What a log says now is not what it says tomorrow.
NEVER_KEPT = {"Cache-Control": "no-store"}
#: A proxy must not hold back a stream.
STREAM = {**NEVER_KEPT, "X-Accel-Buffering": "no"}

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def error(status: int, code: str, sentence: str, retry_after: int | None = None) -> Response:
    """What is wrong, for programs and for people."""
    response = jsonify(error=code, message=sentence)
    response.status_code = status
    if retry_after is not None:
        response.headers["Retry-After"] = str(retry_after)
    return response


def to_json(fields: dict[str, Any]) -> bytes:
    """One object in one line. Half a character, which a name from the disk may hold, becomes a question mark."""
    return _encode(fields).encode("utf-8", "replace") + b"\n"
