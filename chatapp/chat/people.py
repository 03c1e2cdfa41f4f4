"""Who somebody is: an id that is proved by a signature, and an avatar value that tells nothing of the e-mail address.

A page gets its id signed in a cookie, a program in `welcome`; so what somebody has written stays theirs, under whatever
name. Avatar values, and the ids of those who write in the plain dialect, are keyed hashes (BLAKE2b, RFC 7693) of name and
address under the server's secret key, so nobody can find an address by trying. Names and addresses come from
`chat.socket` and `chat.client`; with `AVATARS=gravatar`, `email_of` tells the picture fetcher the address.
"""

import collections
import hashlib
import secrets

from itsdangerous import BadSignature, Signer

from chatapp.chat.messages import User

#: Length of ids and hashes, in bytes: short on the wire, too long to guess.
DIGEST_BYTES = 12
#: How many addresses are remembered for fetching pictures.
REMEMBERED_EMAILS = 10_000


class People:
    """Makes `User`s, and signs who they are."""

    def __init__(self, key: bytes) -> None:
        self._key = key[:64]
        self._signer = Signer(key, salt="chat person", digest_method=hashlib.sha256)
        #: Whether other workers are told the addresses too: only where pictures are fetched by them.
        self.shares_emails = False
        self._emails: collections.OrderedDict[str, str] = collections.OrderedDict()
        #: Cookies are shared by all servers of a host name, so each has a name of its own for its.
        self.cookie = f"chatapp_{self._hash('cookie')[:8]}"

    def new(self) -> str:
        """The id of somebody who was never here."""
        return secrets.token_hex(DIGEST_BYTES)

    def token(self, person: str) -> str:
        """Proves that one is this person."""
        return self._signer.sign(person).decode()

    def person_of(self, token: str) -> str | None:
        """The id that this token proves, or None."""
        try:
            return self._signer.unsign(token).decode()
        except (BadSignature, UnicodeError):
            return None

    def user(self, person: str, name: str, email: str) -> User:
        """A person under this name, with the avatar of this address."""
        address = _address(email)
        # Of the person and the address: nobody can find out an address by saying hello with it and comparing.
        return User(person, name, self._avatar(address, person, address or name))

    def plain(self, name: str, email: str) -> User:
        """Who writes in the plain dialect: always the same for the same name and address."""
        address = _address(email)
        return User(self._hash("user", address, name), name, self._avatar(address, address or name), True)

    def email_of(self, avatar: str) -> str | None:
        """The address behind an avatar value of somebody who was here, for the server's own use."""
        return self._emails.get(avatar)

    def _avatar(self, address: str, *parts: str) -> str:
        avatar = self._hash("avatar", *parts)
        if address:
            self.remember(avatar, address)
        return avatar

    def remember(self, avatar: str, address: str) -> None:
        """Keep the address behind an avatar value for a while."""
        self._emails[avatar] = address
        self._emails.move_to_end(avatar)
        if len(self._emails) > REMEMBERED_EMAILS:
            self._emails.popitem(last=False)

    def _hash(self, *parts: str) -> str:
        text = "\0".join(parts).encode()
        return hashlib.blake2b(text, key=self._key, digest_size=DIGEST_BYTES).hexdigest()


def _address(email: str) -> str:
    """An e-mail address as it is hashed: upper and lower case and space around it make no difference."""
    return email.strip().lower()
