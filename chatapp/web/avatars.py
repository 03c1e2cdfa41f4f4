"""Pictures of people, when `CHATAPP_AVATARS=gravatar`: the server fetches them and passes them on.

A page asks for `/avatar/<value>` with the opaque value of a user; the address behind it is known to the server alone. So
nobody who reads sees an address, and Gravatar gets a hash of it from the server and never learns who reads. Answers are kept
for a day.
"""

import collections
import hashlib
import http.client
import logging
import time
import urllib.error
import urllib.request
from typing import Protocol

from flask import Blueprint, Response

#: Pixels asked for, the largest answer taken (bytes), how long a fetch may take and an answer is kept (seconds).
PICTURE_SIZE = 80
MAX_PICTURE_BYTES = 262_144
FETCH_SECONDS = 5.0
KEPT_SECONDS = 86_400
RETRY_SECONDS = 300
KEPT_PICTURES = 500
#: What a picture may be; anything else could be a page.
PICTURE_TYPES = ("image/png", "image/jpeg", "image/gif", "image/webp")

_log = logging.getLogger(__name__)

#: Type and bytes of a picture, or None for somebody who has none.
Picture = tuple[str, bytes] | None


class Emails(Protocol):
    """Knows the address behind an avatar value."""

    def email_of(self, avatar: str) -> str | None: ...


class Avatars:
    """Fetches and keeps pictures. `base_url` ends with /."""

    def __init__(self, emails: Emails, base_url: str) -> None:
        self._emails = emails
        self._base_url = base_url
        self._kept: collections.OrderedDict[str, tuple[float, Picture]] = collections.OrderedDict()

    def get(self, avatar: str) -> Picture:
        """The picture behind an avatar value, from memory or from the service; None if there is none."""
        until, picture = self._kept.get(avatar, (0.0, None))
        if time.monotonic() < until:
            return picture
        address = self._emails.email_of(avatar)
        if address is None:
            return None
        try:
            picture, seconds = self._fetch(address), KEPT_SECONDS
        except (OSError, ValueError, http.client.HTTPException) as error:
            _log.warning("the picture service can't be reached: %s", error)
            picture, seconds = None, RETRY_SECONDS
        self._kept[avatar] = (time.monotonic() + seconds, picture)
        if len(self._kept) > KEPT_PICTURES:
            self._kept.popitem(last=False)
        return picture

    def _fetch(self, address: str) -> Picture:
        digest = hashlib.sha256(address.encode()).hexdigest()
        url = f"{self._base_url}{digest}?s={PICTURE_SIZE}&d=404&r=g"
        try:
            with urllib.request.urlopen(url, timeout=FETCH_SECONDS) as answer:  # noqa: S310 - the setting takes http(s) only
                kind = answer.headers.get_content_type()
                body = answer.read(MAX_PICTURE_BYTES + 1)
                length = answer.headers.get("Content-Length")
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return None
            raise
        if length is not None and length != str(len(body)):
            raise OSError("the picture was cut off or is too large")
        return (kind, body) if kind in PICTURE_TYPES and len(body) <= MAX_PICTURE_BYTES else None


def blueprint(avatars: Avatars) -> Blueprint:
    """The route `/avatar/<value>`."""
    bp = Blueprint("avatars", __name__)

    @bp.get("/avatar/<avatar>")
    def avatar(avatar: str) -> Response:
        picture = avatars.get(avatar)
        if picture is None:
            return Response("No picture.\n", 404, mimetype="text/plain")
        kind, body = picture
        return Response(body, mimetype=kind, headers={"Cache-Control": f"private, max-age={KEPT_SECONDS}"})

    return bp
