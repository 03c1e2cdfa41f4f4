"""The allow-list of log files: names are never paths, and nothing leads out of it."""

import contextlib
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from chatapp.logs import files
from chatapp.logs.files import Catalog, NotAllowed
from tests.conftest import Server


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Allowed: logs/; not allowed: private/."""
    for path in (
        "logs/app.log",
        "logs/nginx/access.log",
        "logs/.hidden",
        "logs/tls.key",
        "logs/.git/config",
        "private/secret.txt",
    ):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(path)
    (tmp_path / "logs/inside").symlink_to("app.log")
    (tmp_path / "logs/outside").symlink_to(tmp_path / "private/secret.txt")
    (tmp_path / "logs/outside_folder").symlink_to(tmp_path / "private")
    (tmp_path / "logs/old.log.gz").write_bytes(b"\x1f\x8b")
    os.mkfifo(tmp_path / "logs/fifo")
    return tmp_path


def read(catalog: Catalog, name: str) -> str:
    with os.fdopen(catalog.open(name)) as file:
        return file.read()


def test_a_folder_shows_what_lies_in_it_and_links_that_stay_inside(tree: Path) -> None:
    catalog = Catalog((f"{tree}/logs",))
    assert [file.name for file in catalog.files()] == ["app.log", "inside", "nginx/access.log"]
    assert read(catalog, "app.log") == "logs/app.log"
    assert read(catalog, "inside") == "logs/app.log"
    assert read(catalog, "nginx/access.log") == "logs/nginx/access.log"


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        "../private/secret.txt",
        "nginx/../../private/secret.txt",
        "/etc/passwd",
        "app.log/",
        "nginx//access.log",
        "./app.log",
        "app.log\0",
        "outside",
        "outside_folder/secret.txt",
        ".hidden",
        ".git/config",
        "tls.key",
        "nginx",
        "fifo",
    ],
)
def test_all_else_is_refused_with_the_same_sentence(tree: Path, name: str) -> None:
    with pytest.raises(NotAllowed, match=files.REFUSAL):
        Catalog((f"{tree}/logs/",)).open(name)


def test_a_device_is_refused(tree: Path) -> None:
    with pytest.raises(NotAllowed):
        Catalog(("/dev/null",)).open("null")


def test_a_file_that_is_not_there_is_allowed_but_missing(tree: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Catalog((f"{tree}/logs",)).open("later.log")


def test_a_link_that_is_switched_after_the_check_leads_nowhere(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the check and the opening, a folder on the way becomes a link to elsewhere."""
    catalog = Catalog((f"{tree}/logs",))
    (tree / "private/access.log").write_text("stolen")
    real_open = os.open

    def switch_then_open(path: str, flags: int, *rest: int) -> int:
        (tree / "logs/nginx").rename(tree / "logs/was_nginx")
        (tree / "logs/nginx").symlink_to(tree / "private")
        return real_open(path, flags, *rest)

    monkeypatch.setattr(os, "open", switch_then_open)
    with pytest.raises(NotAllowed):
        catalog.open("nginx/access.log")


def test_single_files_are_listed_even_before_they_exist(tree: Path) -> None:
    catalog = Catalog((f"{tree}/logs/app.log", f"{tree}/logs/later.log"))
    assert [(file.name, file.size) for file in catalog.files()] == [("app.log", 12), ("later.log", None)]
    assert catalog.first() == "app.log"
    with pytest.raises(NotAllowed):
        catalog.open("nginx/access.log")


def test_a_single_file_that_links_elsewhere_needs_its_target_allowed(tree: Path) -> None:
    with pytest.raises(NotAllowed):
        Catalog((f"{tree}/logs/outside",)).open("outside")
    both = Catalog((f"{tree}/logs/outside", f"{tree}/private/secret.txt"))
    assert read(both, "logs/outside") == "private/secret.txt"


def test_globs_stay_within_a_folder_unless_they_say_otherwise(tree: Path) -> None:
    assert [file.name for file in Catalog((f"{tree}/logs/*.log",)).files()] == ["app.log"]
    deep = Catalog((f"{tree}/logs/**/*.log",))
    assert [file.name for file in deep.files()] == ["app.log", "nginx/access.log"]
    with pytest.raises(NotAllowed):
        Catalog((f"{tree}/logs/*.log",)).open("nginx/access.log")
    assert [file.name for file in Catalog((f"{tree}/*/nginx/acc?ss.l[no]g",)).files()] == ["logs/nginx/access.log"]
    assert [file.name for file in Catalog((f"{tree}/logs/**",)).files()] == ["app.log", "inside", "nginx/access.log"]


@pytest.mark.parametrize(
    ("pattern", "name"),
    [
        ("logs?app.log", "logs/app.log"),
        ("logs[!x]app.log", "logs/app.log"),
        ("*.log", "logs/app.log"),
        ("logs/*", "logs/nginx/access.log"),
    ],
)
def test_no_wildcard_but_two_stars_crosses_a_slash(tree: Path, pattern: str, name: str) -> None:
    with pytest.raises(NotAllowed):
        Catalog((f"{tree}/{pattern}",)).open(name)


