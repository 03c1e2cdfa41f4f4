"""The settings: one table of name, default, meaning, and the only reader of the environment.

Each field of `Settings` is read from the variable `CHATAPP_` + its name in capitals. Data comes from
`os.environ` once, at start; it goes to `create_app` and `gunicorn.conf.py`. A wrong value raises
`SettingError` with a sentence that names the variable and says what to write instead.
"""

import dataclasses
import difflib
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from chatapp import values

PREFIX = "CHATAPP_"


class SettingError(ValueError):
    """A setting has a value that can't be used; the text is a sentence for the person who runs the server."""


def _setting(default: Any, parse: Callable[[str], Any], meaning: str) -> Any:
    return dataclasses.field(default=default, metadata={"parse": parse, "meaning": meaning})


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings:
    """All settings, typed. Make one with `load()`, or directly in a test."""

    bind: str = _setting("127.0.0.1:8000", values.address, "Where the server listens: `HOST:PORT` or `unix:PATH`.")
    data_dir: Path = _setting(
        Path("var"),
        values.folder,
        "Folder for what the server keeps: the chat, its secret key, its own log. Made if missing.",
    )
    max_clients: int = _setting(
        5000, values.whole_number(1, 1_000_000), "WebSocket connections at the same time, both halves; more get 503."
    )
    max_message_bytes: int = _setting(
        65_536,
        values.whole_number(1024, 16_777_216),
        "The largest message a client may send, in bytes; larger closes with 1009.",
    )
    max_username_chars: int = _setting(64, values.whole_number(1, 1000), "The longest user name, in characters.")
    outbox_bytes: int = _setting(
        1_048_576,
        values.whole_number(524_288, 1_073_741_824),
        "What waits in memory for one slow client, in bytes; at least 8 times `MAX_MESSAGE_BYTES`. "
        "Over it a chat client is closed with 4008 and comes back; a log viewer reads on from the file.",
    )
    message_rate: float = _setting(
        20.0,
        values.number(0, 1_000_000),
        "Messages a second that are read from one connection, with bursts of five times as many; "
        "a faster talker is read more slowly, nothing is dropped. 0: no limit.",
    )
    ping_seconds: float = _setting(
        25.0, values.number(0.1, 3600), "Time between two pings; who gives no sign of life between two is gone (4012)."
    )
    allowed_origins: tuple[str, ...] = _setting(
        (),
        values.origins,
        "Web pages of other origins that may open a WebSocket here, separated by commas; `*` for any. "
        "Pages of this server always may, and so may programs, which send no `Origin`.",
    )
    trusted_proxies: tuple[str, ...] = _setting(
        (),
        values.proxies,
        "The proxies in front of this server: addresses or networks, separated by commas; `unix` for one that comes through "
        "a Unix socket. What they say of a request (`X-Forwarded-For`, `-Proto`, `-Host`, `-Prefix`) is believed, and what "
        "anybody else says is not.",
    )
    avatars: str = _setting(
        "local",
        values.one_of("local", "gravatar"),
        "`local`: letters on a colour, made in the page. `gravatar`: pictures that the server fetches and passes on.",
    )
    gravatar_url: str = _setting(
        "https://www.gravatar.com/avatar/",
        values.http_url,
        "Where the server fetches pictures with `AVATARS=gravatar` (Libravatar works too).",
    )
    logs: tuple[str, ...] = _setting(
        (),
        values.log_entries,
        "The log files that may be shown: files, folders or globs (`**` too), separated by commas. "
        "Empty: the server's own log. A link is followed only to what is allowed itself. The rotated files of a log may be "
        "seen as the log may. Of what shows nothing the server warns at start.",
    )
    log_backfill: int = _setting(
        1000, values.whole_number(0, 1_000_000), "Lines of the past that a plain viewer gets first."
    )
    history_days: float = _setting(
        0.0,
        values.number(0, 36_500),
        "How many days what is said in the chat is kept; older is removed. 0: everything is kept.",
    )
    store_sync: str = _setting(
        "normal",
        values.one_of("normal", "full"),
        "When a message counts as stored. `normal`: when the operating system has it, which a killed server survives; after "
        "a power failure the last seconds may be gone. `full`: when the disk has it, which each batch waits for.",
    )
    database_url: str = _setting(
        "",
        values.database_url,
        "A PostgreSQL database to keep the chat in, for several machines: `postgresql://USER:PASSWORD@HOST:PORT/DATABASE`. "
        "Empty: SQLite in the data folder.",
    )
    secret_key: str = _setting(
        "",
        values.secret_key,
        "The key that all signatures come from: at least 32 printable ASCII characters, the same on all machines that share "
        "a database; `hex:` and 64 digits are the key of a file `secret.key`, as `chat migrate-store` tells them. "
        "Empty: made on the first start, and kept in the data folder.",
    )
    machine: str = _setting(
        "",
        values.machine,
        "What this machine is called, on its log page and in `/healthz`, where several share a database. "
        "Empty: its host name.",
    )
    deflate: str = _setting(
        "on",
        values.one_of("on", "off"),
        "Whether what many get is compressed, once for all of them, for those that can read it (browsers can; "
        "permessage-deflate). It saves two thirds of the traffic of a busy chat or log.",
    )
    log_token: str = _setting(
        "",
        values.secret_text(8),
        "The token that opens the log half: at least 8 printable ASCII characters. Empty: it answers only requests from "
        "this computer for a loopback host name; behind a proxy always set one.",
    )
    log_watch: str = _setting(
        "auto",
        values.one_of("auto", "poll"),
        "How files are watched: `auto` is inotify with polling as fallback, `poll` only polls.",
    )
    log_redact: str = _setting(
        "on",
        values.redaction,
        "What is blacked out in log lines before they leave the server. `on`: passwords, tokens, keys. The path of a file:"
        " also what its patterns match (google-re2, one a line; with groups, only these; `^` and `$` are a line's ends)."
        " `off`: nothing.",
    )

    log_encodings: tuple[tuple[str, str], ...] = _setting(
        (),
        values.encodings,
        "Encodings of log files that are not UTF-8, `PATTERN=ENCODING` separated by commas, for example "
        "`old/*.log=gbk,legacy.log=latin-1`. A pattern stands for names as the page shows them, or for their last part; "
        "rotated files are read as their log. A byte order mark needs no word here.",
    )
    log_line_bytes: int = _setting(
        65_536,
        values.whole_number(1024, 1_048_576),
        "The longest line that a log viewer is sent whole, in bytes; of a longer one it gets so much and how long it is, "
        "and may fetch the rest. At most an eighth of `OUTBOX_BYTES`.",
    )
    metrics_token: str = _setting(
        "",
        values.secret_text(16),
        "The token with which Prometheus may read `/metrics`: at least 16 printable ASCII characters. Empty: nobody may.",
    )

    def __post_init__(self) -> None:
        for name in ("max_message_bytes", "log_line_bytes"):
            most = getattr(self, name)
            if self.outbox_bytes < 8 * most:
                raise SettingError(
                    f"{PREFIX}OUTBOX_BYTES is {self.outbox_bytes}; it must be at least 8 times {PREFIX}{name.upper()} "
                    f"({most}), so that one message always fits: write {8 * most} or more."
                )


def load(environ: Mapping[str, str] = os.environ) -> Settings:
    """Read the settings from `environ`. Raises `SettingError` for the first value that can't be used."""
    found = {}
    for field in dataclasses.fields(Settings):
        variable = PREFIX + field.name.upper()
        text = environ.get(variable)
        if text is None:
            continue
        try:
            found[field.name] = field.metadata["parse"](text.strip())
        except ValueError as error:
            # A token or a password must not end up in a log, however wrong it is.
            secret = field.name.endswith("_token") or field.name in ("database_url", "secret_key")
            shown = "" if secret else f" is {text!r}; it"
            raise SettingError(f"{variable}{shown} must be {error}.") from None
    return Settings(**found)


def unknown_names(environ: Mapping[str, str] = os.environ) -> list[str]:
    """One sentence for each `CHATAPP_` variable that is no setting: most likely a typing error."""
    known = [PREFIX + field.name.upper() for field in dataclasses.fields(Settings)]
    sentences = []
    for name in sorted(environ):
        if name.startswith(PREFIX) and name not in known:
            close = difflib.get_close_matches(name, known, n=1)
            sentences.append(f"{name} is not a setting and was ignored." + (f" Did you mean {close[0]}?" if close else ""))
    return sentences
