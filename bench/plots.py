"""The results as pictures: deliveries against clients, latencies, and what a delivery costs."""

from collections.abc import Callable, Sequence
from typing import Any

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as pyplot
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from bench.cases import BY_KEY, CASES, CHATS
from bench.results import Results
from bench.servers import SERVERS

_COLOURS = dict(zip(CHATS, ("#6b7280", "#c2410c", "#15803d", "#1d4ed8", "#7e22ce"), strict=True))
_FAN_OUTS = [case for case in CASES if case.key.startswith("fan-out-")]
_SIZES = [case for case in CASES if case.key.startswith("size-")]
_LATENCIES = ("one-in-flight", "rate-100", "rate-1000")
_PERCENTILES = (("p50_ms", "p50"), ("p99_ms", "p99"), ("p999_ms", "p99.9"), ("max_ms", "largest"))


def draw(results: Results) -> None:
    """Draw all for which something was measured."""
    with pyplot.rc_context(
        {
            "font.size": 10,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.grid": True,
            "grid.color": "#e5e7eb",
            "axes.axisbelow": True,
        }
    ):
        _picture(results, "clients.png", [_deliveries])
        _picture(results, "latency.png", [_latency(key) for key in _LATENCIES if key in results.samples])
        _picture(results, "cost.png", [_cost_of_clients, _cost_of_sizes])


def _picture(results: Results, name: str, panels: Sequence[Callable[[Results, Any], bool]]) -> None:
    if not panels:
        return
    figure, axes = pyplot.subplots(1, len(panels), figsize=(6.4 * len(panels), 4.6), squeeze=False)
    drawn = [panel(results, axis) for panel, axis in zip(panels, axes[0], strict=True)]
    if any(drawn):
        known = dict(pair[::-1] for axis in axes[0] for pair in zip(*axis.get_legend_handles_labels(), strict=True))
        rows = 1 if len(panels) > 1 else 2  # under a lone panel there is no room for all names in a row
        figure.legend(known.values(), known.keys(), loc="lower center", ncols=-(-len(known) // rows), frameon=False)
        figure.tight_layout(rect=(0, 0.01 + 0.05 * rows, 1, 1))
        figure.savefig(results.folder / name, dpi=110)
    pyplot.close(figure)


def _lines(results: Results, axis: Any, points: dict[float, str], figure: str) -> bool:
    """A line for each server through what it has at these points (value of the axis, case)."""
    drawn = False
    for server in CHATS:
        told = [(at, value.median) for at, case in points.items() if (value := results.told(case, server, figure))]
        if told:
            axis.plot(*zip(*told, strict=True), marker="o", color=_COLOURS[server], label=SERVERS[server].name)
            drawn = True
    axis.set_xscale("log")
    _scale(axis)
    axis.set_xticks(list(points), [f"{point:,.0f}" for point in points], minor=False)
    axis.xaxis.set_minor_locator(NullLocator())
    return drawn


def _scale(axis: Any) -> None:
    """Logarithmic upwards, with numbers that can be read."""
    axis.set_yscale("log")
    axis.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0), numticks=20))
    axis.yaxis.set_minor_locator(NullLocator())
    axis.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))


def _deliveries(results: Results, axis: Any) -> bool:
    axis.set(title="Fan-out: deliveries a second", xlabel="clients")
    return _lines(results, axis, {case.job["clients"]: case.key for case in _FAN_OUTS}, "deliveries_per_s")


def _cost_of_clients(results: Results, axis: Any) -> bool:
    axis.set(title="Processor time of one delivery (µs)", xlabel="clients")
    return _lines(results, axis, {case.job["clients"]: case.key for case in _FAN_OUTS}, "cpu_us_per_delivery")


def _cost_of_sizes(results: Results, axis: Any) -> bool:
    axis.set(title="Processor time of one delivery (µs), 100 clients", xlabel="bytes of a text")
    return _lines(results, axis, {case.job["text_bytes"]: case.key for case in _SIZES}, "cpu_us_per_delivery")


def _latency(case: str) -> Callable[[Results, Any], bool]:
    def panel(results: Results, axis: Any) -> bool:
        shown = [server for server in CHATS if results.told(case, server, "p50_ms")]
        width = 0.8 / max(1, len(shown))
        for place, server in enumerate(shown):
            told = [results.told(case, server, key) for key, _ in _PERCENTILES]
            at = [number + place * width for number in range(len(told))]
            heights = [value.median if value else 0 for value in told]
            axis.bar(at, heights, width * 0.9, color=_COLOURS[server], label=SERVERS[server].name)
        axis.set_xticks(
            [number + 0.4 - width / 2 for number in range(len(_PERCENTILES))], [name for _, name in _PERCENTILES]
        )
        axis.set(title=BY_KEY[case].title, ylabel="ms")
        _scale(axis)
        axis.grid(axis="x", visible=False)
        return bool(shown)

    return panel
