"""nginx in front of two servers of ours, with the configuration of `deploy/nginx.conf` and a certificate made for the test.

`replaced` puts names, ports and paths of the test in the place of those in the file, each of which has to be there; nothing
else is changed. What stands around a file of `conf.d` (how many connections, where temporary files go) is `AROUND`.
"""

import contextlib
import getpass
import http.client
import os
import shutil
import signal
import ssl
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import trustme
from websockets.sync.client import ClientConnection, connect

from tests.conftest import PATIENCE, TOP, Server, free_port, missing, wait_until

CONFIGURATION = TOP / "deploy" / "nginx.conf"
#: The name that nginx serves, in the file and in the tests.
NAME = "chat.example.org"
#: nginx as a package installs it, and as `bin/need-nginx` unpacks it.
PLACES = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/sbin", str(TOP / ".venv/nginx/usr/sbin")))

AROUND = """
daemon off;
user {user};
pid {folder}/nginx.pid;
error_log stderr info;
worker_processes 2;
worker_shutdown_timeout 2s;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/chatapp.conf;
}}
"""


def replaced(text: str, replacements: dict[str, str]) -> str:
    """The text with each of these in the place of what it stands for. What is not there at all is a mistake."""
    for old, new in replacements.items():
        if old not in text:
            raise ValueError(f"{CONFIGURATION.name} has no {old!r}")
        text = text.replace(old, new)
    return text


def under(path: str) -> dict[str, str]:
    """The two lines to be changed for a sub-path, as the file itself tells: `/chat` for https://HOST/chat/."""
    return {"location / {": f"location {path}/ {{", 'X-Forwarded-Prefix "";': f'X-Forwarded-Prefix "{path}";'}


class Nginx:
    """An nginx in front of the servers at `ports`, started by `start()`. It takes every name for its own host."""

    def __init__(self, folder: Path, ports: Sequence[int], path: str = "", changes: dict[str, str] | None = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.path = path
        self.port, self.plain_port = free_port(), free_port()
        self.url = f"https://127.0.0.1:{self.port}{path}"
        self.access_log = folder / "access.log"
        self.output = folder / "nginx.txt"
        self.process: subprocess.Popen[bytes] | None = None
        authority = trustme.CA()
        authority.issue_cert(NAME, "127.0.0.1").private_key_and_cert_chain_pem.write_to_path(str(folder / "both.pem"))
        self.tls, self._tls_of_threads = ssl.create_default_context(), ssl.create_default_context()
        for context in (self.tls, self._tls_of_threads):
            authority.configure_trust(context)
        # The WebSocket client reads and writes in two threads, which OpenSSL does not allow. It works as long as nothing but
        # data is sent after the handshake; in TLS 1.3 a ticket is.
        self._tls_of_threads.maximum_version = ssl.TLSVersion.TLSv1_2
        (folder / "nginx.conf").write_text(AROUND.format(folder=folder, user=getpass.getuser()))
        (folder / "chatapp.conf").write_text(self._rendered(ports, under(path) if path else {}, changes or {}))

    def _rendered(self, ports: Sequence[int], *changes: dict[str, str]) -> str:
        servers = {
            f"server 127.0.0.1:{example} ": f"server 127.0.0.1:{port} "
            for example, port in zip((8001, 8002), ports, strict=True)
        }
        text = replaced(
            CONFIGURATION.read_text(),
            servers
            | {
                "listen 80;": f"listen 127.0.0.1:{self.plain_port};",
                "listen 443 ssl": f"listen 127.0.0.1:{self.port} ssl",
                "/etc/ssl/chat.example.org/fullchain.pem": f"{self.folder}/both.pem",
                "/etc/ssl/chat.example.org/privkey.pem": f"{self.folder}/both.pem",
                "/var/log/nginx/chatapp.log": str(self.access_log),
            },
        )
        for more in changes:
            text = replaced(text, more)
        return text

    def start(self) -> "Nginx":
        """Start it and wait until it listens."""
        program = shutil.which("nginx", path=PLACES)
        if program is None:
            missing("The tests behind a proxy need nginx (bin/need-nginx).")
        with self.output.open("ab") as output:
            command = [program, "-p", str(self.folder), "-e", "stderr", "-c", str(self.folder / "nginx.conf")]
            self.process = subprocess.Popen(command, stdout=output, stderr=output)
        wait_until(self._listens, f"nginx to listen; it said:\n{self.said()}")
        return self

    def _listens(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, f"nginx ended:\n{self.said()}"
        with contextlib.suppress(OSError):
            return bool(self.get("/healthz")[0])
        return False

    def stop(self) -> None:
        """End it, with its worker processes."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(PATIENCE)
        self.process = None

    def said(self) -> str:
        """All that it wrote to its error log."""
        return self.output.read_text(errors="replace") if self.output.exists() else ""

    def ask(
        self,
        path: str,
        headers: dict[str, str] | None = None,
        method: str = "GET",
        body: str | None = None,
        source: str = "127.0.0.1",
    ) -> http.client.HTTPResponse:
        """An HTTP request for a path below its own, from an address of this computer; the body is left to be read."""
        link = http.client.HTTPSConnection(
            "127.0.0.1", self.port, timeout=PATIENCE, context=self.tls, source_address=(source, 0)
        )
        link.request(method, self.path + path, body, {"Connection": "close", **(headers or {})})
        return link.getresponse()

    def get(self, path: str, *request: Any, **options: Any) -> tuple[int, str, dict[str, str]]:
        """The same, whole: status, body and headers of the answer (names in lower case)."""
        with self.ask(path, *request, **options) as answer:
            text = answer.read().decode(errors="replace")
            return answer.status, text, {name.lower(): value for name, value in answer.getheaders()}

    def connect(self, path: str = "/ws", protocol: str | None = None, **options: Any) -> ClientConnection:
        """A WebSocket client, as `Server.connect` has it."""
        options = {"ping_interval": None, "compression": None, "open_timeout": PATIENCE, "close_timeout": 2} | options
        if protocol:
            options["subprotocols"] = [protocol]
        address = f"wss://127.0.0.1:{self.port}{self.path}{path}"
        client: ClientConnection = connect(address, ssl=self._tls_of_threads, max_size=None, **options)
        return client


class Site:
    """Two servers that share their data folder and their logs, and nginx in front of them, at `path`; for a `with` block."""

    def __init__(self, folder: Path, path: str = "", changes: dict[str, str] | None = None, **settings: Any) -> None:
        self.logs_dir = folder / "logs"
        self.logs_dir.mkdir(parents=True)
        settings = {"LOGS": f"{self.logs_dir}/", "TRUSTED_PROXIES": "127.0.0.1", **settings}
        self.servers = [Server(folder / name, settings) for name in ("one", "two")]
        for server in self.servers:
            server.data_dir = folder / "data"
        self.nginx = Nginx(folder / "nginx", [server.port for server in self.servers], path, changes)

    def __enter__(self) -> "Site":
        """Start all three and wait until they answer."""
        try:
            for server in self.servers:
                server.start()
            self.nginx.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """End all three, and show what they said."""
        self.nginx.stop()
        for server in self.servers:
            server.kill()
        print(f"--- nginx said:\n{self.nginx.said()[-10_000:]}\n--- the servers said:\n{self.said()[-20_000:]}")

    def said(self) -> str:
        """What the servers wrote."""
        return "".join(server.said() for server in self.servers)
