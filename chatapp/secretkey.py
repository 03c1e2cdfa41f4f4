"""The server's secret key: made on the first start, kept in the data folder, readable by its owner alone; or a setting.

Everything the server signs or hashes with a key derives from it: who somebody is in the chat, avatar values, the cookie of
the log page, the names of generations of logs.
"""

import hashlib
import hmac
import os
import secrets
from pathlib import Path

FILE_NAME = "secret.key"
KEY_BYTES = 32
#: Begins a setting that is the key itself, in hexadecimal: that of a file, for other machines.
HEX = "hex:"


def of_setting(text: str) -> bytes:
    """The key that all machines were given which share a database."""
    if text.startswith(HEX):
        return bytes.fromhex(text.removeprefix(HEX))
    return hashlib.sha256(text.encode()).digest()


def mark(key: bytes) -> str:
    """What tells a key from others, and tells nothing of it."""
    return hmac.digest(key, b"whose store this is", "sha256").hex()


def load_or_make(folder: Path) -> bytes:
    """The key of this data folder; made if it is missing. Several processes may ask at once: all get the same."""
    path = folder / FILE_NAME
    try:
        return _read(path)
    except FileNotFoundError:
        pass
    # Written aside and linked into place, so that nobody ever reads half a key and the first one wins.
    aside = folder / f".{FILE_NAME}.{os.getpid()}.{secrets.token_hex(4)}"
    fd = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(fd, "wb") as file:
            file.write(secrets.token_bytes(KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(aside, path)
        except FileExistsError:
            pass
    finally:
        os.unlink(aside)
    return _read(path)


def _read(path: Path) -> bytes:
    key = path.read_bytes()
    if len(key) < KEY_BYTES:
        raise ValueError(f"{path} holds no key (it is too short). Remove it, and a new one is made at the next start.")
    return key
