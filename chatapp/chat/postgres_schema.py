"""The tables of the store in PostgreSQL: made, migrated, refused with a sentence; and the epoch.

Opened by `chat.store_postgres` at the start of each worker, and looked at by gunicorn's master before that (`check`). The
tables are those of `chat.schema`, where their columns are explained, and two more: `state`, whose one row is the lock that
makes one order, and `docs`, in which is searched. A step that has been released is never changed.
"""

import contextlib
import logging
import secrets
from collections.abc import Iterator, Sequence

from chatapp.chat.database import DatabaseError, StoreError
from chatapp.chat.postgres import Link, RefusedError, Server

SETTING = "CHATAPP_DATABASE_URL"
#: The oldest version of PostgreSQL that is good for it.
OLDEST = 130_000
#: Held while the tables are made or migrated: workers that start at the same time would do it side by side.
_OPENING = 0x63686174  # "chat"
#: How long making and migrating may take, and waiting for another worker that does (seconds).
PATIENCE_SECONDS = 600.0

_log = logging.getLogger(__name__)

STEPS = (
    """
    CREATE TABLE meta (
        -- "epoch": the identity of this store; "database": of the database that it was found in last; "floor" as in SQLite
        key TEXT PRIMARY KEY,
        value TEXT NOT NULL
    );

    CREATE TABLE state (
        -- One row. Who writes locks it until the commit: so commits become visible in the order of positions.
        one BOOLEAN PRIMARY KEY DEFAULT true CHECK (one),
        version BIGINT NOT NULL,    -- rises with every commit
        pos BIGINT NOT NULL         -- of the newest event there ever was
    );
    INSERT INTO state (version, pos) VALUES (0, 0);

    CREATE TABLE rooms (
        key BIGINT PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        kind TEXT NOT NULL,
        topic TEXT NOT NULL,
        maker TEXT NOT NULL,
        floor BIGINT NOT NULL DEFAULT 0,
        floor_number BIGINT NOT NULL DEFAULT 0
    );

    CREATE TABLE authors (
        key BIGINT PRIMARY KEY,
        person TEXT NOT NULL,
        name TEXT NOT NULL,
        avatar TEXT NOT NULL,
        plain SMALLINT NOT NULL,
        UNIQUE (person, name, avatar, plain)
    );

    CREATE TABLE events (
        pos BIGINT PRIMARY KEY,
        room BIGINT NOT NULL,
        seq BIGINT NOT NULL,
        number BIGINT NOT NULL,
        type SMALLINT NOT NULL,
        time BIGINT NOT NULL,
        author BIGINT NOT NULL,
        id TEXT,
        target BIGINT,
        body TEXT NOT NULL,
        mentions TEXT
    );
    CREATE UNIQUE INDEX events_in_room ON events (room, seq);
    CREATE UNIQUE INDEX events_by_id ON events (id) WHERE id IS NOT NULL;
    CREATE INDEX edits ON events (room, target) WHERE type = 2;
    -- For pages of messages, where a room has had many reactions and edits since.
    CREATE INDEX messages_in_room ON events (room, seq) WHERE type = 1;

    CREATE TABLE changes (
        room BIGINT NOT NULL,
        seq BIGINT NOT NULL,
        body TEXT NOT NULL,
        mentions TEXT,
        edited BIGINT,
        deleted BIGINT,
        PRIMARY KEY (room, seq)
    );

    CREATE TABLE reactions (
        room BIGINT NOT NULL,
        seq BIGINT NOT NULL,
        emoji TEXT NOT NULL,
        person TEXT NOT NULL,
        name TEXT NOT NULL,
        pos BIGINT NOT NULL,
        PRIMARY KEY (room, seq, emoji, person)
    );

    CREATE TABLE mentions (
        person TEXT NOT NULL,
        room BIGINT NOT NULL,
        seq BIGINT NOT NULL,
        PRIMARY KEY (person, room, seq)
    );
    CREATE INDEX mentions_in ON mentions (room, seq);

    CREATE TABLE members (
        person TEXT NOT NULL,
        room BIGINT NOT NULL,
        member SMALLINT NOT NULL,
        read BIGINT NOT NULL,
        number BIGINT NOT NULL,
        version BIGINT NOT NULL DEFAULT 0,
        PRIMARY KEY (person, room)
    );
    CREATE INDEX members_told ON members (version) WHERE version > 0;

    CREATE TABLE people (
        person TEXT PRIMARY KEY,
        name TEXT NOT NULL,
        avatar TEXT NOT NULL,
        seen BIGINT NOT NULL
    );

    CREATE TABLE addresses (
        pos BIGINT PRIMARY KEY,
        email TEXT NOT NULL
    );

    CREATE TABLE docs (             -- every message as it is now, but for those that are deleted
        pos BIGINT PRIMARY KEY,
        room BIGINT NOT NULL,
        name TEXT NOT NULL,         -- of the author, folded
        time BIGINT NOT NULL,
        text TEXT NOT NULL,         -- folded
        signs INTEGER[] NOT NULL    -- the different characters of the text that are not ASCII
    );
    -- What is new stands in a list of the index first, so that no commit waits for it: chat.search_postgres puts it in.
    CREATE INDEX docs_text ON docs USING gin (text gin_trgm_ops, signs) WITH (gin_pending_list_limit = 65536);
    CREATE INDEX docs_by_name ON docs (name, pos);
    CREATE INDEX docs_in_room ON docs (room, pos);
    CREATE INDEX docs_by_time ON docs USING brin (time);
    """,
)
VERSION = len(STEPS)
#: The types of the columns of the tables to which many rows are added at a time.
COLUMNS = {
    "events": ("bigint",) * 4 + ("smallint", "bigint", "bigint", "text", "bigint", "text", "text"),
    "members": ("text", "bigint", "smallint", "bigint", "bigint", "bigint"),
    "people": ("text", "text", "text", "bigint"),
    "addresses": ("bigint", "text"),
}

