"""The allow-list of log files: names are never paths, and nothing leads out of it."""

import os
from pathlib import Path

import pytest

from chatapp.logs import files
from chatapp.logs.files import Catalog, NotAllowed


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
