"""Who somebody is to the others: an id and an avatar value that tell nothing of the e-mail address.

Both are keyed hashes (BLAKE2b, RFC 7693) under the server's secret key, so nobody can find an address by trying. Names
and addresses come from `chat.socket`; with `AVATARS=gravatar`, `email_of` tells the picture fetcher the address.
"""

import collections
import hashlib

from chatapp.chat.messages import User

#: Length of the hashes, in bytes: short on the wire, too long to guess.
DIGEST_BYTES = 12
#: How many addresses are remembered for fetching pictures.
REMEMBERED_EMAILS = 10_000


class Users:
    """Makes `User`s, always the same for the same name and e-mail under the same key."""

    def __init__(self, key: bytes) -> None:
        self._key = key[:64]
        self._emails: collections.OrderedDict[str, str] = collections.OrderedDict()

    def make(self, name: str, email: str) -> User:
        """The user of this name and e-mail. Upper and lower case and space around an address make no difference."""
        address = email.strip().lower()
        avatar = self._hash("avatar", address or name)
        if address:
            self._remember(avatar, address)
        return User(self._hash("user", address, name), name, avatar)

    def email_of(self, avatar: str) -> str | None:
        """The address behind an avatar value of somebody who was here, for the server's own use."""
        return self._emails.get(avatar)

    def _remember(self, avatar: str, address: str) -> None:
        self._emails[avatar] = address
        self._emails.move_to_end(avatar)
        if len(self._emails) > REMEMBERED_EMAILS:
            self._emails.popitem(last=False)

    def _hash(self, *parts: str) -> str:
        text = "\0".join(parts).encode()
        return hashlib.blake2b(text, key=self._key, digest_size=DIGEST_BYTES).hexdigest()