#: What tells the database from any other, and from what is made of a copy of it: a dump that was put back, a replica that
#: was promoted, a point in time to which it was set back. All of these may lack what was committed.
IDENTITY = """
    SELECT (SELECT system_identifier FROM pg_control_system())::text
        || ' ' || left(pg_walfile_name(pg_current_wal_lsn()), 8)
        || ' ' || (SELECT oid FROM pg_database WHERE datname = current_database())
        || ' ' || 'state'::regclass::oid
"""


def check(url: str) -> None:
    """Raise `StoreError` if the store of this URL can't be used. Changes nothing."""
    server = Server(url)
    with contextlib.closing(connected(server)) as link, sentences(server):
        _refuse_what_can_not_be_used(link, server)
        if _version_of(link, server, VERSION) < VERSION:
            _refuse_without_rights(link, server)


def connected(server: Server) -> Link:
    """A connection to the database. Raises `StoreError` if there is none."""
    with sentences(server):
        return server.connect()


def prepare(server: Server, key_mark: str = "", steps: Sequence[str] = STEPS) -> str:
    """Make or migrate the tables if need be; the epoch. Raises `StoreError`.

    `key_mark` tells the server's key from others: the first one is kept, and a server with another one is refused.
    """
    with contextlib.closing(connected(server)) as link, sentences(server):
        _refuse_what_can_not_be_used(link, server)
        link.be_patient(PATIENCE_SECONDS)
        link.execute("BEGIN")  # all or nothing: what is not committed ends with the connection
        link.execute("SELECT pg_advisory_xact_lock(%s)", (_OPENING,))
        version = _version_of(link, server, len(steps))
        if version < len(steps):
            _refuse_without_rights(link, server)
            if version:
                _log.warning("%s is brought from version %d to %d", server.name, version, len(steps))
            link.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
            for step in steps[version:]:
                link.execute(step)
            _set(link, version=str(len(steps)))
        if key_mark:
            _refuse_another_key(link, server, key_mark)
        epoch = _epoch(link)
        link.execute("COMMIT")
    return epoch


def _epoch(link: Link) -> str:
    """The identity of the store. Another one if the database is another: what was committed may be missing."""
    identity = str(link.ask(IDENTITY)[0][0])
    meta = dict(link.ask("SELECT key, value FROM meta"))
    epoch = str(meta.get("epoch") or "")
    if not epoch or meta.get("database") != identity:
        if epoch:
            _log.warning("the database is another one than before, or was put back: clients start from the newest page")
        epoch = secrets.token_hex(8)
        _set(link, epoch=epoch, database=identity)
    return epoch


def _set(link: Link, **values: str) -> None:
    for key, value in values.items():
        link.execute("INSERT INTO meta VALUES (%s, %s) ON CONFLICT (key) DO UPDATE SET value = excluded.value", (key, value))


# Refusing.


def _refuse_another_key(link: Link, server: Server, key_mark: str) -> None:
    """With another key everybody would be a stranger, on this machine alone."""
    known = link.ask("SELECT value FROM meta WHERE key = 'secret'")
    if not known:
        _set(link, secret=key_mark)
    elif known != [(key_mark,)]:
        raise StoreError(
            f"{server.name} belongs to servers with another secret key. Give this one the same CHATAPP_SECRET_KEY as the "
            "others, or their file secret.key. (If the key was changed on purpose, and nobody need be known any more: "
            "DELETE FROM meta WHERE key = 'secret'.)"
        )


