"""The app with one more address, which tells what a measurement, or a test, wants to know of the inside."""

from typing import Any

from flask import Response, jsonify

from chatapp.logs.forms import Batch, V1Form
from wsgi import app


class Evaluations:
    """Counts how often lines were held against a filter, and how many batches there were to hold."""

    def __init__(self) -> None:
        self.batches = 0
        self.evaluations = 0
        self._last: Batch | None = None
        self._lines = V1Form.lines

    def lines(self, form: V1Form, batch: Batch, even_if_none: bool) -> bytes:
        """In place of `V1Form.lines`. All forms get one batch before any gets the next."""
        self.batches += batch is not self._last
        self._last = batch
        self.evaluations += bool(form.filter)
        return self._lines(form, batch, even_if_none)


counted = Evaluations()
V1Form.lines = lambda *arguments: counted.lines(*arguments)  # type: ignore[method-assign]


@app.get("/measured")
def measured() -> Response:
    """How often the log was read for somebody who came back; and what viewers of logs have cost."""
    told: dict[str, Any] = {"queries": app.extensions["chatapp"].chat.reader.queries}
    return jsonify(**told, batches=counted.batches, evaluations=counted.evaluations)
