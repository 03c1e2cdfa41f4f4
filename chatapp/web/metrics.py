"""/metrics for Prometheus: what all workers of this server on this machine have counted, added up.

The numbers come from the sheets of the workers (`realtime.sheets`) and from what Linux says of their processes; how they are
written down is the business of `prometheus_client`. Its own counters and its files for several processes are not used: they
cost a lock and a dictionary a count, and know nothing of which process is still alive.

Shown to who presents CHATAPP_METRICS_TOKEN, and to nobody while there is none: to a proxy in front, the address is one like
any other, and it would pass it on to everybody.
"""

import hmac
import os
import resource
import time
from collections.abc import Iterator
from pathlib import Path

from flask import Blueprint, Response, request
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from chatapp.realtime import counts
from chatapp.realtime.handshake import Refusal
from chatapp.realtime.meter import Meter
from chatapp.realtime.sheets import Numbers, Totals
from chatapp.realtime.threads import in_thread
from chatapp.version import VERSION
from chatapp.web.security import answer

PREFIX = "chatapp_"
_NOBODY = "The metrics are shown to nobody. Who runs the server sets CHATAPP_METRICS_TOKEN, and gives it to Prometheus."
_WANTS_TOKEN = "The metrics want a token: send the header Authorization: Bearer TOKEN (the server's CHATAPP_METRICS_TOKEN)."  # noqa: S105


def blueprint(meter: Meter, token: str) -> Blueprint:
    """The route `/metrics`."""
    bp = Blueprint("metrics", __name__)

    @bp.get("/metrics")
    def metrics() -> Response:
        refusal = _refusal(token, request.headers.get("Authorization", ""))
        if refusal is not None:
            return answer(refusal)
        meter.write()
        encode, content_type = choose_encoder(request.headers.get("Accept", ""))
        registry = CollectorRegistry()
        registry.register(_Told(in_thread(_metrics, meter)))
        return Response(encode(registry), content_type=content_type, headers={"Cache-Control": "no-store"})

    return bp


def _refusal(token: str, presented: str) -> Refusal | None:
    if not token:
        return Refusal(403, _NOBODY)
    scheme, _, said = presented.partition(" ")
    if scheme.lower() == "bearer" and hmac.compare_digest(said.strip().encode(), token.encode()):
        return None
    return Refusal(401, _WANTS_TOKEN, (("WWW-Authenticate", 'Bearer realm="metrics"'),))


class _Told(Collector):
    """Metrics that were made already."""

    def __init__(self, metrics: list[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> list[Metric]:
        return self._metrics


def _metrics(meter: Meter) -> list[Metric]:
    """In a thread: it reads files."""
    totals = meter.sheet.total()
    return [*_of_table(totals.numbers), *_of_processes(totals)]


def _of_table(numbers: Numbers) -> Iterator[Metric]:
    for family in counts.TABLE:
        name, values = PREFIX + family.name, [numbers.get(key, 0.0) for key in family.keys()]  # noqa: SIM118 - no mapping
        if isinstance(family, counts.Histogram):
            *inside, more, total = values
            buckets, so_far = [], 0.0
            for bound, count in zip([*map(float, family.bounds), "+Inf"], [*inside, more], strict=True):
                so_far += count
                buckets.append((str(bound), so_far))
            yield HistogramMetricFamily(name, family.meaning, buckets=buckets, sum_value=total)
            continue
        kind = GaugeMetricFamily if family.is_gauge else CounterMetricFamily
        metric = kind(name, family.meaning, labels=[family.label] if family.label else [])
        for value, number in zip(family.by, values, strict=True):
            metric.add_metric([str(value)] if family.label else [], number)
        yield metric


def _of_processes(totals: Totals) -> Iterator[Metric]:
    """What is told of the workers by the system, and of how many there are."""
    memory, files, share = 0, 0, 0.0
    for pid in totals.pids:
        try:
            memory += int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * resource.getpagesize()
            opened, most = len(os.listdir(f"/proc/{pid}/fd")), resource.prlimit(pid, resource.RLIMIT_NOFILE)[0]
        except (OSError, ValueError):
            continue  # it has just ended, or this is no Linux
        files += opened
        share = max(share, opened / most if most > 0 else 0.0)
    silent = max(0.0, time.monotonic() - totals.oldest)
    yield GaugeMetricFamily(f"{PREFIX}workers", "Workers that live.", len(totals.pids))
    yield GaugeMetricFamily(f"{PREFIX}worker_silence_seconds", "Since when the most silent worker has said nothing.", silent)
    yield GaugeMetricFamily(f"{PREFIX}memory_bytes", "Memory of the workers (resident; what they share is in each).", memory)
    yield GaugeMetricFamily(f"{PREFIX}open_files", "Files and sockets that the workers have open.", files)
    yield GaugeMetricFamily(
        f"{PREFIX}open_files_share", "Open files of a worker as a share of its limit: the highest.", share
    )
    info = GaugeMetricFamily(f"{PREFIX}info", "1, with the version.", labels=["version"])
    info.add_metric([VERSION], 1)
    yield info
