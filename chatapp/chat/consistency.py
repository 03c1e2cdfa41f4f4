"""Whether the log of a store is in order, and whether what is derived from it says the same. SQL; nothing is changed.

The log alone is the truth: each table is held against what it would be if it were made anew from the events that are kept.
Called by `chat.archive`; a test has it look at what `chat.derived` has made.
"""

import sqlite3
from collections.abc import Iterator

from chatapp.chat import schema

# Events follow each other in their room without a hole, from one after its floor on; positions rise, messages are counted.
_ORDER = f"""
    SELECT count(*) FROM (
        SELECT type, seq - lag(seq) OVER room AS step, pos - lag(pos) OVER room AS rise,
            number - lag(number) OVER room AS count
        FROM events WINDOW room AS (PARTITION BY room ORDER BY seq))
    WHERE step IS NOT NULL AND (step != 1 OR rise <= 0 OR count != (type = {schema.MESSAGE}))
"""
_BEGINNING = """
    SELECT count(*) FROM rooms r
    WHERE coalesce((SELECT min(seq) FROM events WHERE room = r.key), floor + 1) != floor + 1
"""
_STRANGERS = """
    SELECT count(*) FROM events e
    WHERE NOT EXISTS (SELECT 1 FROM rooms WHERE key = e.room) OR NOT EXISTS (SELECT 1 FROM authors WHERE key = e.author)
"""
# Only the text of what was deleted is taken out of the log, and it is.
_TEXTS = f"""
    SELECT count(*) FROM events e
    LEFT JOIN changes c ON c.room = e.room AND c.seq = iif(e.type = {schema.EDIT}, e.target, e.seq)
    WHERE e.type IN ({schema.MESSAGE}, {schema.EDIT}) AND (c.deleted IS NOT NULL) != (e.body = '')
        AND NOT (e.type = {schema.EDIT} AND e.target <= (SELECT floor FROM rooms WHERE key = e.room))
"""

_KEPT = "target > (SELECT floor FROM rooms WHERE key = room)"
_TOPICAL = f"type IN ({schema.CREATE}, {schema.TOPIC})"

# For each derived table: what stands in it, and what should. A bare column beside max() is that of the row with the maximum.
_DERIVED = {
    "changes": (
        "SELECT room, seq, body, mentions, edited, deleted FROM changes",
        f"""SELECT room, target, iif(type = {schema.EDIT}, body, ''), iif(type = {schema.EDIT}, mentions, NULL),
                iif(type = {schema.EDIT}, time, NULL), iif(type = {schema.DELETE}, time, NULL)
            FROM (SELECT *, max(seq) FROM events WHERE type IN ({schema.EDIT}, {schema.DELETE}) GROUP BY room, target)
            WHERE {_KEPT}""",
    ),
    "reactions": (
        "SELECT room, seq, emoji, person FROM reactions",
        f"""SELECT room, target, substr(body, 2), person
            FROM (SELECT e.*, a.person, max(seq) FROM events e JOIN authors a ON a.key = e.author
                WHERE type = {schema.REACT} GROUP BY room, target, substr(body, 2), person) e
            WHERE body LIKE '+%' AND {_KEPT}
                AND NOT EXISTS (SELECT 1 FROM changes c WHERE c.room = e.room AND c.seq = target AND deleted IS NOT NULL)""",
    ),
    "mentions": (
        "SELECT person, room, seq FROM mentions",
        f"""SELECT DISTINCT json_extract(m.value, '$.id'), room, seq FROM events, json_each(events.mentions) m
            WHERE events.type = {schema.MESSAGE}""",
    ),
    "topics": (
        f"SELECT key, topic FROM rooms WHERE key IN (SELECT room FROM events WHERE {_TOPICAL})",
        f"SELECT room, body FROM (SELECT room, body, max(seq) FROM events WHERE {_TOPICAL} GROUP BY room)",
    ),
}


def problems(store: sqlite3.Connection) -> Iterator[str]:
    """A sentence for each kind of thing that is wrong."""
    for sql, sentence in (
        (_ORDER, "Events that do not follow the one before them in their room: {}."),
        (_BEGINNING, "Rooms whose log does not begin where what is kept begins: {}."),
        (_STRANGERS, "Events of a room or of a person that is not there: {}."),
        (_TEXTS, "Texts that are empty though they are not deleted, or the other way round: {}."),
    ):
        (count,) = store.execute(sql).fetchone()
        if count:
            yield sentence.format(count)
    for what, (there, expected) in _DERIVED.items():
        (more,) = store.execute(f"SELECT count(*) FROM ({there} EXCEPT {expected})").fetchone()
        (missing,) = store.execute(f"SELECT count(*) FROM ({expected} EXCEPT {there})").fetchone()
        if more or missing:
            yield f"The {what} do not agree with the log. Missing: {missing}. Should not be there: {more}."