def test_a_name_of_many_parts_is_no_burden() -> None:
    """A pattern tried by backtracking would take hours for this one."""
    with pytest.raises(NotAllowed):
        Catalog(("/x/**/a/**/a/**/a/**/a/**/a/**/*.log",)).path("/".join("a" * 63))
    with pytest.raises(NotAllowed):
        Catalog(("/x/",)).path("/".join("a" * 65))


def test_names_of_several_folders_are_told_apart_and_stay_what_they_are(tree: Path) -> None:
    for place in ("a/logs", "b/logs"):
        (tree / place).mkdir(parents=True)
        (tree / place / "app.log").write_text(place)
    catalog = Catalog((f"{tree}/a/logs", f"{tree}/b/logs/*.log"))
    assert [file.name for file in catalog.files()] == ["a/logs/app.log", "b/logs/app.log"]
    assert read(catalog, "b/logs/app.log") == "b/logs"
    (tree / "a/logs/app.log").unlink()
    assert [file.name for file in catalog.files()] == ["b/logs/app.log"]


def test_nothing_to_show_is_refused_too(tmp_path: Path) -> None:
    with pytest.raises(NotAllowed):
        Catalog((f"{tmp_path}/empty/",)).first()


@pytest.mark.parametrize(
    "name",
    [
        "server.key~",
        "server.key.bak.1",
        "secrets.pem.save",
        "#server.key#",
        "tls.key.orig.gz",
        "prod.env-2026.old~",
        "a.db-2",
    ],
)
def test_a_key_is_none_to_show_by_the_name_of_a_copy_either(tree: Path, name: str) -> None:
    (tree / "logs" / name).write_text("key")
    catalog = Catalog((f"{tree}/logs/",))
    assert [file.name for file in catalog.files()] == ["app.log", "inside", "nginx/access.log"]
    with pytest.raises(NotAllowed):
        catalog.open(name)


@pytest.mark.parametrize("name", ["app.log~", "keys.log.bak.1", "monkey.1", "db.log-2.old"])
def test_a_copy_of_a_log_is_shown(tree: Path, name: str) -> None:
    (tree / "logs" / name).write_text("copy")
    assert read(Catalog((f"{tree}/logs/",)), name) == "copy"


@pytest.mark.parametrize("tail", ["~" * 1000 + "/x", "-1~" * 80, ".1" * 120 + "x", ".bak" * 60])
def test_the_name_of_a_copy_of_copies_is_no_burden(tail: str) -> None:
    catalog = Catalog(("/x/",))
    start = time.thread_time()
    with contextlib.suppress(NotAllowed):
        catalog.path("a" + tail)
    assert time.thread_time() - start < 0.5, "seconds of the processor; 10 ms as a rule"


def test_a_file_whose_name_looks_like_a_glob(tree: Path) -> None:
    (tree / "logs/app[1].log").write_text("named")
    catalog = Catalog((f"{tree}/logs/app[1].log",))
    assert [file.name for file in catalog.files()] == ["app[1].log"]
    assert read(catalog, "app[1].log") == "named"
    with pytest.raises(NotAllowed):
        catalog.open("app.log")
    (tree / "logs/new[1]").mkdir()
    (tree / "logs/new[1]/app.log").write_text("in a folder")
    assert read(Catalog((f"{tree}/logs/new[1]",)), "app.log") == "in a folder"


def test_a_folder_that_is_made_later_is_a_folder(tree: Path) -> None:
    """Also without a slash, and with the names that it would have after another start."""
    setting = (f"{tree}/logs/app.log", f"{tree}/later")
    catalog = Catalog(setting)
    assert [file.name for file in catalog.files()] == ["logs/app.log", f"{tree.name}/later"]
    (tree / "later").mkdir()
    (tree / "later/new.log").write_text("new")
    assert [file.name for file in catalog.files()] == ["logs/app.log", "later/new.log"]
    assert read(catalog, "later/new.log") == "new"
    assert [file.name for file in Catalog(setting).files()] == ["logs/app.log", "later/new.log"]


def test_what_shows_nothing_is_told(tree: Path) -> None:
    entries = ("app.log", "none.log", "*.none", "outside", "", "empty/", "fifo")
    (tree / "logs/empty").mkdir()
    told = Catalog(tuple(f"{tree}/logs/{entry}" for entry in entries)).unseen()
    assert told == [
        f"{tree}/logs/none.log does not exist yet.",
        f"{tree}/logs/*.none: nothing there can be shown at the moment.",
        f"{tree}/logs/outside is a link to {tree}/private/secret.txt, which must be among the log files itself.",
        f"{tree}/logs/empty/: nothing there can be shown at the moment.",
        f"{tree}/logs/fifo is no file.",
    ]


def test_the_server_warns_at_start_of_what_shows_nothing(serve: Callable[..., Server], tmp_path: Path) -> None:
    server = serve(LOGS=f"{tmp_path}/none.log")
    assert f"CHATAPP_LOGS: {tmp_path}/none.log does not exist yet." in server.said()
