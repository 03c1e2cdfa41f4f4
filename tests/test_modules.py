"""The page names every module that its script imports, and no other."""

import re
from pathlib import Path

import pytest

from chatapp.web.modules import modules_of
from tests.conftest import TOP, Server


def test_imports_are_followed_each_once_and_not_those_for_later(tmp_path: Path) -> None:
    (tmp_path / "js").mkdir()
    (tmp_path / "vendor").mkdir()
    (tmp_path / "js" / "a.js").write_text(
        'import { x,\n  y } from "./b.js";\nimport z from "../vendor/z.js";\nexport { w } from "./b.js";\n'
        'const later = () => import("./later.js");\n// import no from "./comment.js";\n'
    )
    (tmp_path / "js" / "b.js").write_text('import "./a.js";\n')
    (tmp_path / "vendor" / "z.js").write_text("export default 1;\n")
    assert modules_of(tmp_path, "js/a.js") == ("js/a.js", "js/b.js", "vendor/z.js")


@pytest.mark.parametrize(("page", "entry"), [("/", "js/chat.js"), ("/logs", "js/logs.js")])
def test_what_a_page_names_is_there(server: Server, page: str, entry: str) -> None:
    named = re.findall(r'<link rel="modulepreload" href="/static/v-[0-9a-f]+/([^"]+)">', server.get(page)[1])
    assert named[0] == entry
    assert len(named) == len(set(named)) > 10
    for path in named:
        assert (TOP / "static" / path).is_file()
