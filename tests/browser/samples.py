"""Log files as several services write them, the same with every run: for screenshots and checks of looks."""

import datetime
import json
import os
import random
from collections.abc import Iterator
from pathlib import Path

_START = datetime.datetime(2026, 11, 23, 13, 38, tzinfo=datetime.UTC)
#: When `rotate` is called, by the files' own clock.
ROTATED_AT = datetime.datetime(2026, 11, 23, 14, 6, 37, tzinfo=datetime.UTC)
_KINDS = {"paid": 30, "web": 22, "pool": 14, "beat": 5, "slow": 9, "failed": 5, "trace": 2, "json": 6}
#: What a screenshot shows: before the rotation and after it.
_LAST = "web paid pool paid slow failed web json paid beat slow failed"
_FIRST = "paid web failed nginx paid beat web trace slow paid json pool web paid"
_AFTER = "paid web pool web paid slow web paid"
_TRACE = """Traceback (most recent call last):
  File "/srv/shop/billing/gateway.py", line 88, in charge
    answer = session.post(url, json=order, timeout=5)
  File "/srv/shop/lib/http.py", line 41, in post
    raise TimeoutError(f"no answer from {host} in {timeout} s")
TimeoutError: no answer from pay.internal in 5 s"""


def write_logs(folder: Path) -> None:
    """app.log (several styles mixed, as a container's output is), nginx/access.log, nginx/error.log, worker.log."""
    chance = random.Random(8812)
    (folder / "nginx").mkdir()
    many = _app(chance, _START, chance.choices(list(_KINDS), list(_KINDS.values()), k=950))
    last = _app(chance, ROTATED_AT - datetime.timedelta(seconds=40), _LAST.split())
    (folder / "app.log").write_text("".join(f"{line}\n" for line in (*many, *last)), encoding="utf-8")
    (folder / "nginx" / "access.log").write_text("".join(f"{line}\n" for line in _access(chance, 400)))
    (folder / "nginx" / "error.log").write_text(
        "2026/11/23 13:40:12 [error] 88#88: *4 connect() failed (111: Connection refused) while connecting to upstream\n"
    )
    (folder / "worker.log").write_text("Nov 23 13:40:12 shop-1 worker[812]: notice: 3 jobs are waiting\n")
    ages = {"app.log": 1, "nginx/access.log": 2, "nginx/error.log": 3 * 60, "worker.log": 26 * 60}
    for name, seconds in ages.items():
        _changed(folder / name, seconds)


def rotate(file: Path) -> None:
    """Rename the file and begin a new one of the name, as logrotate does; the new one has some lines already."""
    chance = random.Random(8815)
    file.rename(file.with_name(f"{file.name}.1"))
    lines = _app(chance, ROTATED_AT, _FIRST.split())
    file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    _changed(file, 0)


def after() -> Iterator[str]:
    """What is written then, a line a moment."""
    yield from _app(random.Random(8844), ROTATED_AT + datetime.timedelta(seconds=32), _AFTER.split(), 400)


def _changed(file: Path, seconds: float) -> None:
    """Set when the file was changed: so long before the rotation."""
    time = ROTATED_AT.timestamp() - seconds
    os.utime(file, (time, time))


def _app(chance: random.Random, time: datetime.datetime, kinds: list[str], slowest: int = 3300) -> Iterator[str]:
    pace = 1.0  # more is written at some times than at others
    for number, kind in enumerate(kinds):
        pace = chance.uniform(0.5, 1.5) if number % 40 == 0 else pace
        time += datetime.timedelta(milliseconds=pace * chance.randint(20, slowest))
        stamp = f"{time:%Y-%m-%d %H:%M:%S},{time.microsecond // 1000:03}"
        order = 8400 + number
        if kind == "paid":
            yield f"{stamp} INFO  billing: order={order} paid amount={chance.randint(5, 200)}.00 EUR"
        elif kind == "web":
            yield f"{stamp} INFO  web: GET /orders/{order} 200 in {chance.randint(9, 40)} ms"
        elif kind == "pool":
            yield f"{stamp} DEBUG pool: {chance.randint(2, 19)} of 20 connections in use"
        elif kind == "beat":
            yield f"{stamp} DEBUG health: 心跳正常 · heartbeat ok"
        elif kind == "slow":
            yield f"{stamp} WARN  gateway: slow answer, {chance.randint(30, 49) / 10} s (limit 5 s)"
        elif kind == "failed":
            yield f"{stamp} ERROR billing: payment failed order={order} code=504"
        elif kind == "trace":
            yield f"{stamp} ERROR billing: payment failed order={order}"
            yield from _TRACE.splitlines()
        elif kind == "nginx":
            yield f"{time:%Y/%m/%d %H:%M:%S} [error] 88#88: *{order} upstream timed out while reading from pay.internal"
        else:
            fields = {"time": f"{time:%Y-%m-%dT%H:%M:%S}Z", "level": "info", "msg": "refund", "order": order}
            yield json.dumps({**fields, "user": {"id": order % 97}}, separators=(",", ":"))


def _access(chance: random.Random, count: int) -> Iterator[str]:
    time = _START
    for number in range(count):
        time += datetime.timedelta(milliseconds=chance.randint(100, 8000))
        status = chance.choice([200, 200, 200, 200, 304, 404, 502])
        yield (
            f"10.0.{number % 7}.{number % 200} - - [{time:%d/%b/%Y:%H:%M:%S} +0000] "
            f'"GET /orders/{number}?page={number % 9} HTTP/1.1" {status} {chance.randint(100, 90_000)} '
            '"-" "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/128.0 Safari/537.36"'
        )
