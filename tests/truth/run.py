"""One run of the truth test: two servers and two `tail -F` read along while the writer does its worst."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, NamedTuple

from tests.conftest import TOP
from tests.truth.compare import Truth, Verdict, compare
from tests.truth.readers import Reader, Tail, Viewer

#: How long it may take until everything has arrived at the viewers, when the writer waits for it (seconds).
SETTLE_SECONDS = 30.0
#: What a reader is called.
OURS = ("inotify", "polling")


class Outcome(NamedTuple):
    """What came out of a run."""

    truth: Truth
    verdicts: dict[str, Verdict]
    partials: list[str]  # half lines that nobody wrote
    trouble: list[str]
    seconds: float

    @property
    def clean(self) -> bool:
        """Whether our viewers were told the truth, all of it. What `tail` was is not judged."""
        ours = all(self.verdicts[name].clean for name in OURS)
        return ours and self.truth.done and not self.partials and not self.trouble


def try_out(folder: Path, operations: int, seed: int, progress: Callable[[str], None] = print) -> Outcome:
    """Run it all in `folder`."""
    began = time.monotonic()
    logs = folder / "logs"
    logs.mkdir()
    (logs / "app.log").touch()
    readers: list[Reader] = []
    try:
        viewers = [Viewer("inotify", folder / "inotify", logs, "auto"), Viewer("polling", folder / "polling", logs, "poll")]
        readers.extend(viewers)
        readers.append(Tail("tail -F", folder, logs / "app.log"))
        readers.append(Tail("tail -F, polling", folder, logs / "app.log", "---disable-inotify"))
        truth, trouble = _write(folder, operations, seed, readers, progress)
    finally:
        for reader in readers:
            reader.close()
    for reader in readers:
        (folder / f"{reader.name} was told.txt").write_text("".join(f"{each}\n" for each in reader.told))
    verdicts = {reader.name: compare(truth, reader.name, reader.told) for reader in readers}
    partials = [text for viewer in viewers for text in viewer.partials if not _is_half(text)]
    trouble += [f"{viewer.name}: {line}" for viewer in viewers for line in _stumbles(viewer.server.said())]
    return Outcome(truth, verdicts, partials, trouble, time.monotonic() - began)


def _write(
    folder: Path, operations: int, seed: int, readers: list[Reader], progress: Callable[[str], None]
) -> tuple[Truth, list[str]]:
    """Run the writer to its end and return what it said; settle with our viewers whenever it wants."""
    pids = json.dumps({reader.name: reader.pid for reader in readers})
    command = [sys.executable, "-m", "tests.truth.writer", str(folder / "logs"), str(operations), str(seed), pids]
    logrotate = shutil.which("logrotate", path=os.environ["PATH"] + ":/usr/sbin:/sbin")
    if logrotate is not None:
        command += ["--logrotate", logrotate]
    truth, trouble = Truth(), []
    writer = subprocess.Popen(command, cwd=TOP, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert writer.stdin is not None
    assert writer.stdout is not None
    told_at = time.monotonic()
    journal = (folder / "written.jsonl").open("w")  # kept with the logs of a run that failed
    for line in writer.stdout:
        journal.write(line)
        said = json.loads(line)
        truth.take(said)
        if said["kind"] == "settle":
            late = _settle(truth, [reader for reader in readers if reader.name in OURS])
            trouble += late
            _answer(writer.stdin, "stop" if late else "go")
        if time.monotonic() - told_at > 10:
            told_at = time.monotonic()
            progress(f"{truth.operations.total()} of {operations} operations")
    journal.close()
    writer.stdin.close()
    writer.stdout.close()
    if writer.wait():
        trouble.append(f"the writer ended with {writer.returncode}")
    return truth, trouble


def _answer(pipe: IO[str], text: str) -> None:
    pipe.write(text + "\n")
    pipe.flush()


def _settle(truth: Truth, viewers: list[Reader]) -> list[str]:
    """Wait until the viewers were told all that they must be; return what they were not."""
    deadline = time.monotonic() + SETTLE_SECONDS
    missing = {viewer.name: truth.required(viewer.name) for viewer in viewers}
    looked = dict.fromkeys(missing, 0)
    while any(missing.values()) and time.monotonic() < deadline:
        time.sleep(0.01)  # between two looks at what threads have read meanwhile
        for viewer in viewers:
            told = viewer.told[looked[viewer.name] :]
            looked[viewer.name] += len(told)
            missing[viewer.name] -= {truth.key_of(each) for each in told if isinstance(each, str)}
    return [f"{name} has not got {len(keys)}: {sorted(keys)[:10]}" for name, keys in missing.items() if keys]


def _is_half(text: str) -> bool:
    """Whether this is the beginning of a line as the writer writes them."""
    return text.startswith("#") and text.count("#") == 1


def _stumbles(said: str) -> list[str]:
    """The server may be stopped and lied to; it may not stumble."""
    at = said.find("Traceback")
    return [said[at : at + 3000]] if at >= 0 else []
