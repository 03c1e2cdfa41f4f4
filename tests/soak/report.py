"""What a soak has held, as a table and as a picture.

Runs are kept as JSON in a folder, so that a picture shows all that are there, each with its number of workers, side by side.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as pyplot

from tests.soak.run import Outcome
from tests.soak.samples import Sample

#: What the table tells of each quiet.
COLUMNS: dict[str, Callable[[Sample], str]] = {
    "memory of its own (MiB)": lambda sample: f"{sample.own_kb / 1024:.1f}",
    "blocks of Python (thousand)": lambda sample: f"{sample.blocks / 1000:.0f}",
    "descriptors": lambda sample: f"{sample.descriptors}",
    "sockets": lambda sample: f"{sample.sockets}",
    "greenlets": lambda sample: f"{sample.greenlets}",
    "threads": lambda sample: f"{sample.threads}",
}
#: What the picture shows, from above to below: the title, and what of a sample that is.
PANELS: dict[str, Callable[[dict[str, Any]], float]] = {
    "Memory of a worker's own (MiB)": lambda sample: sample["own_kb"] / 1024,
    "Descriptors": lambda sample: sample["descriptors"],
    "Greenlets": lambda sample: sample["greenlets"],
    "Threads": lambda sample: sample["threads"],
    "Log files that are open": lambda sample: sample["logs"],
    "Clients": lambda sample: sample["clients"],
}
COLOURS = ("#1d4ed8", "#c2410c", "#15803d", "#7e22ce")


def told(outcome: Outcome) -> str:
    """The table: what each worker held whenever nobody was there; and what had gone on."""
    lines = [f"| after | {' | '.join(COLUMNS)} |", f"|---|{'---|' * len(COLUMNS)}"]
    for number, quiet in enumerate(outcome.quiets):
        cells = [", ".join(tell(sample) for sample in quiet.workers.values()) for tell in COLUMNS.values()]
        lines.append(f"| {f'shift {number}' if number else 'the start'} | {' | '.join(cells)} |")
    lines += ["", *(f"{count:>9}  {what}" for what, count in sorted(outcome.counts.items()))]
    return "\n".join(lines)


def keep(outcome: Outcome, folder: Path) -> None:
    """Write down what a picture needs, and draw all that was kept."""
    folder.mkdir(parents=True, exist_ok=True)
    run = {
        "workers": outcome.workers,
        "samples": [sample._asdict() | {"descriptors": sample.descriptors} for sample in outcome.samples],
        "sizes": [sizes._asdict() for sizes in outcome.sizes],
        "quiets": [quiet.at for quiet in outcome.quiets],
    }
    (folder / f"soak-{outcome.workers}.json").write_text(json.dumps(run))
    draw([json.loads(path.read_text()) for path in sorted(folder.glob("soak-*.json"))], folder / "soak.png")


def draw(runs: list[dict[str, Any]], path: Path) -> None:
    """A column for each run; a line for each worker."""
    style: Any = {
        "font.size": 9,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "grid.color": "#e5e7eb",
    }
    with pyplot.rc_context(style):
        rows = len(PANELS) + 1
        figure, axes = pyplot.subplots(rows, len(runs), figsize=(7 * len(runs), 1.9 * rows), sharex="col", squeeze=False)
        for column, run in enumerate(runs):
            for row, (title, value) in enumerate(PANELS.items()):
                _workers(axes[row][column], run, title, value)
            _sizes(axes[-1][column], run)
            count = f"{run['workers']} workers" if run["workers"] > 1 else "one worker"
            axes[0][column].set_title(f"{count}: {axes[0][column].get_title(loc='left')}", loc="left")
        figure.tight_layout()
        figure.savefig(path, dpi=90)
        pyplot.close(figure)


def _workers(axis: Any, run: dict[str, Any], title: str, value: Callable[[dict[str, Any]], float]) -> None:
    for number, pid in enumerate(sorted({sample["pid"] for sample in run["samples"]})):
        samples = [sample for sample in run["samples"] if sample["pid"] == pid]
        minutes = [sample["at"] / 60 for sample in samples]
        axis.plot(minutes, [value(sample) for sample in samples], color=COLOURS[number % len(COLOURS)], linewidth=0.9)
    _finish(axis, run, title)


def _sizes(axis: Any, run: dict[str, Any]) -> None:
    names = {"store_kb": "store", "search_kb": "search index", "wal_kb": "write-ahead log"}
    for colour, (key, name) in zip(COLOURS, names.items(), strict=False):
        minutes = [sizes["at"] / 60 for sizes in run["sizes"]]
        axis.plot(minutes, [sizes[key] / 1024 for sizes in run["sizes"]], color=colour, linewidth=0.9, label=name)
    axis.legend(frameon=False, loc="upper left")
    _finish(axis, run, "Files of the store (MiB)")
    axis.set_xlabel("minutes; nobody is there at the dotted lines")


def _finish(axis: Any, run: dict[str, Any], title: str) -> None:
    for at in run["quiets"]:
        axis.axvline(at / 60, color="#9ca3af", linewidth=0.8, linestyle=":")
    axis.set_ylim(bottom=0)
    axis.set_title(title, loc="left", fontsize=9)
