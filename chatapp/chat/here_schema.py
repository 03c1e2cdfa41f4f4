"""The tables of who is here in PostgreSQL, and the channel on which workers say that something is new.

No part of the store: nothing of it outlives the workers, and what a dump brings along is removed as that of any worker that
has ended. Used by `chat.here_postgres` and `chat.peers_postgres`. Versions are given under the lock of the one row of
`here_state`, which is held to the commit: so they are seen in their order.
"""

from chatapp.chat.postgres import Link

#: Where hints are sent. What is committed to the log brings one along.
CHANNEL = "chatapp"
#: Said when something is new in these tables.
HINT = b"here"

#: The first numbers of the locks: of each worker that lives, of the one that leads, of who makes the tables.
LIFE_LOCK, LEAD_LOCK, MAKE_LOCK = 0x63686101, 0x63686102, 0x63686103

_TABLES = """
    CREATE TABLE IF NOT EXISTS here_state (
        one INTEGER PRIMARY KEY CHECK (one = 1),
        version BIGINT NOT NULL,    -- the highest there is
        swept BIGINT NOT NULL       -- rows of those who left, up to this version, are removed
    );
    INSERT INTO here_state VALUES (1, 0, 0) ON CONFLICT DO NOTHING;
    CREATE TABLE IF NOT EXISTS here_workers (
        worker TEXT PRIMARY KEY,
        status TEXT NOT NULL,       -- JSON: what /healthz tells of it
        renewed TIMESTAMPTZ NOT NULL,
        version BIGINT NOT NULL
    );
    CREATE TABLE IF NOT EXISTS here_names (
        person TEXT PRIMARY KEY,
        folded TEXT NOT NULL UNIQUE,    -- the name as names are compared
        name TEXT NOT NULL,
        avatar TEXT NOT NULL,
        email TEXT NOT NULL,        -- only where the server fetches pictures by it
        version BIGINT NOT NULL
    );
    CREATE INDEX IF NOT EXISTS here_names_by_version ON here_names (version);
    CREATE TABLE IF NOT EXISTS here_places (
        worker TEXT NOT NULL,
        person TEXT NOT NULL,
        rooms TEXT,                 -- JSON: which rooms they follow; NULL: they have left this worker
        version BIGINT NOT NULL,
        PRIMARY KEY (worker, person)
    );
    CREATE INDEX IF NOT EXISTS here_places_by_version ON here_places (version);
    CREATE INDEX IF NOT EXISTS here_places_by_person ON here_places (person);
"""


def make_tables(link: Link) -> None:
    """Make what is missing. Workers that begin at the same time do it one after the other."""
    if link.ask("SELECT to_regclass('here_places') IS NULL") == [(True,)]:
        link.execute("BEGIN")
        link.execute("SELECT pg_advisory_xact_lock(%s, 0)", (MAKE_LOCK,))
        link.execute(_TABLES)
        link.execute("COMMIT")
