"""However many look at a file: it is open once, and held against each filter once a batch."""

import json
from collections.abc import Callable
from typing import Any

from tests.conftest import Server, wait_until
from tests.viewer import Viewer, times_open

FILTERS: list[dict[str, Any]] = [
    {"include": {"text": "line", "pattern": False, "case": False}},
    {"include": {"text": "[0-9]$", "pattern": True, "case": True}},
    {"exclude": {"text": "LINE", "pattern": False, "case": True}},
    {
        "include": {"text": "line", "pattern": False, "case": True},
        "exclude": {"text": "none", "pattern": False, "case": True},
    },
    {"include": {"text": "line", "pattern": False, "case": True}},
]


def measured(server: Server) -> dict[str, int]:
    figures: dict[str, int] = json.loads(server.get("/measured")[1])
    return figures


def test_one_open_file_and_one_evaluation_a_filter(serve: Callable[..., Server]) -> None:
    server = serve("bench.inspected:app")
    path = server.logs_dir / "a.log"
    path.write_text("line 0\n")
    viewers = [Viewer(server, "a.log", {"tail": 1}, **FILTERS[number % len(FILTERS)]) for number in range(30)]
    for viewer in viewers:
        viewer.read_lines(1)
    written = 1

    def append(count: int) -> None:
        nonlocal written
        with path.open("a") as file:
            file.write("".join(f"line {n}\n" for n in range(written, written + count)))
        written += count
        for viewer in viewers:
            viewer.read_lines(written)

    append(1)  # who was still catching up is live after this one
    wait_until(lambda: times_open(server, path) == 1, "the readers of the past to be done")
    before = measured(server)
    for _ in range(10):
        append(300)
        assert times_open(server, path) == 1
    after = measured(server)
    batches = after["batches"] - before["batches"]
    assert batches >= 10
    assert after["evaluations"] - before["evaluations"] == len(FILTERS) * batches
    for viewer in viewers:
        assert viewer.lines == [f"line {n}" for n in range(written)]
        viewer.client.close()
