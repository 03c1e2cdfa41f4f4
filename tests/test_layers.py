"""Imports go one way, and each right has one home (docs/ARCHITECTURE.md, "Layout")."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "chatapp"
MODULES = sorted(PACKAGE.rglob("*.py"))

#: What each part may import of ours, beside itself.
MAY_IMPORT = {
    "config": {"values"},
    "values": set(),
    "version": set(),
    "secretkey": set(),
    "serverlog": set(),
    "realtime": set(),
    "chat": {"realtime", "config"},
    "logs": {"realtime", "config"},
    "web": {"realtime", "config", "chat", "logs", "version"},
    "commands": {"chat", "config", "secretkey"},
}


def imports(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def part_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_imports_only_from_below(path: Path) -> None:
    part = part_of(path)
    if part == "__init__":
        return  # the wiring, which knows all
    ours = {name.split(".")[1] for name in imports(path) if name.startswith("chatapp.")}
    assert ours - {part} <= MAY_IMPORT[part]


@pytest.mark.parametrize(
    ("what", "where"),
    [
        ("flask", {"web", "__init__.py", "commands.py"}),
        ("flask_sock", {"web/sockets.py"}),
        ("werkzeug", {"chat/socket.py", "logs/socket.py", "web"}),
        ("websockets", {f"realtime/{name}.py" for name in ("connection", "deflate", "fastpath", "handshake", "parser")}),
        ("inotify_simple", {"logs/watch.py"}),
        ("psycopg", {"chat/postgres.py"}),
        ("prometheus_client", {"web/metrics.py"}),
        ("re2", {"logs/conditions.py", "logs/redact_own.py"}),
    ],
)
def test_a_library_is_used_in_its_home_alone(what: str, where: set[str]) -> None:
    for path in MODULES:
        relative = str(path.relative_to(PACKAGE))
        if any(name.split(".")[0] == what for name in imports(path)):
            assert relative in where or relative.split("/")[0] in where, f"{relative} imports {what}"


def test_only_the_settings_read_the_environment() -> None:
    readers = [
        str(path.relative_to(PACKAGE))
        for path in MODULES
        if "environ:" in path.read_text() and "os.environ" in path.read_text()
    ]
    others = [
        str(path.relative_to(PACKAGE))
        for path in MODULES
        if "os.environ" in path.read_text() or "getenv" in path.read_text()
    ]
    assert readers == others == ["config.py"]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_says_what_it_is(path: Path) -> None:
    if path.read_text():
        assert ast.get_docstring(ast.parse(path.read_text())), "no docstring at the top"
