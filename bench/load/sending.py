"""Those who say something: a client, or a program that writes to a log file."""

import os

from bench.load import wire
from bench.load.connecting import Link
from bench.load.dialects import DIALECTS
from bench.load.job import Job
from bench.load.reading import Heard, Reading
from bench.load.texts import HEAD, Texts, fillers, mark_of


class Sender:
    """One that says texts, and knows how many of its own have come back."""

    def __init__(self, texts: Texts, number: int, heard: Heard, packed: bool = False) -> None:
        self.texts = texts
        self._heard = heard
        self._looked_at = 1  # pieces of what was heard
        self._returned = 0
        self._tail = b""
        self._mark = mark_of(number)
        self._frames = wire.FrameCounter() if packed else None

    @property
    def returned(self) -> int:
        """Counted in what one client has heard. Of packed messages only the frames can be: then there is no other sender."""
        heard = self._heard
        if self._looked_at == len(heard):
            return self._returned
        data = b"".join([piece for _, piece in heard[self._looked_at :]])
        self._looked_at = len(heard)
        if self._frames:
            self._frames.take(data)
            self._returned = self._frames.frames
        else:
            data = self._tail + data
            self._returned += data.count(self._mark)
            self._tail = data[-len(self._mark) + 1 :]
        return self._returned

    def say(self, count: int) -> None:
        """Say so many."""
        raise NotImplementedError

    def flush(self) -> bool:
        """Send what could not be sent at once; returns whether that was all."""
        return True


class Talker(Sender):
    """A client that sends messages; they come back to itself."""

    def __init__(self, job: Job, link: Link, number: int, heard: Heard) -> None:
        dialect = DIALECTS[job.dialect]
        wrapped = []
        for filler in fillers(job.text_bytes, job.sentences):
            length = len(dialect.before) + HEAD + len(filler) + len(dialect.after)
            wrapped.append((wire.header(length) + dialect.before, filler + dialect.after))
        super().__init__(Texts(number, wrapped), number, heard, packed=job.deflate)
        self._link = link
        self._unsent = b""

    def say(self, count: int) -> None:
        self._unsent += self.texts.make(count)
        self.flush()

    def flush(self) -> bool:
        if self._unsent:
            try:
                self._unsent = self._unsent[self._link.sock.send(self._unsent) :]
            except BlockingIOError:
                pass
            except OSError:  # it was closed; the reader notices
                self._unsent = b""
        return not self._unsent


class Writer(Sender):
    """A program that appends lines to a file; what has come back is what the first viewer has got."""

    def __init__(self, job: Job, reading: Reading, first: Link) -> None:
        before, after = DIALECTS["log"].before, DIALECTS["log"].after
        length = job.text_bytes - len(before) - len(after)
        texts = Texts(0, [(before, filler + after) for filler in fillers(length, job.sentences)])
        super().__init__(texts, 0, reading.witness(first))
        self._counts = None if job.by_bytes else reading.counts
        self._fd = first.fd
        self._file = os.open(job.file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)

    @property
    def returned(self) -> int:
        return super().returned if self._counts is None else self._counts[self._fd]  # messages are counted there already

    def say(self, count: int) -> None:
        os.write(self._file, self.texts.make(count))


def senders(job: Job, links: list[Link], reading: Reading) -> list[Sender]:
    """Those of this load, spread evenly over the clients; each of them is a witness."""
    if job.file:
        return [Writer(job, reading, links[0])]
    stride = len(links) // job.senders
    chosen = links[::stride][: job.senders]
    return [Talker(job, link, number, reading.witness(link)) for number, link in enumerate(chosen)]
