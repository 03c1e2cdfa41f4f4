"""What pages are made of is kept by browsers as long as it is the same."""

import os
import re
from pathlib import Path

import pytest

from chatapp.web import assets
from chatapp.web.assets import Version
from tests.conftest import Server

KEPT = "public, immutable, max-age=31536000"


@pytest.mark.parametrize("page", ["/", "/logs"])
def test_all_that_a_page_names_is_kept_for_good(server: Server, page: str) -> None:
    named = set(re.findall(r'(?:href|src)="(/static/[^"]+)"', server.get(page)[1]))
    assert len(named) > 20
    for address in named:
        status, _, headers = server.get(address)
        assert (status, headers["cache-control"]) == (200, KEPT)


def test_under_another_version_or_none_it_is_asked_for_anew_each_time(server: Server) -> None:
    for address in ("/static/v-0123456789abcdef/js/chat.js", "/static/js/chat.js"):
        status, text, headers = server.get(address)
        assert (status, headers["cache-control"]) == (200, "no-cache")
        assert "import" in text
        assert server.get(address, {"If-None-Match": headers["etag"]})[0] == 304


def test_what_is_not_there_is_not_kept(server: Server) -> None:
    address = re.findall(r'src="(/static/[^"]+)chat\.js"', server.get("/")[1])[0]
    for missing in ("nothing.js", "../../wsgi.py", "..%2f..%2fwsgi.py"):
        status, _, headers = server.get(address + missing)
        assert status == 404
        assert "max-age" not in headers.get("cache-control", "")


def test_the_version_is_that_of_what_the_files_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assets, "LOOK_SECONDS", 0.0)

    def write(folder: str, **files: str) -> Version:
        (tmp_path / folder).mkdir(exist_ok=True)
        for name, text in files.items():
            (tmp_path / folder / name).write_text(text)
        return Version(tmp_path / folder)

    one, other = write("one", a="1", b="2"), write("other", a="1", b="2")
    os.utime(tmp_path / "other" / "a", (1, 1))
    before = str(one)
    assert before == str(other), "another machine, to which the files came at another time"
    write("other", a="12", b="")
    assert str(other) not in ("", before)
    write("other", a="1", b="2")
    assert str(other) == before
    (tmp_path / "other" / "b").rename(tmp_path / "other" / "c")
    assert str(other) != before
