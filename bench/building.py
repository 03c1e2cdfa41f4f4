"""Getting the peers ready in `bench/.peers`, which git ignores: built, or installed, once.

What can't be had is told in a sentence.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from bench.serving import TOP

SOURCES = TOP / "bench" / "peers"
BUILT = TOP / "bench" / ".peers"
#: How long one step may take (seconds): an index that does not answer is no reason to wait for ever.
PATIENCE = 300.0
#: Where Debian's packages golang-github-gorilla-websocket-dev and golang-golang-x-net-dev put what they hold.
_GO_PATH = "/usr/share/gocode"


class Missing(Exception):
    """A peer that can't be had here; the text is a sentence."""


def go_program(name: str, library: str, old_port: int, port: int) -> Path:
    """Build one of the tutorial's programs. Its text is the tutorial's, but for the port, which has to be free here."""
    if not shutil.which("go"):
        raise Missing("There is no Go here (Debian: golang-go).")
    if not Path(_GO_PATH, "src", library).is_dir():
        raise Missing(
            f"The Go library {library} is not here (Debian: golang-github-gorilla-websocket-dev, golang-golang-x-net-dev)."
        )
    folder = BUILT / name
    folder.mkdir(parents=True, exist_ok=True)
    text = (SOURCES / name / "main.go").read_text()
    if f'":{old_port}"' not in text:
        raise Missing(f"bench/peers/{name}/main.go does not name its port {old_port}.")
    text = text.replace(f'":{old_port}"', f'":{port}"')
    program, source = folder / "seed", folder / "main.go"
    if not program.exists() or source.read_text() != text:
        source.write_text(text)
        _run(["go", "build", "-o", "seed", "."], folder, GO111MODULE="off", GOPATH=_GO_PATH)
    return program


def go_version() -> str:
    """For the table."""
    return _said(["go", "version"]).removeprefix("go version ").split(" ")[0]


def python_environment() -> Path:
    """Install the Python peers into an environment of their own; returns its interpreter."""
    requirements, folder = SOURCES / "requirements.txt", BUILT / "venv"
    installed = folder / "requirements.txt"
    python = folder / "bin" / "python"
    if not installed.exists() or installed.read_text() != requirements.read_text():
        shutil.rmtree(folder, ignore_errors=True)
        _run([sys.executable, "-m", "venv", str(folder)], TOP)
        _run([str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", str(requirements)], TOP)
        shutil.copy(requirements, installed)
    return python


def python_version(package: str) -> str:
    """Of a package in that environment."""
    return _said([str(BUILT / "venv/bin/python"), "-c", f"import importlib.metadata as m; print(m.version({package!r}))"])


def node_folder() -> Path:
    """Install Node's `ws`; returns the folder with the server."""
    if not shutil.which("node") or not shutil.which("npm"):
        raise Missing("There is no Node with npm here.")
    folder, source = BUILT / "node_ws", SOURCES / "node_ws"
    is_there = (folder / "node_modules/ws").is_dir()
    wanted = (source / "package.json").read_text()
    if not is_there or (folder / "package.json").read_text() != wanted:
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(source / "package.json", folder)
        _run(["npm", "install", "--no-package-lock", "--no-audit", "--no-fund", "--silent"], folder)
    shutil.copy(source / "server.mjs", folder)
    return folder


def node_version() -> str:
    """For the table."""
    ws = _said(["node", "-p", f"require({str(BUILT / 'node_ws/node_modules/ws/package.json')!r}).version"])
    return f"ws {ws}, Node {_said(['node', '--version'])}"


def _run(command: list[str], folder: Path, **environ: str) -> None:
    try:
        subprocess.run(
            command, cwd=folder, env={**os.environ, **environ}, check=True, capture_output=True, text=True, timeout=PATIENCE
        )
    except subprocess.TimeoutExpired:
        raise Missing(f"`{command[0]}` took longer than {PATIENCE:g} s.") from None
    except subprocess.CalledProcessError as error:
        last = (error.stderr or error.stdout or "").strip().splitlines()[-1:]
        raise Missing(f"`{' '.join(Path(word).name for word in command[:3])}` failed: {''.join(last)[:200]}") from None


def _said(command: list[str]) -> str:
    return subprocess.run(command, capture_output=True, text=True, timeout=30).stdout.strip()
