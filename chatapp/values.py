"""What the values of settings look like: from the text of a variable to what the server works with.

Each function takes such a text, or makes one that does, and raises `ValueError` with what the value must be, as the end of a
sentence. Which setting has which is the table of `chatapp.config`.
"""

import codecs
import ipaddress
import os
import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import SplitResult, urlsplit


def _split_url(text: str) -> SplitResult:
    try:
        return urlsplit(text)
    except ValueError:  # an unfinished [ of an IPv6 address
        return SplitResult("", "", "", "", "")


def whole_number(least: int, most: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        number = int(text) if re.fullmatch(r"[+-]?\d{1,18}", text) else None
        if number is None or not least <= number <= most:
            raise ValueError(f"a whole number from {least} to {most}")
        return number

    return parse


def number(least: float, most: float) -> Callable[[str], float]:
    def parse(text: str) -> float:
        try:
            number = float(text)
        except ValueError:
            number = float("nan")
        if not least <= number <= most:
            raise ValueError(f"a number from {least:g} to {most:g}")
        return number

    return parse


def address(text: str) -> str:
    if re.fullmatch(r"unix:.+", text):
        return text
    match = re.fullmatch(r"(\[[0-9a-fA-F:.]+\]|[^\s:/\[\]]+):(\d{1,5})", text)
    if not match or int(match[2]) > 65535:
        raise ValueError("HOST:PORT, for example 127.0.0.1:8000 or [::1]:8000, or unix:/path/to/socket")
    return text


def folder(text: str) -> Path:
    if not text:
        raise ValueError("the path of a folder")
    return Path(text)


def log_entries(text: str) -> tuple[str, ...]:
    entries = tuple(part.strip() for part in text.split(",") if part.strip())
    if any("\0" in entry for entry in entries):
        raise ValueError("files, folders or globs, separated by commas")
    return entries


def origins(text: str) -> tuple[str, ...]:
    origins = tuple(part.strip().rstrip("/").lower() for part in text.split(",") if part.strip())
    for origin in origins:
        parts = _split_url(origin)
        well_formed = parts.scheme in ("http", "https") and parts.netloc and origin == f"{parts.scheme}://{parts.netloc}"
        if origin != "*" and not well_formed:
            raise ValueError("origins separated by commas, for example https://chat.example.org, or * for any")
    return origins


def proxies(text: str) -> tuple[str, ...]:
    proxies = tuple(part.strip() for part in text.split(",") if part.strip())
    try:
        for proxy in proxies:
            if proxy != "unix":
                ipaddress.ip_network(proxy)
    except ValueError:
        raise ValueError("addresses or networks separated by commas, for example 127.0.0.1,10.0.0.0/24, or unix") from None
    return proxies


def secret_text(least: int) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text and (len(text) < least or not text.isprintable() or not text.isascii()):
            raise ValueError(f"at least {least} printable ASCII characters")
        return text

    return parse


def secret_key(text: str) -> str:
    if text and (len(text) < 32 or not text.isprintable() or not text.isascii()):
        raise ValueError("at least 32 printable ASCII characters, best made by chance: openssl rand -base64 32")
    if text.startswith("hex:") and not re.fullmatch("hex:([0-9a-fA-F]{2}){32,}", text):
        raise ValueError("after hex: a key of at least 64 hexadecimal digits, those of the file secret.key")
    return text


def machine(text: str) -> str:
    if len(text) > 64 or not text.isprintable():
        raise ValueError("at most 64 printable characters")
    return text


def one_of(*choices: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in choices:
            raise ValueError(" or ".join(choices))
        return text

    return parse


def redaction(text: str) -> str:
    if text not in ("on", "off") and not os.path.isfile(text):
        raise ValueError("on, off, or the path of a file with patterns")
    return text


def encodings(text: str) -> tuple[tuple[str, str], ...]:
    """Patterns of names and the encodings of their files."""
    pairs = []
    for part in filter(None, map(str.strip, text.split(","))):
        pattern, _, name = (piece.strip() for piece in part.rpartition("="))
        if not pattern or not _is_readable(name):
            raise ValueError(
                "PATTERN=ENCODING, separated by commas, for example old/*.log=gbk; an encoding that ASCII is part of "
                "(gbk, gb18030, big5, shift_jis, latin-1, cp1252 …), or utf-16-le or utf-16-be"
            )
        pairs.append((pattern, codecs.lookup(name).name))
    return tuple(pairs)


def _is_readable(encoding: str) -> bool:
    """Whether lines can be told apart in it: ASCII stands for itself, without escapes to something else, or it is UTF-16."""
    text = "".join(map(chr, range(128)))
    try:
        name = codecs.lookup(encoding).name
        if name in ("utf-16-le", "utf-16-be"):
            return True
        is_ascii = text.encode(name).decode("ascii") == text == text.encode().decode(name)
        return is_ascii and not name.startswith(("iso2022", "raw"))
    except (LookupError, UnicodeError):
        return False


def database_url(text: str) -> str:
    if text and _split_url(text).scheme not in ("postgresql", "postgres"):
        raise ValueError("postgresql://USER:PASSWORD@HOST:PORT/DATABASE, or empty for SQLite in the data folder")
    # What stands for itself in a password would make a part of that the name of a host, and that is told in the log.
    before, at, _ = text.partition("://")[2].partition("?")[0].rpartition("@")
    if (at and re.search("[@/]", before)) or re.search(r"\s|%(?![0-9a-fA-F]{2})", text):
        raise ValueError(
            "postgresql://USER:PASSWORD@HOST:PORT/DATABASE, and in the password %40 for @, %2F for /, %25 for % and so on"
        )
    return text


def http_url(text: str) -> str:
    parts = _split_url(text)
    if parts.scheme not in ("http", "https") or not parts.netloc or not text.endswith("/"):
        raise ValueError("an http or https address that ends with /")
    return text
