"""What machine this is, and whether something else is using it."""

import datetime
import os
import platform
import time
from pathlib import Path
from typing import Any

#: Over so much of the machine in use before anything was started, figures are those of a busy machine.
BUSY = 0.05


def describe(seconds: float) -> dict[str, Any]:
    """For the head of the table. Looks for so long how much of it is in use."""
    cpu = [
        line.split(":", 1)[1].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    return {
        "cpu": cpu[0] if cpu else platform.machine(),
        "cores": os.cpu_count(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "date": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "load": round(os.getloadavg()[0], 2),
        "in_use": round(in_use(seconds), 3),
    }


def in_use(seconds: float) -> float:
    """Which share of the machine is in use, by whomever."""
    busy, total = _ticks()
    time.sleep(seconds)
    later_busy, later_total = _ticks()
    return (later_busy - busy) / max(1, later_total - total)


def _ticks() -> tuple[int, int]:
    fields = [int(field) for field in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    total = sum(fields)
    return total - fields[3] - fields[4], total