def _refuse_what_can_not_be_used(link: Link, server: Server) -> None:
    ((standby, encoding, version, named),) = link.ask(
        """SELECT pg_is_in_recovery(), current_setting('server_encoding'), current_setting('server_version_num')::int,
           current_setting('server_version')"""
    )
    if version < OLDEST:
        raise StoreError(f"{server.name} is PostgreSQL {named}; the chat needs version {OLDEST // 10_000} or newer.")
    if standby:
        raise StoreError(
            f"{server.name} is a replica, in which nothing can be written. Let {SETTING} name the primary server."
        )
    if encoding != "UTF8":
        raise StoreError(
            f"{server.name} has the encoding {encoding}, in which not all messages can be written. Make another with "
            "createdb --encoding=UTF8 --template=template0, and let " + SETTING + " name that."
        )


def _version_of(link: Link, server: Server, newest: int) -> int:
    tables = ["meta", "state", "rooms", "authors", "events", "changes", "reactions", "mentions", "members", "people", "docs"]
    there = {name for (name,) in link.ask("SELECT n FROM unnest(%s::text[]) n WHERE to_regclass(n) IS NOT NULL", tables)}
    if not there:
        return 0
    if "meta" not in there or "state" not in there:
        raise StoreError(
            f"{server.name} has a table called {min(there)} of something else. Make a database for the chat alone "
            f"(createdb), and let {SETTING} name that."
        )
    found = link.ask("SELECT value FROM meta WHERE key = 'version'")
    version = int(found[0][0]) if found else 0
    if version > newest:
        raise StoreError(
            f"{server.name} was written by a newer chatapp (version {version} of the store, this one knows {newest}). "
            f"Run the newer chatapp, or let {SETTING} name another database."
        )
    return version


def _refuse_without_rights(link: Link, server: Server) -> None:
    """Raise `StoreError` if the tables, or the extension that they need, can't be made."""
    ((user, schema, may_make, may_extend, has_it, could_have_it),) = link.ask(
        """SELECT current_user::text, current_schema()::text,
           coalesce(has_schema_privilege(current_schema(), 'CREATE'), false),
           has_database_privilege(current_database(), 'CREATE'),
           EXISTS (SELECT 1 FROM pg_extension WHERE extname = 'pg_trgm'),
           EXISTS (SELECT 1 FROM pg_available_extensions WHERE name = 'pg_trgm')"""
    )
    if not may_make:
        raise StoreError(
            f"{server.name}: the user {user} may not make tables in the schema {schema or 'public'}. Make the user the "
            f"owner of the database: ALTER DATABASE … OWNER TO {user}."
        )
    if not has_it and not could_have_it:
        raise StoreError(
            f"{server.name}: its server lacks the extension pg_trgm, by which is searched. Install it there (it is in the "
            "package postgresql-contrib, or in postgresql itself)."
        )
    if not has_it and not may_extend:
        raise StoreError(
            f"{server.name}: the user {user} may not make the extension pg_trgm, by which is searched. Make it as the owner "
            "of the database or as the superuser: CREATE EXTENSION pg_trgm."
        )


@contextlib.contextmanager
def sentences(server: Server) -> Iterator[None]:
    """Turn what the database says into a sentence that says what to do."""
    try:
        yield
    except DatabaseError as error:
        raise _sentence(server, error) from None
    except server.errors as error:
        raise _sentence(server, server.failure(error)) from None  # what psycopg raised may hold the password


def _sentence(server: Server, error: DatabaseError) -> StoreError:
    text, name = str(error), server.name
    if error.busy:
        return StoreError(f"{name} can't be reached ({text}). Start it, or correct {SETTING}.", away=True)
    if isinstance(error, RefusedError) and error.because == "database":
        return StoreError(f"{name} does not exist ({text}). Make it with createdb, or correct {SETTING}.")
    if isinstance(error, RefusedError):
        return StoreError(f"{name} does not let the server in ({text}). Correct the user and the password in {SETTING}.")
    if error.damaged:
        return StoreError(f"{name} is damaged ({text}). Put a backup in its place.")
    if "permission denied" in text:
        return StoreError(f"{name} does not let the server do what it must ({text}). Make its user the owner of the tables.")
    if error.hopeless:
        return StoreError(f"{name} can't be used ({text}).")
    return StoreError(f"{SETTING} can't be used ({text}). Write postgresql://USER:PASSWORD@HOST:PORT/DATABASE.")
