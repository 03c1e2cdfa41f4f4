"""Scripts, styles and pictures of the pages, below `/static/`, kept by browsers for as long as they are the same.

Their address holds a version made of what all of them hold: `/static/v-2f0c5d…/js/chat.js`. So a page that is opened again
asks for none of them, where revalidation costs a request a file. As the version comes before the path, it reaches what
modules import by relative path too, and a page does not mix two releases; a version behind the path would reach the first
module alone, and a name made of each file's content needs a build step, which there is none of.
"""

import hashlib
import time
from pathlib import Path

from flask import Flask, Response, url_for

from chatapp.web.modules import modules_of

#: How long a browser may keep a file (seconds): for good.
KEPT_SECONDS = 365 * 86_400
#: Who works on the files sees a change after so long at most (seconds).
LOOK_SECONDS = 1.0

#: Path, time of the last change in ns, and size of each file.
_Signature = tuple[tuple[str, int, int], ...]


class Version:
    """What all files of a folder hold, as a short text: the same on all machines that serve the same files."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._signature: _Signature = ()
        self._looked = float("-inf")
        self._text = ""

    def __str__(self) -> str:
        if time.monotonic() - self._looked >= LOOK_SECONDS:
            self._looked = time.monotonic()
            try:
                self._renew()
            except OSError:  # one of them is just being replaced
                if not self._text:
                    raise
        return self._text

    def _renew(self) -> None:
        signature = self._look()
        if signature != self._signature:
            self._signature, self._text = signature, self._digest(signature)

    def _look(self) -> _Signature:
        paths = sorted(path for path in self._folder.rglob("*") if path.is_file())
        stats = [(path.relative_to(self._folder).as_posix(), path.stat()) for path in paths]
        return tuple((path, stat.st_mtime_ns, stat.st_size) for path, stat in stats)

    def _digest(self, signature: _Signature) -> str:
        digest = hashlib.blake2b(digest_size=8)
        for path, _, _ in signature:
            for data in (path.encode(), (self._folder / path).read_bytes()):
                digest.update(hashlib.sha256(data).digest())
        return digest.hexdigest()


def add(app: Flask) -> None:
    """Serve the app's static files under their version too, and give templates `asset(path)`, the address of one of them,
    and `modules(path)`, what a module imports."""
    folder = Path(str(app.static_folder))
    version = Version(folder)

    @app.get("/static/v-<asked>/<path:filename>")
    def asset(asked: str, filename: str) -> Response:
        response = app.send_static_file(filename)
        # A page of another release, of which another server is still (or already) the source, gets ours, to keep for once.
        if asked == str(version):
            response.cache_control.no_cache = None
            response.cache_control.public = response.cache_control.immutable = True
            response.cache_control.max_age = KEPT_SECONDS
        return response

    app.add_template_global(lambda path: url_for("asset", asked=version, filename=path), "asset")
    app.add_template_global(lambda entry: modules_of(folder, entry), "modules")
