"""A network between a server and its database that can be cut, stall and drip: a TCP proxy, in threads of the tests."""

import contextlib
import socket
import threading
import time


class Between:
    """Passes on to `port` what comes to `self.port`. Used by one thread; its own threads end with its connections."""

    def __init__(self, port: int) -> None:
        self._to = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._passes = threading.Event()
        self._passes.set()
        self._pause = 0.0
        #: What becomes of the next COMMIT: "" nothing; "before" the connection ends, and it is not told; "after" it ends
        #: when the answer comes, which is lost.
        self.cut_commit = ""
        self._links: set[socket.socket] = set()
        threading.Thread(target=self._serve, daemon=True).start()

    def stall(self) -> None:
        """From now on nothing passes, either way, and nobody is told."""
        self._passes.clear()

    def go_on(self) -> None:
        """What was held back passes, and all that comes."""
        self._passes.set()

    def drip(self, seconds: float) -> None:
        """From now on each byte of an answer takes so long."""
        self._pause = seconds

    def cut(self) -> None:
        """All connections end now; new ones can be made."""
        for link in list(self._links):
            with contextlib.suppress(OSError):
                link.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Take no more connections, and end those there are."""
        self._listener.close()
        self.go_on()
        self.cut()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                threading.Thread(target=self._connect, args=(near,), daemon=True).start()

    def _connect(self, near: socket.socket) -> None:
        self._passes.wait()
        try:
            far = socket.create_connection(("127.0.0.1", self._to))
        except OSError:  # nobody there: the one who asks is to see that
            near.close()
            return
        self._links |= {near, far}
        back = threading.Thread(target=self._pass, args=(far, near, True), daemon=True)
        back.start()
        self._pass(near, far)
        back.join()
        self._links -= {near, far}
        near.close()
        far.close()

    def _pass(self, source: socket.socket, target: socket.socket, back: bool = False) -> None:
        """Owned by a thread for each direction of each connection."""
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                self._passes.wait()
                if b"COMMIT" in data and self.cut_commit == ("after" if back else "before"):
                    self.cut_commit = ""
                    break
                while back and self._pause and data:
                    target.sendall(data[:1])
                    data = data[1:]
                    time.sleep(self._pause)  # what a slow network is: nothing is waited for
                target.sendall(data)
        for link in (source, target):
            with contextlib.suppress(OSError):
                link.shutdown(socket.SHUT_RDWR)
