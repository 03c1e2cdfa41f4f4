"""The bench tells the truth: nothing is counted twice or missed, faults are seen, and the whole of it runs."""

import json
import os
import random
import socket
import subprocess
import sys
import zlib
from pathlib import Path

import pytest

from bench import suite
from bench.cases import BY_KEY
from bench.load import judging, wire
from bench.load.connecting import Link
from bench.load.dialects import DIALECTS
from bench.load.reading import Reading
from bench.load.texts import Texts
from bench.results import Results
from tests.conftest import TOP, missing

CHAT = DIALECTS["chat"]


def stream(count: int, sender: int = 0, packed: bool = False) -> bytes:
    """What a server sends of `count` messages."""
    texts = Texts(sender, [(CHAT.before, b"xxx" + CHAT.after)])
    return b"".join(served(texts.make(1), packed) for _ in range(count))


def served(payload: bytes, packed: bool = False) -> bytes:
    """A frame as a server sends it."""
    first = 0x81
    if packed:
        packer = zlib.compressobj(wbits=-15)
        payload, first = (packer.compress(payload) + packer.flush(zlib.Z_SYNC_FLUSH))[:-4], 0xC1
    head = bytes((first, len(payload))) if len(payload) < 126 else bytes((first, 126)) + len(payload).to_bytes(2, "big")
    return head + payload


def told(data: bytes) -> judging.Messages:
    return judging.messages(data, 35)


@pytest.mark.parametrize("seed", range(5))
def test_messages_that_come_in_pieces_are_counted_once(seed: int) -> None:
    chance = random.Random(seed)
    ours, theirs = socket.socketpair()
    link = Link.__new__(Link)
    link.sock, link.fd, link.rest = ours, ours.fileno(), b""
    ours.setblocking(False)
    reading = Reading([link], by_bytes=False)
    data = stream(40)
    while data:
        size = chance.choice((1, 2, 5, 7, 30, 300))
        theirs.sendall(data[:size])
        data = data[size:]
        assert reading.read(1.0) == 1
    assert reading.total == reading.counts[ours.fileno()] == 40
    theirs.close()
    reading.read(1.0)
    assert reading.closed == {ours.fileno()}
    ours.close()


def test_packed_frames_that_come_in_pieces_are_counted_once() -> None:
    data = stream(40, packed=True)
    for size in (1, 3, 100, len(data)):
        counter = wire.FrameCounter()
        for at in range(0, len(data), size):
            counter.take(data[at : at + size])
        assert counter.frames == 40
    assert judging.packed_messages(data).number.tolist() == list(range(40))


def test_what_is_whole_and_in_order_is_found_right() -> None:
    data = stream(3, 0) + stream(2, 1)
    assert judging.judge([told(data), told(data)], [3, 2]) == judging.Verdict(missing=0, doubled=0, orders=1, swapped=0)


def test_what_is_missing_doubled_or_out_of_order_is_seen() -> None:
    one, two, three = (stream(3)[at : at + len(stream(1))] for at in range(0, len(stream(3)), len(stream(1))))
    right = told(one + two + three)
    assert judging.judge([right, told(one + three)], [3]).missing == 1
    assert judging.judge([right, told(one + two + two + three)], [3]).doubled == 1
    verdict = judging.judge([right, told(one + three + two)], [3])
    assert (verdict.swapped, verdict.orders, verdict.missing) == (1, 2, 0)


def test_a_frame_that_was_cut_is_seen() -> None:
    data = stream(3)
    with pytest.raises(wire.Corrupt):
        judging.check_frames(data[: len(data) // 2 - 3] + data[len(data) // 2 :])


def test_a_message_is_late_by_the_read_that_brings_its_last_byte() -> None:
    data = stream(2)
    messages = told(data)
    first = int(messages.ends[0])
    sent = int(messages.stamp[0])
    heard = [(0, b""), ((sent + 500) * 1000, data[: first - 1]), ((sent + 900) * 1000, data[first - 1 :])]
    late = judging.latencies(messages, heard, sent, sent + 10**9)
    assert late.tolist()[0] == 900


def test_where_the_generator_was_the_limit_no_figure_is_told(tmp_path: Path) -> None:
    results = Results(tmp_path, {})
    case = BY_KEY["fan-out-100"]
    for sample in ({"limited": True}, {"limited": True}, {"limited": False, "deliveries_per_s": 7.0}):
        results.add(case, "ours", sample)
    assert results.told(case.key, "ours", "deliveries_per_s") is None
    results.add(case, "ours", {"limited": False, "deliveries_per_s": 9.0})
    results.add(case, "ours", {"limited": False, "deliveries_per_s": 8.0})
    value = results.told(case.key, "ours", "deliveries_per_s")
    assert value is not None and (value.median, value.least, value.most) == (8.0, 7.0, 9.0)


def test_what_was_stopped_goes_on_with_the_case_it_was_in(tmp_path: Path) -> None:
    results = Results(tmp_path, {"runs": 2})
    planned = suite.steps([BY_KEY["alone"], BY_KEY["fan-out-10"]], ["go", "ours"], 2)
    assert [step.server.key for step in planned] == ["go", "ours", "ours", "go"] * 2
    for step in planned[:5]:
        results.add(step.case, step.server.key, {"limited": False})
    again = Results.read(tmp_path)
    assert suite.left(again, planned) == planned[4:]
    assert again.samples.keys() == {"alone"}


def test_the_whole_bench_runs(tmp_path: Path) -> None:
    if len(os.sched_getaffinity(0)) < 2:
        missing("The bench wants two cores, one for servers and one for the load.")
    command = [sys.executable, "-m", "bench", "--quick", "--results", str(tmp_path)]
    ended = subprocess.run(command, cwd=TOP, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    samples = json.loads((tmp_path / "results.json").read_text())["samples"]
    assert samples.keys() == {"fan-out-100", "idle", "log-window"}
    for case, server in (("fan-out-100", "ours"), ("log-window", "ours-plain-log"), ("log-window", "ours-logs-v1")):
        (sample,) = samples[case][server]
        assert sample["deliveries"] > 0
        assert (sample["lost"], sample["missing"], sample["doubled"], sample["orders"]) == (0, 0, 0, 1)
    assert samples["idle"]["ours"][0]["memory_kb"] > 0
    table = (tmp_path / "results.md").read_text()
    assert "## Fan-out: 100 clients" in table and "| this server |" in table


def test_the_bench_of_several_workers_runs(tmp_path: Path) -> None:
    options = ["--quick", "--workers", "2", "--only", "ending", "--results", str(tmp_path)]
    ended = subprocess.run(
        [sys.executable, "-m", "bench.workers", *options], cwd=TOP, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    rows = dict(
        line.strip("| ").split(" | ") for line in (tmp_path / "workers.md").read_text().splitlines() if " | " in line
    )
    assert rows["of what was said meanwhile they have missed, had twice"] == "0, 0"
    assert rows["of these lost, doubled; connections that were closed; at the end behind the others"] == "0, 0; 0; 0"
