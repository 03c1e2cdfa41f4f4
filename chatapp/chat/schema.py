"""The tables of the store (SQLite), and how a store of an older version becomes one of this version.

Read by `chat.store`, which writes, and by `chat.reader`, `chat.search` and `chat.archive`, which only read. Pure text: no
connection is opened here. A version is the number of steps that were taken (`PRAGMA user_version`); a step that has been
released is never changed.
"""

from pathlib import Path
from urllib.parse import quote

FILE_NAME = "chat.db"
#: Says that the file is ours (`PRAGMA application_id`): "chat" in ASCII.
APPLICATION_ID = 0x63686174

#: Kinds of events, as the log has them. What they are called on the wire stands beside them.
MESSAGE, EDIT, DELETE, REACT, CREATE, TOPIC, ENTER, LEAVE = range(1, 9)
WIRE_TYPES = {
    MESSAGE: "message",
    EDIT: "edit",
    DELETE: "delete",
    REACT: "react",
    CREATE: "create",
    TOPIC: "topic",
    ENTER: "enter",
    LEAVE: "leave",
}

STEPS = (
    """
    CREATE TABLE meta (
        -- "epoch": the identity of this store; "boot": of the machine's run that opened it last; "floor": positions up
        -- to this one are no longer kept
        key TEXT PRIMARY KEY,
        value TEXT NOT NULL
    ) WITHOUT ROWID;

    CREATE TABLE rooms (
        key INTEGER PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,  -- as on the wire: NFKC, case folded; a direct room: @id+id
        kind TEXT NOT NULL,         -- room or direct
        topic TEXT NOT NULL,
        maker TEXT NOT NULL,        -- the person who made it
        floor INTEGER NOT NULL DEFAULT 0,       -- events up to this seq are no longer kept
        floor_number INTEGER NOT NULL DEFAULT 0 -- and so many messages of theirs
    );

    -- Who wrote, under which name: a person who takes another name has two rows.
    CREATE TABLE authors (
        key INTEGER PRIMARY KEY,
        person TEXT NOT NULL,
        name TEXT NOT NULL,
        avatar TEXT NOT NULL,
        plain INTEGER NOT NULL,     -- 1: wrote in the plain dialect
        UNIQUE (person, name, avatar, plain)
    );

    -- The log. Rows are added, in one order over all rooms, and not changed; only the text of what was deleted is emptied.
    CREATE TABLE events (
        pos INTEGER PRIMARY KEY,    -- the order of all
        room INTEGER NOT NULL,      -- rooms.key
        seq INTEGER NOT NULL,       -- 1, 2, 3, ... in the room: the position on the wire
        number INTEGER NOT NULL,    -- how many messages the room has up to here
        type INTEGER NOT NULL,
        time INTEGER NOT NULL,      -- milliseconds since 1970, UTC
        author INTEGER NOT NULL,    -- authors.key
        id TEXT,                    -- made by the client; NULL for the plain dialect, where it is made of pos
        target INTEGER,             -- seq of the message that is edited, deleted, reacted to or, by a message, answered
        body TEXT NOT NULL,         -- the text of a message or edit; a topic; + or - and the emoji of a reaction
        mentions TEXT               -- JSON: [{"id": ..., "name": ...}], NULL for nobody
    );
    CREATE UNIQUE INDEX events_in_room ON events (room, seq);
    CREATE UNIQUE INDEX events_by_id ON events (id) WHERE id IS NOT NULL;
    CREATE INDEX edits ON events (room, target) WHERE type = 2;  -- of a message that is deleted

    -- From here on all is derived from the log, in the same commit.

    -- Messages that are not as they were written.
    CREATE TABLE changes (
        room INTEGER NOT NULL,
        seq INTEGER NOT NULL,
        body TEXT NOT NULL,         -- the text as it is now
        mentions TEXT,
        edited INTEGER,             -- time of the last edit
        deleted INTEGER,            -- time
        PRIMARY KEY (room, seq)
    ) WITHOUT ROWID;

    CREATE TABLE reactions (
        room INTEGER NOT NULL,
        seq INTEGER NOT NULL,       -- of the message
        emoji TEXT NOT NULL,
        person TEXT NOT NULL,
        name TEXT NOT NULL,
        pos INTEGER NOT NULL,       -- of the event: the order in which they came
        PRIMARY KEY (room, seq, emoji, person)
    ) WITHOUT ROWID;

    CREATE TABLE mentions (
        person TEXT NOT NULL,       -- or * for all
        room INTEGER NOT NULL,
        seq INTEGER NOT NULL,
        PRIMARY KEY (person, room, seq)
    ) WITHOUT ROWID;
    CREATE INDEX mentions_in ON mentions (room, seq);

    -- Who is a member, and how far somebody has read. Not of the log.
    CREATE TABLE members (
        person TEXT NOT NULL,
        room INTEGER NOT NULL,
        member INTEGER NOT NULL,
        read INTEGER NOT NULL,      -- seq
        number INTEGER NOT NULL,    -- of the event that was read: what the room had in messages up to there
        PRIMARY KEY (person, room)
    ) WITHOUT ROWID;

    CREATE TABLE people (
        person TEXT PRIMARY KEY,
        name TEXT NOT NULL,
        avatar TEXT NOT NULL,
        seen INTEGER NOT NULL       -- time
    ) WITHOUT ROWID;
    """,
    """
    -- Of those who are in another worker too, the mark has a version, a higher one each time, which the others follow.
    ALTER TABLE members ADD COLUMN version INTEGER NOT NULL DEFAULT 0;
    CREATE INDEX members_told ON members (version) WHERE version > 0;

    -- The e-mail of a message in the plain dialect, for the plain readers of other workers, and for two minutes.
    CREATE TABLE addresses (
        pos INTEGER PRIMARY KEY,    -- of the event
        email TEXT NOT NULL
    );
    """,
)
VERSION = len(STEPS)


def address(path: Path, mode: str) -> str:
    """The URI by which SQLite opens a file that is there: `mode` is "ro" or "rw". In a path, ? # and % mean themselves."""
    return f"file:{quote(bytes(path.absolute()))}?mode={mode}"
