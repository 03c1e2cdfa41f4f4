"""What processes use, read from /proc: of a server with all that it has started, and of the generator itself."""

import os
import time
from pathlib import Path

_TICK = os.sysconf("SC_CLK_TCK")


def tree(pid: int) -> list[int]:
    """A process and all that came from it: gunicorn has a worker, websocketd one `tail` for each viewer."""
    pids = [pid]
    for parent in pids:
        for children in Path(f"/proc/{parent}/task").glob("*/children"):
            pids += [int(child) for child in _read(children).split()]
    return pids


def cpu_seconds(pid: int) -> float:
    """How long they have had a processor. Other than the clock, it does not see what else the machine does."""
    ticks = 0
    for process in tree(pid):
        fields = _read(Path(f"/proc/{process}/stat")).rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12]) if fields else 0
    return ticks / _TICK


def memory(pid: int) -> int:
    """Bytes of memory they have, shared pages in parts (PSS). What the kernel holds for sockets is not in it."""
    kilobytes = 0
    for process in tree(pid):
        for line in _read(Path(f"/proc/{process}/smaps_rollup")).splitlines():
            if line.startswith("Pss:"):
                kilobytes += int(line.split()[1])
    return kilobytes * 1024


def own_busy_seconds() -> float:
    """How long this process has had its core, or waited for it because others had it."""
    ran, waited = _read(Path("/proc/self/schedstat")).split()[:2] or (time.process_time_ns(), 0)
    return (int(ran) + int(waited)) / 1e9


def machine_seconds() -> float:
    """How long programs, whichever, have had processors. What the kernel does for nobody in particular is not in it."""
    return sum(int(ticks) for ticks in _read(Path("/proc/stat")).split()[1:4]) / _TICK


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:  # it has ended
        return ""
